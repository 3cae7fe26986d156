//! What all operations have in common.

use harness::World;
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Client, JSON, LD, MERGE_PATCH, Owner, PASSWORD, PROBLEM, person};

#[tokio::test]
async fn answers_come_in_the_form_that_is_asked_for() {
    let world = World::shared().await;
    let owner = Owner::new(world, "production").await;
    let made =
        owner.client.post("/locations", json!({"name": "Matriz", "officeOpenHour": 8})).await;
    let place = made.header("location").to_owned();
    assert_eq!((made.status, made.header("content-type")), (201, LD));
    let id = made.body["id"].clone();
    let expected = json!({
        "@context": "/contexts/Location", "@id": place, "@type": "Location", "id": id,
        "name": "Matriz", "officeOpenHour": 8, "officeCloseHour": null
    });
    assert_eq!(made.body, expected);
    assert_eq!(place, format!("/locations/{id}"));

    let plain = owner.client.with("accept", "application/json").get(&place).await;
    assert_eq!(plain.header("content-type"), JSON);
    let expected =
        json!({"id": id, "name": "Matriz", "officeOpenHour": 8, "officeCloseHour": null});
    assert_eq!(plain.body, expected);
    assert!(plain.header("vary").to_lowercase().contains("accept"), "{:?}", plain.headers);
    assert_eq!(plain.header("x-content-type-options"), "nosniff");
    assert_eq!(plain.header("allow"), "GET, HEAD, PATCH");
    assert_eq!(plain.header("accept-patch"), MERGE_PATCH);

    let collection = owner.client.get("/locations").await.expect(200);
    assert_eq!(collection["hydra:totalItems"], 1);
    assert_eq!(collection["hydra:view"], Value::Null);
    let bare = owner.client.with("accept", "application/json").get("/locations").await;
    assert_eq!((bare.header("x-total-count"), bare.body.as_array().unwrap().len()), ("1", 1));
    let neither = owner.client.with("accept", "text/html").get("/locations").await;
    assert_eq!((neither.status, neither.header("content-type")), (406, PROBLEM));
    let context = Client::new(world).get("/contexts/Meeting").await.expect(200);
    assert_eq!(context["@context"]["employee"]["@type"], "@id");
    Client::new(world).get("/contexts/Nothing").await.expect(404);
}

#[tokio::test]
async fn checks_come_in_their_order() {
    let world = World::shared().await;
    let owner = Owner::new(world, "production").await;
    let (member, _) = owner.joined(world, "member").await;
    let nobody = Client::new(world);
    let unauthorized = nobody.get("/locations").await;
    assert_eq!(unauthorized.header("www-authenticate"), "Bearer");
    assert_eq!(unauthorized.header("allow"), "GET, HEAD, POST");
    let body = unauthorized.expect(401);
    assert_eq!((&body["code"], &body["message"]), (&json!(401), &body["detail"]));
    assert_eq!(
        (&body["@type"], &body["@context"]),
        (&json!("hydra:Error"), &json!("/contexts/Error"))
    );
    nobody.get("/organizations/a/b/c").await.expect(401);
    nobody.with("authorization", "Bearer x").get("/locations").await.expect(401);

    let client = &owner.client;
    let unknown = client.with("accept", "application/json").get("/organizations/a/b/c").await;
    assert_eq!(unknown.header("content-type"), PROBLEM);
    assert_eq!(
        unknown.header("link"),
        "<http://www.w3.org/ns/hydra/error>; rel=\"http://www.w3.org/ns/json-ld#error\""
    );
    let expected = json!({"type": "/errors/404", "title": "An error occurred", "detail": "Not Found", "status": 404});
    assert_eq!(unknown.expect(404), expected);
    for (method, path, allow) in [
        (Method::DELETE, "/organizations", "GET, HEAD, POST"),
        (Method::PATCH, "/organizations/k3m9x2ab", "GET, HEAD"),
        (Method::POST, "/countries", "GET, HEAD"),
        (Method::PATCH, "/languages/en", "GET, HEAD"),
        (Method::DELETE, "/subscriptions/1", "GET, HEAD"),
    ] {
        let refused = client.with("accept", "text/html").raw(method, path, None, vec![]).await;
        assert_eq!((refused.status, refused.header("allow")), (405, allow), "{path}");
    }
    let post = |client: Client, kind: Option<&'static str>, body: &'static str| async move {
        client.raw(Method::POST, "/locations", kind, body.into()).await.status
    };
    let strict = client.with("accept", "text/html");
    assert_eq!(post(strict, Some("text/plain"), "x").await, 406);
    assert_eq!(post(client.clone(), Some("text/plain"), "x").await, 415);
    assert_eq!(post(client.clone(), None, "").await, 415);
    assert_eq!(post(member.clone(), Some("application/json"), "x").await, 400);
    assert_eq!(post(member.clone(), Some("application/json"), "{\"name\": 7}").await, 400);
    assert_eq!(
        post(member.with("x-company", "zzzzzzzz"), Some("application/json"), "{}").await,
        404
    );
    assert_eq!(post(member.clone(), Some("application/json"), "{}").await, 403);
    client.post("/locations", json!({})).await.breaks("name", "not-blank");
    let patched =
        client.raw(Method::PATCH, "/locations/1", Some("application/json"), b"{}".to_vec()).await;
    assert_eq!(patched.status, 415);
    for query in ["page=0", "page=x", "itemsPerPage=-1"] {
        client.get(&format!("/locations?{query}")).await.expect(400);
    }
    let long = json!({"name": "x".repeat(300 * 1024)});
    client.post("/locations", long).await.expect(413);
}

#[tokio::test]
async fn a_request_is_repeated_with_its_key() {
    let world = World::shared().await;
    let owner = Owner::new(world, "production").await;
    let keyed = owner.client.with("idempotency-key", "a-key");
    let first = keyed.post("/locations", json!({"name": "Matriz"})).await;
    let again = keyed.post("/locations", json!({"name": "Matriz"})).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(first.body, again.body);
    keyed.post("/locations", json!({"name": "Other"})).await.breaks("", "invalid-state");
    let setup = json!({"sessionId": "s", "sessionIdSignature": "x", "target": "BancoDoBrasil"});
    let first = keyed.post("/integrations/kontomatik/setup", setup.clone()).await.expect(201);
    let again = keyed.post("/integrations/kontomatik/setup", setup).await.expect(201);
    assert_eq!(first, again);
    assert_eq!(owner.client.get("/bank-connections").await.expect(200)["hydra:totalItems"], 1);
}

#[tokio::test]
async fn whoever_logs_in_gets_a_token() {
    let world = World::shared().await;
    let (_, email) = person(world).await;
    let nobody = Client::new(world);
    for login in [json!({}), json!({"username": email}), json!({"password": PASSWORD})] {
        nobody.post("/api/login", login).await.expect(400);
    }
    for login in [
        json!({"username": email, "password": "wrong"}),
        json!({"username": "nobody@example.com", "password": PASSWORD}),
        json!({"username": "no e-mail", "password": PASSWORD}),
    ] {
        let refused = nobody.post("/api/login", login).await.expect(401);
        assert_eq!(
            (&refused["code"], &refused["message"]),
            (&json!(401), &json!("Invalid credentials."))
        );
    }
    let token = nobody.post("/api/login", json!({"username": email, "password": PASSWORD})).await;
    assert_eq!(token.expect(200).as_object().unwrap().len(), 1);
}

#[tokio::test]
async fn countries_are_those_of_iso_3166() {
    let world = World::shared().await;
    let owner = Owner::new(world, "production").await;
    let countries = owner.client.walk("/countries?itemsPerPage=100").await;
    assert_eq!(countries.len(), 249);
    let codes: Vec<_> = countries.iter().map(|country| country["id"].as_str().unwrap()).collect();
    assert!(codes.is_sorted());
}
