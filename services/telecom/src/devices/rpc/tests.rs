use brazil::UserId;
use chassis::auth::{Grant, Role};
use chassis::idempotency::{KEY_HEADER, REPLAYED_HEADER};
use chassis::refusal::Refusal;
use prost_types::FieldMask;
use proto::common::v1::Permission;
use tonic::Code;

use super::*;
use crate::devices::testing::{add_device, add_vehicle};
use crate::testing::service;

fn asked<T>(operator: UserId, message: T) -> Request<T> {
    let grants = vec![Grant { role: Role::Operator, company_id: None }];
    chassis::testing::request_of(operator, message, grants, Permission::DevicesManage)
}

fn mask(names: &[&str]) -> Option<FieldMask> {
    Some(FieldMask { paths: names.iter().map(|name| (*name).to_owned()).collect() })
}

fn named(refused: &Status) -> Vec<String> {
    Refusal::of(refused).violations.into_iter().map(|broken| broken.field).collect()
}

#[tokio::test]
async fn a_device_changes_where_it_is_named_and_only_there() {
    let (service, _database) = service().await;
    let (company_id, operator) = (CompanyId::generate(), UserId::generate());
    let devices = Devices { service: service.clone() };
    let before = pb::Device::from(add_device(&service, company_id, "Rastreador").await.unwrap());
    let given = pb::Device {
        name: " Antena ".to_owned(),
        imei: Some("490154203237518".to_owned()),
        ..before.clone()
    };
    let update = async |device: &pb::Device, names: &[&str]| {
        let device = Some(device.clone());
        let request = pb::UpdateDeviceRequest { device, update_mask: mask(names) };
        devices.update_device(asked(operator, request)).await.map(Response::into_inner)
    };
    let changed = update(&given, &["name", "imei"]).await.unwrap().device.unwrap();
    assert_eq!(changed, pb::Device { name: "Antena".to_owned(), ..given.clone() });
    let cleared = pb::Device { imei: None, code: None, ..given.clone() };
    let changed = update(&cleared, &["imei", "code"]).await.unwrap().device.unwrap();
    assert_eq!(changed, pb::Device { name: "Antena".to_owned(), ..cleared.clone() });
    assert_eq!(update(&given, &[]).await.unwrap().device.unwrap(), changed, "nothing is named");

    let list = pb::ListDevicesRequest { company_id: company_id.to_string(), page: None };
    let listed = devices.list_devices(asked(operator, list)).await.unwrap().into_inner();
    assert_eq!(listed.devices, [changed]);
}

#[tokio::test]
async fn a_vehicle_changes_where_it_is_named_and_only_there() {
    let (service, _database) = service().await;
    let (company_id, operator) = (CompanyId::generate(), UserId::generate());
    let devices = Devices { service: service.clone() };
    let before = pb::Vehicle::from(add_vehicle(&service, company_id, "Carreta").await.unwrap());
    let given = pb::Vehicle { name: "Baú".to_owned(), plate: None, ..before.clone() };
    let update = async |names: &[&str]| {
        let vehicle = Some(given.clone());
        let request = pb::UpdateVehicleRequest { vehicle, update_mask: mask(names) };
        devices.update_vehicle(asked(operator, request)).await.map(Response::into_inner)
    };
    let changed = update(&["name"]).await.unwrap().vehicle.unwrap();
    assert_eq!(changed, pb::Vehicle { plate: before.plate.clone(), ..given.clone() });
    let changed = update(&["plate"]).await.unwrap().vehicle.unwrap();
    assert_eq!(changed, given);
    let list = pb::ListVehiclesRequest { company_id: company_id.to_string(), page: None };
    let listed = devices.list_vehicles(asked(operator, list)).await.unwrap().into_inner();
    assert_eq!(listed.vehicles, [changed]);
}

#[tokio::test]
async fn a_change_that_is_asked_for_again_is_made_once() {
    let (service, _database) = service().await;
    let (company_id, operator) = (CompanyId::generate(), UserId::generate());
    let devices = Devices { service: service.clone() };
    let before = pb::Device::from(add_device(&service, company_id, "Rastreador").await.unwrap());
    let update = async |key: &str, name: &str| {
        let device = Some(pb::Device { name: name.to_owned(), ..before.clone() });
        let update_mask = mask(&["name"]);
        let mut request = asked(operator, pb::UpdateDeviceRequest { device, update_mask });
        request.metadata_mut().insert(KEY_HEADER, key.parse().unwrap());
        devices.update_device(request).await
    };
    let first = update("a", "Antena").await.unwrap();
    update("b", "Sirene").await.unwrap();
    let again = update("a", "Antena").await.unwrap();
    assert_eq!(again.metadata().get(REPLAYED_HEADER).unwrap(), "true");
    assert_eq!(again.into_inner(), first.into_inner());
    let list = pb::ListDevicesRequest { company_id: company_id.to_string(), page: None };
    let listed = devices.list_devices(asked(operator, list)).await.unwrap().into_inner();
    assert_eq!(listed.devices[0].name, "Sirene");
    let refused = update("a", "Outro").await.unwrap_err();
    assert_eq!(Refusal::of(&refused).reason, "IDEMPOTENCY_MISMATCH");
}

#[tokio::test]
async fn what_is_wrong_is_named_and_what_is_absent_or_of_others_is_not_found() {
    let (service, _database) = service().await;
    let (company_id, operator) = (CompanyId::generate(), UserId::generate());
    let devices = Devices { service: service.clone() };
    let before = pb::Device::from(add_device(&service, company_id, "Rastreador").await.unwrap());
    let update = async |device: pb::Device, names: &[&str]| {
        let request = pb::UpdateDeviceRequest { device: Some(device), update_mask: mask(names) };
        devices.update_device(asked(operator, request)).await.unwrap_err()
    };
    let bad = pb::Device {
        name: " ".to_owned(),
        imei: Some("490154203237519".to_owned()),
        code: Some("x".repeat(101)),
        ..before.clone()
    };
    let refused = update(bad, &["name", "imei", "code", "created_at"]).await;
    assert_eq!(refused.code(), Code::InvalidArgument);
    let wrong = ["device.name", "device.imei", "device.code", "update_mask"];
    assert_eq!(named(&refused), wrong);
    let nowhere = pb::Device { company_id: String::new(), ..before.clone() };
    assert_eq!(named(&update(nowhere, &["name"]).await), ["device.company_id"]);
    let others = pb::Device { company_id: CompanyId::generate().to_string(), ..before.clone() };
    let absent = pb::Device { id: "000000000000000".to_owned(), ..before.clone() };
    for device in [others, absent] {
        let refused = update(device, &["name"]).await;
        assert_eq!(refused.code(), Code::NotFound);
        assert_eq!(Refusal::of(&refused).reason, "DEVICE_NOT_FOUND");
    }

    let vehicle = pb::Vehicle {
        id: before.id.clone(),
        company_id: company_id.to_string(),
        name: "x".repeat(101),
        plate: Some("x".repeat(21)),
        created_at: None,
    };
    let update = async |vehicle: &pb::Vehicle, names: &[&str]| {
        let vehicle = Some(vehicle.clone());
        let request = pb::UpdateVehicleRequest { vehicle, update_mask: mask(names) };
        devices.update_vehicle(asked(operator, request)).await.unwrap_err()
    };
    let refused = update(&vehicle, &["name", "plate", "id"]).await;
    assert_eq!(named(&refused), ["vehicle.name", "vehicle.plate", "update_mask"]);
    let refused = update(&vehicle, &[]).await;
    assert_eq!(Refusal::of(&refused).reason, "VEHICLE_NOT_FOUND");
}
