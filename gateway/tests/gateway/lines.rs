//! The mobile-line dialect at its front door, before services that are stubs.

use crate::support::World;
use axum::http::StatusCode;
use chassis::refusal::{Fields, refuse, refuse_until};
use proto::company::v1 as company;
use proto::identity::v1 as identity;
use proto::telecom::v1 as telecom;
use serde_json::{Value, json};
use tonic::{Code, Status};

pub(crate) const ID: &str = "53af5437-dd2b-4efb-84c2-d16c6fffd376";
const OTHER: &str = "9df54b15-1a57-4e11-917a-5a5ddedb99ea";

const LOGIN: &str = "/linha.identity.v1.SessionService/Login";
const CREATE_FORM: &str = "/linha.identity.v1.SignupService/CreateSignupForm";
const UPDATE_FORM: &str = "/linha.identity.v1.SignupService/UpdateSignupForm";
const GET_LINE: &str = "/linha.telecom.v1.LineService/GetLine";
const ORDER_LINE: &str = "/linha.telecom.v1.LineService/OrderLine";
const CREATE_COMPANY: &str = "/linha.company.v1.CompanyService/CreateCompany";

fn token() -> Option<identity::AccessToken> {
    Some(identity::AccessToken {
        access_token: "eyJ".to_owned(),
        expires_in: Some(prost_types::Duration { seconds: 86400, nanos: 0 }),
    })
}

pub(crate) fn login(world: &World) {
    world
        .services
        .on(LOGIN, |_: identity::LoginRequest| Ok(identity::LoginResponse { token: token() }));
}

pub(crate) fn credentials() -> Value {
    json!({"email": "a@example.com", "password": "Passw0rd!"})
}

#[tokio::test]
async fn the_gateway_speaks_for_whoever_logs_in() {
    let world = World::new().await;
    login(&world);
    // A token makes no difference to a log-in, not even a bad one.
    let mut request = world.request("POST", "/login", Some(&credentials()));
    request.headers_mut().insert("authorization", "Bearer nonsense".parse().unwrap());
    let answer = world.send(request).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.json(), json!({"access_token": "eyJ", "expires_in": 86400}));

    let (metadata, sent) = world.services.last::<identity::LoginRequest>(LOGIN);
    assert_eq!(sent.email, "a@example.com");
    assert_eq!(sent.password, "Passw0rd!");
    assert_eq!(metadata["authorization"], "Bearer gateways-own");
    assert_eq!(metadata["x-request-id"], answer.header("x-request-id"));
    assert!(metadata.contains_key("grpc-timeout"));
    assert!(sent.remote_address.parse::<std::net::IpAddr>().is_ok());
}

#[tokio::test]
async fn a_callers_token_is_passed_on() {
    let world = World::new().await;
    world.services.on(GET_LINE, |request: telecom::GetLineRequest| {
        let line = telecom::Line {
            id: request.line_id,
            provider: "americanet".to_owned(),
            status: telecom::LineStatus::Pending.into(),
            plan_id: OTHER.to_owned(),
            ..telecom::Line::default()
        };
        Ok(telecom::GetLineResponse { line: Some(line) })
    });
    let answer = world.ask_as("GET", &format!("/phone-accounts/{}", ID.to_uppercase()), None).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.json()["id"], ID);
    assert_eq!(answer.json()["status"], "pending");
    assert_eq!(answer.json()["user_id"], Value::Null);

    let (metadata, _) = world.services.last::<telecom::GetLineRequest>(GET_LINE);
    assert_eq!(metadata["authorization"], format!("Bearer {}", world.token).as_str());
}

#[tokio::test]
async fn a_token_is_needed_and_must_be_good() {
    let world = World::new().await;
    for path in ["/phone-accounts", "/companies", "/permissions", "/subscription-plans"] {
        let answer = world.ask("GET", path, None).await;
        assert_eq!(answer.error(), (401, "unauthorized".to_owned()), "{path}");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    for authorization in ["Bearer x", "Basic eDp5", "Bearer", ""] {
        let mut request = world.request("GET", "/phone-accounts", None);
        request.headers_mut().insert("authorization", authorization.parse().unwrap());
        assert_eq!(world.send(request).await.error().0, 401, "{authorization}");
        // Where a token is only welcome, a bad one is refused all the same.
        let form = json!({"email": "a@example.com"});
        let mut request = world.request("POST", "/signup-forms", Some(&form));
        request.headers_mut().insert("authorization", authorization.parse().unwrap());
        assert_eq!(world.send(request).await.error().0, 401, "{authorization}");
    }
}

#[tokio::test]
async fn a_signup_takes_any_token_or_none() {
    let world = World::new().await;
    world.services.on(CREATE_FORM, |request: identity::CreateSignupFormRequest| {
        let form = identity::SignupForm { id: ID.to_owned(), ..request.form.unwrap() };
        Ok(identity::CreateSignupFormResponse { form: Some(form) })
    });
    for (given, passed_on) in [(json!(100), 100), (json!(-41), 0), (json!(u64::MAX), 0)] {
        let form = json!({"email": "a@example.com", "area_code": given});
        world.ask("POST", "/signup-forms", Some(&form)).await;
        let (_, sent) = world.services.last::<identity::CreateSignupFormRequest>(CREATE_FORM);
        assert_eq!(sent.form.unwrap().area_code, Some(passed_on), "{given}");
    }
    let form = json!({"email": "a@example.com", "area_code": 41, "cpf": null, "other": [1]});
    let answer = world.ask("POST", "/signup-forms", Some(&form)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.json()["area_code"], 41);
    let (metadata, _) = world.services.last::<identity::CreateSignupFormRequest>(CREATE_FORM);
    assert_eq!(metadata["authorization"], "Bearer gateways-own");

    world.ask_as("POST", "/signup-forms", Some(&form)).await;
    let (metadata, _) = world.services.last::<identity::CreateSignupFormRequest>(CREATE_FORM);
    assert_eq!(metadata["authorization"], format!("Bearer {}", world.token).as_str());
}

#[tokio::test]
async fn a_change_names_exactly_the_members_of_the_body() {
    let world = World::new().await;
    world.services.on(UPDATE_FORM, |request: identity::UpdateSignupFormRequest| {
        Ok(identity::UpdateSignupFormResponse { form: request.form })
    });
    let change = json!({"subscription_plan_id": OTHER, "address": null, "unknown": 1});
    let answer = world.ask("PATCH", &format!("/signup-forms/{ID}"), Some(&change)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let (_, sent) = world.services.last::<identity::UpdateSignupFormRequest>(UPDATE_FORM);
    assert_eq!(sent.update_mask.unwrap().paths, ["plan_id", "address"]);
    let form = sent.form.unwrap();
    assert_eq!(form.id, ID);
    assert_eq!(form.plan_id.as_deref(), Some(OTHER));
    assert_eq!(form.address, None);

    world.ask("PATCH", &format!("/signup-forms/{ID}"), Some(&json!({}))).await;
    let (_, sent) = world.services.last::<identity::UpdateSignupFormRequest>(UPDATE_FORM);
    assert_eq!(sent.update_mask.unwrap().paths, Vec::<String>::new());
}

#[tokio::test]
async fn what_services_refuse_is_said_in_the_dialects_words() {
    let world = World::new().await;
    world.services.on(CREATE_COMPANY, |request: company::CreateCompanyRequest| {
        let company = request.company.unwrap_or_default();
        Err::<company::CreateCompanyResponse, _>(match company.official_name.as_str() {
            "taken" => refuse(Code::AlreadyExists, "company", "CNPJ_TAKEN", [], "a secret"),
            "busy" => refuse_until(
                Code::ResourceExhausted,
                "company",
                "TOO_MANY_ATTEMPTS",
                std::time::Duration::from_secs(7),
                "a secret",
            ),
            "broken" => Status::internal("a secret"),
            _ => {
                let mut fields = Fields::new();
                fields.refuse("company.official_name", "is too long");
                fields.refuse("company.billing_email", "is not an e-mail");
                fields.refuse("company.address.zip_code", "is not a CEP");
                fields.into_status()
            }
        })
    });
    let create = async |name: &str| {
        let body = json!({"officialName": name, "cnpj": "1", "email": "a@example.com"});
        world.ask_as("POST", "/companies", Some(&body)).await
    };
    assert_eq!(create("x").await.keys(), ["officialName", "billingEmail", "address.zip_code"]);
    for (name, error) in [
        ("taken", (409, "conflict")),
        ("busy", (429, "too-many-requests")),
        ("broken", (500, "internal-error")),
    ] {
        let answer = create(name).await;
        assert_eq!(answer.error(), (error.0, error.1.to_owned()));
        assert!(!answer.text.contains("secret"), "{}", answer.text);
        if name == "busy" {
            assert_eq!(answer.header("retry-after"), "7");
        }
    }
}

#[tokio::test]
async fn refusals_of_the_gateways_own_rights_are_not_the_callers() {
    let world = World::new().await;
    world.services.on(LOGIN, |_: identity::LoginRequest| {
        Err::<identity::LoginResponse, _>(Status::unauthenticated("the token is not valid"))
    });
    let answer = world.ask("POST", "/login", Some(&credentials())).await;
    assert_eq!(answer.error(), (503, "unavailable".to_owned()));

    world.services.on(LOGIN, |_: identity::LoginRequest| {
        let status = refuse(Code::Unauthenticated, "identity", "INVALID_CREDENTIALS", [], "");
        Err::<identity::LoginResponse, _>(status)
    });
    let answer = world.ask("POST", "/login", Some(&credentials())).await;
    assert_eq!(answer.error(), (401, "unauthorized".to_owned()));
}

#[tokio::test]
async fn unknown_routes_and_wrong_methods_are_said_in_the_envelope() {
    let world = World::new().await;
    for path in ["/nowhere", "/phone-accounts/x/y", "/sandbox/clock", "/login/", "//"] {
        let answer = world.ask("GET", path, None).await;
        assert_eq!(answer.error(), (404, "resource-not-found".to_owned()), "{path}");
        assert_eq!(answer.json()["message"], "Resource not found!");
        assert_eq!(world.ask_as("POST", path, None).await.error().0, 404, "{path}");
    }
    for (method, path, allow) in [
        ("GET", "/login", "POST"),
        ("DELETE", "/phone-accounts", "GET,HEAD"),
        ("POST", "/healthz", "GET,HEAD"),
    ] {
        let answer = world.ask(method, path, None).await;
        assert_eq!(answer.error(), (405, "method-not-allowed".to_owned()), "{path}");
        assert_eq!(answer.header("allow"), allow, "{path}");
    }
}

#[tokio::test]
async fn an_idempotency_key_is_passed_on_and_a_repeat_is_marked() {
    let world = World::new().await;
    world.services.on(ORDER_LINE, |_: telecom::OrderLineRequest| {
        Ok(telecom::OrderLineResponse { line: Some(telecom::Line::default()) })
    });
    let order = json!({"subscription_plan_id": OTHER, "area_code": 41});
    let send = async |key: &'static str| {
        let path = format!("/companies/{ID}/phone-accounts");
        let mut request = world.request("POST", &path, Some(&order));
        let bearer = format!("Bearer {}", world.token).parse().unwrap();
        request.headers_mut().insert("authorization", bearer);
        let key = axum::http::HeaderValue::from_bytes(key.as_bytes()).unwrap();
        request.headers_mut().insert("idempotency-key", key);
        world.send(request).await
    };
    let answer = send("first").await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    assert_eq!(answer.header("idempotency-replayed"), "");
    let (metadata, _) = world.services.last::<telecom::OrderLineRequest>(ORDER_LINE);
    assert_eq!(metadata["idempotency-key"], "first");
    assert_eq!(send("again").await.header("idempotency-replayed"), "true");
    for key in ["", "ключ", &"k".repeat(256)] {
        let answer = send(key.to_owned().leak()).await;
        assert_eq!(answer.keys(), ["Idempotency-Key"], "{key}");
    }
}

#[tokio::test]
async fn failures_that_pass_are_tried_again_only_where_nothing_is_done_twice() {
    let world = World::new().await;
    world.services.on(GET_LINE, |_: telecom::GetLineRequest| {
        Err::<telecom::GetLineResponse, _>(Status::unavailable("later"))
    });
    let answer = world.ask_as("GET", &format!("/phone-accounts/{ID}"), None).await;
    assert_eq!(answer.error(), (503, "unavailable".to_owned()));
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(world.services.calls(GET_LINE).len(), 3);

    world.services.on(ORDER_LINE, |_: telecom::OrderLineRequest| {
        Err::<telecom::OrderLineResponse, _>(Status::unavailable("later"))
    });
    let order = json!({"subscription_plan_id": OTHER, "area_code": 41});
    let path = format!("/companies/{ID}/phone-accounts");
    world.ask_as("POST", &path, Some(&order)).await;
    assert_eq!(world.services.calls(ORDER_LINE).len(), 1);
    let mut request = world.request("POST", &path, Some(&order));
    let bearer = format!("Bearer {}", world.token).parse().unwrap();
    request.headers_mut().insert("authorization", bearer);
    request.headers_mut().insert("idempotency-key", "k".parse().unwrap());
    world.send(request).await;
    assert_eq!(world.services.calls(ORDER_LINE).len(), 4);
}

#[tokio::test]
async fn dead_services_are_answered_for_at_once() {
    let world = World::with(|config| {
        config.peers.telecom_url = "http://127.0.0.1:1".parse().unwrap();
    })
    .await;
    let started = std::time::Instant::now();
    for _ in 0..20 {
        let answer = world.ask_as("GET", &format!("/phone-accounts/{ID}"), None).await;
        assert_eq!(answer.error(), (503, "unavailable".to_owned()));
    }
    assert!(started.elapsed() < std::time::Duration::from_secs(2), "{:?}", started.elapsed());
}
