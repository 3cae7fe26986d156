//! What well services never do: refuse the gateway itself, fail for a moment, be gone.

use chassis::refusal::refuse;
use proto::identity::v1 as identity;
use proto::telecom::v1 as telecom;
use serde_json::{Value, json};
use tonic::{Code, Status};

use crate::support::World;

const ID: &str = "53af5437-dd2b-4efb-84c2-d16c6fffd376";
const OTHER: &str = "9df54b15-1a57-4e11-917a-5a5ddedb99ea";

const LOGIN: &str = "/linha.identity.v1.SessionService/Login";
const GET_LINE: &str = "/linha.telecom.v1.LineService/GetLine";
const ORDER_LINE: &str = "/linha.telecom.v1.LineService/OrderLine";

fn credentials() -> Value {
    json!({"email": "example@example.com", "password": "Passw0rd!"})
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
async fn failures_that_pass_are_tried_again_only_where_nothing_is_done_twice() {
    let world = World::new().await;
    world.services.on(GET_LINE, |_: telecom::GetLineRequest| {
        Err::<telecom::GetLineResponse, _>(Status::unavailable("later"))
    });
    let answer = world.ask_as("GET", &format!("/phone-accounts/{ID}"), None).await;
    assert_eq!(answer.error(), (503, "unavailable".to_owned()));
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(world.services.calls(GET_LINE), 3);

    world.services.on(ORDER_LINE, |_: telecom::OrderLineRequest| {
        Err::<telecom::OrderLineResponse, _>(Status::unavailable("later"))
    });
    let order = json!({"subscription_plan_id": OTHER, "area_code": 41});
    let path = format!("/companies/{ID}/phone-accounts");
    world.ask_as("POST", &path, Some(&order)).await;
    assert_eq!(world.services.calls(ORDER_LINE), 1);
    let mut request = world.request("POST", &path, Some(&order));
    let bearer = format!("Bearer {}", world.token).parse().unwrap();
    request.headers_mut().insert("authorization", bearer);
    request.headers_mut().insert("idempotency-key", "k".parse().unwrap());
    world.send(request).await;
    assert_eq!(world.services.calls(ORDER_LINE), 4);
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
