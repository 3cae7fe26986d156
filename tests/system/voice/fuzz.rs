//! Random requests, on every operation of the document: always an answer that the document knows,
//! in the dialect's envelope, and never a fault of ours.

use harness::{Rest, World};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::cast::Admin;
use crate::openapi::{Document, Operation};

const SEED: u64 = 0x0056_0127;
const REQUESTS: usize = 25;

const FILTERS: &[&str] = &[
    "filter={\"where\":{\"id\":1}}",
    "filter={\"where\":{\"or\":[{\"email\":\"x\"},{\"email\":null}]}}",
    "filter={",
    "filter[where][ramal][regexp]=(",
    "filter[where][ramal][like]=%25",
    "filter[where][from][regexp]=%5E1",
    "filter[order]=id",
    "filter[order][]=created DESC",
    "filter[limit]=3&filter[skip]=2",
    "filter[fields][id]=true",
    "filter=%00",
    "page=2&limit=3",
];

#[tokio::test]
async fn no_request_is_answered_with_a_fault_of_ours_or_an_undocumented_status() {
    let world = World::own().await;
    let document = Document::of_dialect(&world, "voice").await;
    let admin = Admin::sign_up(&world).await;
    let user = admin.adds(&world, "USER").await;
    let callers = [admin.rest.clone(), user.rest, world.voice()];
    let mut random = StdRng::seed_from_u64(SEED);
    let mut faults = vec![];
    for operation in document.operations() {
        // Whoever logs out asks no more.
        if operation.path.ends_with("/logout") {
            continue;
        }
        for _ in 0..REQUESTS {
            let caller = callers.choose(&mut random).expect("callers");
            faults.extend(ask(&mut random, caller, &document, &operation).await);
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    world.rest().get("/readyz").await.expect(200);
}

async fn ask(
    random: &mut StdRng,
    caller: &Rest,
    document: &Document,
    operation: &Operation<'_>,
) -> Option<String> {
    let path = path(random, operation);
    let body = operation.example(document).map(|example| mutated(random, example));
    let answer = caller.send(operation.method.clone(), &path, body.as_ref()).await;
    let status = answer.status;
    let mut wrong = vec![];
    if status >= 500 {
        wrong.push("a fault of ours".to_owned());
    }
    if operation.value["responses"][status.to_string()].is_null() {
        wrong.push("an undocumented status".to_owned());
    }
    if status >= 400 && answer.body["error"]["statusCode"] != status {
        wrong.push("no envelope".to_owned());
    }
    if let (200, Some(schema)) = (status, operation.schema(document, status))
        && !path.contains("fields")
    {
        wrong.extend(document.faults(schema, &answer.body));
    }
    let body: String = body.unwrap_or_default().to_string().chars().take(200).collect();
    (!wrong.is_empty()).then(|| {
        format!(
            "{} {path} {body}: {status} {}: {}",
            operation.method,
            answer.body,
            wrong.join(", ")
        )
    })
}

fn path(random: &mut StdRng, operation: &Operation<'_>) -> String {
    let names = ["1", "2", "x", "0", "-1", "0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d", "aaaaaaaa"];
    let mut parts = operation.path.strip_prefix("/api/v1").expect("the base").split('{');
    let mut path = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, rest) = part.split_once('}').unwrap_or_default();
        path = format!("{path}{}{rest}", names.choose(random).expect("names"));
    }
    if operation.method == "GET" && random.random_bool(0.6) {
        path = format!("{path}?{}", FILTERS.choose(random).expect("filters"));
    }
    path
}

/// The example, with a member changed or gone.
fn mutated(random: &mut StdRng, example: &Value) -> Value {
    let mut body = example.clone();
    let Some(members) = body.as_object_mut() else { return body };
    let names: Vec<String> = members.keys().cloned().collect();
    let Some(name) = names.choose(random) else { return body };
    let odd = [
        json!(null),
        json!(""),
        json!("x"),
        json!(-1),
        json!(1e300),
        json!(true),
        json!([]),
        json!({}),
        json!("\0"),
        json!("x".repeat(5_000)),
        json!([[[]]]),
        json!({"a": {"b": 1}}),
    ];
    match random.random_range(0..4) {
        0 => drop(members.remove(name)),
        1 | 2 => drop(members.insert(name.clone(), odd.choose(random).expect("values").clone())),
        _ => {}
    }
    body
}
