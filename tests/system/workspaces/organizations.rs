//! Organizations, their people, pictures and mail footers.

use harness::{World, with_token};
use local::Part;
use proto::company::v1::organization_service_client::OrganizationServiceClient;
use proto::company::v1::{OrganizationStatus, SetOrganizationStatusRequest};
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Client, Owner, PNG, person};

#[tokio::test]
async fn a_new_organization_is_used_with_the_token_that_made_it() {
    let world = World::shared().await;
    let owner = Owner::new(world, "demo").await;
    let organization = &owner.organization;
    assert_eq!((&organization["status"], &organization["demo"]), (&json!("active"), &json!(true)));
    assert_eq!(organization["organizationUsers"][0]["role"], "owner");
    assert_eq!(organization["organizationUsers"][0]["user"]["email"], owner.email);
    assert_eq!(organization["currentSubscription"], Value::Null);
    let read = owner.client.get(&format!("/organizations/{}", owner.id())).await.expect(200);
    assert_eq!(&read, organization);
    let listed = owner.client.get("/organizations").await.expect(200);
    assert_eq!(listed["hydra:totalItems"], 1);
    let slug = json!({"name": "Acme", "slug": organization["slug"]});
    owner.client.post("/organizations", slug).await.breaks("slug", "not-unique");
    let wrong = json!({"name": "x".repeat(251), "type": "toy", "slug": "No"});
    let wrong = owner.client.post("/organizations", wrong).await.violations();
    let of = |path: &str, code: &str| (path.to_owned(), code.to_owned());
    let expected =
        [of("name", "too-long"), of("type", "invalid-value"), of("slug", "invalid-value")];
    assert_eq!(wrong, expected);

    // Another one is named in a header.
    let second = owner.client.post("/organizations", json!({"name": "Second"})).await.expect(201);
    let there = owner.client.with("x-company", second["id"].as_str().unwrap());
    there.post("/locations", json!({"name": "There"})).await.expect(201);
    assert_eq!(there.get("/locations").await.expect(200)["hydra:totalItems"], 1);
    assert_eq!(owner.client.get("/locations").await.expect(200)["hydra:totalItems"], 0);

    let (stranger, _) = person(world).await;
    stranger.get(&format!("/organizations/{}", owner.id())).await.expect(404);
    stranger.get("/locations").await.expect(404);
    stranger.with("x-company", owner.id()).get("/locations").await.expect(404);
    assert_eq!(stranger.get("/organizations").await.expect(200)["hydra:totalItems"], 0);
}

#[tokio::test]
async fn people_join_and_leave() {
    let world = World::shared().await;
    let owner = Owner::new(world, "production").await;
    owner
        .client
        .patch("/organizations/mail-footer", json!({"mailFooter": "<p>Acme <b>Ltda</b></p>"}))
        .await
        .expect(200);
    let (admin, _) = owner.joined(world, "admin").await;
    let (member, email) = owner.joined(world, "member").await;
    let mails = world.mails(&email).await;
    assert!(mails[0]["html"].as_str().unwrap().contains("<p>Acme <b>Ltda</b></p>"), "{}", mails[0]);

    let path = format!("/organizations/{}", owner.id());
    let seen = admin.get(&path).await.expect(200);
    assert_eq!(seen["organizationUsers"].as_array().unwrap().len(), 3);
    assert_eq!(seen["organizationUserInvitations"].as_array().unwrap().len(), 2);
    let seen = member.get(&path).await.expect(200);
    assert_eq!(seen["organizationUserInvitations"], json!([]));
    member.post("/locations", json!({"name": "x"})).await.expect(403);
    admin.post("/locations", json!({"name": "x"})).await.expect(201);
    let again = json!({"email": email, "role": "member"});
    admin.post("/organization-user-invitations", again).await.breaks("email", "not-unique");
    let of_owner = json!({"email": "novo@example.com", "role": "owner"});
    admin.post("/organization-user-invitations", of_owner).await.expect(403);
    let wrong = json!({"email": "none", "role": "king"});
    assert_eq!(admin.post("/organization-user-invitations", wrong).await.violations().len(), 2);
    let bad = json!({"token": "x", "password": "s3nh4-secreta"});
    Client::new(world)
        .post("/organization-user-invitations/accept", bad)
        .await
        .breaks("token", "invalid-value");

    let users = seen["organizationUsers"].as_array().unwrap().clone();
    let id = |role: &str| {
        let user = users.iter().find(|user| user["role"] == role).unwrap();
        format!("/organization-users/{}", user["id"].as_str().unwrap())
    };
    let delete = |client: Client, path: String| async move {
        client.raw(Method::DELETE, &path, None, vec![]).await
    };
    assert_eq!(delete(member.clone(), id("admin")).await.status, 403);
    assert_eq!(delete(admin.clone(), id("owner")).await.status, 403);
    delete(owner.client.clone(), id("owner")).await.breaks("", "invalid-state");
    let stranger = Owner::new(world, "production").await;
    assert_eq!(delete(stranger.client, id("member")).await.status, 404);
    let gone = delete(admin.clone(), id("member")).await;
    assert_eq!((gone.status, gone.bytes.len()), (204, 0));
    assert_eq!(delete(admin, id("member")).await.status, 404);
    assert!([401, 404].contains(&member.get(&path).await.status));
}

#[tokio::test]
async fn pictures_are_known_by_their_content() {
    let world = World::shared().await;
    let owner = Owner::new(world, "demo").await;
    let icon = format!("/organizations/{}/icon", owner.id());
    owner.client.get(&icon).await.expect(404);
    let uploaded = owner.client.upload("/organizations/icon", PNG).await.expect(201);
    assert_eq!(uploaded["organizationConfigs"], json!([{"key": "icon", "value": icon}]));
    let picture = owner.client.with("accept", "text/html").get(&icon).await;
    assert_eq!((picture.status, picture.header("content-type")), (200, "image/png"));
    assert!(picture.bytes.starts_with(b"\x89PNG"));
    owner.client.upload("/organizations/logo", b"<svg/>").await.breaks("file", "invalid-file");
    owner.client.upload("/organizations/logo", b"").await.breaks("file", "not-blank");
    let large = vec![0; 1024 * 1024 + 1];
    owner.client.upload("/organizations/logo", &large).await.expect(413);
    let (member, _) = owner.joined(world, "member").await;
    member.upload("/organizations/icon", PNG).await.expect(403);
    assert_eq!(member.get(&icon).await.status, 200);

    owner.client.post("/locations", json!({"name": "x"})).await.expect(201);
    owner.client.post("/languages", json!({"id": "fr"})).await.expect(201);
    let setup = json!({"sessionId": "s", "sessionIdSignature": "x", "target": "BancoDoBrasil"});
    owner.client.post("/integrations/kontomatik/setup", setup).await.expect(201);
    let cleared = owner.client.raw(Method::POST, "/organizations/clear", None, vec![]).await;
    assert_eq!(cleared.expect(201)["organizationConfigs"], json!([]));
    owner.client.get(&icon).await.expect(404);
    for (path, left) in [("/locations", 0), ("/languages", 2), ("/bank-connections", 0)] {
        let collection = owner.client.get(path).await.expect(200);
        assert_eq!(collection["hydra:totalItems"], left, "{path}");
    }
    let real = Owner::new(world, "production").await;
    real.client.post("/organizations/clear", json!({})).await.breaks("", "invalid-state");
}

#[tokio::test]
async fn a_mail_footer_only_looks() {
    let world = World::shared().await;
    let owner = Owner::new(world, "production").await;
    let path = "/organizations/mail-footer";
    let empty = owner.client.get(path).await.expect(200);
    let expected = json!({
        "@context": "/contexts/Organization", "@id": path, "@type": "Organization",
        "mailFooter": null
    });
    assert_eq!(empty, expected);
    let dirty = json!({"mailFooter": "<p onclick='x()'>Oi<script>x()</script></p>"});
    let clean = owner.client.patch(path, dirty).await.expect(200);
    assert_eq!(clean["mailFooter"], "<p>Oi</p>");
    owner.client.patch(path, json!({})).await.breaks("mailFooter", "not-blank");
    owner
        .client
        .patch(path, json!({"mailFooter": "x".repeat(20_001)}))
        .await
        .breaks("mailFooter", "too-long");
    let cleared = owner.client.patch(path, json!({"mailFooter": null})).await.expect(200);
    assert_eq!(cleared["mailFooter"], Value::Null);
}

#[tokio::test]
async fn a_suspended_organization_is_read_only_in_every_service() {
    let world = World::shared().await;
    let owner = Owner::new(world, "production").await;
    let subscription = owner.subscription().await;
    let operator = &world.demo.operator;
    let login = json!({"email": operator.email, "password": operator.password});
    let token = world.rest().post("/login", &login).await.expect(200);
    let suspend = SetOrganizationStatusRequest {
        organization_id: owner.id().to_owned(),
        status: OrganizationStatus::Suspended.into(),
    };
    let suspend = with_token(suspend, token["access_token"].as_str().unwrap());
    OrganizationServiceClient::new(world.channel(Part::Company))
        .set_organization_status(suspend)
        .await
        .unwrap();
    let client = &owner.client;
    let read = client.get(&format!("/organizations/{}", owner.id())).await.expect(200);
    assert_eq!(read["status"], "suspended");
    client.post("/locations", json!({"name": "x"})).await.expect(403);
    client.post("/subscriptions", subscription).await.expect(403);
    client.post("/payment-methods", json!({"type": "pix"})).await.expect(403);
    let invitation = json!({"email": "bia@example.com", "role": "member"});
    client.post("/organization-user-invitations", invitation).await.expect(403);
    client.get("/locations").await.expect(200);
}
