//! The OpenAPI document says what every operation answers, whatever it is asked.

use harness::World;
use serde_json::{Value, json};

use super::client::{Client, Owner};
use crate::openapi::Document;

/// Bodies that nobody should send.
const STRANGE: [&str; 8] = [
    "",
    "null",
    "[]",
    "{",
    "{\"name\": {}}",
    "{\"name\": \"\\u0000\", \"id\": \"\\u0000\"}",
    "{\"officeOpenHour\": 1e400}",
    "{\"employee\": \"/employees/\", \"dateFrom\": \"9999-12-31T23:59:59-23:59\"}",
];

/// Values for names in paths and parameters that nobody should ask for.
const NAMES: [&str; 5] =
    ["1", "%00", "..%2f", "99999999999999999999", "0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d"];

#[tokio::test]
async fn no_request_gets_an_undocumented_answer() {
    let world = World::shared().await;
    let owner = Owner::new(world, "test").await;
    let document = Document::of_dialect(world, "workspaces").await;
    let nobody = Client::new(world);
    for operation in document.operations() {
        let statuses = operation.value["responses"].as_object().unwrap();
        let kinds: Vec<String> = operation.value["requestBody"]["content"]
            .as_object()
            .map(|contents| contents.keys().cloned().collect())
            .unwrap_or_default();
        let mut asked = vec![];
        for name in NAMES {
            let path = fill(operation.path, name);
            let query = format!("{path}?page={name}&itemsPerPage={name}&dateFrom[after]={name}");
            asked.extend([(path, None), (query, None)]);
        }
        let path = fill(operation.path, NAMES[4]);
        for kind in &kinds {
            asked.extend(STRANGE.map(|body| (path.clone(), Some((kind.clone(), body)))));
        }
        for (path, body) in asked {
            for client in [&owner.client, &nobody] {
                let (kind, bytes) = match &body {
                    Some((kind, body)) => (Some(kind.as_str()), body.as_bytes().to_vec()),
                    None => (None, vec![]),
                };
                let answer = client.raw(operation.method.clone(), &path, kind, bytes).await;
                let status = answer.status.to_string();
                assert!(
                    statuses.contains_key(&status) && answer.status < 500,
                    "{} {path} {body:?}: {status} {}",
                    operation.method,
                    answer.body
                );
            }
        }
    }
}

fn fill(path: &str, name: &str) -> String {
    let segments =
        path.split('/').map(|segment| if segment.starts_with('{') { name } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn answers_are_as_the_document_says() {
    let world = World::shared().await;
    let owner = Owner::new(world, "test").await;
    let document = Document::of_dialect(world, "workspaces").await;
    owner.subscribed().await;
    owner.client.post("/locations", json!({"name": "Matriz"})).await.expect(201);
    let plain = owner.client.with("accept", "application/json");
    for path in [
        "/organizations",
        "/locations",
        "/countries",
        "/languages",
        "/subscriptions",
        "/subscription-products",
        "/organization-addresses",
    ] {
        let schema = &document.0["paths"][path]["get"]["responses"]["200"]["content"];
        let schema = &schema["application/json"]["schema"];
        let answer = plain.get(path).await.expect(200);
        assert!(!answer.as_array().unwrap().is_empty(), "{path}");
        assert_eq!(document.faults(schema, &answer), Vec::<String>::new(), "{path}");
    }
    let context = &document.0["paths"]["/contexts/{type}"];
    assert_ne!(context, &Value::Null);
}
