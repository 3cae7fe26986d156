use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;

#[derive(Debug, Default, Deserialize)]
struct Sample {
    #[serde(default)]
    name: String,
    number: Option<i64>,
    nested: Option<Nested>,
}

#[derive(Debug, Deserialize)]
struct Nested {
    deep: Option<bool>,
}

impl Input for Sample {
    const REQUIRED: &'static [&'static str] = &["name"];
}

fn malformed(body: &str) -> String {
    match parse::<Sample>(body.as_bytes()) {
        Err(Fault::Malformed(message)) => message,
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn what_is_no_json_object_is_malformed() {
    for body in ["", "{", "[]", "null", "\"x\"", "1", "{\"name\":}", "{}{}", "\u{feff}{}"] {
        malformed(body);
    }
    assert!(matches!(parse::<Sample>(b"{\"name\": \"\xff\"}"), Err(Fault::Malformed(_))));
    let deep = format!("{{\"x\": {}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    malformed(&deep);
}

#[test]
fn what_needs_no_members_may_need_no_body() {
    #[derive(Debug, Default, Deserialize)]
    struct Nothing {
        reason: Option<String>,
    }
    impl Input for Nothing {
        const REQUIRED: &'static [&'static str] = &[];
        const MAY_BE_ABSENT: bool = true;
    }
    for body in ["", "{}", r#"{"reason": null}"#] {
        let Body(nothing, _) = parse::<Nothing>(body.as_bytes()).unwrap();
        assert_eq!(nothing.reason, None, "{body}");
    }
    assert!(matches!(parse::<Nothing>(b" "), Err(Fault::Malformed(_))));
}

#[test]
fn a_member_that_is_missing_is_named_though_the_type_needs_it() {
    #[derive(Debug, Deserialize)]
    struct Strict {
        name: String,
    }
    impl Input for Strict {
        const REQUIRED: &'static [&'static str] = &["name"];
    }
    assert_eq!(parse::<Strict>(br#"{"name": "x"}"#).unwrap().0.name, "x");
    let Err(Fault::Invalid(missing)) = parse::<Strict>(b"{}") else { panic!("not missing") };
    assert_eq!(missing[0].member, "name");
}

#[test]
fn a_wrong_type_is_malformed_and_names_the_member_but_not_the_value() {
    let message = malformed(r#"{"name": 11144477735}"#);
    assert!(message.contains("`name`") && !message.contains("111444"), "{message}");
    assert!(malformed(r#"{"name": "x", "nested": {"deep": "no"}}"#).contains("`nested.deep`"));
    for number in ["1.5", "1e2", "41.0", "\"41\"", "true", "[]"] {
        let body = format!(r#"{{"name": "x", "number": {number}}}"#);
        assert!(malformed(&body).contains("`number`"), "{number}");
    }
    // Even where something is missing, too.
    assert!(malformed(r#"{"number": "x"}"#).contains("`number`"));
}

#[test]
fn absent_and_null_are_the_same_but_for_the_members() {
    for body in [json!({}), json!({"name": null, "other": 1})] {
        match parse::<Sample>(body.to_string().as_bytes()) {
            Err(fault) => assert_eq!(fault, invalid("name", "is required")),
            Ok(body) => panic!("{body:?}"),
        }
    }
    let body = br#"{"name": "x", "number": null}"#;
    let Body(sample, members) = parse::<Sample>(body).unwrap();
    assert_eq!(sample.number, None);
    let names = [("number", "amount"), ("name", "name"), ("nested", "nested")];
    assert_eq!(members.mask(&names).paths, ["amount", "name"]);
}

#[test]
fn the_last_of_several_members_with_one_name_counts() {
    let body = br#"{"name": "a", "name": "b", "nested": {"deep": true}}"#;
    let Body(sample, _) = parse::<Sample>(body).unwrap();
    assert_eq!(sample.name, "b");
    assert_eq!(sample.nested.unwrap().deep, Some(true));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("name|number|nested|deep|.{0,6}", inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_comes_is_read_or_refused(value in any_json()) {
        match parse::<Sample>(value.to_string().as_bytes()) {
            Ok(_) | Err(Fault::Malformed(_) | Fault::Invalid(_)) => {}
            Err(other) => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let outcome = parse::<Sample>(&bytes);
        let refused = matches!(outcome, Err(Fault::Malformed(_) | Fault::Invalid(_)));
        prop_assert!(outcome.is_ok() || refused);
    }
}
