//! Which calls an integration hears of.

use serde_json::{Map, Number, Value};

/// Where a constraint may name what it means: `{"metadata": {…}}` is the same as `{…}`.
const METADATA: &str = "metadata";

/// Whether a call's metadata fulfils a constraint: every key of it is there with an equal value,
/// objects being contained rather than equal. A value is equal to one of its own type only.
pub(super) fn fulfils(metadata: &Map<String, Value>, constraint: &Map<String, Value>) -> bool {
    constraint.iter().all(|(key, wanted)| match wanted {
        Value::Object(inner) if key == METADATA => contains_all(metadata, inner),
        wanted => metadata.get(key).is_some_and(|value| contains(value, wanted)),
    })
}

fn contains_all(whole: &Map<String, Value>, part: &Map<String, Value>) -> bool {
    part.iter().all(|(key, wanted)| whole.get(key).is_some_and(|value| contains(value, wanted)))
}

fn contains(value: &Value, wanted: &Value) -> bool {
    match (value, wanted) {
        (Value::Object(whole), Value::Object(part)) => contains_all(whole, part),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(a, b)| is_equal(a, b))
        }
        _ => is_equal(value, wanted),
    }
}

/// As JSON has it: 1 and 1.0 are the same number.
fn is_equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => is_same_number(one, other),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(a, b)| is_equal(a, b))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, a)| other.get(key).is_some_and(|b| is_equal(a, b)))
        }
        _ => one == other,
    }
}

fn is_same_number(one: &Number, other: &Number) -> bool {
    one == other || (one.is_f64() != other.is_f64() && one.as_f64() == other.as_f64())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn matches(metadata: Value, constraint: Value) -> bool {
        let (Value::Object(metadata), Value::Object(constraint)) = (metadata, constraint) else {
            panic!("objects");
        };
        fulfils(&metadata, &constraint)
    }

    #[test]
    fn both_shapes_of_the_documentation_hold() {
        let metadata = || json!({"gateway": "integration-test", "id": 7});
        assert!(matches(metadata(), json!({"metadata": {"gateway": "integration-test"}})));
        assert!(matches(metadata(), json!({"gateway": "integration-test"})));
        assert!(!matches(metadata(), json!({"gateway": "another"})));
        assert!(!matches(metadata(), json!({"metadata": {"gateway": "another"}})));
        assert!(!matches(metadata(), json!({"metadata": {"id": 7}, "gateway": "another"})));
        assert!(matches(metadata(), json!({})));
        assert!(matches(metadata(), json!({"metadata": {}})));
        assert!(matches(json!({"metadata": 1}), json!({"metadata": 1})));
    }

    #[test]
    fn one_is_not_a_text_and_nothing_is_not_null() {
        for (value, wanted) in [
            (json!(1), json!("1")),
            (json!("1"), json!(1)),
            (json!(true), json!(1)),
            (json!(true), json!("true")),
            (json!(null), json!(false)),
            (json!([1]), json!(1)),
            (json!([1, 2]), json!([1])),
            (json!([1, 2]), json!([2, 1])),
            (json!([{"a": 1, "b": 2}]), json!([{"a": 1}])),
            (json!(1), json!({})),
            (json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992_i64)),
        ] {
            assert!(!matches(json!({"k": value}), json!({"k": wanted})), "{value} {wanted}");
        }
        assert!(!matches(json!({}), json!({"k": null})));
        assert!(matches(json!({"k": null}), json!({"k": null})));
        assert!(matches(json!({"k": 1}), json!({"k": 1.0})));
        assert!(matches(json!({"k": [{"a": 1}]}), json!({"k": [{"a": 1.0}]})));
    }

    #[test]
    fn objects_are_contained_at_any_depth() {
        let metadata = || json!({"crm": {"deal": {"id": 1, "stage": "won"}, "user": 3}});
        assert!(matches(metadata(), json!({"crm": {"deal": {"id": 1}}})));
        assert!(matches(metadata(), json!({"metadata": {"crm": {}}})));
        assert!(!matches(metadata(), json!({"crm": {"deal": {"id": 2}}})));
        assert!(!matches(metadata(), json!({"crm": {"deal": {"id": 1, "lost": null}}})));
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (0..3_i64).prop_map(Value::from),
            (0..3_i64).prop_map(|number| Value::from(number.to_string())),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a-c]", inner, 0..3)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn object() -> impl Strategy<Value = Map<String, Value>> {
        prop::collection::btree_map("[a-c]", value(), 0..4)
            .prop_map(|map| map.into_iter().collect())
    }

    /// Leaves some of what is in an object out, at any depth.
    fn part_of(whole: &Map<String, Value>, keep: &mut impl FnMut() -> bool) -> Map<String, Value> {
        let mut part = Map::new();
        for (key, value) in whole {
            if keep() {
                let value = match value {
                    Value::Object(inner) => Value::Object(part_of(inner, keep)),
                    other => other.clone(),
                };
                part.insert(key.clone(), value);
            }
        }
        part
    }

    proptest! {
        #[test]
        fn every_part_of_an_object_is_fulfilled_by_it(
            metadata in object(), choices in prop::collection::vec(any::<bool>(), 64),
        ) {
            let mut choices = choices.into_iter().cycle();
            let part = part_of(&metadata, &mut || choices.next().unwrap_or_default());
            prop_assert!(fulfils(&metadata, &part));
            let wrapped = Map::from_iter([("metadata".to_owned(), Value::Object(part))]);
            prop_assert!(fulfils(&metadata, &wrapped));
        }

        #[test]
        fn more_metadata_fulfils_no_less(
            metadata in object(), constraint in object(), more in value(),
        ) {
            let before = fulfils(&metadata, &constraint);
            let mut grown = metadata;
            grown.insert("z".to_owned(), more);
            prop_assert_eq!(fulfils(&grown, &constraint), before);
        }

        #[test]
        fn whoever_fulfils_each_other_is_equal(one in object(), other in object()) {
            let both = fulfils(&one, &other) && fulfils(&other, &one);
            prop_assert_eq!(both, one == other);
        }

        #[test]
        fn a_value_of_another_type_is_never_equal(key in "[a-c]", number in 0..100_i64) {
            let of = |value: Value| Map::from_iter([(key.clone(), value)]);
            let (number, text) = (of(number.into()), of(number.to_string().into()));
            prop_assert!(fulfils(&number, &number) && fulfils(&text, &text));
            prop_assert!(!fulfils(&number, &text) && !fulfils(&text, &number));
        }
    }
}
