//! Finding lines, what companies note about them, and data on top.

use proto::billing::v1 as billing;
use proto::common::v1 as common;
use proto::telecom::v1 as telecom;
use serde_json::{Value, json};

use super::{YEAR_2022, at, read, written};
use crate::body::{Body, parse};
use crate::dialects::lines::wire::{custom_fields, data_top_ups, line_search};
use crate::fault::Fault;

// Operation 14.

#[test]
fn found_lines_are_answered() {
    let line = telecom::Line {
        id: "53af5437-dd2b-4efb-84c2-d16c6fffd376".to_owned(),
        user_id: Some("53af5437-dd2b-4efb-84c2-d16c6fffd376".to_owned()),
        company_id: Some("bf0443ca-18f2-436a-b846-eb2b4fd8b418".to_owned()),
        provider: "americanet".to_owned(),
        phone_number: Some("+5541999999999".to_owned()),
        iccid: Some("123".to_owned()),
        status: telecom::LineStatus::Active.into(),
        plan_id: "53af5437-dd2b-4efb-84c2-d16c6fffd376".to_owned(),
        custom_fields: [("Equipamento".to_owned(), "Motorola".to_owned())].into(),
        created_at: at(YEAR_2022),
        updated_at: at(YEAR_2022),
        ..telecom::Line::default()
    };
    let user = telecom::LineUser {
        id: "53af5437-dd2b-4efb-84c2-d16c6fffd376".to_owned(),
        email: "test@email.com".to_owned(),
        full_name: Some("Jhon Doe".to_owned()),
        social_name: Some("Jhon".to_owned()),
    };
    let bare = telecom::Line { user_id: None, custom_fields: [].into(), ..line.clone() };
    let found = telecom::SearchLinesResponse {
        lines: vec![
            telecom::FoundLine { line: Some(line), user: Some(user) },
            telecom::FoundLine { line: Some(bare), user: None },
        ],
        page: Some(common::PageResponse { next_page_token: "x".to_owned(), total_size: 50 }),
    };
    let plan = billing::Plan {
        id: "53af5437-dd2b-4efb-84c2-d16c6fffd376".to_owned(),
        name: "10GB".to_owned(),
        available_data_gb: 10.0,
        ..billing::Plan::default()
    };
    let mut sample = json!({
        "id": "53af5437-dd2b-4efb-84c2-d16c6fffd376",
        "user_id": "53af5437-dd2b-4efb-84c2-d16c6fffd376",
        "user": {
            "id": "53af5437-dd2b-4efb-84c2-d16c6fffd376",
            "full_name": "Jhon Doe",
            "email": "test@email.com",
            "social_name": "Jhon"
        },
        "company_id": "bf0443ca-18f2-436a-b846-eb2b4fd8b418",
        "provider": "americanet",
        "phone_number": "+5541999999999",
        "is_portability": false,
        "simcard_number": "123",
        "status": "active",
        // Replaced: in the sample the line is on one plan and shows another.
        "subscription_plan_id": "53af5437-dd2b-4efb-84c2-d16c6fffd376",
        "subscription_plan": {
            "id": "53af5437-dd2b-4efb-84c2-d16c6fffd376",
            "name": "10GB",
            "availableDataAmountGb": 10
        },
        "custom_fields": {"Equipamento": "Motorola"},
        "created_at": "2022-01-01T00:00:00Z",
        "updated_at": "2022-01-01T00:00:00Z"
    });
    let answer = written(line_search::FoundPhoneAccounts::new(found, vec![plan]));
    assert_eq!(answer["pagination"], json!({"hasMore": true, "totalCount": 50}));
    assert_eq!(answer["phone_accounts"][0], sample);
    sample["user_id"] = Value::Null;
    sample["user"] = Value::Null;
    sample["custom_fields"] = json!({});
    assert_eq!(answer["phone_accounts"][1], sample);
}

// Operations 22, 35 and 36.

#[test]
fn custom_fields_are_read() {
    let Body(renaming, _) = read::<custom_fields::CustomFieldRenaming>(
        &json!({"currentKey": "Current key", "newKey": "New key"}),
    );
    assert_eq!((&*renaming.current_key, &*renaming.new_key), ("Current key", "New key"));
    let Body(value, _) =
        read::<custom_fields::CustomFieldValue>(&json!({"fieldValue": "Some value"}));
    assert_eq!(value.field_value, "Some value");
}

// Operation 32.

fn added(body: &str) -> Result<(i64, i64), Fault> {
    let Body(data, _) = parse::<data_top_ups::NewData>(body.as_bytes())?;
    let request = data.request("line".to_owned())?;
    Ok((request.quantity_mb, request.unit_price.unwrap().cents))
}

#[test]
fn data_is_read_to_the_last_digit() {
    let sample = json!({"quantity_gb": 1.5, "unit_amount_cents": 10000});
    assert_eq!(added(&sample.to_string()), Ok((1_500, 10_000)));
    for (quantity, megabytes) in [("0.001", 1), ("2", 2_000), ("1.100", 1_100), ("0", 0)] {
        let body = format!(r#"{{"quantity_gb": {quantity}, "unit_amount_cents": 1}}"#);
        assert_eq!(added(&body), Ok((megabytes, 1)), "{quantity}");
    }
    for quantity in ["0.0001", "1.0005", "1e3", "99999999999999999999"] {
        let body = format!(r#"{{"quantity_gb": {quantity}, "unit_amount_cents": 1}}"#);
        assert!(matches!(added(&body), Err(Fault::Invalid(_))), "{quantity}");
    }
    let text = r#"{"quantity_gb": "1.5", "unit_amount_cents": 1}"#;
    assert!(matches!(added(text), Err(Fault::Malformed(_))));
}
