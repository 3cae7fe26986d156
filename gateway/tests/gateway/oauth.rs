//! Tokens for programs, before an identity that does as it is told.

use axum::body::Body;
use axum::http::Request;
use chassis::refusal::refuse;
use proto::identity::v1::{IssueClientTokenRequest, IssueClientTokenResponse};
use serde_json::{Value, json};
use tonic::{Code, Status};

use crate::support::{Answer, World};

const ISSUE: &str = "/linha.identity.v1.TokenService/IssueClientToken";
const GRANT: &str = "grant_type=client_credentials";

async fn ask(world: &World, method: &str, content_type: &str, body: String) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri("/oauth2/token")
        .header("content-type", content_type)
        .body(Body::from(body))
        .unwrap();
    world.send(request).await
}

async fn post(world: &World, body: &str) -> Answer {
    ask(world, "POST", "application/x-www-form-urlencoded", body.to_owned()).await
}

/// Identity, which knows the gateway and answers everybody else so.
fn answers(world: &World, answer: fn() -> Result<&'static str, Status>) {
    world.services.on(ISSUE, move |request: IssueClientTokenRequest| {
        let access_token = if request.client_id == "app" { answer()? } else { "gateways-own" };
        let expires_in = Some(prost_types::Duration { seconds: 3600, nanos: 0 });
        Ok(IssueClientTokenResponse { access_token: access_token.to_owned(), expires_in })
    });
}

fn invalid_request() -> Value {
    json!({
        "error": "invalid_request",
        "error_description": "The form is incomplete, repeats a member, or cannot be read."
    })
}

#[tokio::test]
async fn a_token_is_told_in_the_standards_form_and_not_kept() {
    let world = World::new().await;
    answers(&world, || Ok("a.b.c"));
    let answer = post(&world, &format!("{GRANT}&client_id=app&client_secret=s")).await;
    let expected = json!({"access_token": "a.b.c", "token_type": "Bearer", "expires_in": 3600});
    assert_eq!((answer.status.as_u16(), answer.json()), (200, expected));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("pragma"), "no-cache");
}

#[tokio::test]
async fn a_form_that_is_wrong_is_an_invalid_request() {
    let world = World::new().await;
    answers(&world, || panic!("asked"));
    let good = format!("{GRANT}&client_id=app&client_secret=s");
    let large = format!("{good}&other={}", "x".repeat(3 * 1024 * 1024));
    for body in [
        "",
        GRANT,
        "client_id=app&client_secret=s",
        &format!("{GRANT}&client_secret=s"),
        &format!("{GRANT}&client_id=&client_secret=s"),
        &format!("{GRANT}&client_id=app"),
        &format!("{good}&client_id=app"),
        &large,
    ] {
        let answer = post(&world, body).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (400, invalid_request()));
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    for content_type in ["application/json", "text/plain", ""] {
        let answer = ask(&world, "POST", content_type, good.clone()).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (400, invalid_request()));
    }
    let answer = post(&world, "grant_type=password&client_id=app&client_secret=s").await;
    let expected = json!({
        "error": "unsupported_grant_type",
        "error_description": "The grant type must be client_credentials."
    });
    assert_eq!((answer.status.as_u16(), answer.json()), (400, expected));
}

#[tokio::test]
async fn an_unknown_client_and_a_wrong_secret_are_told_alike() {
    let world = World::new().await;
    answers(&world, || Err(refuse(Code::Unauthenticated, "identity", "INVALID_CLIENT", [], "x")));
    let answer = post(&world, &format!("{GRANT}&client_id=app&client_secret=s")).await;
    let expected = json!({
        "error": "invalid_client",
        "error_description": "The client is unknown or its secret is wrong."
    });
    assert_eq!((answer.status.as_u16(), answer.json()), (401, expected));
    assert_eq!(answer.header("www-authenticate"), "Basic realm=\"linha\"");
}

#[tokio::test]
async fn failures_are_told_without_their_causes() {
    let world = World::new().await;
    let form = format!("{GRANT}&client_id=app&client_secret=s");
    answers(&world, || Err(Status::internal("secret")));
    let answer = post(&world, &form).await;
    let expected = json!({
        "error": "server_error", "error_description": "Something went wrong on our side."
    });
    assert_eq!((answer.status.as_u16(), answer.json()), (500, expected));
    answers(&world, || Err(Status::unavailable("secret")));
    let answer = post(&world, &form).await;
    let expected = json!({
        "error": "temporarily_unavailable",
        "error_description": "This cannot be done at the moment; try again."
    });
    assert_eq!((answer.status.as_u16(), answer.json()), (503, expected));
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn tokens_are_asked_for_by_post() {
    let world = World::new().await;
    let expected = json!({
        "error": "invalid_request", "error_description": "Tokens are asked for by POST."
    });
    for method in ["GET", "PUT", "PATCH", "DELETE"] {
        let answer = ask(&world, method, "", String::new()).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (405, expected.clone()), "{method}");
        assert_eq!(answer.header("allow"), "POST", "{method}");
    }
}

#[tokio::test]
async fn whoever_asks_too_often_is_told_in_the_standards_form() {
    let world = World::with(|config| config.limits.sensitive_rate = 2).await;
    for _ in 0..2 {
        assert_eq!(post(&world, "").await.status, 400);
    }
    let answer = post(&world, "").await;
    let expected = json!({
        "error": "temporarily_unavailable", "error_description": "Too many requests; try later."
    });
    assert_eq!((answer.status.as_u16(), answer.json()), (429, expected));
    assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
}

#[tokio::test]
async fn the_documents_of_the_dialects_with_programs_describe_it() {
    let world = World::new().await;
    for dialect in ["lines", "schools"] {
        let document = world.ask("GET", &format!("/openapi/{dialect}.json"), None).await.json();
        let operation = &document["paths"]["/oauth2/token"]["post"];
        let statuses: Vec<&str> =
            operation["responses"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(statuses, ["200", "400", "401", "429", "500", "503"], "{dialect}");
        assert!(document["components"]["schemas"]["TokenError"].is_object(), "{dialect}");
        assert!(operation["security"].is_null(), "{dialect}");
    }
}
