//! What is asked again with its key is not done again, and two at once are one after the other.

use std::collections::{HashMap, HashSet};

use harness::{World, email, unique};
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Client, Owner, PASSWORD, PNG, coupon};
use crate::openapi::Document;

const LD: &str = "application/ld+json";

/// A body of every POST that takes a key, in an order in which each can be done.
async fn bodies(world: &World, owner: &Owner) -> Vec<(&'static str, Value)> {
    let setup = json!({"sessionId": "s", "sessionIdSignature": "x", "target": "BancoDoBrasil"});
    let meeting = json!({
        "employee": null, "dateFrom": "2026-11-22T10:00:00Z", "dateTo": "2026-11-22T11:00:00Z"
    });
    let address = json!({
        "street": "Rua XV", "number": "1", "city": "Curitiba", "state": "PR",
        "postalCode": "80010-010", "country": "/countries/BR"
    });
    vec![
        ("/organizations", json!({"name": "Filial"})),
        ("/organizations/icon", Value::Null),
        ("/organizations/logo", Value::Null),
        ("/locations", json!({"name": "Matriz"})),
        ("/languages", json!({"id": "fr"})),
        ("/meetings", meeting),
        ("/organization-addresses", address),
        ("/payment-methods", json!({"type": "pix"})),
        ("/organization-user-invitations", json!({"email": email(), "role": "member"})),
        ("/subscriptions", owner.subscription().await),
        ("/subscriptions/apply-coupon", json!({"coupon": coupon(world, 10, 5).await})),
        ("/subscriptions/clear-coupon", json!({})),
        ("/subscriptions/{id}/cancel", json!({})),
        ("/integrations/kontomatik/setup", setup),
        ("/integrations/kontomatik/pull", json!({})),
        ("/integrations/kontomatik/revoke", json!({})),
        ("/organizations/clear", json!({})),
    ]
}

async fn post(client: &Client, path: &str, body: &Value) -> Answer {
    match body {
        Value::Null => client.upload(path, PNG).await,
        body => client.raw(Method::POST, path, Some(LD), body.to_string().into_bytes()).await,
    }
}

#[tokio::test]
async fn every_post_is_repeated_with_its_key() {
    let world = World::shared().await;
    let owner = Owner::new(world, "demo").await;
    let key = unique();
    let mut subscription = String::new();
    let bodies = bodies(world, &owner).await;
    for (template, body) in &bodies {
        let path = template.replace("{id}", &subscription);
        let keyed = owner.client.with("idempotency-key", &format!("{key}{template}"));
        let first = post(&keyed, &path, body).await;
        assert_eq!(first.header("idempotency-replayed"), "", "{path}");
        let again = post(&keyed, &path, body).await;
        assert_eq!((first.status, again.status), (201, 201), "{path}: {}", again.body);
        assert_eq!(again.header("idempotency-replayed"), "true", "{path}");
        assert_eq!(again.header("location"), first.header("location"), "{path}");
        // An organization is shown as it is now; what was done to it is done once.
        if first.body["@type"] != "Organization" {
            assert_eq!(again.body, first.body, "{path}");
        }
        if *template == "/subscriptions" {
            subscription = first.body["id"].as_str().unwrap().to_owned();
        }
    }
    assert_eq!(owner.client.get("/organizations").await.expect(200)["hydra:totalItems"], 2);

    let document = Document::of_dialect(world, "workspaces").await;
    let has_key = |value: &Value| {
        let parameters = value["parameters"].as_array().into_iter().flatten();
        parameters.into_iter().any(|of| document.resolve(of)["name"] == "Idempotency-Key")
    };
    let operations = document.operations();
    let keyed: HashSet<&str> =
        operations.iter().filter(|of| has_key(of.value)).map(|of| of.path).collect();
    let mut asked: HashSet<&str> = bodies.iter().map(|(path, _)| *path).collect();
    asked.insert("/organization-user-invitations/accept");
    assert_eq!(keyed, asked, "what takes a key is tried with one");
}

#[tokio::test]
async fn a_key_is_for_one_request_of_one_caller() {
    let world = World::shared().await;
    let (owner, other) =
        (Owner::new(world, "production").await, Owner::new(world, "production").await);
    let key = format!("key-{}", unique());
    let keyed = |client: &Client| client.with("idempotency-key", &key);
    let matriz = json!({"name": "Matriz"});
    let own = keyed(&owner.client).post("/locations", matriz.clone()).await.expect(201);
    let others = keyed(&other.client).post("/locations", matriz.clone()).await.expect(201);
    assert_ne!(own["@id"], others["@id"]);
    keyed(&owner.client).post("/languages", json!({"id": "fr"})).await.expect(201);
    keyed(&owner.client).post("/locations", json!({"name": "x"})).await.breaks("", "invalid-state");
    // What was refused may be asked again.
    let late = owner.client.with("idempotency-key", &format!("key-{}", unique()));
    late.post("/locations", json!({"name": ""})).await.breaks("name", "not-blank");
    late.post("/locations", matriz).await.expect(201);
    let long = owner.client.with("idempotency-key", &"k".repeat(256));
    long.post("/locations", json!({"name": "x"})).await.breaks("Idempotency-Key", "invalid-value");
}

#[tokio::test]
async fn a_link_is_accepted_again_with_its_key() {
    let world = World::shared().await;
    let owner = Owner::new(world, "production").await;
    let email = email();
    let invitation = json!({"email": email, "role": "admin"});
    owner.client.post("/organization-user-invitations", invitation).await.expect(201);
    let link = world.mailed_path(&email).await;
    let token = link.split_once("?token=").unwrap().1;
    let nobody = Client::new(world).with("idempotency-key", &format!("key-{}", unique()));
    let accept = || {
        let accepted = json!({"token": token, "password": PASSWORD});
        nobody.post("/organization-user-invitations/accept", accepted)
    };
    let (first, again) = (accept().await, accept().await);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(first.expect(200), again.expect(200));
}

#[tokio::test]
async fn two_at_once_are_one_after_the_other() {
    let world = World::shared().await;
    let owner = Owner::new(world, "production").await;
    let wanted = owner.subscription().await;
    let client = &owner.client;
    let statuses = |answers: Vec<Answer>| {
        let mut counted = HashMap::new();
        for answer in answers {
            *counted.entry(answer.status).or_insert(0) += 1;
        }
        counted
    };
    let all = async |path: &str, body: &Value| {
        futures::future::join_all((0..6).map(|_| client.post(path, body.clone()))).await
    };
    let subscribed = statuses(all("/subscriptions", &wanted).await);
    assert_eq!(subscribed, HashMap::from([(201, 1), (422, 5)]));
    let current = client.get("/subscriptions").await.expect(200)["hydra:member"][0].clone();
    let good = json!({"coupon": coupon(world, 10, 5).await});
    let applied = statuses(all("/subscriptions/apply-coupon", &good).await);
    assert_eq!(applied, HashMap::from([(201, 1), (422, 5)]));
    let cancel = format!("{}/cancel", current["@id"].as_str().unwrap());
    let cancelled = statuses(all(&cancel, &json!({})).await);
    assert_eq!(cancelled, HashMap::from([(201, 1), (422, 5)]));
    let spoken = statuses(all("/languages", &json!({"id": "fr"})).await);
    assert_eq!(spoken, HashMap::from([(201, 1), (422, 5)]));
    let named = json!({"name": format!("Acme {}", unique())});
    let opened = all("/organizations", &named).await;
    let slugs: HashSet<String> =
        opened.into_iter().map(|answer| answer.expect(201)["slug"].to_string()).collect();
    assert_eq!(slugs.len(), 6, "{slugs:?}");

    let setup = json!({"sessionId": "s", "sessionIdSignature": "x", "target": "BancoDoBrasil"});
    client.post("/integrations/kontomatik/setup", setup).await.expect(201);
    let revoked = all("/integrations/kontomatik/revoke", &json!({})).await;
    // Whoever comes late finds none that is active.
    assert!(revoked.iter().all(|answer| [201, 422].contains(&answer.status)));
    let done: HashSet<String> = revoked
        .iter()
        .filter(|answer| answer.status == 201)
        .map(|answer| answer.body["@id"].to_string())
        .collect();
    assert_eq!(done.len(), 1, "it is revoked once");
}
