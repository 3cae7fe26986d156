//! Programs, their secrets and their tokens.

use chassis::refusal::Refusal;
use harness::{World, unique, with_token};
use local::Part;
use proto::company::v1::ListSchoolsRequest;
use proto::company::v1::school_service_client::SchoolServiceClient;
use proto::identity::v1::school_people_service_client::SchoolPeopleServiceClient;
use proto::identity::v1::{CreateClientSecretRequest, InviteSchoolPersonRequest};
use serde_json::json;
use tonic::Code;

use super::cast::{Operator, partner, token};

#[tokio::test]
async fn credentials_are_exchanged_as_the_standard_says() {
    let world = World::shared().await;
    let account = partner(world);
    let answer = token(world, &account.client_id, &account.client_secret).await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    let body = answer.expect(200);
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(3600)));
    let own = account.client_id.as_str();
    for (client_id, secret) in [("nobody", "x"), (own, "x"), ("%00", "%00"), (own, "%ff")] {
        let refused = token(world, client_id, secret).await;
        let challenge = refused.headers["www-authenticate"].to_str().unwrap().to_owned();
        assert!(challenge.starts_with("Basic"), "{challenge}");
        assert_eq!(refused.expect(401)["error"], "invalid_client");
    }
    let form = "application/x-www-form-urlencoded";
    for (body, error) in [
        ("grant_type=client_credentials", "invalid_request"),
        ("client_id=a&client_secret=b", "invalid_request"),
        ("grant_type=password&client_id=a&client_secret=b", "unsupported_grant_type"),
    ] {
        let refused = world.rest().post_raw("/oauth2/token", form, body).await.expect(400);
        assert_eq!(refused["error"], error, "{body}");
    }
}

#[tokio::test]
async fn a_programs_token_is_good_for_this_dialect_only() {
    let world = World::shared().await;
    let place = Operator::of(world).await.place().await;
    let rest = &place.program;
    rest.get("/data/v1/profiles").await.expect(200);
    let id = "0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d";
    for path in [
        "/companies",
        &format!("/companies/{id}"),
        &format!("/employees/{id}"),
        "/phone-accounts",
        &format!("/phone-accounts/{id}"),
        "/subscription-plans",
        "/organizations",
        "/countries",
    ] {
        assert_eq!(rest.get(path).await.status, 403, "{path}");
    }
    let form = json!({"email": harness::email()});
    assert_eq!(rest.post("/signup-forms", &form).await.status, 403);
    for path in ["/api/v1/accounts", "/v2/enterprises"] {
        assert_eq!(rest.get(path).await.status, 401, "{path}");
    }
}

#[tokio::test]
async fn a_program_changes_its_secret_without_a_pause() {
    let world = World::shared().await;
    let operator = Operator::of(world).await;
    let client_id = format!("app-{}", unique());
    let first = operator.app(&client_id, false).await.unwrap();
    let create = CreateClientSecretRequest { client_id: client_id.clone() };
    let second = operator
        .apps()
        .create_client_secret(with_token(create, &operator.token))
        .await
        .unwrap()
        .into_inner()
        .client_secret;
    for secret in [&first, &second] {
        token(world, &client_id, secret).await.expect(200);
    }
    operator.app(&client_id, true).await;
    assert_eq!(token(world, &client_id, &second).await.expect(401)["error"], "invalid_client");
}

#[tokio::test]
async fn only_an_operator_brings_anything_in() {
    let world = World::shared().await;
    let account = partner(world);
    let program = token(world, &account.client_id, &account.client_secret).await.expect(200);
    let manager = {
        let account = &world.demo.manager;
        let body = json!({"email": account.email, "password": account.password});
        world.rest().post("/login", &body).await.expect(200)
    };
    for token in [&program, &manager] {
        let token = token["access_token"].as_str().unwrap();
        let invite = InviteSchoolPersonRequest { person_id: uuid::Uuid::now_v7().to_string() };
        let refused = SchoolPeopleServiceClient::new(world.channel(Part::Identity))
            .invite_school_person(with_token(invite, token))
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
        assert_eq!(Refusal::of(&refused), Refusal::default());
    }
    // Called past the gateway, the services see to the same scope.
    let token = manager["access_token"].as_str().unwrap();
    let mut listed = SchoolServiceClient::new(world.channel(Part::Company))
        .list_schools(with_token(ListSchoolsRequest::default(), token))
        .await
        .unwrap()
        .into_inner();
    while let Some(part) = listed.message().await.unwrap() {
        assert!(part.schools.is_empty());
    }
}
