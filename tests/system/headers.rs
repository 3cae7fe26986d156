//! What every answer carries, and what browsers and probes are told.

use std::io::Read;

use harness::World;
use reqwest::Method;
use serde_json::json;

use crate::cast::Cast;
use crate::wire::{Reply, Wire};

async fn get(path: &str) -> Reply {
    let wire = Wire::of(World::shared().await);
    Wire::send(wire.request(Method::GET, path)).await
}

#[tokio::test]
async fn every_answer_is_safe_to_show() {
    for path in ["/healthz", "/x", "/companies", "/docs/", "/openapi/lines.json"] {
        let reply = get(path).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
        ] {
            assert_eq!(reply.header(name), value, "{path}");
        }
        assert!(reply.header("content-security-policy").contains("default-src 'none'"), "{path}");
        assert_eq!(reply.header("server"), "");
        assert!(!reply.header("cache-control").is_empty(), "{path}");
    }
    assert_eq!(get("/companies").await.header("cache-control"), "no-store");
}

#[tokio::test]
async fn a_request_is_called_what_its_client_calls_it() {
    let wire = Wire::of(World::shared().await);
    for (given, kept) in [
        ("client-1.a_B", true),
        (&*"x".repeat(64), true),
        (&*"x".repeat(65), false),
        ("with space", false),
        ("<b>", false),
        ("", false),
    ] {
        let request = wire.request(Method::GET, "/x").header("x-request-id", given);
        let reply = Wire::send(request).await;
        let id = reply.header("x-request-id");
        assert_eq!(id == given, kept, "{given}: {id}");
        assert!(!id.is_empty());
    }
    let ids = [get("/healthz").await, get("/healthz").await];
    assert_ne!(ids[0].header("x-request-id"), ids[1].header("x-request-id"));
}

#[tokio::test]
async fn answers_are_compressed_when_asked() {
    let wire = Wire::of(World::shared().await);
    let path = "/openapi/lines.json";
    let plain = get(path).await;
    assert_eq!(plain.header("content-encoding"), "");
    let request = wire.request(Method::GET, path).header("accept-encoding", "gzip");
    let packed = Wire::send(request).await;
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert!(packed.header("vary").contains("accept-encoding"));
    assert!(packed.bytes.len() * 3 < plain.bytes.len());
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&*packed.bytes).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.bytes);
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let wire = Wire::of(World::shared().await);
    for (path, status) in [("/healthz", 200), ("/companies", 401), ("/x", 404), ("/login", 405)] {
        let reply = Wire::send(wire.request(Method::HEAD, path)).await;
        assert_eq!((reply.status, reply.bytes.len()), (status, 0), "{path}");
    }
}

#[tokio::test]
async fn pages_of_any_origin_may_call_without_credentials() {
    let wire = Wire::of(World::shared().await);
    let preflight = wire
        .request(Method::OPTIONS, "/companies")
        .header("origin", "https://app.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization, content-type, idempotency-key");
    let reply = Wire::send(preflight).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    assert_eq!(reply.header("access-control-allow-credentials"), "");
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        assert!(reply.header("access-control-allow-methods").contains(method), "{method}");
    }
    for header in ["authorization", "content-type", "idempotency-key", "x-request-id"] {
        assert!(reply.header("access-control-allow-headers").contains(header), "{header}");
    }
    // Refusals are readable to the page as well.
    for path in ["/companies", "/x"] {
        let request = wire.request(Method::GET, path).header("origin", "https://app.example");
        let reply = Wire::send(request).await;
        assert_eq!(reply.header("access-control-allow-origin"), "*", "{path}");
        assert!(reply.header("access-control-expose-headers").contains("retry-after"));
    }
    let bare = Wire::send(wire.request(Method::OPTIONS, "/companies")).await;
    assert!([200, 204, 405].contains(&bare.status), "{}", bare.status);
}

#[tokio::test]
async fn probes_answer_and_keys_check_tokens() {
    let alive = get("/healthz").await;
    assert_eq!((alive.status, alive.json()), (200, json!({ "status": "alive" })));
    let ready = get("/readyz").await;
    assert_eq!((ready.status, ready.json()), (200, json!({ "status": "ready" })));

    let keys = get("/.well-known/jwks.json").await;
    assert_eq!(keys.status, 200);
    assert!(keys.header("cache-control").contains("max-age"));
    let keys = keys.json();
    assert_eq!(keys.as_object().unwrap().len(), 1);
    let world = World::shared().await;
    let operator = &world.demo.operator;
    let body = json!({ "email": operator.email, "password": operator.password });
    let session = world.rest().post("/login", &body).await.expect(200);
    let token = session["access_token"].as_str().unwrap();

    let header = jsonwebtoken::decode_header(token).unwrap();
    assert_eq!(header.alg, jsonwebtoken::Algorithm::EdDSA);
    let kid = header.kid.unwrap();
    let listed = keys["keys"].as_array().unwrap();
    let key = listed.iter().find(|key| key["kid"] == kid.as_str()).expect("the token's key");
    for (name, value) in [("kty", "OKP"), ("crv", "Ed25519"), ("use", "sig"), ("alg", "EdDSA")] {
        assert_eq!(key[name], value);
    }
    assert_eq!(key.as_object().unwrap().len(), 6, "no private part");
    let checked_with = |x: &str| {
        let key = jsonwebtoken::DecodingKey::from_ed_components(x).unwrap();
        let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::EdDSA);
        validation.validate_aud = false;
        jsonwebtoken::decode::<serde_json::Value>(token, &key, &validation)
    };
    let claims = checked_with(key["x"].as_str().unwrap()).expect("a good signature").claims;
    assert!(claims["sub"].is_string() && claims["exp"].is_i64());
    assert!(checked_with("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").is_err());
}

#[tokio::test]
async fn tokens_age_in_a_day() {
    let cast = Cast::shared().await;
    let world = World::shared().await;
    let operator = &world.demo.operator;
    let body = json!({ "email": operator.email, "password": operator.password });
    let session = cast.nobody.post("/login", &body).await.expect(200);
    assert_eq!(session["expires_in"], 86_400);
    assert_eq!(session.as_object().unwrap().len(), 2);
}
