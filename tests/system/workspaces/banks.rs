//! Bank connections and imports.

use std::time::Duration;

use harness::World;
use reqwest::Method;
use serde_json::{Value, json};

use super::client::Owner;

const LOOKS_MAX: u32 = 600;
const PAUSE: Duration = Duration::from_millis(100);

fn setup(session: &str) -> Value {
    json!({"sessionId": session, "sessionIdSignature": "signature", "target": "BancoDoBrasil"})
}

/// The integration once it is through, as a client that looks again and again sees it.
async fn done(owner: &Owner, integration: &Value) -> Value {
    let path = integration["@id"].as_str().unwrap();
    for _ in 0..LOOKS_MAX {
        let seen = owner.client.get(path).await.expect(200);
        if !matches!(seen["status"].as_str(), Some("queued" | "running")) {
            return seen;
        }
        tokio::time::sleep(PAUSE).await;
    }
    panic!("{path} does not end");
}

#[tokio::test]
async fn transactions_are_imported_once() {
    let world = World::own().await;
    let owner = Owner::new(&world, "production").await;
    let client = &owner.client;
    let nothing = |path: &'static str| client.raw(Method::POST, path, None, vec![]);
    let (pull, revoke) = ("/integrations/kontomatik/pull", "/integrations/kontomatik/revoke");
    nothing(pull).await.breaks("bankConnection", "invalid-state");
    let connected = client.post("/integrations/kontomatik/setup", setup("s")).await.expect(201);
    let shown = (&connected["provider"], &connected["action"], &connected["status"]);
    assert_eq!(shown, (&json!("kontomatik"), &json!("setup"), &json!("done")));
    let connection = connected["bankConnection"].as_str().unwrap().to_owned();
    let read = client.get(&connection).await.expect(200);
    assert_eq!((&read["status"], &read["ownerExternalId"]), (&json!("active"), &json!(owner.id())));

    // Two failures are tried again.
    let script = json!({"next": [{"operation": "read", "outcome": "fail", "times": 2}]});
    world.rest().post("/sandbox/bank", &script).await.expect(204);
    let pulled = nothing(pull).await.expect(201);
    assert_eq!(pulled["status"], "queued");
    let again = nothing(pull).await.expect(201);
    assert_eq!(pulled["@id"], again["@id"], "no second job");
    let first = done(&owner, &pulled).await;
    assert_eq!((&first["status"], &first["imported"]), (&json!("done"), &json!(10)));
    let more =
        client.post(pull, json!({"bankConnection": connection, "dateFrom": "2026-11-01"})).await;
    let second = done(&owner, &more.expect(201)).await;
    assert_eq!(second["imported"], 0);
    let transactions = client.walk(&format!("{connection}/transactions?itemsPerPage=3")).await;
    assert_eq!(transactions.len(), 10);
    let one = &transactions[0];
    assert_eq!(
        (&one["currency"], &one["@type"], &one["@id"]),
        (&json!("BRL"), &json!("Transaction"), &Value::Null)
    );
    for wrong in ["2026-13-01", "20261101", "2026-W45-1", "2026-11-01T00:00:00Z", ""] {
        client.post(pull, json!({"dateFrom": wrong})).await.expect(400);
    }
    client.post(pull, json!({"bankConnection": "/bank-connections/x"})).await.expect(400);

    let stranger = Owner::new(&world, "production").await;
    stranger.client.get(&connection).await.expect(404);
    stranger.client.get(connected["@id"].as_str().unwrap()).await.expect(404);
    stranger.client.post(pull, json!({"bankConnection": connection})).await.expect(400);

    let revoked = nothing(revoke).await.expect(201);
    assert_eq!((&revoked["action"], &revoked["status"]), (&json!("revoke"), &json!("done")));
    assert_eq!(client.get(&connection).await.expect(200)["status"], "revoked");
    let again = client.post(revoke, json!({"bankConnection": connection})).await.expect(201);
    assert_eq!(again["@id"], revoked["@id"], "nothing changes");
    client
        .post(pull, json!({"bankConnection": connection}))
        .await
        .breaks("bankConnection", "invalid-state");
    assert_eq!(client.walk(&format!("{connection}/transactions")).await.len(), 10);
}

#[tokio::test]
async fn an_import_fails_when_the_provider_does_and_hangs_no_longer_than_it_may() {
    let world = World::own().await;
    let owner = Owner::new(&world, "production").await;
    let client = &owner.client;
    let (pull, revoke) = ("/integrations/kontomatik/pull", "/integrations/kontomatik/revoke");
    let connected = client.post("/integrations/kontomatik/setup", setup("s")).await.expect(201);
    let connection = connected["bankConnection"].as_str().unwrap();
    let script = async |step: Value| {
        world.rest().post("/sandbox/bank", &json!({"next": [step]})).await.expect(204);
    };
    // An answer that comes too late is none; the next one is taken.
    script(json!({"operation": "read", "outcome": "ok", "delay": 5_000})).await;
    let pulled = client.post(pull, json!({})).await.expect(201);
    let slow = done(&owner, &pulled).await;
    assert_eq!((&slow["status"], &slow["imported"]), (&json!("done"), &json!(10)));
    // Whom the provider refuses has no connection any more.
    script(json!({"operation": "read", "outcome": "refuse"})).await;
    let pulled = client.post(pull, json!({})).await.expect(201);
    let refused = done(&owner, &pulled).await;
    let expected = (&json!("failed"), &json!("the bank-data provider refuses"), &Value::Null);
    assert_eq!((&refused["status"], &refused["error"], &refused["imported"]), expected);
    assert_eq!(client.get(connection).await.expect(200)["status"], "failed");
    let named = json!({"bankConnection": connection});
    client.post(pull, named.clone()).await.breaks("bankConnection", "invalid-state");
    // What is not ended there is not ended here.
    script(json!({"operation": "revoke", "outcome": "fail"})).await;
    client.post(revoke, named.clone()).await.expect(502);
    assert_eq!(client.get(connection).await.expect(200)["status"], "failed");
    script(json!({"operation": "revoke", "outcome": "refuse"})).await;
    client.post(revoke, named.clone()).await.expect(502);
    client.post(revoke, named).await.expect(201);
    assert_eq!(client.get(connection).await.expect(200)["status"], "revoked");
    assert!(world.stack.bank().consents().is_empty());
}

#[tokio::test]
async fn a_consent_that_came_of_nothing_is_ended() {
    let world = World::own().await;
    let owner = Owner::new(&world, "demo").await;
    let script = json!({"next": [{"operation": "connect", "outcome": "lose-answer"}]});
    world.rest().post("/sandbox/bank", &script).await.expect(204);
    let connect = || owner.client.post("/integrations/kontomatik/setup", setup("s"));
    connect().await.expect(502);
    connect().await.expect(201);
    assert_eq!(world.stack.bank().consents().len(), 2);
    world.advance("PT3M").await;
    assert_eq!(world.stack.bank().consents().len(), 1, "nobody claimed the other");
    owner.client.post("/organizations/clear", json!({})).await.expect(201);
    world.advance("PT1S").await;
    assert!(world.stack.bank().consents().is_empty());
}

#[tokio::test]
async fn a_provider_that_fails_is_told_from_one_that_refuses() {
    let world = World::shared().await;
    let owner = Owner::new(world, "production").await;
    let connect = |session| owner.client.post("/integrations/kontomatik/setup", setup(session));
    connect("sim-denied").await.breaks("sessionId", "invalid-value");
    connect("sim-down").await.expect(502);
    connect("sim-slow").await.expect(504);
    let wrong = owner.client.post("/integrations/kontomatik/setup", json!({})).await.violations();
    let names: Vec<_> = wrong.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(names, ["sessionId", "sessionIdSignature", "target"]);
    connect(&"x".repeat(256)).await.breaks("sessionId", "too-long");
    let (member, _) = owner.joined(world, "member").await;
    member.post("/integrations/kontomatik/setup", setup("s")).await.expect(403);
}
