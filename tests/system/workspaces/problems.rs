//! Problems to the letter: every status, in both forms, under every prefix.

use std::collections::{BTreeMap, BTreeSet};

use harness::World;
use local::Part;
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Client, Owner, PROBLEM};
use crate::openapi::Document;

const TITLE: &str = "An error occurred";
const LINK: &str = "<http://www.w3.org/ns/hydra/error>; rel=\"http://www.w3.org/ns/json-ld#error\"";

fn plain(status: u16, detail: &str) -> Value {
    json!({
        "type": format!("/errors/{status}"), "title": TITLE, "detail": detail, "status": status
    })
}

fn linked(mut problem: Value) -> Value {
    let kind = problem["type"].clone();
    let is_violation = problem["violations"].is_array();
    let name = if is_violation { "ConstraintViolation" } else { "Error" };
    problem["@context"] = json!(format!("/contexts/{name}"));
    problem["@id"] = kind;
    problem["@type"] = json!(if is_violation { "ConstraintViolation" } else { "hydra:Error" });
    problem["hydra:title"] = problem["title"].clone();
    problem["hydra:description"] = problem["detail"].clone();
    problem
}

/// That an answer is exactly this problem.
#[track_caller]
fn is(answer: &Answer, problem: &Value) {
    assert_eq!(&answer.body, problem);
    assert_eq!(json!(answer.status), problem["status"]);
    assert_eq!(answer.header("content-type"), PROBLEM);
    assert_eq!(answer.header("link"), LINK);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    let vary = answer.headers.get_all("vary").iter().map(|value| value.to_str().unwrap());
    assert!(vary.into_iter().any(|value| value == "Accept"), "{:?}", answer.headers);
}

#[tokio::test]
async fn unknown_routes_and_methods_are_told_under_every_prefix() {
    let world = World::shared().await;
    let owner = Owner::new(world, "production").await;
    let json_client = owner.client.with("accept", "application/json");
    let document = Document::of_dialect(world, "workspaces").await;
    let mut methods: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for operation in document.operations() {
        let known = methods.entry(operation.path.to_owned()).or_default();
        known.insert(operation.method.to_string());
        if operation.method == Method::GET {
            known.insert("HEAD".to_owned());
        }
    }
    let prefixes: BTreeSet<&str> = methods
        .keys()
        .filter_map(|path| path.split('/').nth(1))
        .filter(|of| *of != "api")
        .collect();
    assert!(prefixes.len() > 12, "{prefixes:?}");
    let not_found = plain(404, "Not Found");
    for prefix in prefixes {
        for tail in ["a/b/c/d/e", "/", "x/"] {
            let path = format!("/{prefix}/{tail}");
            is(&owner.client.get(&path).await, &linked(not_found.clone()));
            is(&json_client.get(&path).await, &not_found);
            let posted = json_client.post(&path, json!({})).await;
            is(&posted, &not_found);
        }
    }
    let not_allowed = plain(405, "Method Not Allowed");
    for (path, known) in methods {
        let path = path.replace("{id}", "x").replace("{invoiceId}", "y").replace("{type}", "Z");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            if known.contains(method) {
                continue;
            }
            let method: Method = method.parse().unwrap();
            let answer = owner.client.raw(method.clone(), &path, None, vec![]).await;
            is(&answer, &linked(not_allowed.clone()));
            let allow: BTreeSet<String> =
                answer.header("allow").split(", ").map(str::to_owned).collect();
            assert_eq!(allow, known, "{path}");
            is(&json_client.raw(method, &path, None, vec![]).await, &not_allowed);
        }
    }
}

#[tokio::test]
async fn every_status_has_its_problem() {
    let world = World::shared().await;
    let owner = Owner::new(world, "production").await;
    let (member, _) = owner.joined(world, "member").await;
    let plainly = |client: &Client| client.with("accept", "application/json");
    let (client, member) = (plainly(&owner.client), plainly(&member));
    let post = |kind: &'static str, body: &'static str| {
        client.raw(Method::POST, "/locations", Some(kind), body.into())
    };
    let json_kind = "application/json";
    let unreadable = "The body is not in a format that is read here.";
    is(&post(json_kind, "{").await, &plain(400, "The body is not valid JSON."));
    is(&post(json_kind, "[]").await, &plain(400, "The body must be a JSON object."));
    let mistyped = "`name` has the wrong type: expected a string.";
    is(&post(json_kind, "{\"name\": 1}").await, &plain(400, mistyped));
    is(&member.post("/locations", json!({"name": "x"})).await, &plain(403, "Access Denied."));
    is(&client.get("/locations/1000000000").await, &plain(404, "Not Found"));
    is(&post("text/plain", "x").await, &plain(415, unreadable));
    let long = json!({"name": "x".repeat(300_000)});
    is(&client.post("/locations", long).await, &plain(413, "The body is too long."));
    let neither = client.with("accept", "text/html").get("/locations").await;
    is(&neither, &plain(406, "Answers are application/ld+json or application/json."));

    let wrong = json!({"name": "", "officeOpenHour": 18, "officeCloseHour": 8});
    let problem = json!({
        "type": "/validation_errors/not-blank", "title": TITLE, "status": 422,
        "detail": "name: is required\nofficeCloseHour: is not after the opening",
        "violations": [
            {"propertyPath": "name", "message": "is required", "code": "not-blank"},
            {
                "propertyPath": "officeCloseHour", "message": "is not after the opening",
                "code": "out-of-range"
            }
        ]
    });
    is(&client.post("/locations", wrong.clone()).await, &problem);
    is(&owner.client.post("/locations", wrong).await, &linked(problem));
    let state = "only a demo organization can be cleared";
    let problem = json!({
        "type": "/validation_errors/invalid-state", "title": TITLE, "status": 422, "detail": state,
        "violations": [{"propertyPath": "", "message": state, "code": "invalid-state"}]
    });
    is(&client.post("/organizations/clear", json!({})).await, &problem);

    let setup = |session: &str| {
        let setup = json!({"sessionId": session, "sessionIdSignature": "x", "target": "Banco"});
        client.post("/integrations/kontomatik/setup", setup)
    };
    is(&setup("sim-down").await, &plain(502, "the bank-data provider failed"));
    is(&setup("sim-slow").await, &plain(504, "the bank-data provider did not answer"));
}

#[tokio::test]
async fn whoever_is_unknown_is_told_as_clients_of_the_original_read_it() {
    let world = World::shared().await;
    let nobody = Client::new(world).with("accept", "application/json");
    let told = |detail: &str| {
        let mut problem = plain(401, detail);
        problem["code"] = json!(401);
        problem["message"] = json!(detail);
        problem
    };
    for client in [nobody.clone(), nobody.with("authorization", "Bearer x.y.z")] {
        let answer = client.get("/locations").await;
        is(&answer, &told("A good token is needed."));
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    let login = json!({"username": "nobody@example.com", "password": "s3nh4-secreta"});
    let answer = nobody.post("/api/login", login).await;
    is(&answer, &told("Invalid credentials."));
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    let missing = nobody.post("/api/login", json!({"username": "x"})).await;
    is(&missing, &plain(400, "\"password\" is required."));
    let linked_client = nobody.with("accept", "*/*");
    is(&linked_client.get("/locations").await, &linked(told("A good token is needed.")));
}

#[tokio::test]
async fn whoever_tries_too_often_or_too_early_is_told_when_to_come_back() {
    let mut world = World::own().await;
    let owner = Owner::new(&world, "production").await;
    let client = owner.client.with("accept", "application/json");
    owner.subscribed().await;
    let apply = || client.post("/subscriptions/apply-coupon", json!({"coupon": "NONE"}));
    for _ in 0..10 {
        apply().await.breaks("coupon", "invalid-value");
    }
    let answer = apply().await;
    is(&answer, &plain(429, "Too Many Requests"));
    let seconds: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    let login = |password: &'static str| {
        let login = json!({"username": owner.email, "password": password});
        client.post("/api/login", login)
    };
    while login("wrong").await.status == 401 {}
    let answer = login(super::client::PASSWORD).await;
    is(&answer, &plain(429, "Too Many Requests"));
    assert!(!answer.header("retry-after").is_empty());

    world.stack.kill(Part::Company);
    let answer = client.get("/locations").await;
    is(&answer, &plain(503, "Service Unavailable"));
    assert!(!answer.header("retry-after").is_empty());
    world.stack.restart(Part::Company).await.unwrap();
}
