//! Who asks, which is looked at before anything that they ask.

use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use proto::identity::v1 as identity;
use proto::telecom::v1 as telecom;
use serde_json::json;

use crate::support::World;

#[tokio::test]
async fn without_a_token_nothing_else_that_is_wrong_is_told() {
    let world = World::new().await;
    for (method, path) in [
        ("POST", "/companies"),
        ("PUT", "/companies/x/managers"),
        ("POST", "/api/v1/charges"),
        ("POST", "/v2/enterprises/"),
        ("POST", "/locations"),
    ] {
        for token in [None, Some("nonsense")] {
            let mut request = world.request(method, path, Some(&json!([])));
            let headers = request.headers_mut();
            headers.insert("idempotency-key", "x".repeat(256).parse().unwrap());
            if let Some(token) = token {
                headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
            }
            let answer = world.send(request).await;
            assert_eq!(answer.status.as_u16(), 401, "{method} {path}: {}", answer.text);
        }
    }
}

/// The services hear of a key what tells its users apart, and that is no address.
#[tokio::test]
async fn strangers_at_two_addresses_do_not_share_a_key() {
    let world = World::new().await;
    world.services.on(
        "/linha.identity.v1.SignupService/CreateSignupForm",
        |_: identity::CreateSignupFormRequest| Ok(identity::CreateSignupFormResponse::default()),
    );
    let keys = async |address: &str, key: &str| {
        let body = json!({"email": "a@example.com"});
        let mut request = world.request("POST", "/signup-forms", Some(&body));
        let peer: SocketAddr = format!("{address}:1").parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        request.headers_mut().insert("idempotency-key", key.parse().unwrap());
        assert_eq!(world.send(request).await.status.as_u16(), 200);
        world.services.keys().pop().unwrap()
    };
    let first = keys("192.0.2.1", "one").await;
    assert_eq!(keys("192.0.2.1", "one").await, first);
    assert_ne!(keys("192.0.2.1", "two").await, first);
    assert_ne!(keys("192.0.2.2", "one").await, first);
    assert!(!first.contains("192.0.2.1") && first.len() <= 255, "{first}");
    let long = "x".repeat(255);
    assert!(keys("192.0.2.1", &long).await.len() <= 255);
}

#[tokio::test]
async fn whoever_has_a_token_keeps_a_key_wherever_they_are() {
    let world = World::new().await;
    world.services.on("/linha.telecom.v1.LineService/OrderLine", |_: telecom::OrderLineRequest| {
        Ok(telecom::OrderLineResponse::default())
    });
    for address in ["192.0.2.1:1", "192.0.2.2:1"] {
        let body = json!({"subscription_plan_id": "p", "area_code": 41});
        let path = "/companies/53af5437-dd2b-4efb-84c2-d16c6fffd376/phone-accounts";
        let mut request = world.request("POST", path, Some(&body));
        request.extensions_mut().insert(ConnectInfo(address.parse::<SocketAddr>().unwrap()));
        let headers = request.headers_mut();
        headers.insert("idempotency-key", "one".parse().unwrap());
        headers.insert("authorization", format!("Bearer {}", world.token).parse().unwrap());
        let answer = world.send(request).await;
        assert_eq!(answer.status.as_u16(), 201, "{}", answer.text);
    }
    assert_eq!(world.services.keys(), ["one", "one"]);
}
