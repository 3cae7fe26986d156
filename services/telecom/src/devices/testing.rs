//! What tests about devices share.

use brazil::{CompanyId, PublicId};
use chassis::Service;

use super::{Device, Vehicle, store};
use crate::error::Error;

/// Adds a device with this name.
pub(crate) async fn add_device(
    service: &Service,
    company_id: CompanyId,
    name: &str,
) -> Result<Device, Error> {
    let device = &Device {
        device_id: PublicId::generate(),
        company_id,
        name: name.to_owned(),
        imei: None,
        code: Some(format!("Código de {name}")),
        created_at: service.clock.now(),
    };
    service
        .transaction(|mut tx| Box::pin(async move { store::add_device(&mut tx, device).await }))
        .await?;
    Ok(device.clone())
}

/// Adds a vehicle with this name.
pub(crate) async fn add_vehicle(
    service: &Service,
    company_id: CompanyId,
    name: &str,
) -> Result<Vehicle, Error> {
    let vehicle = &Vehicle {
        vehicle_id: PublicId::generate(),
        company_id,
        name: name.to_owned(),
        plate: Some("BRA2E19".to_owned()),
        created_at: service.clock.now(),
    };
    service
        .transaction(|mut tx| Box::pin(async move { store::add_vehicle(&mut tx, vehicle).await }))
        .await?;
    Ok(vehicle.clone())
}
