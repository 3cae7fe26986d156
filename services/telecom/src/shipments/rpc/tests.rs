use chassis::auth::Role;
use chassis::refusal::Refusal;
use prost_types::FieldMask;
use proto::common::v1::{Address as Given, Permission};
use tonic::Code;

use super::*;
use crate::shipments::testing::{Setting, setting};
use crate::testing::request_of;

fn violations(shipment: &pb::Shipment, names: &[&'static str]) -> Vec<String> {
    let mut fields = Fields::new();
    parse(&mut fields, shipment, names.iter().copied());
    let refused = fields.check().err().map(|status| Refusal::of(&status).violations);
    refused.unwrap_or_default().into_iter().map(|broken| broken.field).collect()
}

fn shipments(setting: &Setting) -> Shipments {
    Shipments { parcels: setting.parcels.clone() }
}

#[test]
fn each_wrong_field_is_named() {
    let all = [&DETAILS[..], &["status"]].concat();
    let good = pb::Shipment {
        company_id: CompanyId::generate().to_string(),
        status: pb::ShipmentStatus::InTransit.into(),
        status_reason: Some(String::new()),
        quantity: Some(100_000),
        ..pb::Shipment::default()
    };
    assert!(violations(&good, &all).is_empty());
    let bad = pb::Shipment {
        status: 77,
        provider: Some("x".repeat(101)),
        provider_id: Some("x".repeat(101)),
        tracking_code: Some("\u{7}".to_owned()),
        status_reason: Some("x".repeat(501)),
        quantity: Some(0),
        address: Some(Given { zip_code: Some("1".to_owned()), ..Given::default() }),
        ..pb::Shipment::default()
    };
    let named = [
        "shipment.company_id",
        "shipment.provider",
        "shipment.provider_id",
        "shipment.tracking_code",
        "shipment.status_reason",
        "shipment.quantity",
        "shipment.address.zip_code",
        "shipment.status",
    ];
    assert_eq!(violations(&bad, &all), named);
    assert_eq!(violations(&good, &["created_at"]), ["update_mask"]);
}

#[tokio::test]
async fn a_status_goes_forward_and_a_reason_may_be_empty() {
    let (setting, _database) = setting().await;
    let shipment = setting.take_on().await;
    let update = async |status: pb::ShipmentStatus| {
        let shipment = pb::Shipment {
            id: shipment.shipment_id.to_string(),
            status: status.into(),
            status_reason: Some(String::new()),
            ..pb::Shipment::default()
        };
        let paths = vec!["status".to_owned(), "status_reason".to_owned()];
        let update_mask = Some(FieldMask { paths });
        let request = pb::UpdateShipmentRequest { shipment: Some(shipment), update_mask };
        let request = request_of(request, Role::Operator, None, Permission::ShipmentsManage);
        shipments(&setting).update_shipment(request).await
    };
    let changed = update(pb::ShipmentStatus::InTransit).await.unwrap().into_inner();
    let changed = changed.shipment.unwrap();
    assert_eq!(changed.status(), pb::ShipmentStatus::InTransit);
    assert_eq!(changed.status_reason.as_deref(), Some(""));
    assert_eq!(changed.quantity, Some(10));
    update(pb::ShipmentStatus::InTransit).await.unwrap();
    let refused = update(pb::ShipmentStatus::Labeled).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert_eq!(Refusal::of(&refused).reason, "SHIPMENT_STATUS_ORDER");
    assert_eq!(setting.told(&shipment).await, ["PROCESSING", "IN TRANSIT"]);
}

#[tokio::test]
async fn what_is_absent_is_not_found() {
    let (setting, _database) = setting().await;
    let id = ShipmentId::generate().to_string();
    let shipment = Some(pb::Shipment { id, ..pb::Shipment::default() });
    let request = pb::UpdateShipmentRequest { shipment, update_mask: None };
    let request = request_of(request, Role::Operator, None, Permission::ShipmentsManage);
    let refused = shipments(&setting).update_shipment(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    assert_eq!(Refusal::of(&refused).reason, "SHIPMENT_NOT_FOUND");
}

#[tokio::test]
async fn a_company_is_listed_to_its_managers_only() {
    let (setting, _database) = setting().await;
    let shipment = setting.take_on().await;
    let list = async |role, company_id| {
        let company = shipment.company_id.to_string();
        let request = pb::ListShipmentsRequest { company_id: company };
        let request = request_of(request, role, Some(company_id), Permission::ShipmentsRead);
        shipments(&setting).list_shipments(request).await
    };
    let listed = list(Role::Manager, shipment.company_id).await.unwrap().into_inner().shipments;
    let ids: Vec<&str> = listed.iter().map(|shipment| shipment.id.as_str()).collect();
    assert_eq!(ids, [shipment.shipment_id.to_string()]);
    let refused = list(Role::Manager, CompanyId::generate()).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    let refused = list(Role::Member, shipment.company_id).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
}
