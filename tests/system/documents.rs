//! The documents describe what is served.

use std::collections::{BTreeMap, BTreeSet};

use harness::World;
use reqwest::Method;
use serde_json::{Value, json};

use crate::cast::company;
use crate::openapi::Document;
use crate::wire::Wire;

/// What the contract has, as far as it is served.
const OPERATIONS: &[&str] = &[
    "DELETE /companies/{id}/email-domains",
    "DELETE /companies/{id}/email-domains/{domain}",
    "DELETE /companies/{id}/managers",
    "DELETE /companies/{id}/members",
    "GET /companies",
    "GET /companies/{id}",
    "GET /companies/{id}/employees",
    "GET /companies/{id}/sim-cards",
    "GET /companies/{id}/subscription-plans",
    "GET /employees/{id}",
    "GET /healthz",
    "GET /password-resets/{id}",
    "GET /permissions",
    "GET /phone-accounts",
    "GET /phone-accounts/{id}",
    "GET /readyz",
    "GET /signup-forms/{id}",
    "GET /subscription-plans",
    "GET /.well-known/jwks.json",
    "PATCH /companies/{companyId}/subscription-plans/{subscriptionPlanId}",
    "PATCH /companies/{id}",
    "PATCH /signup-forms/{id}",
    "PATCH /users/{id}",
    "POST /companies",
    "POST /companies/{id}/phone-accounts",
    "POST /employees",
    "POST /invitations/{id}/accept",
    "POST /login",
    "POST /oauth2/token",
    "POST /partners",
    "POST /password-resets",
    "POST /password-resets/{id}/complete",
    "POST /phone-accounts/{id}/activate-sim-card",
    "POST /phone-accounts/{id}/approve",
    "POST /phone-numbers",
    "POST /signup-forms",
    "POST /signup-forms/{id}/complete",
    "POST /sim-cards",
    "POST /subscription-plans",
    "PUT /companies/{id}/email-domains",
    "PUT /companies/{id}/managers",
    "PUT /companies/{id}/members",
    "PUT /employees/{id}",
];

/// Open to callers without a token.
const PUBLIC: &[&str] = &[
    "/login",
    "/signup-forms",
    "/password-resets",
    "/invitations",
    "/email-proofs",
    "/oauth2",
    "/.well-known",
    "/healthz",
    "/readyz",
];

#[tokio::test]
async fn every_operation_of_the_contract_is_described() {
    let document = Document::of(World::shared().await).await;
    assert!(document.0["openapi"].as_str().unwrap().starts_with("3.1."));
    assert_eq!(document.0["info"]["title"], "Linha: mobile lines");
    let operations = document.operations();
    let described: BTreeSet<_> = operations
        .iter()
        .map(|operation| format!("{} {}", operation.method, operation.path))
        .collect();
    let missing: Vec<_> = OPERATIONS.iter().filter(|name| !described.contains(**name)).collect();
    assert!(missing.is_empty(), "{missing:?}");

    let mut ids = BTreeSet::new();
    for operation in &operations {
        let (name, value) = (operation.path, operation.value);
        assert!(ids.insert(value["operationId"].as_str().unwrap()), "{name}");
        assert!(!value["summary"].as_str().unwrap().is_empty(), "{name}");
        assert_eq!(value["tags"].as_array().unwrap().len(), 1, "{name}");
        let is_public = PUBLIC.iter().any(|prefix| name.starts_with(prefix));
        let responses = value["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with(['2', '3'])), "{name}");
        if !is_public {
            assert_eq!(value["security"], json!([{ "bearer": [] }]), "{name}");
            assert!(responses.contains_key("401") && responses.contains_key("403"), "{name}");
        }
        let named: BTreeSet<_> =
            name.split('{').skip(1).filter_map(|p| p.split('}').next()).collect();
        let described: BTreeSet<_> = value["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        assert_eq!(named, described, "{name}");
    }
}

#[tokio::test]
async fn every_described_operation_is_served() {
    let world = World::shared().await;
    let document = Document::of(world).await;
    for operation in document.operations() {
        let path = operation.path.replace(['{', '}'], "");
        let answer = world.rest().send(operation.method.clone(), &path, None).await;
        let known = operation.value["responses"].get(answer.status.to_string()).is_some();
        assert!(known, "{} {path}: {} {}", operation.method, answer.status, answer.body);
        if operation.value["security"] == json!([{ "bearer": [] }]) {
            answer.refused(401, "unauthorized");
        }
    }
}

#[tokio::test]
async fn every_reference_and_every_example_fits() {
    let document = Document::of(World::shared().await).await;
    let mut references = vec![];
    collect_references(&document.0, &mut references);
    assert!(references.len() > 50);
    for reference in references {
        document.resolve(reference);
    }
    for (name, schema) in document.0["components"]["schemas"].as_object().unwrap() {
        if let Some(example) = schema.get("example") {
            let faults = document.faults(schema, example);
            assert!(faults.is_empty(), "{name}: {faults:?}");
        }
    }
    for operation in document.operations() {
        let takes_json = !operation.value["requestBody"]["content"]["application/json"].is_null();
        assert_eq!(operation.example(&document).is_some(), takes_json, "{}", operation.path);
    }
}

fn collect_references<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    if value.get("$ref").is_some() {
        found.push(value);
    }
    match value {
        Value::Object(members) => members.values().for_each(|v| collect_references(v, found)),
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, found)),
        _ => {}
    }
}

#[tokio::test]
async fn examples_that_can_work_as_they_stand_do() {
    let world = World::own().await;
    let operator = world.operator().await;
    let document = Document::of(&world).await;
    let examples: BTreeMap<_, _> = document
        .operations()
        .iter()
        .filter_map(|operation| {
            let name = format!("{} {}", operation.method, operation.path);
            Some((name, operation.example(&document)?.clone()))
        })
        .collect();
    let session = world.rest().post("/login", &examples["POST /login"]).await.expect(200);
    let token = session["access_token"].as_str().unwrap();
    world.rest().with_token(token).get("/phone-accounts").await.expect(200);

    let company_id = company(&operator).await;
    let path = |rest: &str| format!("/companies/{company_id}{rest}");
    for (method, path, name, status) in [
        (Method::PATCH, path(""), "PATCH /companies/{id}", 204),
        (Method::PUT, path("/managers"), "PUT /companies/{id}/managers", 204),
        (Method::PUT, path("/members"), "PUT /companies/{id}/members", 204),
        (Method::POST, "/subscription-plans".into(), "POST /subscription-plans", 201),
        (Method::POST, "/phone-numbers".into(), "POST /phone-numbers", 200),
        (Method::POST, "/partners".into(), "POST /partners", 201),
        (Method::POST, "/password-resets".into(), "POST /password-resets", 204),
    ] {
        let answer = operator.send(method, &path, Some(&examples[name])).await;
        assert_eq!(answer.status, status, "{name}: {}", answer.body);
    }
    // Those that name other things do once these are there.
    let plan_id = world.plan_id();
    for (method, path, name, members, status) in [
        (
            Method::PUT,
            path("/email-domains"),
            "PUT /companies/{id}/email-domains",
            json!({ "default_subscription_plan_id": plan_id }),
            204,
        ),
        (
            Method::POST,
            path("/phone-accounts"),
            "POST /companies/{id}/phone-accounts",
            json!({ "subscription_plan_id": plan_id, "user_id": null }),
            201,
        ),
        (
            Method::POST,
            "/employees".into(),
            "POST /employees",
            json!({ "companyId": company_id, "userId": null }),
            201,
        ),
        (
            Method::POST,
            "/sim-cards".into(),
            "POST /sim-cards",
            json!({ "company_id": company_id }),
            200,
        ),
        (
            Method::POST,
            "/signup-forms".into(),
            "POST /signup-forms",
            json!({ "subscription_plan_id": plan_id, "phone_account_company_id": company_id }),
            200,
        ),
    ] {
        let mut body = examples[name].clone();
        for (member, value) in members.as_object().unwrap() {
            body[member] = value.clone();
        }
        let answer = operator.send(method, &path, Some(&body)).await;
        assert_eq!(answer.status, status, "{name}: {}", answer.body);
    }
}

#[tokio::test]
async fn the_documents_are_browsed_without_another_server() {
    let wire = Wire::of(World::shared().await);
    let get = async |path: &str| Wire::send(wire.request(Method::GET, path)).await;
    let door = get("/docs").await;
    let page = if door.status == 200 { door } else { get(door.header("location")).await };
    assert_eq!(page.status, 200);
    let html = String::from_utf8(page.bytes.clone()).unwrap();
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("http"), "{policy}");

    let linked = |text: &str| -> Vec<String> {
        let pieces = text.split(['"', '\'']);
        let named = pieces.filter(|piece| {
            [".js", ".css", ".png", ".json"].iter().any(|end| piece.ends_with(end))
        });
        named.filter(|piece| !piece.contains(char::is_whitespace)).map(str::to_owned).collect()
    };
    let scripts = linked(&html);
    assert!(scripts.iter().any(|name| name.ends_with("swagger-ui-bundle.js")), "{html}");
    for name in &scripts {
        assert!(!name.contains("//"), "{name} is elsewhere");
        let path = format!("/docs/{}", name.trim_start_matches("./"));
        let asset = get(&path).await;
        assert_eq!((asset.status, asset.bytes.is_empty()), (200, false), "{path}");
        if name.ends_with("swagger-initializer.js") {
            let text = String::from_utf8(asset.bytes).unwrap();
            assert!(text.contains("/openapi/lines.json"), "{text}");
            assert!(!text.contains("://"), "{text}");
        }
    }
}
