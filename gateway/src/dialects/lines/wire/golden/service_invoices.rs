//! Fiscal notes for services.

use proto::billing::v1 as billing;
use proto::billing::v1::issue_service_note_request::Recipient;
use serde_json::json;

use super::{read, written};
use crate::body::{Body, parse};
use crate::dialects::lines::wire::service_invoices::{NewServiceInvoice, ServiceInvoice};
use crate::fault::Fault;

// Operations 40 and 41.

fn recipient() -> Recipient {
    Recipient::UserId("4489fccb-4c3e-4cd6-90c0-6aae84e71edc".to_owned())
}

/// What a body asks for.
fn asked(body: &str) -> Result<billing::IssueServiceNoteRequest, Fault> {
    let Body(invoice, _) = parse::<NewServiceInvoice>(body.as_bytes())?;
    invoice.request(recipient())
}

fn cents(amount: &str) -> Option<i64> {
    match asked(&format!("{{\"amount\": {amount}}}")) {
        Ok(request) => Some(request.amount.unwrap().cents),
        Err(Fault::Invalid(violations)) => {
            assert_eq!(violations[0].member, "amount", "{amount}");
            None
        }
        Err(other) => panic!("{amount}: {other:?}"),
    }
}

#[test]
fn a_fiscal_note_is_asked_for_and_answered() {
    let Body(invoice, _) =
        read::<NewServiceInvoice>(&json!({"amount": 100.25, "sendEmail": false}));
    let request = invoice.request(recipient()).unwrap();
    assert_eq!(request.amount.unwrap().cents, 10_025);
    assert!(!request.send_email);
    assert_eq!(request.recipient, Some(recipient()));

    let note = billing::FiscalNote {
        number: 123_456,
        authorization_code: Some("ABC123".to_owned()),
        ..Default::default()
    };
    assert_eq!(
        written(ServiceInvoice::from(note)),
        json!({"number": "123456", "authorizationCode": "ABC123"})
    );
}

#[test]
fn the_document_is_mailed_unless_that_is_not_wanted() {
    assert!(asked(r#"{"amount": 1}"#).unwrap().send_email);
    assert!(asked(r#"{"amount": 1, "sendEmail": null}"#).unwrap().send_email);
    assert!(!asked(r#"{"amount": 1, "sendEmail": false}"#).unwrap().send_email);
    assert!(matches!(asked(r#"{"amount": 1, "sendEmail": "no"}"#), Err(Fault::Malformed(_))));
}

#[test]
fn amounts_are_exact() {
    for (amount, expected) in [
        ("100.25", 10_025),
        ("0.01", 1),
        ("0.1", 10),
        ("7", 700),
        // As floats these would be a cent off, or the same as their neighbour.
        ("4.35", 435),
        ("1.15", 115),
        ("90071992547409.93", 9_007_199_254_740_993),
        ("-0.01", -1),
        ("0", 0),
    ] {
        assert_eq!(cents(amount), Some(expected), "{amount}");
    }
    for wrong in [
        "100.255",
        "100.250",
        "0.001",
        "100.2500000000000000000001",
        "1e2",
        "1E2",
        "1.5e-1",
        "99999999999999999999",
    ] {
        assert_eq!(cents(wrong), None, "{wrong}");
    }
    assert_eq!(asked(r#"{"amount": 1, "amount": 2.5}"#).unwrap().amount.unwrap().cents, 250);
    assert_eq!(asked(r#"{"\u0061mount": 2.50}"#).unwrap().amount.unwrap().cents, 250);
}

#[test]
fn an_amount_is_a_number() {
    for wrong in ["\"100.25\"", "true", "[1]", "{}"] {
        let body = format!("{{\"amount\": {wrong}}}");
        assert!(matches!(asked(&body), Err(Fault::Malformed(_))), "{wrong}");
    }
    for missing in ["{}", "{\"amount\": null}"] {
        let Err(Fault::Invalid(violations)) = asked(missing) else { panic!("{missing}") };
        assert_eq!(violations[0].member, "amount");
    }
}
