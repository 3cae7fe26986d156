//! Orders of a line with everything around it.

use proto::common::v1 as common;
use proto::telecom::v1::{self as telecom, LineOrderState};
use serde_json::{Value, json};

use super::{YEAR_2022, at, no_complaints, read, written};
use crate::body::Body;
use crate::dialects::lines::wire::line_orders;

// Operation 45.

#[test]
fn an_order_is_read() {
    let text = || "string".to_owned();
    let Body(order, _) = read::<line_orders::NewPhoneAccountRequest>(&json!({
        "subscriptionPlanId": "e885e8e1-8925-4e2a-a9e1-d6326b719209",
        "areaCode": 41,
        "user": {
            "email": "test@test.com",
            "name": "Test"
        },
        "changeOwnership": true,
        "simcardDeliveryAddress": {
            "zipCode": "80010-010", // replaced
            "streetName": "string",
            "streetNumber": "string",
            "complement": "string",
            "neighborhood": "string",
            "city": "string",
            "state": "PR" // replaced
        }
    }));
    let expected = telecom::PlaceLineOrderRequest {
        company_id: "1".to_owned(),
        plan_id: "e885e8e1-8925-4e2a-a9e1-d6326b719209".to_owned(),
        area_code: 41,
        user_email: Some("test@test.com".to_owned()),
        user_name: Some("Test".to_owned()),
        change_ownership: Some(true),
        delivery_address: Some(common::Address {
            zip_code: Some("80010-010".to_owned()),
            street_name: Some(text()),
            street_number: Some(text()),
            complement: Some(text()),
            neighborhood: Some(text()),
            city: Some(text()),
            state: Some("PR".to_owned()),
        }),
    };
    assert_eq!(no_complaints(|checks| order.into_order("1".to_owned(), checks)), expected);
}

// What the sample does not show.

#[test]
fn a_person_without_an_email_is_not_nobody() {
    let order = |user: Value| {
        let Body(order, _) = read::<line_orders::NewPhoneAccountRequest>(&json!({
            "subscriptionPlanId": "e885e8e1-8925-4e2a-a9e1-d6326b719209",
            "areaCode": 41,
            "user": user
        }));
        no_complaints(|checks| order.into_order(String::new(), checks))
    };
    assert_eq!(order(Value::Null).user_email, None);
    assert_eq!(order(json!({})).user_email.as_deref(), Some(""));
    let named = order(json!({"name": "Test"}));
    assert_eq!((named.user_email.as_deref(), named.user_name.as_deref()), (Some(""), Some("Test")));
}

#[test]
fn an_order_is_answered() {
    let step = |name: &str, state: LineOrderState, reason: Option<&str>| telecom::LineOrderStep {
        name: name.to_owned(),
        state: state.into(),
        reason: reason.map(str::to_owned),
        updated_at: at(YEAR_2022),
    };
    let order = telecom::LineOrder {
        id: "1".to_owned(),
        company_id: "2".to_owned(),
        state: LineOrderState::Failed.into(),
        line_id: Some("3".to_owned()),
        steps: vec![
            step("line", LineOrderState::Compensated, None),
            step("user", LineOrderState::Skipped, None),
            step("shipment", LineOrderState::Failed, Some("no-such-street")),
        ],
        created_at: at(YEAR_2022),
    };
    let time = "2022-01-01T00:00:00Z";
    assert_eq!(
        written(line_orders::PhoneAccountRequest::from(order)),
        json!({
            "id": "1",
            "state": "failed",
            "phone_account_id": "3",
            "steps": [
                {"name": "line", "state": "compensated", "reason": null, "updated_at": time},
                {"name": "user", "state": "skipped", "reason": null, "updated_at": time},
                {
                    "name": "shipment",
                    "state": "failed",
                    "reason": "no-such-street",
                    "updated_at": time
                }
            ]
        })
    );
}
