//! The document describes what is served.

use harness::World;
use serde_json::{Value, json};

use super::cast::{partner, program_of};
use crate::openapi::{Document, Operation};

/// The eleven reads; beside them stands how programs get their tokens.
pub(super) fn reads(document: &Document) -> Vec<Operation<'_>> {
    let operations = document.operations().into_iter();
    operations.filter(|operation| operation.path.starts_with("/data/")).collect()
}

#[tokio::test]
async fn every_operation_is_described_as_it_is_served() {
    let world = World::shared().await;
    let document = Document::of_dialect(world, "schools").await;
    assert_eq!(document.0["info"]["title"], "Linha: schools");
    assert_eq!(document.operations().len(), 12);
    let operations = reads(&document);
    assert_eq!(operations.len(), 11);
    for operation in &operations {
        let value = operation.value;
        assert_eq!(operation.method, "GET", "{}", operation.path);
        assert_eq!(value["security"], json!([{"bearer": []}]), "{}", operation.path);
        assert!(!value["summary"].as_str().unwrap().is_empty(), "{}", operation.path);
        for status in ["200", "401", "429", "500", "503"] {
            assert!(value["responses"].get(status).is_some(), "{} {status}", operation.path);
        }
        let path = operation.path.replace(['{', '}'], "");
        let answer = world.rest().get(&path).await;
        assert_eq!((answer.status, answer.body), (401, Value::Null), "{path}");
    }
}

#[tokio::test]
async fn every_reference_and_every_example_fits() {
    let document = Document::of_dialect(World::shared().await, "schools").await;
    for (name, schema) in document.0["components"]["schemas"].as_object().unwrap() {
        if let Some(example) = schema.get("example") {
            let faults = document.faults(schema, example);
            assert!(faults.is_empty(), "{name}: {faults:?}");
        }
    }
    for operation in document.operations() {
        for (status, response) in operation.value["responses"].as_object().unwrap() {
            let content = &document.resolve(response)["content"]["application/json"];
            if let (schema @ Value::Object(_), example @ Value::Object(_)) =
                (&content["schema"], &content["example"])
            {
                let faults = document.faults(schema, example);
                assert!(faults.is_empty(), "{} {status}: {faults:?}", operation.path);
            }
        }
    }
}

#[tokio::test]
async fn what_is_answered_fits_the_document() {
    let world = World::shared().await;
    let document = Document::of_dialect(world, "schools").await;
    let account = partner(world);
    let rest = program_of(world, account).await;
    let called = &account.school_external_id;
    let users = format!("/data/partner/v1/user?schoolExternalId={called}");
    let users = rest.get(&users).await.expect(200);
    let user = |name: &str| {
        let users = users["data"].as_array().unwrap();
        let user = users.iter().find(|user| user["name"] == name).unwrap();
        user["account_id"].as_str().unwrap().to_owned()
    };
    let school = format!("/data/v1/schools/{}", account.school_id);
    let school = rest.get(&school).await.expect(200);
    for operation in reads(&document) {
        let path = operation
            .path
            .replace(
                "/tenants/{id}",
                &format!("/tenants/{}", school["tenant_id"].as_str().unwrap()),
            )
            .replace("/schools/{id}", &format!("/schools/{}", account.school_id))
            .replace("{id}", &user("Ana Souza"))
            .replace("{account_id}", &user("Maria Souza"))
            .replace("{AccountId}", &user("João Souza"));
        let answer = rest.get(&format!("{path}?school_external_id={called}")).await.expect(200);
        let schema = operation.schema(&document, 200).expect("a schema");
        let faults = document.faults(schema, &answer);
        assert!(faults.is_empty(), "{path}: {faults:?}");
        let rows = answer.get("data").unwrap_or(&answer);
        assert!(rows.as_array().is_none_or(|rows| !rows.is_empty()), "{path}: nothing to compare");
    }
}
