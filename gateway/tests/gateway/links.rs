//! Mailed links, and what programs need.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use chassis::refusal::refuse;
use proto::identity::v1 as identity;
use serde_json::json;
use tonic::Code;

use crate::lines::ID;
use crate::support::{Answer, World, signing_key};

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
