//! Random requests, on every operation that the document describes: always an answer that the
//! document knows, and never a fault of ours.

use harness::{Rest, World, iccid};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::cast::no_id;
use crate::openapi::{Document, Operation};
use crate::wire::envelope;

const SEED: u64 = 0x0011_BA5E;
const REQUESTS: usize = 40;

struct Fuzz {
    random: StdRng,
    callers: Vec<Rest>,
    names: Vec<String>,
}

#[tokio::test]
async fn no_request_is_answered_with_a_fault_of_ours_or_an_undocumented_status() {
    let world = World::own().await;
    let document = Document::of(&world).await;
    let (operator, manager) = (world.operator().await, world.manager().await);
    let names = vec![
        world.company_id().to_owned(),
        world.plan_id().to_owned(),
        world.demo.holder.phone_account_id.clone(),
        no_id(),
        "gmail.com".to_owned(),
    ];
    let callers = vec![operator, manager, world.holder().await, world.rest()];
    let mut fuzz = Fuzz { random: StdRng::seed_from_u64(SEED), callers, names };
    let mut faults = vec![];
    for operation in document.operations() {
        for _ in 0..REQUESTS {
            faults.extend(fuzz.ask(&document, &operation).await);
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    world.rest().get("/readyz").await.expect(200);
    world.holder().await.get("/phone-accounts").await.expect(200);
}

impl Fuzz {
    /// Makes one request; says what is wrong with the answer.
    async fn ask(&mut self, document: &Document, operation: &Operation<'_>) -> Option<String> {
        let path = self.path(operation);
        let body = operation.example(document).map(|example| self.body(example));
        let caller = self.callers.choose(&mut self.random)?.clone();
        let answer = caller.send(operation.method.clone(), &path, body.as_ref()).await;

        let status = answer.status;
        let mut wrong = vec![];
        if status >= 500 {
            wrong.push("a fault of ours".to_owned());
        }
        let described = &operation.value["responses"][status.to_string()];
        if described.is_null() {
            wrong.push("an undocumented status".to_owned());
        }
        let kind = answer.headers.get("content-type").map(|kind| kind.to_str().unwrap_or_default());
        if kind == Some("application/json") {
            match operation.schema(document, status) {
                Some(schema) => wrong.extend(document.faults(schema, &answer.body)),
                None => wrong.push("an undocumented body".to_owned()),
            }
            if status >= 400 && operation.path != "/oauth2/token" {
                envelope(&answer.body);
            }
        } else if status >= 400 && !described["content"]["text/html"].is_object() {
            wrong.push(format!("no envelope but {kind:?}"));
        }
        let body = body.unwrap_or_default().to_string();
        let body: String = body.chars().take(300).collect();
        (!wrong.is_empty()).then(|| {
            let wrong = wrong.join(", ");
            format!("{} {path} {body}: {status} {}: {wrong}", operation.method, answer.body)
        })
    }

    /// The operation's path, with something for each parameter.
    fn path(&mut self, operation: &Operation<'_>) -> String {
        let mut path = String::new();
        for (index, piece) in operation.path.split('{').enumerate() {
            match piece.split_once('}') {
                Some((_, rest)) if index > 0 => path += &(self.name() + rest),
                _ => path += piece,
            }
        }
        let parameters = operation.value["parameters"].as_array().into_iter().flatten();
        let mut query = vec![];
        for parameter in parameters.filter(|parameter| parameter["in"] == "query") {
            if self.random.random_bool(0.7) {
                query.push(format!("{}={}", parameter["name"].as_str().unwrap(), self.name()));
            }
        }
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }

    /// What stands in a URL for something: often a thing that is there.
    fn name(&mut self) -> String {
        if self.random.random_bool(0.6) {
            return self.names.choose(&mut self.random).cloned().unwrap_or_default();
        }
        let odd = [
            "0",
            "1",
            "-1",
            "50",
            "1.5",
            "99999999999999999999",
            "%00",
            "%FF",
            "%C3%A9",
            "%25",
            "%27%20or%201%3D1--",
            "a%20b",
            "%F0%9F%98%80",
            "%2e%2e%2f",
            "null",
            "%5C",
            "00000000-0000-0000-0000-000000000000",
            "x@y.example",
            "%0D%0Ax-injected:%201",
        ];
        (*odd.choose(&mut self.random).unwrap_or(&"x")).to_owned()
    }

    /// The example, made worse.
    fn body(&mut self, example: &Value) -> Value {
        let mut body = example.clone();
        self.refresh(&mut body);
        for _ in 0..self.random.random_range(0..4) {
            self.spoil(&mut body);
        }
        body
    }

    /// Puts things that are there where the example names some, so that more than the checks of
    /// names is reached.
    fn refresh(&mut self, value: &mut Value) {
        match value {
            Value::Object(members) => members.values_mut().for_each(|value| self.refresh(value)),
            Value::Array(items) => items.iter_mut().for_each(|item| self.refresh(item)),
            Value::String(text) if text.parse::<uuid::Uuid>().is_ok() => {
                *text = self.names.choose(&mut self.random).cloned().unwrap_or_default();
            }
            Value::String(text) if text.starts_with("8955") => *text = iccid(),
            _ => {}
        }
    }

    fn spoil(&mut self, value: &mut Value) {
        let deeper = self.random.random_bool(0.8);
        match value {
            Value::Object(members) if deeper && !members.is_empty() => {
                let names: Vec<_> = members.keys().cloned().collect();
                let Some(name) = names.choose(&mut self.random) else { return };
                if self.random.random_bool(0.15) {
                    members.remove(name);
                } else if let Some(member) = members.get_mut(name) {
                    self.spoil(member);
                }
            }
            Value::Array(items) if deeper && !items.is_empty() => {
                let index = self.random.random_range(0..items.len());
                self.spoil(&mut items[index]);
            }
            other => *other = self.junk(),
        }
    }

    fn junk(&mut self) -> Value {
        let texts = [
            "",
            " ",
            "\u{0}",
            "a\u{0}b",
            "' or 1=1 --",
            "😀",
            "é",
            "e\u{301}",
            "\u{202e}x",
            "\u{feff}",
            "\n",
            "+5541987654321",
            "41987654321",
            "2020-01-01",
            "9999-12-31",
            "-262143-01-01",
            "2020-01-01T00:00:00Z",
            "9999-12-31T23:59:59-23:59",
            "true",
            "1e9",
            "00000000-0000-0000-0000-000000000000",
            "a@b.com",
            "a@b.com\u{0}",
            "12ABC34501DE35",
            "123.456.789-09",
            "Passw0rd!",
            "active",
            "%00",
            "\\",
            "𝟜𝟙",
            "٤١",
        ];
        match self.random.random_range(0..12) {
            0 => Value::Null,
            1 => json!(self.random.random::<bool>()),
            2 => json!(self.random.random::<i64>()),
            3 => json!(u64::MAX),
            4 => json!(self.random.random_range(-1..100)),
            5 => json!(self.random.random_range(-1e18..1e18)),
            6 => json!([]),
            7 => json!({ "a": [null, {}] }),
            8 => json!("x".repeat(self.random.random_range(100..5_000))),
            9 => json!([self.names[0], 1, null]),
            _ => json!(texts.choose(&mut self.random)),
        }
    }
}
