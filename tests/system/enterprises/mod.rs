//! The enterprises dialect, through its front door.

mod cast;
mod deletion;
mod errors;
mod fuzz;
mod large;
mod particulars;
mod queries;
mod story;

use harness::Answer;
use serde_json::{Value, json};

pub(crate) use self::cast::Family;

/// Asserts that an answer is a refusal, and nothing but that.
#[track_caller]
fn refused(answer: Answer, status: u16, message: &str) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(answer.body, json!({"error": {"message": message}}));
}

/// The values of a member of a list's items.
#[track_caller]
fn all<'a>(list: &'a Value, pointer: &str) -> Vec<&'a str> {
    let items = list["data"].as_array().expect("a list").iter();
    items.map(|item| item.pointer(pointer).and_then(Value::as_str).expect(pointer)).collect()
}

/// The names of a list's enterprises.
#[track_caller]
fn names(list: &Value) -> Vec<&str> {
    all(list, "/attributes/name")
}

/// The body of a new enterprise.
fn new(name: &str, cnpj: &str) -> Value {
    json!({"data": {
        "attributes": {"name": name, "cnpj": cnpj, "timezone": null}, "relationships": {}
    }})
}
