//! The mobile-line dialect at its front door, before services that are stubs.

use crate::support::{Answer, World, signing_key};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use chassis::refusal::{Fields, refuse, refuse_until};
use proto::billing::v1 as billing;
use proto::common::v1 as common;
use proto::company::v1 as company;
use proto::identity::v1 as identity;
use proto::telecom::v1 as telecom;
use serde_json::{Value, json};
use tonic::{Code, Status};

const ID: &str = "53af5437-dd2b-4efb-84c2-d16c6fffd376";
const OTHER: &str = "9df54b15-1a57-4e11-917a-5a5ddedb99ea";

const LOGIN: &str = "/linha.identity.v1.SessionService/Login";
const CREATE_FORM: &str = "/linha.identity.v1.SignupService/CreateSignupForm";
const UPDATE_FORM: &str = "/linha.identity.v1.SignupService/UpdateSignupForm";
const GET_LINE: &str = "/linha.telecom.v1.LineService/GetLine";
const ORDER_LINE: &str = "/linha.telecom.v1.LineService/OrderLine";
const CREATE_COMPANY: &str = "/linha.company.v1.CompanyService/CreateCompany";
const LIST_COMPANIES: &str = "/linha.company.v1.CompanyService/ListCompanies";
const LIST_EMPLOYEES: &str = "/linha.company.v1.EmployeeService/ListEmployees";

fn token() -> Option<identity::AccessToken> {
    Some(identity::AccessToken {
        access_token: "eyJ".to_owned(),
        expires_in: Some(prost_types::Duration { seconds: 86400, nanos: 0 }),
    })
}

fn login(world: &World) {
    world
        .services
        .on(LOGIN, |_: identity::LoginRequest| Ok(identity::LoginResponse { token: token() }));
}

fn credentials() -> Value {
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
async fn an_id_that_cannot_be_one_names_nothing() {
    let world = World::new().await;
    for path in
        ["/phone-accounts/7", "/companies/%F0%28%8C", "/employees/..", "/companies/x/sim-cards"]
    {
        let answer = world.ask_as("GET", path, None).await;
        assert_eq!(answer.error(), (404, "resource-not-found".to_owned()), "{path}");
    }
    let price = json!({"priceCents": 1});
    let path = format!("/companies/{ID}/subscription-plans/7");
    assert_eq!(world.ask_as("PATCH", &path, Some(&price)).await.error().0, 404);
}

async fn post_raw(world: &World, path: &str, kind: Option<&str>, body: Vec<u8>) -> Answer {
    let request = Request::post(path).header("authorization", format!("Bearer {}", world.token));
    let request = match kind {
        Some(kind) => request.header("content-type", kind),
        None => request,
    };
    world.send(request.body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn bodies_must_be_json_of_a_fair_size() {
    let world = World::new().await;
    login(&world);
    let body = credentials().to_string().into_bytes();
    for kind in ["application/json; charset=utf-8", "Application/JSON", "application/x+json"] {
        let answer = post_raw(&world, "/login", Some(kind), body.clone()).await;
        assert_eq!(answer.status, StatusCode::OK, "{kind}: {}", answer.text);
    }
    for kind in [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("json")]
    {
        let answer = post_raw(&world, "/login", kind, body.clone()).await;
        assert_eq!(answer.error(), (415, "unsupported-media-type".to_owned()), "{kind:?}");
    }
    let json = Some("application/json");
    for body in ["", "{", "[]", "{\"email\": 1, \"password\": \"x\"}"] {
        let answer = post_raw(&world, "/login", json, body.into()).await;
        assert_eq!(answer.error(), (400, "malformed-request".to_owned()), "{body}");
    }
    let huge = |bytes: usize| format!("{{\"x\": \"{}\"}}", "y".repeat(bytes)).into_bytes();
    let answer = post_raw(&world, "/login", json, huge(256 * 1024)).await;
    assert_eq!(answer.error(), (413, "payload-too-large".to_owned()));
    let answer = post_raw(&world, "/sim-cards", json, huge(256 * 1024)).await;
    assert_eq!(answer.keys(), ["company_id", "iccids"]);
    let answer = post_raw(&world, "/sim-cards", json, huge(1024 * 1024)).await;
    assert_eq!(answer.error(), (413, "payload-too-large".to_owned()));

    // A body that grows while it is sent has no length to be refused by.
    let chunks = (0..300).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1024]));
    let request = Request::post("/login")
        .header("content-type", "application/json")
        .body(Body::from_stream(tokio_stream::iter(chunks)))
        .unwrap();
    assert_eq!(world.send(request).await.error().0, 413);
}

#[tokio::test]
async fn values_that_are_wrong_are_named() {
    let world = World::new().await;
    let named = async |method: &str, path: &str, body: Value| {
        world.ask_as(method, path, Some(&body)).await.keys()
    };
    assert_eq!(named("POST", "/login", json!({})).await, ["email", "password"]);
    assert_eq!(
        named("POST", "/login", json!({"email": "a@example.com", "password": 1})).await,
        ["password"]
    );
    for area_code in [json!(0), json!(10), json!(100), json!(-41), json!(u64::MAX)] {
        let form = json!({"email": "a@example.com", "area_code": area_code});
        assert_eq!(named("POST", "/signup-forms", form).await, ["area_code"], "{area_code}");
    }
    let path = format!("/signup-forms/{ID}/complete");
    let passwords = json!({"password": "Passw0rd!", "confirm_password": "passw0rd!"});
    assert_eq!(named("POST", &path, passwords).await, ["confirm_password"]);
    let path = format!("/password-resets/{ID}/complete");
    assert_eq!(named("POST", &path, json!({"new_password": 123456})).await, ["new_password"]);
    assert_eq!(named("POST", &path, json!({"new_password": null})).await, ["new_password"]);
    let path = format!("/companies/{ID}/phone-accounts");
    assert_eq!(named("POST", &path, json!({})).await, ["subscription_plan_id", "area_code"]);
    let employee = json!({"fullName": "x", "status": "active", "companyId": ID,
        "admittedAt": "x", "terminatedAt": "2020-01-01"});
    assert_eq!(named("POST", "/employees", employee).await, ["admittedAt", "terminatedAt"]);
}

#[tokio::test]
async fn members_of_the_wrong_type_are_named() {
    let world = World::new().await;
    let malformed = async |path: &str, body: Value, member: &str| {
        let answer = world.ask_as("POST", path, Some(&body)).await;
        assert_eq!(answer.error(), (400, "malformed-request".to_owned()), "{body}");
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(&format!("`{member}`")), "{message}");
    };
    let form = |member: &str, value: Value| json!({"email": "a@example.com", member: value});
    for (member, value) in [
        ("email", json!(1)),
        ("area_code", json!("41")),
        ("area_code", json!(41.5)),
        ("address", json!("Rua")),
        ("address", json!(["80010-010"])),
        ("cpf", json!(11_144_477_735_i64)),
    ] {
        malformed("/signup-forms", form(member, value), member).await;
    }
    let address = form("address", json!({"street_number": 1.5}));
    malformed("/signup-forms", address, "address.street_number").await;
    let employee = json!({"fullName": "x", "status": "resting", "companyId": ID});
    malformed("/employees", employee, "status").await;
    let cards = json!({"company_id": ID, "iccids": ["8955", 1]});
    malformed("/sim-cards", cards, "iccids[1]").await;
}

#[tokio::test]
async fn lists_are_paged_within_bounds() {
    let world = World::new().await;
    world.services.on(LIST_COMPANIES, |_: company::ListCompaniesRequest| {
        Ok(company::ListCompaniesResponse {
            companies: vec![company::Company::default()],
            page: Some(common::PageResponse { next_page_token: "n".to_owned(), total_size: 7 }),
        })
    });
    for (query, size, skip) in [
        ("", 50, 0),
        ("?limit=10&offset=20", 10, 20),
        ("?limit=201", 200, 0),
        ("?limit=99999999999999", 200, 0),
        ("?offset=99999999999999", 50, i32::MAX),
    ] {
        let answer = world.ask_as("GET", &format!("/companies{query}"), None).await;
        assert_eq!(answer.status, StatusCode::OK, "{query} {}", answer.text);
        assert_eq!(answer.json()["pagination"], json!({"hasMore": true, "totalCount": 7}));
        let (_, sent) = world.services.last::<company::ListCompaniesRequest>(LIST_COMPANIES);
        let page = sent.page.unwrap();
        assert_eq!((page.page_size, page.skip), (size, skip), "{query}");
    }
    world.ask_as("GET", "/companies?searchTerm=S%C3%A3o+Paulo", None).await;
    let (_, sent) = world.services.last::<company::ListCompaniesRequest>(LIST_COMPANIES);
    assert_eq!(sent.search_term, "São Paulo");
    for (query, keys) in [
        ("limit=0", vec!["limit"]),
        ("limit=-1", vec!["limit"]),
        ("limit=x", vec!["limit"]),
        ("limit=", vec!["limit"]),
        ("offset=-1", vec!["offset"]),
        ("limit=1.5&offset=x", vec!["limit", "offset"]),
    ] {
        let answer = world.ask_as("GET", &format!("/companies?{query}"), None).await;
        assert_eq!(answer.keys(), keys, "{query}");
        let path = format!("/companies/{ID}/sim-cards?{query}");
        assert_eq!(world.ask_as("GET", &path, None).await.keys(), keys, "{query}");
    }
}

#[tokio::test]
async fn employees_are_listed_to_the_last_page_unless_a_limit_is_asked_for() {
    let world = World::new().await;
    world.services.on(LIST_EMPLOYEES, |request: company::ListEmployeesRequest| {
        let page = request.page.unwrap();
        let number: usize = page.page_token.parse().unwrap_or(0);
        let next = if number < 2 { (number + 1).to_string() } else { String::new() };
        Ok(company::ListEmployeesResponse {
            employees: vec![company::Employee::default(); 3],
            page: Some(common::PageResponse { next_page_token: next, total_size: 9 }),
        })
    });
    let count = async |query: &str| {
        let path = format!("/companies/{ID}/employees{query}");
        let answer = world.ask_as("GET", &path, None).await;
        answer.json()["employees"].as_array().unwrap().len()
    };
    assert_eq!(count("").await, 9);
    assert_eq!(world.services.calls(LIST_EMPLOYEES).len(), 3);
    assert_eq!(count("?limit=3").await, 3);
    assert_eq!(world.services.calls(LIST_EMPLOYEES).len(), 4);
}

#[tokio::test]
async fn permissions_need_a_line() {
    let world = World::new().await;
    for query in ["", "?phoneAccountId=", "?phoneAccountId=7", "?other=1"] {
        let answer = world.ask_as("GET", &format!("/permissions{query}"), None).await;
        assert_eq!(answer.keys(), ["phoneAccountId"], "{query}");
    }
    let path = "/linha.telecom.v1.LineService/ListLinePermissions";
    world.services.on(path, |_: telecom::ListLinePermissionsRequest| {
        use telecom::LinePermission as P;
        let permissions = vec![P::Read.into(), P::ManageBilling.into()];
        Ok(telecom::ListLinePermissionsResponse { permissions })
    });
    let answer = world.ask_as("GET", &format!("/permissions?phoneAccountId={ID}"), None).await;
    assert_eq!(answer.json(), json!(["app:stripe-manage-billing", "app:read-phone-account"]));
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

#[tokio::test]
async fn mailed_links_lead_to_pages_that_give_nothing_away() {
    let world = World::new().await;
    let check = "/linha.identity.v1.PasswordResetService/CheckPasswordReset";
    world.services.on(check, |request: identity::CheckPasswordResetRequest| {
        if request.reset_id == "good-1" {
            return Ok(identity::CheckPasswordResetResponse {});
        }
        Err(refuse(Code::NotFound, "identity", "PASSWORD_RESET_NOT_FOUND", [], ""))
    });
    let answer = world.ask("GET", "/password-resets/good-1", None).await;
    assert_eq!(answer.status, StatusCode::FOUND);
    assert_eq!(answer.header("location"), "/password-resets/good-1/form");
    for bad in ["bad", "%0D%0Ax:y", "a%2Fb"] {
        let answer = world.ask("GET", &format!("/password-resets/{bad}"), None).await;
        assert_eq!(answer.error(), (404, "resource-not-found".to_owned()), "{bad}");
    }
    for path in ["/password-resets/good-1/form", &format!("/invitations/{ID}?token=t0ken")] {
        let answer = world.ask("GET", path, None).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.header("content-type").starts_with("text/html"));
        assert!(answer.header("content-security-policy").contains("default-src 'none'"));
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-robots-tag"), "noindex, nofollow");
        assert!(!answer.text.contains("t0ken") && !answer.text.contains("http"));
    }
}

#[tokio::test]
async fn an_address_is_proven_once_and_not_by_a_scanners_head() {
    let world = World::new().await;
    let path = "/linha.identity.v1.InvitationService/ProveEmail";
    world.services.on(path, |request: identity::ProveEmailRequest| match request.token.as_str() {
        "good" => Ok(identity::ProveEmailResponse { user_id: ID.to_owned() }),
        _ => Err(refuse(Code::NotFound, "identity", "EMAIL_PROOF_NOT_FOUND", [], "")),
    });
    let link = format!("/email-proofs/{ID}?token=good");
    let answer = world.ask("HEAD", &link, None).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(world.services.calls(path).len(), 0);

    let answer = world.ask("GET", &link, None).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.text.contains("confirmed") && answer.text.contains("<!doctype html>"));
    let ask_json = async |link: &str| {
        let mut request = world.request("GET", link, None);
        request.headers_mut().insert("accept", "application/json".parse().unwrap());
        world.send(request).await
    };
    assert_eq!(ask_json(&link).await.json(), json!({"confirmed": true}));
    let bad = format!("/email-proofs/{ID}?token=bad");
    assert_eq!(ask_json(&bad).await.error(), (404, "resource-not-found".to_owned()));
    let answer = world.ask("GET", &bad, None).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(answer.text.contains("no longer good"));
    assert_eq!(ask_json(&format!("/email-proofs/{ID}")).await.error().0, 404);
}

async fn ask_token(world: &World, form: &'static str) -> Answer {
    let request = Request::post("/oauth2/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form));
    world.send(request.unwrap()).await
}

#[tokio::test]
async fn programs_get_tokens_by_the_standard() {
    let world = World::new().await;
    let form = "grant_type=client_credentials&client_id=p&client_secret=s";
    let answer = ask_token(&world, form).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(
        answer.json(),
        json!({"access_token": "gateways-own", "token_type": "Bearer", "expires_in": 900})
    );
}

#[tokio::test]
async fn wrong_credentials_of_programs_are_refused_by_the_standard() {
    let world = World::new().await;
    world.services.on(
        "/linha.identity.v1.TokenService/IssueClientToken",
        |request: identity::IssueClientTokenRequest| match request.client_secret.as_str() {
            "secret" => Ok(identity::IssueClientTokenResponse {
                access_token: "gateways-own".to_owned(),
                expires_in: Some(prost_types::Duration { seconds: 900, nanos: 0 }),
            }),
            _ => Err(refuse(Code::Unauthenticated, "identity", "INVALID_CLIENT", [], "")),
        },
    );
    let form = "grant_type=client_credentials&client_id=p&client_secret=wrong";
    let answer = ask_token(&world, form).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}", answer.text);
    assert_eq!(answer.json()["error"], "invalid_client");
    assert!(answer.header("www-authenticate").starts_with("Basic"));
}

#[tokio::test]
async fn keys_are_published() {
    let world = World::new().await;
    world.services.on(
        "/linha.identity.v1.TokenService/ListSigningKeys",
        |_: identity::ListSigningKeysRequest| {
            Ok(identity::ListSigningKeysResponse { keys: vec![signing_key()] })
        },
    );
    let answer = world.ask("GET", "/.well-known/jwks.json", None).await;
    assert_eq!(
        answer.json(),
        json!({"keys": [{
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "k1",
            "x": "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"
        }]})
    );
    assert!(answer.header("cache-control").contains("max-age"));
}

#[tokio::test]
async fn plans_have_prices() {
    let world = World::new().await;
    world.services.on(
        "/linha.billing.v1.PlanService/CreatePlan",
        |request: billing::CreatePlanRequest| {
            let plan = request.plan.unwrap();
            if plan.price.unwrap().cents < 0 {
                return Err(chassis::refusal::invalid("plan.price", "must not be negative"));
            }
            let plan = billing::Plan { id: ID.to_owned(), ..plan };
            Ok(billing::CreatePlanResponse { plan: Some(plan) })
        },
    );
    let mut plan = json!({
        "name": "10GB", "available_data_gb": 10.5, "price_cents": 4990,
        "data_unit_amount_cents": 1000
    });
    let answer = world.ask_as("POST", "/subscription-plans", Some(&plan)).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    plan["id"] = ID.into();
    assert_eq!(answer.json(), plan);
    plan["price_cents"] = json!(-1);
    let answer = world.ask_as("POST", "/subscription-plans", Some(&plan)).await;
    assert_eq!(answer.keys(), ["price_cents"]);
}
