//! Random requests, on every operation of the document: always an answer that the document knows,
//! in the dialect's envelope, and never a fault of ours.

use harness::{Rest, World};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::cast::{partner, program_of};
use super::documents::reads;
use crate::openapi::{Document, Operation};

const SEED: u64 = 0x0000_DA7A;
const REQUESTS: usize = 60;

const IDS: &[&str] = &[
    "0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d",
    "00000000-0000-0000-0000-000000000000",
    "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
    "7",
    "x",
    "%00",
    "%ff",
    "..",
    "a b",
    "%F0%9F%8E%92",
];

const VALUES: &[&str] = &["SCHOOL001", "INT-AGENDA", "", "%00", "%ff", "a%27b", "%25", "\u{2603}"];

const NAMES: &[&str] =
    &["school_external_id", "schoolExternalId", "school_id", "external_integration_id", "other"];

#[tokio::test]
async fn no_request_is_answered_with_a_fault_of_ours_or_an_undocumented_status() {
    let world = World::own().await;
    let document = Document::of_dialect(&world, "schools").await;
    let callers = [
        program_of(&world, partner(&world)).await,
        world.operator().await,
        world.manager().await,
        world.rest(),
    ];
    let mut random = StdRng::seed_from_u64(SEED);
    let mut faults = vec![];
    for operation in reads(&document) {
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
    let answer = caller.send(operation.method.clone(), &path, None).await;
    let status = answer.status;
    let mut wrong = vec![];
    if status >= 500 {
        wrong.push("a fault of ours".to_owned());
    }
    // What is no path is no operation.
    let is_other = status == 404 && answer.body["Error"]["Message"] == "Route not found.";
    if operation.value["responses"][status.to_string()].is_null() && !is_other {
        wrong.push("an undocumented status".to_owned());
    }
    if status == 401 && !answer.body.is_null() {
        wrong.push("a body".to_owned());
    }
    if status >= 400 && status != 401 && !answer.body["Error"]["Code"].is_string() {
        wrong.push("no envelope".to_owned());
    }
    if let (200, Some(schema)) = (status, operation.schema(document, status)) {
        wrong.extend(document.faults(schema, &answer.body));
    }
    (!wrong.is_empty()).then(|| format!("{path}: {status} {}: {}", answer.body, wrong.join(", ")))
}

fn path(random: &mut StdRng, operation: &Operation<'_>) -> String {
    let mut parts = operation.path.split('{');
    let mut path = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, rest) = part.split_once('}').unwrap_or_default();
        path = format!("{path}{}{rest}", IDS.choose(random).expect("ids"));
    }
    let mut separator = '?';
    for _ in 0..random.random_range(0..4) {
        let name = NAMES.choose(random).expect("names");
        let value = match random.random_range(0..4) {
            0 => IDS.choose(random).expect("ids").to_string(),
            1 => "x".repeat(random.random_range(45..60)),
            _ => VALUES.choose(random).expect("values").to_string(),
        };
        path = format!("{path}{separator}{name}={value}");
        separator = '&';
    }
    path
}
