//! Random requests, on every operation of the document: always an answer that the document knows,
//! in the dialect's envelope, and never a fault of ours.

use harness::{Rest, World};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::openapi::{Document, Operation};

const SEED: u64 = 0x0E17_E411;
const REQUESTS: usize = 30;

const QUERIES: &[&str] = &[
    "attributes[]=name&includes[device]=",
    "attributes=null&includes[enterprise][]=cnpj",
    "includes[addresses]=&includes[document]=&includes[country]=",
    "filters[enterprise.name][ilk]=%25",
    "filters[enterprise.name][ilk]=%5C",
    "filters[chips.number][ew]=%27",
    "filters[device.name][neq]=a&sort[number]=-1",
    "filters[x][eq]=1",
    "sort[serial]=1&sort[name]=-1&count=true",
    "page=18446744073709551615&limit=100",
    "page=-1",
    "search=%F0%9F%9A%9A",
    "search=%00",
    "a[b",
    "limit=0",
];

#[tokio::test]
async fn no_request_is_answered_with_a_fault_of_ours_or_an_undocumented_status() {
    let world = World::own().await;
    let document = Document::of_dialect(&world, "enterprises").await;
    let account = world.demo.enterprise.as_ref().expect("the demo has enterprises");
    let admin = world.rest().log_in(&account.email, &account.password).await;
    let other = world.demo.other_enterprise.as_ref().expect("another");
    let other = world.rest().log_in(&other.email, &other.password).await;
    let listed = admin.get("/v2/enterprises").await.expect(200);
    let mut ids: Vec<String> = super::all(&listed, "/id").into_iter().map(str::to_owned).collect();
    ids.extend(["x", "ABC1234567890DEF", "ABC1234567890DE", "%00"].map(str::to_owned));
    let callers = [admin.clone(), admin, other, world.rest(), world.operator().await];
    let mut random = StdRng::seed_from_u64(SEED);
    let mut faults = vec![];
    for operation in document.operations() {
        for _ in 0..REQUESTS {
            let caller = callers.choose(&mut random).expect("callers");
            faults.extend(ask(&mut random, caller, &document, &operation, &ids).await);
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
    ids: &[String],
) -> Option<String> {
    let path = path(random, operation, ids);
    let body = operation.example(document).map(|example| mutated(random, example.clone()));
    let answer = caller.send(operation.method.clone(), &path, body.as_ref()).await;
    let status = answer.status;
    let mut wrong = vec![];
    if status >= 500 {
        wrong.push("a fault of ours".to_owned());
    }
    if operation.value["responses"][status.to_string()].is_null() {
        wrong.push("an undocumented status".to_owned());
    }
    if status >= 400 && !answer.body["error"]["message"].is_string() {
        wrong.push("no envelope".to_owned());
    }
    if let (200, Some(schema)) = (status, operation.schema(document, status)) {
        let faults = document.faults(schema, &answer.body);
        // Those that were not asked for are not there.
        wrong.extend(faults.into_iter().filter(|_| !path.contains("attributes")));
    }
    let body: String = body.unwrap_or_default().to_string().chars().take(200).collect();
    (!wrong.is_empty()).then(|| {
        let told = wrong.join(", ");
        format!("{} {path} {body}: {status} {}: {told}", operation.method, answer.body)
    })
}

fn path(random: &mut StdRng, operation: &Operation<'_>, ids: &[String]) -> String {
    let id = ids.choose(random).expect("ids");
    let situation = ["activation", "deactivation", "x"].choose(random).expect("words");
    let path = operation.path.replace("{id}", id).replace("{situation}", situation);
    if operation.method == "GET" && random.random_bool(0.8) {
        return format!("{path}?{}", QUERIES.choose(random).expect("queries"));
    }
    path
}

/// The example, with something in it changed or gone, however deep it is.
fn mutated(random: &mut StdRng, mut body: Value) -> Value {
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
        json!({"a": {"b": 1}}),
    ];
    let mut place = &mut body;
    while let Some(members) = place.as_object_mut() {
        let names: Vec<String> = members.keys().cloned().collect();
        let Some(name) = names.choose(random).cloned() else { break };
        match random.random_range(0..6) {
            0 => {
                members.remove(&name);
                break;
            }
            1 => {
                members.insert(name, odd.choose(random).expect("values").clone());
                break;
            }
            _ => place = members.get_mut(&name).expect("a member"),
        }
    }
    body
}
