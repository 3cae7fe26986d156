//! People and tokens of voice accounts.

use std::sync::{Arc, Mutex};

use chassis::refusal::{Fields, Rule, refuse, refuse_taken, refuse_until};
use prost_types::Timestamp;
use proto::common::v1::{condition, query_value};
use proto::identity::v1 as identity;
use serde_json::{Value, json};
use tonic::{Code, Status};

use crate::support::{Answer, World};
use crate::voice::{EXCHANGE, OWN, ask, error, good, with, world};

const LOGIN: &str = "/linha.identity.v1.AccessTokenService/LoginForAccessToken";
const CREATE_TOKEN: &str = "/linha.identity.v1.AccessTokenService/CreateAccessToken";
const LIST_TOKENS: &str = "/linha.identity.v1.AccessTokenService/ListAccessTokens";
const REVOKE: &str = "/linha.identity.v1.AccessTokenService/RevokeAccessToken";
const END_SESSION: &str = "/linha.identity.v1.AccessTokenService/EndSession";
const OPEN: &str = "/linha.identity.v1.AccountUserService/OpenVoiceAccount";
const LIST_USERS: &str = "/linha.identity.v1.AccountUserService/ListAccountUsers";
const CREATE_USER: &str = "/linha.identity.v1.AccountUserService/CreateAccountUser";
const UPDATE_USER: &str = "/linha.identity.v1.AccountUserService/UpdateAccountUser";
const CONFIRM: &str = "/linha.identity.v1.AccountUserService/ConfirmEmail";
const RESEND: &str = "/linha.identity.v1.AccountUserService/ResendConfirmation";
const UUID: &str = "616f411f-61e2-4f25-b3f6-75c872771818";

/// What was asked, the last last.
type Asked<T> = Arc<Mutex<Vec<T>>>;

/// Has a service answer always the same, and remember what it was asked.
fn answers<Q, A>(world: &World, path: &'static str, answer: Result<A, Status>) -> Asked<Q>
where
    Q: prost::Message + Default + Clone + 'static,
    A: prost::Message + Clone + 'static,
{
    let asked = Asked::default();
    let notes = asked.clone();
    world.services.on(path, move |request: Q| {
        notes.lock().unwrap().push(request);
        answer.clone()
    });
    asked
}

fn last<T: Clone>(asked: &Asked<T>) -> T {
    asked.lock().unwrap().last().cloned().unwrap()
}

async fn send(world: &World, method: &str, path: &str, body: Value) -> Answer {
    let mut request = world.request(method, &format!("/api/v1{path}"), Some(&body));
    request.headers_mut().insert("authorization", good().parse().unwrap());
    world.send(request).await
}

async fn get(world: &World, path: &str) -> Answer {
    ask(world, "GET", &format!("/api/v1{path}"), &[("authorization", &good())]).await
}

fn ana() -> identity::AccountUser {
    identity::AccountUser {
        user_id: UUID.to_owned(),
        name: "Ana".to_owned(),
        email: "ana@x.example".to_owned(),
        role: identity::AccountRole::Admin.into(),
        ..Default::default()
    }
}

fn made() -> Option<identity::PersonalToken> {
    let created_at = Some(Timestamp { seconds: 1_735_689_600, nanos: 0 });
    Some(identity::PersonalToken { prefix: "YggyHfrL".to_owned(), ttl: 60, created_at })
}

fn wrong(answer: &Answer) -> Value {
    assert_eq!(answer.status, 422, "{answer:?}");
    let body = answer.json();
    assert_eq!(body["error"]["name"], "ValidationError");
    assert_eq!(body["error"].get("code"), None);
    body["error"]["details"]["codes"].clone()
}

#[tokio::test]
async fn a_log_in_is_answered_with_a_token() {
    let world = world().await;
    let answer = identity::LoginForAccessTokenResponse {
        secret: good(),
        token: made(),
        user_id: UUID.to_owned(),
    };
    let asked: Asked<identity::LoginForAccessTokenRequest> = answers(&world, LOGIN, Ok(answer));
    let login = async |body: Value| world.ask("POST", "/api/v1/users/login", Some(&body)).await;
    let body = json!({"email": "ana@x.example", "password": "PwDLooL8", "ttl": 60, "role": 7});
    let answer = login(body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let expected =
        json!({"id": good(), "ttl": 60, "created": "2025-01-01T00:00:00Z", "userId": UUID});
    assert_eq!(answer.json(), expected);
    assert_eq!(last(&asked).ttl, Some(60));
    assert!(!last(&asked).remote_address.is_empty());

    for body in [json!({}), json!({"email": "", "password": 7}), json!({"email": null})] {
        let answer = login(body.clone()).await;
        if body["password"] != 7 {
            assert_eq!(error(&answer), (400, "USERNAME_EMAIL_REQUIRED".to_owned()), "{body}");
        }
    }
    assert_eq!(
        wrong(&login(json!({"email": "a@b.c", "ttl": "x"})).await),
        json!({"ttl": ["format"]})
    );
    let refusal = |code, reason| refuse(code, "identity", reason, [], "");
    for (status, code) in [
        (refusal(Code::Unauthenticated, "INVALID_CREDENTIALS"), "LOGIN_FAILED"),
        (refusal(Code::Unauthenticated, "EMAIL_NOT_PROVEN"), "LOGIN_FAILED_EMAIL_NOT_VERIFIED"),
    ] {
        answers::<identity::LoginForAccessTokenRequest, ()>(&world, LOGIN, Err(status));
        let answer = login(json!({"email": "ana@x.example", "password": "x"})).await;
        assert_eq!(error(&answer), (401, code.to_owned()));
    }
}

#[tokio::test]
async fn an_account_is_opened_and_told() {
    let world = world().await;
    let answer =
        identity::OpenVoiceAccountResponse { company_id: OWN.to_owned(), user_id: UUID.to_owned() };
    let asked: Asked<identity::OpenVoiceAccountRequest> = answers(&world, OPEN, Ok(answer));
    let signup =
        async |body: Value| world.ask("POST", "/api/v1/accounts/signup", Some(&body)).await;
    let body = json!({
        "email": "suporte@api4com.com",
        "password": "PwDLooL8",
        "organization_name": "Api4Com - API de Voz",
        "phone": "4833328530",
        "domain": "suporte.api4com.com"
    });
    let answer = signup(body.clone()).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["uuid"]), (200, &json!(OWN)), "{answer:?}");
    assert_eq!(last(&asked).organization_name, "Api4Com - API de Voz");

    let taken = refuse_taken("identity", "EMAIL_ALREADY_REGISTERED", &["email", "domain"]);
    answers::<identity::OpenVoiceAccountRequest, ()>(&world, OPEN, Err(taken));
    let both = json!({"email": ["uniqueness"], "domain": ["uniqueness"]});
    let answer = signup(body.clone()).await;
    assert_eq!(
        (wrong(&answer), &answer.json()["error"]["details"]["context"]),
        (both, &json!("Account"))
    );
    let mut fields = Fields::new();
    fields.refuse_as("password", Rule::TooShort, "has fewer than 8 characters");
    fields.refuse_as("phone", Rule::Required, "is required");
    fields.refuse_as("domain", Rule::Format, "is not a host name in lower case");
    answers::<identity::OpenVoiceAccountRequest, ()>(&world, OPEN, Err(fields.into_status()));
    let codes = json!({"password": ["length"], "phone": ["presence"], "domain": ["format"]});
    assert_eq!(wrong(&signup(json!({})).await), codes);

    let pause = std::time::Duration::from_secs(77);
    let too_many =
        refuse_until(Code::ResourceExhausted, "identity", "TOO_MANY_ATTEMPTS", pause, "");
    answers::<identity::OpenVoiceAccountRequest, ()>(&world, OPEN, Err(too_many));
    let answer = signup(body).await;
    assert_eq!(error(&answer), (429, String::new()));
    assert_eq!(answer.json()["error"]["name"], "TooManySignups");
    assert_eq!((answer.header("retry-after"), answer.header("ratelimit-limit")), ("77", "5"));
    assert_eq!(world.services.calls("/linha.company.v1.CompanyService/GetCompany"), 1);
}

#[tokio::test]
async fn people_are_listed_and_one_finds_oneself() {
    let world = world().await;
    let answer = identity::ListAccountUsersResponse { users: vec![ana()] };
    let asked: Asked<identity::ListAccountUsersRequest> = answers(&world, LIST_USERS, Ok(answer));
    let filter = "filter[where][emailVerified]=false&filter[fields][name]=true";
    let answer = get(&world, &format!("/users?{filter}")).await;
    assert_eq!(answer.json(), json!([{"name": "Ana"}]), "{answer:?}");
    assert_eq!(last(&asked).company_id, OWN);
    let condition = |asked: identity::ListAccountUsersRequest| match asked
        .query
        .unwrap()
        .r#where
        .unwrap()
        .kind
        .unwrap()
    {
        condition::Kind::Comparison(comparison) => comparison,
        other => panic!("{other:?}"),
    };
    assert_eq!(condition(last(&asked)).field, "email_verified");

    let me = get(&world, "/users/me").await.json();
    assert_eq!(
        (&me["uuid"], &me["role"], &me["lastLoginAt"]),
        (&json!(UUID), &json!("ADMIN"), &Value::Null)
    );
    let own = condition(last(&asked));
    let value = own.values[0].kind.clone();
    assert_eq!(
        (own.field.as_str(), value),
        ("uuid", Some(query_value::Kind::Text("user-1".to_owned())))
    );
    let none = identity::ListAccountUsersResponse::default();
    answers::<identity::ListAccountUsersRequest, _>(&world, LIST_USERS, Ok(none));
    assert_eq!(error(&get(&world, "/users/me").await), (404, "USER_NOT_FOUND".to_owned()));
    let answer = get(&world, "/users?filter[where][password]=x").await;
    assert_eq!(error(&answer), (400, "INVALID_FILTER".to_owned()));
}

#[tokio::test]
async fn who_may_not_is_told_before_what_is_wrong() {
    let world = world().await;
    let denied = Status::permission_denied("");
    answers::<identity::CreateAccountUserRequest, ()>(&world, CREATE_USER, Err(denied));
    let answer = send(&world, "POST", "/users", json!({"role": "BOSS"})).await;
    assert_eq!(error(&answer), (403, "ACCESS_DENIED".to_owned()));
    assert_eq!(
        wrong(&send(&world, "POST", "/users", json!({"name": 1})).await),
        json!({"name": ["format"]})
    );
    let answer = ask(&world, "POST", "/api/v1/users", &[("authorization", &good())]).await;
    assert_eq!(error(&answer), (403, "ACCESS_DENIED".to_owned()), "no body at all");
}

#[tokio::test]
async fn a_change_names_the_person_and_the_token_that_asks() {
    let world = world().await;
    let answer = identity::UpdateAccountUserResponse { user: Some(ana()) };
    let asked: Asked<identity::UpdateAccountUserRequest> = answers(&world, UPDATE_USER, Ok(answer));
    let body = json!({"phone": null, "password": "new password", "currentPassword": "old one"});
    assert_eq!(send(&world, "PATCH", "/users", body).await.status, 200);
    let expected = identity::UpdateAccountUserRequest {
        company_id: OWN.to_owned(),
        user_id: "user-1".to_owned(),
        phone: Some(String::new()),
        password: Some("new password".to_owned()),
        current_password: Some("old one".to_owned()),
        token_prefix: "goodGOOD".to_owned(),
        ..Default::default()
    };
    assert_eq!(last(&asked), expected);
    let exchanged = world.services.calls(EXCHANGE);
    send(&world, "PATCH", "/users", json!({"uuid": UUID.to_uppercase(), "role": "USER"})).await;
    assert_eq!(last(&asked).user_id, UUID);
    assert_eq!(world.services.calls(EXCHANGE), exchanged + 1, "what it was worth may be over");

    let answer = send(&world, "PATCH", "/users", json!({"uuid": "x"})).await;
    assert_eq!(error(&answer), (400, "BAD_REQUEST".to_owned()));
    let last_one = refuse(Code::FailedPrecondition, "identity", "LAST_ADMINISTRATOR", [], "");
    answers::<identity::UpdateAccountUserRequest, ()>(&world, UPDATE_USER, Err(last_one));
    let answer = send(&world, "PATCH", "/users", json!({"role": "USER"})).await;
    assert_eq!(wrong(&answer), json!({"role": ["custom"]}));
    let mut fields = Fields::new();
    fields.refuse_as("current_password", Rule::Required, "is required");
    fields.refuse_as("role", Rule::NotOneOf, "is not one of the roles");
    answers::<identity::UpdateAccountUserRequest, ()>(
        &world,
        UPDATE_USER,
        Err(fields.into_status()),
    );
    let answer = send(&world, "PATCH", "/users", json!({"password": "x"})).await;
    assert_eq!(wrong(&answer), json!({"currentPassword": ["presence"], "role": ["inclusion"]}));
}

#[tokio::test]
async fn whom_a_change_is_about_counts_before_its_types() {
    let world = world().await;
    let change = async |body: Value| send(&world, "PATCH", "/users", body).await;
    let absent = refuse(Code::NotFound, "identity", "USER_NOT_FOUND", [], "");
    let mut fields = Fields::new();
    fields.refuse_as("name", Rule::Required, "is required");
    let mistyped = json!({"uuid": UUID, "phone": 5, "password": [], "role": "ADMIN"});
    for (status, refused) in [
        (Status::permission_denied("no"), (403, "ACCESS_DENIED")),
        (absent, (404, "USER_NOT_FOUND")),
    ] {
        answers::<identity::UpdateAccountUserRequest, ()>(&world, UPDATE_USER, Err(status));
        let (status, code) = error(&change(mistyped.clone()).await);
        assert_eq!((status, code.as_str()), refused);
    }
    let refusal = Err(fields.into_status());
    let asked: Asked<identity::UpdateAccountUserRequest> =
        answers::<_, ()>(&world, UPDATE_USER, refusal);
    let codes = json!({"phone": ["format"], "password": ["format"]});
    assert_eq!(wrong(&change(mistyped).await), codes);
    assert_eq!(last(&asked).name.as_deref(), Some(""), "no change that could be made");
    assert_eq!(asked.lock().unwrap().len(), 1);
    let answer = change(json!({"uuid": "x", "phone": 5})).await;
    assert_eq!(error(&answer), (400, "BAD_REQUEST".to_owned()));
    assert_eq!(wrong(&change(json!({"uuid": 5})).await), json!({"uuid": ["format"]}));
}

#[tokio::test]
async fn tokens_are_made_listed_and_ended() {
    let world = world().await;
    let answer = identity::CreateAccessTokenResponse { secret: good(), token: made() };
    let asked: Asked<identity::CreateAccessTokenRequest> =
        answers(&world, CREATE_TOKEN, Ok(answer));
    let answer =
        ask(&world, "POST", "/api/v1/users/accessTokens", &[("authorization", &good())]).await;
    let token = json!({"id": good(), "ttl": 60, "created": "2025-01-01T00:00:00Z"});
    assert_eq!(answer.json(), token);
    assert_eq!(last(&asked).ttl, None);
    assert_eq!(send(&world, "POST", "/users/accessTokens", json!({"ttl": -1})).await.status, 200);
    assert_eq!(last(&asked).ttl, Some(-1));

    let tokens = vec![made().unwrap()];
    let answer = identity::ListAccessTokensResponse { tokens };
    answers::<identity::ListAccessTokensRequest, _>(&world, LIST_TOKENS, Ok(answer));
    let listed = get(&world, "/users/accessTokens").await.json();
    assert_eq!(listed[0]["id"], format!("YggyHfrL{}", "*".repeat(56)));

    let answer = identity::RevokeAccessTokenResponse {};
    let asked: Asked<identity::RevokeAccessTokenRequest> = answers(&world, REVOKE, Ok(answer));
    for path in ["/users/accessTokens/x", "/users/accessTokens/%2e%2e%2e%2e%2e%2e%2e%2e"] {
        let answer = send(&world, "DELETE", path, json!({})).await;
        assert_eq!(error(&answer), (400, "BAD_REQUEST".to_owned()));
    }
    let exchanged = world.services.calls(EXCHANGE);
    assert_eq!(send(&world, "DELETE", "/users/accessTokens/otherOTH", json!({})).await.status, 204);
    assert_eq!(last(&asked).prefix, "otherOTH");
    get(&world, "/users/accessTokens").await;
    assert_eq!(world.services.calls(EXCHANGE), exchanged, "the own one is remembered");
    assert_eq!(send(&world, "DELETE", "/users/accessTokens/goodGOOD", json!({})).await.status, 204);
    get(&world, "/users/accessTokens").await;
    assert_eq!(world.services.calls(EXCHANGE), exchanged + 1, "until it ends");

    let absent = refuse(Code::NotFound, "identity", "ACCESS_TOKEN_NOT_FOUND", [], "");
    answers::<identity::RevokeAccessTokenRequest, ()>(&world, REVOKE, Err(absent));
    let answer = send(&world, "DELETE", "/users/accessTokens/otherOTH", json!({})).await;
    assert_eq!(error(&answer), (404, "MODEL_NOT_FOUND".to_owned()));
}

#[tokio::test]
async fn whoever_logs_out_is_out_at_once() {
    let world = world().await;
    let asked: Asked<identity::RevokeAccessTokenRequest> =
        answers(&world, REVOKE, Ok(identity::RevokeAccessTokenResponse {}));
    assert_eq!(send(&world, "POST", "/users/logout", json!({})).await.status, 204);
    assert_eq!(last(&asked).prefix, "goodGOOD");
    let unknown = refuse(Code::Unauthenticated, "identity", "INVALID_ACCESS_TOKEN", [], "");
    answers::<identity::ExchangeAccessTokenRequest, ()>(&world, EXCHANGE, Err(unknown));
    let answer = send(&world, "POST", "/users/logout", json!({})).await;
    assert_eq!(error(&answer), (401, "INVALID_TOKEN".to_owned()));

    let ended: Asked<identity::EndSessionRequest> =
        answers(&world, END_SESSION, Ok(identity::EndSessionResponse {}));
    let token = world.token.clone();
    let signed = [("authorization", token.as_str())];
    assert_eq!(ask(&world, "POST", "/api/v1/users/logout", &signed).await.status, 204);
    assert_eq!(ended.lock().unwrap().len(), 1);
    let answer = ask(&world, "GET", "/api/v1/accounts", &signed).await;
    assert_eq!(error(&answer), (401, "INVALID_TOKEN".to_owned()));
}

#[tokio::test]
async fn a_confirmation_goes_on_to_known_origins_only() {
    let world = with(|config| {
        config.web.confirm_redirect_origins = vec!["https://app.example.com".to_owned()];
    })
    .await;
    let asked: Asked<identity::ConfirmEmailRequest> =
        answers(&world, CONFIRM, Ok(identity::ConfirmEmailResponse {}));
    let confirm = async |method: &str, query: &str| {
        world.ask(method, &format!("/api/v1/users/confirm{query}"), None).await
    };
    for query in ["", "?uid=user123", "?token=abcdef123456", "?uid=&token=x"] {
        assert_eq!(error(&confirm("GET", query).await), (400, "BAD_REQUEST".to_owned()), "{query}");
    }
    let link = "?uid=user123&token=abcdef123456";
    let foreign = confirm("GET", &format!("{link}&redirect=https://evil.example/")).await;
    assert_eq!(error(&foreign), (400, "INVALID_REDIRECT".to_owned()));
    assert_eq!(confirm("HEAD", link).await.status, 405);
    assert!(asked.lock().unwrap().is_empty(), "nothing is confirmed");

    assert_eq!(confirm("GET", link).await.status, 204);
    let expected = identity::ConfirmEmailRequest {
        user_id: "user123".to_owned(),
        token: "abcdef123456".to_owned(),
    };
    assert_eq!(last(&asked), expected);
    let answer = confirm("GET", &format!("{link}&redirect=https://app.example.com/in?x=1")).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (302, "https://app.example.com/in?x=1")
    );
    let wrong = refuse(Code::FailedPrecondition, "identity", "INVALID_CONFIRMATION", [], "");
    answers::<identity::ConfirmEmailRequest, ()>(&world, CONFIRM, Err(wrong));
    assert_eq!(error(&confirm("GET", link).await), (400, "INVALID_TOKEN".to_owned()));

    answers::<identity::ResendConfirmationRequest, _>(
        &world,
        RESEND,
        Ok(identity::ResendConfirmationResponse {}),
    );
    let resend =
        async |body: Value| world.ask("POST", "/api/v1/users/confirm/resend", Some(&body)).await;
    assert_eq!(resend(json!({"email": "ana@x.example"})).await.status, 204);
}
