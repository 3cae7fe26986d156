//! What every request goes through, whatever it asks for.

use std::net::SocketAddr;
use std::time::Duration;

use crate::support::{Services, World, config};
use axum::extract::ConnectInfo;
use axum::http::{HeaderValue, StatusCode};
use axum::routing::get;
use axum::{Json, Router};
use proto::identity::v1 as identity;
use proto::telecom::v1 as telecom;
use serde_json::json;

#[tokio::test]
async fn answers_carry_the_headers_that_browsers_need() {
    let world = World::new().await;
    let mut request = world.request("GET", "/phone-accounts", None);
    request.headers_mut().insert("origin", HeaderValue::from_static("https://app.example.com"));
    let answer = world.send(request).await;
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("x-frame-options"), "DENY");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert!(answer.header("content-security-policy").starts_with("default-src 'none'"));
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    assert_eq!(answer.header("strict-transport-security"), "");

    let world = World::with(|config| {
        config.web.behind_tls = true;
        config.web.cors_origins = vec![HeaderValue::from_static("https://app.example.com")];
    })
    .await;
    for (origin, allowed) in
        [("https://app.example.com", "https://app.example.com"), ("https://evil.example", "")]
    {
        let mut request = world.request("GET", "/healthz", None);
        request.headers_mut().insert("origin", origin.parse().unwrap());
        let answer = world.send(request).await;
        assert_eq!(answer.header("access-control-allow-origin"), allowed);
        assert!(answer.header("strict-transport-security").starts_with("max-age="));
    }
}

#[tokio::test]
async fn a_request_keeps_its_id_if_that_is_one() {
    let world = World::new().await;
    for (given, kept) in [("abc-1", true), ("a b", false), ("<script>", false)] {
        let mut request = world.request("GET", "/healthz", None);
        request.headers_mut().insert("x-request-id", given.parse().unwrap());
        let answer = world.send(request).await;
        assert_eq!(answer.header("x-request-id") == given, kept, "{given}");
        assert!(!answer.header("x-request-id").is_empty());
    }
}

#[tokio::test]
async fn who_asks_too_often_waits() {
    let world = World::with(|config| {
        config.limits.address_rate = 4;
        config.limits.sensitive_rate = 2;
        config.limits.caller_rate = 3;
    })
    .await;
    let from = async |address: &str, method: &str, path: &str| {
        let body = json!({});
        let mut request = world.request(method, path, (method == "POST").then_some(&body));
        let peer: SocketAddr = format!("{address}:1").parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        world.send(request).await
    };
    for _ in 0..2 {
        assert_eq!(from("192.0.2.1", "POST", "/login").await.error().0, 422);
    }
    let answer = from("192.0.2.1", "POST", "/login").await;
    assert_eq!(answer.error(), (429, "too-many-requests".to_owned()));
    assert_eq!(answer.header("retry-after"), "30");
    assert_eq!(from("192.0.2.1", "GET", "/nowhere").await.error().0, 404);
    assert_eq!(from("192.0.2.1", "GET", "/nowhere").await.error().0, 429);
    assert_eq!(from("192.0.2.2", "POST", "/login").await.error().0, 422);
    // Probes are never refused.
    assert_eq!(from("192.0.2.1", "GET", "/healthz").await.status, StatusCode::OK);

    for _ in 0..3 {
        assert_eq!(world.ask_as("GET", "/permissions", None).await.error().0, 422);
    }
    let answer = world.ask_as("GET", "/permissions", None).await;
    assert_eq!(answer.error(), (429, "too-many-requests".to_owned()));
}

#[tokio::test]
async fn tokens_cannot_be_checked_before_the_keys_are_known() {
    let services = Services::default();
    let gateway =
        gateway::Gateway::new(config("http://127.0.0.1:1"), chassis::clock::Clock::system());
    let gateway = std::sync::Arc::new(gateway.unwrap());
    let world = World {
        services,
        router: gateway::router(&gateway, gateway::Extra::default()),
        gateway,
        token: "a.b.c".to_owned(),
    };
    let answer = world.ask_as("GET", "/phone-accounts", None).await;
    assert_eq!(answer.error(), (503, "unavailable".to_owned()));
    assert_eq!(world.ask("GET", "/readyz", None).await.error().0, 503);
    assert_eq!(world.ask("GET", "/healthz", None).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_gateway_is_ready_when_identity_is_well() {
    let world = World::new().await;
    assert_eq!(world.ask("GET", "/readyz", None).await.error().0, 503);
    world.services.on("/grpc.health.v1.Health/Check", |_: tonic_health::pb::HealthCheckRequest| {
        Ok(tonic_health::pb::HealthCheckResponse { status: 1 })
    });
    let answer = world.ask("GET", "/readyz", None).await;
    assert_eq!((answer.status, answer.json()), (StatusCode::OK, json!({"status": "ready"})));
}

#[tokio::test]
async fn further_routes_are_served_and_panics_are_caught() {
    let world = World::new().await;
    let sandbox = Router::new()
        .route("/clock", get(async || Json(json!({"now": "x"}))))
        .route("/panic", get(async || -> &'static str { panic!("a secret") }));
    let router = Router::new().nest("/sandbox", sandbox);
    let extra = gateway::Extra { router, ..gateway::Extra::default() };
    let world = World { router: gateway::router(&world.gateway, extra), ..world };
    assert_eq!(world.ask("GET", "/sandbox/clock", None).await.json(), json!({"now": "x"}));
    assert_eq!(world.ask("GET", "/sandbox/else", None).await.error().0, 404);
    let answer = world.ask("GET", "/sandbox/panic", None).await;
    assert_eq!(answer.error(), (500, "internal-error".to_owned()));
    assert!(!answer.text.contains("secret"));
}

#[tokio::test]
async fn slow_services_are_not_waited_for() {
    let world = World::with(|config| config.limits.call_timeout_ms = 300).await;
    let path = "/linha.telecom.v1.LineService/ListMyLines";
    world.services.on(path, |_: telecom::ListMyLinesRequest| {
        Ok(telecom::ListMyLinesResponse { lines: vec![] })
    });
    world.services.delay(path, Duration::from_secs(5));
    let started = std::time::Instant::now();
    let answer = world.ask_as("GET", "/phone-accounts", None).await;
    assert_eq!(answer.error(), (503, "unavailable".to_owned()));
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
}

#[tokio::test]
async fn requests_beyond_the_limit_are_shed() {
    let world = World::with(|config| config.limits.concurrency_max = 1).await;
    let path = "/linha.identity.v1.PasswordResetService/CreatePasswordReset";
    world.services.on(path, |_: identity::CreatePasswordResetRequest| {
        Ok(identity::CreatePasswordResetResponse {})
    });
    world.services.delay(path, Duration::from_millis(300));
    let body = json!({"email": "a@example.com"});
    let ask = || world.ask("POST", "/password-resets", Some(&body));
    let (first, second) = tokio::join!(ask(), ask());
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 503]);
    assert_eq!(ask().await.status, StatusCode::NO_CONTENT);
}
