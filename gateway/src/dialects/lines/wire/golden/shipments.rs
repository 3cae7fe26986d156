//! Shipments of SIM cards.

use proto::telecom::v1::{self as telecom, ShipmentStatus};
use serde_json::{Value, json};

use super::{address, read, snake_address, written};
use crate::body::Body;
use crate::dialects::lines::wire::shipments;

// Operations 23, 37 and 38.

fn sample() -> Value {
    json!({
        "status": "PROCESSING",
        "companyId": "9df54b15-1a57-4e11-917a-5a5ddedb99ea",
        "provider": "Melhor Envio",
        "providerId": 123_456_789,
        "trackingCode": 987_654_321,
        "statusReason": "The shipment is in transit",
        "quantity": 10,
        "address": {
            "zipCode": "11111-111",
            "streetName": "Rua Marechal Deodoro",
            "streetNumber": 666,
            "complement": "Apartamento 101",
            "neighborhood": "Centro",
            "city": "Curitiba",
            "state": "PR"
        }
    })
}

fn answer() -> Value {
    json!({
        "id": "7b145d46-9d72-467d-aa37-4add0d6d697c",
        "status": "PROCESSING",
        "company_id": "9df54b15-1a57-4e11-917a-5a5ddedb99ea",
        "provider": "Melhor Envio",
        "provider_id": 123_456_789,
        "tracking_code": 987_654_321,
        "status_reason": "The shipment is in transit",
        "quantity": 10,
        "address": snake_address()
    })
}

fn shipment(id: &str) -> telecom::Shipment {
    telecom::Shipment {
        id: id.to_owned(),
        company_id: "9df54b15-1a57-4e11-917a-5a5ddedb99ea".to_owned(),
        status: ShipmentStatus::Processing.into(),
        provider: Some("Melhor Envio".to_owned()),
        provider_id: Some("123456789".to_owned()),
        tracking_code: Some("987654321".to_owned()),
        status_reason: Some("The shipment is in transit".to_owned()),
        quantity: Some(10),
        address: Some(address()),
        created_at: None,
        updated_at: None,
    }
}

#[test]
fn shipments_are_answered() {
    let stored = vec![shipment("7b145d46-9d72-467d-aa37-4add0d6d697c")];
    assert_eq!(written(shipments::Shipments::from(stored)), json!({ "shipments": [answer()] }));
}

#[test]
fn a_new_shipment_is_read_and_answered() {
    let Body(new, _) = read::<shipments::NewShipment>(&sample());
    assert_eq!(new.0.into_shipment(String::new()), shipment(""));
    let made = shipments::MadeShipment::from(shipment("7b145d46-9d72-467d-aa37-4add0d6d697c"));
    assert_eq!(written(made), json!({"id": "7b145d46-9d72-467d-aa37-4add0d6d697c"}));
}

#[test]
fn a_shipments_change_is_read_and_answered() {
    let id = "7b145d46-9d72-467d-aa37-4add0d6d697c";
    let Body(change, members) = read::<shipments::ShipmentChange>(&sample());
    assert_eq!(change.into_shipment(id.to_owned()), shipment(id));
    assert_eq!(shipments::NAMES.mask(&members).unwrap().paths.len(), 8);
    assert_eq!(written(shipments::Shipment::from(shipment(id))), answer());
}

// What the samples do not show.

#[test]
fn a_reason_may_be_empty_and_a_code_may_be_a_text() {
    let sample = json!({"statusReason": "", "trackingCode": "LN123BR", "status": "IN TRANSIT"});
    let Body(change, members) = read::<shipments::ShipmentChange>(&sample);
    let stored = change.into_shipment("1".to_owned());
    assert_eq!(stored.status_reason.as_deref(), Some(""));
    assert_eq!(stored.status(), ShipmentStatus::InTransit);
    assert_eq!(
        shipments::NAMES.mask(&members).unwrap().paths,
        ["status", "tracking_code", "status_reason"]
    );
    let answered = written(shipments::Shipment::from(stored));
    assert_eq!(answered["tracking_code"], "LN123BR");
    assert_eq!(answered["status"], "IN TRANSIT");
    assert_eq!(answered["provider_id"], Value::Null);
}
