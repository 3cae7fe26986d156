//! What every request of the voice dialect goes through.

use axum::extract::Request;
use chassis::refusal::refuse;
use prost_types::Timestamp;
use proto::company::v1 as company;
use proto::identity::v1 as identity;
use serde_json::json;
use tonic::Code;

use crate::support::{Answer, World};

pub(crate) const EXCHANGE: &str = "/linha.identity.v1.AccessTokenService/ExchangeAccessToken";
const MEMBERSHIPS: &str = "/linha.identity.v1.AccountUserService/ListMemberships";
const GET_COMPANY: &str = "/linha.company.v1.CompanyService/GetCompany";
pub(crate) const OWN: &str = "0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d";
pub(crate) const OTHER: &str = "0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9e";

pub(crate) fn good() -> String {
    "goodGOOD".repeat(8)
}

pub(crate) async fn world() -> World {
    with(|_| ()).await
}

pub(crate) async fn with(adjust: impl FnOnce(&mut gateway::Config)) -> World {
    let world = World::with(adjust).await;
    let signed = world.token.clone();
    world.services.on(EXCHANGE, move |request: identity::ExchangeAccessTokenRequest| {
        if request.secret != good() {
            let reason = "INVALID_ACCESS_TOKEN";
            return Err(refuse(Code::Unauthenticated, "identity", reason, [], ""));
        }
        let now = chassis::clock::Clock::system().now().unix_timestamp();
        Ok(identity::ExchangeAccessTokenResponse {
            token: signed.clone(),
            expires_at: Some(Timestamp { seconds: now + 30, nanos: 0 }),
            user_id: "user-1".to_owned(),
            company_id: OWN.to_owned(),
            prefix: "goodGOOD".to_owned(),
        })
    });
    world.services.on(MEMBERSHIPS, |_: ()| {
        let membership = |id: &str| identity::Membership { company_id: id.to_owned(), role: 1 };
        Ok(identity::ListMembershipsResponse {
            memberships: vec![membership(OTHER), membership(OWN)],
        })
    });
    world.services.on(GET_COMPANY, |request: company::GetCompanyRequest| {
        Ok(company::GetCompanyResponse {
            company: Some(company::Company {
                id: request.company_id,
                official_name: "Acme".to_owned(),
                email: "acme@example.com".to_owned(),
                domain: "acme.example.com".to_owned(),
                created_at: Some(Timestamp { seconds: 1_609_459_200, nanos: 0 }),
                updated_at: Some(Timestamp { seconds: 1_609_459_200, nanos: 0 }),
                ..company::Company::default()
            }),
        })
    });
    world
}

pub(crate) async fn ask(
    world: &World,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let mut request: Request = world.request(method, path, None);
    for (name, value) in headers {
        let name: axum::http::HeaderName = name.parse().unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    world.send(request).await
}

pub(crate) fn error(answer: &Answer) -> (u16, String) {
    let body = answer.json();
    assert_eq!(body["error"]["statusCode"], answer.status.as_u16(), "{body}");
    (answer.status.as_u16(), body["error"]["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_token_comes_in_three_ways_and_is_exchanged_once() {
    let world = world().await;
    let good = good();
    let wanted = json!({
        "uuid": OWN,
        "domain": "acme.example.com",
        "name": "Acme",
        "email": "acme@example.com",
        "phone": null,
        "createdAt": "2021-01-01T00:00:00Z",
        "updatedAt": "2021-01-01T00:00:00Z",
    });
    let bearer = format!("Bearer {good}");
    let query = format!("/api/v1/accounts?access_token={good}");
    for (path, headers) in [
        (query.as_str(), &[][..]),
        ("/api/v1/accounts", &[("x-access-token", good.as_str())]),
        ("/api/v1/accounts", &[("authorization", good.as_str())]),
        ("/api/v1/accounts", &[("authorization", bearer.as_str())]),
        (query.as_str(), &[("authorization", "something else")]),
    ] {
        let answer = ask(&world, "GET", path, headers).await;
        assert_eq!(answer.status, 200, "{path} {headers:?} {answer:?}");
        assert_eq!(answer.json(), wanted);
    }
    assert_eq!(world.services.calls(EXCHANGE), 1);
    assert_eq!(world.services.calls(MEMBERSHIPS), 0, "an access token has its account");
}

#[tokio::test]
async fn a_signed_token_means_the_oldest_membership_or_the_one_that_is_named() {
    let world = world().await;
    let bearer = format!("Bearer {}", world.token);
    let company = async |wanted: &str| {
        let headers = [("authorization", bearer.as_str()), ("x-company", wanted)];
        let headers = &headers[..if wanted.is_empty() { 1 } else { 2 }];
        ask(&world, "GET", "/api/v1/accounts", headers).await
    };
    assert_eq!(company("").await.json()["uuid"], OTHER);
    assert_eq!(company(OWN).await.json()["uuid"], OWN);
    let foreign = company("0198b1c2-7d3e-7c4a-9b1e-000000000000").await;
    assert_eq!(error(&foreign), (403, "ACCESS_DENIED".to_owned()));
    assert_eq!(world.services.calls(MEMBERSHIPS), 1);
}

#[tokio::test]
async fn whoever_has_no_account_is_denied() {
    let world = world().await;
    world.services.on(MEMBERSHIPS, |_: ()| Ok(identity::ListMembershipsResponse::default()));
    let answer = ask(&world, "GET", "/api/v1/accounts", &[("authorization", &world.token)]).await;
    assert_eq!(error(&answer), (403, "ACCESS_DENIED".to_owned()));
}

#[tokio::test]
async fn checks_come_in_the_contracts_order() {
    let world = world().await;
    let good = good();
    let token = ("authorization", good.as_str());
    let unknown = "x".repeat(64);
    for (method, path, headers, wanted) in [
        ("GET", "/api/v1/nothing", &[][..], (401, "AUTHORIZATION_REQUIRED")),
        ("GET", "/api/v1/accounts", &[("authorization", "")], (401, "AUTHORIZATION_REQUIRED")),
        ("DELETE", "/api/v1/accounts", &[], (401, "AUTHORIZATION_REQUIRED")),
        ("GET", "/api/v1/accounts", &[("authorization", "Basic x")], (401, "INVALID_TOKEN")),
        ("GET", "/api/v1/accounts", &[("authorization", &unknown)], (401, "INVALID_TOKEN")),
        ("GET", "/api/v1/nothing", &[token], (404, "")),
        ("GET", "/api/v1", &[token], (404, "")),
        ("DELETE", "/api/v1/accounts", &[token], (405, "METHOD_NOT_ALLOWED")),
    ] {
        let answer = ask(&world, method, path, headers).await;
        assert_eq!(error(&answer), (wanted.0, wanted.1.to_owned()), "{method} {path} {headers:?}");
    }
    let answer = ask(&world, "DELETE", "/api/v1/accounts", &[token]).await;
    assert_eq!(answer.header("allow"), "GET,HEAD");
}

#[tokio::test]
async fn a_token_has_so_many_requests_a_minute() {
    let world = with(|config| config.limits.voice_token_rate = 3).await;
    let good = good();
    for _ in 0..3 {
        let answer = ask(&world, "GET", "/api/v1/accounts", &[("x-access-token", &good)]).await;
        assert_eq!(answer.status, 200);
    }
    let answer = ask(&world, "GET", "/api/v1/accounts", &[("x-access-token", &good)]).await;
    assert_eq!(error(&answer), (429, "RATE_LIMIT_EXCEEDED".to_owned()));
    assert_eq!(answer.json()["error"]["name"], "TooManyRequests");
    assert_eq!(answer.header("ratelimit-limit"), "3");
    assert_eq!(answer.header("ratelimit-remaining"), "0");
    let reset: u64 = answer.header("ratelimit-reset").parse().unwrap();
    assert!((1..=60).contains(&reset));
    assert_eq!(answer.header("retry-after"), answer.header("ratelimit-reset"));

    let world = with(|config| config.limits.address_rate = 2).await;
    for _ in 0..2 {
        assert_eq!(ask(&world, "GET", "/api/v1/accounts", &[]).await.status, 401);
    }
    assert_eq!(ask(&world, "GET", "/api/v1/accounts", &[]).await.status, 429);
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_a_fault_of_ours() {
    let world = world().await;
    world
        .services
        .on(EXCHANGE, |_: ()| -> Result<(), _> { Err(tonic::Status::unavailable("secret")) });
    let answer = ask(&world, "GET", "/api/v1/accounts", &[("authorization", &good())]).await;
    assert_eq!(
        answer.json(),
        json!({"error": {"statusCode": 503, "message": "Service Unavailable"}})
    );
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn the_document_has_every_route_below_its_base() {
    let world = world().await;
    let document = world.ask("GET", "/openapi/voice.json", None).await.json();
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.contains_key("/api/v1/accounts"), "{document}");
    assert!(paths.keys().all(|path| path.starts_with("/api/v1/")));
    assert_eq!(document["components"]["securitySchemes"]["token"]["name"], "Authorization");
}
