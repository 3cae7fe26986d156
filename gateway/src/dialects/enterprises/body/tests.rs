use proptest::prelude::*;
use serde_json::json;

use super::*;

/// The seed's payload, with an id of the length that its own rule asks for.
fn sample() -> Value {
    json!({"body": {"data": {
        "attributes": {
            "name": "Example Company",
            "cnpj": "12345678901234",
            "timezone": "America/New_York",
            "phone1": "(123) 456-7890",
            "phone2": "(123) 123-4567",
            "email": "info@example.com",
            "contact_name": "John Doe",
            "webpage": "http://example.com",
            "assistance_emergency_tel": "911",
            "theft_emergency_tel": "911",
            "fantasy_name": "Example"
        },
        "relationships": {"country": {"type": "country", "id": "abc1234567890de"}}
    }}})
}

fn made(body: &Value) -> Result<Written, Error> {
    new(body.to_string().as_bytes())
}

fn changed(body: &Value) -> Result<Written, Error> {
    change(body.to_string().as_bytes())
}

fn bad<T: std::fmt::Debug>(outcome: Result<T, Error>) -> bool {
    outcome.err() == Some(BAD_REQUEST.into())
}

#[test]
fn the_sample_is_read_bare_and_wrapped_for_both_operations() {
    let text = |text: &str| Some(text.to_owned());
    let values = EnterpriseValues {
        name: "Example Company".to_owned(),
        cnpj: "12345678901234".to_owned(),
        timezone: text("America/New_York"),
        phone1: text("(123) 456-7890"),
        phone2: text("(123) 123-4567"),
        email: text("info@example.com"),
        contact_name: text("John Doe"),
        webpage: text("http://example.com"),
        assistance_emergency_tel: text("911"),
        theft_emergency_tel: text("911"),
        fantasy_name: text("Example"),
        country_id: text("abc1234567890de"),
    };
    for body in [&sample(), &sample()["body"]] {
        assert_eq!(made(body).unwrap().values, values);
        let change = changed(body).unwrap();
        assert_eq!(change.values, values);
        assert_eq!(change.mask.paths.len(), 12);
    }
}

#[test]
fn something_new_needs_both_members_and_three_attributes() {
    let least = json!({"data": {
        "attributes": {"name": "a", "cnpj": "1", "timezone": null}, "relationships": {}
    }});
    assert!(made(&least).is_ok());
    for name in ["name", "cnpj", "timezone"] {
        let mut body = least.clone();
        body["data"]["attributes"].as_object_mut().unwrap().remove(name);
        assert!(bad(made(&body)), "{name}");
    }
    for member in ["attributes", "relationships"] {
        let mut body = least.clone();
        body["data"].as_object_mut().unwrap().remove(member);
        assert!(bad(made(&body)), "{member}");
    }
    for body in [json!({}), json!({"data": null}), json!({"body": {}}), json!([]), json!("x")] {
        assert!(bad(made(&body)), "{body}");
    }
}

#[test]
fn a_change_needs_nothing() {
    for body in [json!({}), json!({"data": {}}), json!({"body": {}}), json!({"body": {"data": {}}})]
    {
        assert_eq!(changed(&body).unwrap(), Written::default(), "{body}");
    }
    let body = json!({"data": {"attributes": {"email": null}, "relationships": {"country": null}}});
    let change = changed(&body).unwrap();
    assert_eq!(change.mask.paths, ["email", "country_id"]);
    assert_eq!((change.values.email, change.values.country_id), (None, None));
    for body in [json!({"data": null}), json!({"data": []}), json!({"body": 1}), json!([])] {
        assert!(bad(changed(&body)), "{body}");
    }
    assert!(bad(change_of("")) && bad(change_of("{")) && bad(change_of("nonsense")));
}

fn change_of(text: &str) -> Result<Written, Error> {
    change(text.as_bytes())
}

#[test]
fn what_is_unknown_or_read_only_is_refused() {
    for attributes in [
        json!({"created_at": "2025-01-31T12:00:00.000Z"}),
        json!({"deactivated_at": null}),
        json!({"serial": "1"}),
        json!({"colour": "red"}),
        json!({"name": 1}),
        json!({"phone1": ["1"]}),
        json!([]),
    ] {
        assert!(bad(changed(&json!({"data": {"attributes": attributes}}))), "{attributes}");
    }
    for relationships in [
        json!({"device": []}),
        json!({"country": {"type": "country"}}),
        json!({"country": {"id": "abc1234567890de"}}),
        json!({"country": {"type": "land", "id": "abc1234567890de"}}),
        json!({"country": {"type": "country", "id": 1}}),
        json!({"country": {"type": "country", "id": "abc1234567890de", "attributes": {}}}),
        json!({"country": "abc1234567890de"}),
        json!(null),
    ] {
        assert!(
            bad(changed(&json!({"data": {"relationships": relationships}}))),
            "{relationships}"
        );
    }
    let mut nowhere = sample();
    nowhere["body"]["data"]["relationships"]["country"] = Value::Null;
    assert!(bad(made(&nowhere)));
}

proptest! {
    #[test]
    fn no_body_breaks_it(text in "[{}\\[\\]\":,a-z0-9 ]{0,80}") {
        let _ = new(text.as_bytes());
        let _ = change(text.as_bytes());
    }
}
