//! `DeviceService`.

use std::collections::HashSet;

use brazil::{CompanyId, PublicId};
use chassis::neighbours::company_exists;
use chassis::page::Page;
use chassis::refusal::{Fields, invalid};
use chassis::{Service, timestamp};
use proto::telecom::v1 as pb;
use proto::telecom::v1::device_service_server::DeviceService;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::matching::{among, anywhere, chip_conditions, device_conditions};
use super::parse::{self, DEVICE_FIELDS, VEHICLE_FIELDS};
use super::ranking::{self, Lowest};
use super::{Device, DeviceChanges, Vehicle, VehicleChanges, store};
use crate::error::Error;

const COMPANIES_MAX: usize = 1_000_000;
const ANYWHERE_MAX: u32 = 50_000;
const BATCH_MAX: usize = 100;
const DEVICES_EACH: i64 = 100;
const UUID_BYTES: usize = 16;

/// The rpcs.
pub(crate) struct Devices {
    pub(crate) service: Service,
}

#[tonic::async_trait]
impl DeviceService for Devices {
    async fn register_device(
        &self,
        request: Request<pb::RegisterDeviceRequest>,
    ) -> Result<Response<pb::RegisterDeviceResponse>, Status> {
        let given = request.get_ref().device.clone().unwrap_or_default();
        let mut fields = Fields::new();
        let DeviceChanges { name, imei, code } = parse::device(&mut fields, &given, DEVICE_FIELDS);
        let company_id = self.company(&mut fields, "device.company_id", &given.company_id).await?;
        let (Some(name), Some(company_id)) = (name, company_id) else {
            return Err(fields.into_status());
        };
        fields.check()?;
        let (imei, code) = (imei.flatten(), code.flatten());
        let (device_id, created_at) = (PublicId::generate(), self.service.clock.now());
        let device = &Device { device_id, company_id, name, imei, code, created_at };
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    store::add_device(&mut tx, device).await?;
                    let device = Some(device.clone().into());
                    Ok::<_, Error>(pb::RegisterDeviceResponse { device })
                })
            })
            .await
    }

    async fn update_device(
        &self,
        request: Request<pb::UpdateDeviceRequest>,
    ) -> Result<Response<pb::UpdateDeviceResponse>, Status> {
        let given = request.get_ref().device.clone().unwrap_or_default();
        let names = request.get_ref().update_mask.clone().unwrap_or_default().paths;
        let mut fields = Fields::new();
        let company_id = fields.required("device.company_id", &given.company_id);
        let names = names.iter().map(String::as_str);
        let changes = &parse::device(&mut fields, &given, names);
        let Some(company_id) = company_id else { return Err(fields.into_status()) };
        fields.check()?;
        let device_id = given.id.as_str();
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let device = store::lock_device(&mut tx, company_id, device_id).await?;
                    let device = device.changed(changes.clone());
                    store::save_device(&mut tx, &device).await?;
                    let device = Some(device.into());
                    Ok::<_, Error>(pb::UpdateDeviceResponse { device })
                })
            })
            .await
    }

    async fn remove_device(
        &self,
        request: Request<pb::RemoveDeviceRequest>,
    ) -> Result<Response<pb::RemoveDeviceResponse>, Status> {
        let given = request.get_ref();
        let company_id = parse_company(&given.company_id)?;
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    store::remove_device(&mut tx, company_id, &given.device_id).await?;
                    Ok::<_, Error>(pb::RemoveDeviceResponse {})
                })
            })
            .await
    }

    async fn list_devices(
        &self,
        request: Request<pb::ListDevicesRequest>,
    ) -> Result<Response<pb::ListDevicesResponse>, Status> {
        let given = request.get_ref();
        let company_id = parse_company(&given.company_id)?;
        let page = Page::parse(given.page.clone())?;
        let db = &self.service.reader(&request).await?;
        let found = store::devices(db, company_id, &page).await;
        let (found, total) = found.map_err(Error::from)?;
        let (found, page) =
            page.cut(found, total, |device| (device.created_at, device.device_id.to_string()));
        let devices = found.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListDevicesResponse { devices, page: Some(page) }))
    }

    async fn register_vehicle(
        &self,
        request: Request<pb::RegisterVehicleRequest>,
    ) -> Result<Response<pb::RegisterVehicleResponse>, Status> {
        let given = request.get_ref().vehicle.clone().unwrap_or_default();
        let mut fields = Fields::new();
        let VehicleChanges { name, plate } = parse::vehicle(&mut fields, &given, VEHICLE_FIELDS);
        let company_id = self.company(&mut fields, "vehicle.company_id", &given.company_id).await?;
        let (Some(name), Some(company_id)) = (name, company_id) else {
            return Err(fields.into_status());
        };
        fields.check()?;
        let plate = plate.flatten();
        let (vehicle_id, created_at) = (PublicId::generate(), self.service.clock.now());
        let vehicle = &Vehicle { vehicle_id, company_id, name, plate, created_at };
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    store::add_vehicle(&mut tx, vehicle).await?;
                    let vehicle = Some(vehicle.clone().into());
                    Ok::<_, Error>(pb::RegisterVehicleResponse { vehicle })
                })
            })
            .await
    }

    async fn update_vehicle(
        &self,
        request: Request<pb::UpdateVehicleRequest>,
    ) -> Result<Response<pb::UpdateVehicleResponse>, Status> {
        let given = request.get_ref().vehicle.clone().unwrap_or_default();
        let names = request.get_ref().update_mask.clone().unwrap_or_default().paths;
        let mut fields = Fields::new();
        let company_id = fields.required("vehicle.company_id", &given.company_id);
        let names = names.iter().map(String::as_str);
        let changes = &parse::vehicle(&mut fields, &given, names);
        let Some(company_id) = company_id else { return Err(fields.into_status()) };
        fields.check()?;
        let vehicle_id = given.id.as_str();
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let vehicle = store::lock_vehicle(&mut tx, company_id, vehicle_id).await?;
                    let vehicle = vehicle.changed(changes.clone());
                    store::save_vehicle(&mut tx, &vehicle).await?;
                    let vehicle = Some(vehicle.into());
                    Ok::<_, Error>(pb::UpdateVehicleResponse { vehicle })
                })
            })
            .await
    }

    async fn remove_vehicle(
        &self,
        request: Request<pb::RemoveVehicleRequest>,
    ) -> Result<Response<pb::RemoveVehicleResponse>, Status> {
        let given = request.get_ref();
        let company_id = parse_company(&given.company_id)?;
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    store::remove_vehicle(&mut tx, company_id, &given.vehicle_id).await?;
                    Ok::<_, Error>(pb::RemoveVehicleResponse {})
                })
            })
            .await
    }

    async fn list_vehicles(
        &self,
        request: Request<pb::ListVehiclesRequest>,
    ) -> Result<Response<pb::ListVehiclesResponse>, Status> {
        let given = request.get_ref();
        let company_id = parse_company(&given.company_id)?;
        let page = Page::parse(given.page.clone())?;
        let db = &self.service.reader(&request).await?;
        let found = store::vehicles(db, company_id, &page).await;
        let (found, total) = found.map_err(Error::from)?;
        let (found, page) =
            page.cut(found, total, |vehicle| (vehicle.created_at, vehicle.vehicle_id.to_string()));
        let vehicles = found.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListVehiclesResponse { vehicles, page: Some(page) }))
    }

    async fn match_companies(
        &self,
        request: Request<pb::MatchCompaniesRequest>,
    ) -> Result<Response<pb::MatchCompaniesResponse>, Status> {
        let given = request.into_inner();
        let mut fields = Fields::new();
        let chips = chip_conditions(&mut fields, &given.chips);
        let devices = device_conditions(&mut fields, &given.devices);
        let order = ranking::order(&mut fields, &given.order_by);
        let asked_about = uuids(&mut fields, &given.company_ids);
        if given.anywhere_max > ANYWHERE_MAX {
            fields.refuse("anywhere_max", format!("is more than {ANYWHERE_MAX}"));
        }
        fields.check()?;

        let (db, max) = (&self.service.db, i64::from(given.anywhere_max));
        if chips.is_empty() && devices.is_empty() && max > 0 && !order.is_empty() {
            // One more tells whether these are all.
            let mut first = ranking::first(db, &order, max + 1).await.map_err(Error::from)?;
            let is_anywhere = i64::try_from(first.len()).is_ok_and(|length| length <= max);
            if !is_anywhere {
                first.pop();
            }
            let (company_ids, lowest): (Vec<_>, Vec<_>) = first.into_iter().unzip();
            return Ok(Response::new(answer(&given, &company_ids, lowest, is_anywhere)));
        }
        let anywhere = if max > 0 {
            anywhere(db, &chips, &devices, max).await.map_err(Error::from)?
        } else {
            None
        };
        let is_anywhere = anywhere.is_some();
        let company_ids = match anywhere {
            Some(company_ids) => company_ids,
            None => among(db, asked_about, &chips, &devices).await.map_err(Error::from)?,
        };
        let mut lowest = Vec::new();
        if given.wants_number || given.wants_serial {
            let known = ranking::lowest(db, &company_ids).await.map_err(Error::from)?;
            let of = |id| known.get(id).cloned().unwrap_or_default();
            lowest = company_ids.iter().map(of).collect();
        }
        Ok(Response::new(answer(&given, &company_ids, lowest, is_anywhere)))
    }

    async fn batch_list_devices(
        &self,
        request: Request<pb::BatchListDevicesRequest>,
    ) -> Result<Response<pb::BatchListDevicesResponse>, Status> {
        let given = request.into_inner().company_ids;
        let mut fields = Fields::new();
        if given.len() > BATCH_MAX {
            fields.refuse("company_ids", format!("has more than {BATCH_MAX} ids"));
        }
        let company_ids: HashSet<Uuid> = given
            .iter()
            .take(BATCH_MAX)
            .filter_map(|id| fields.required::<CompanyId>("company_ids", id))
            .map(Uuid::from)
            .collect();
        fields.check()?;
        let company_ids: Vec<Uuid> = company_ids.into_iter().collect();
        let found = store::batch_devices(&self.service.db, &company_ids, DEVICES_EACH).await;
        let devices = found.map_err(Error::from)?.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::BatchListDevicesResponse { devices }))
    }
}

impl Devices {
    /// The company that something is to be added to; one that is none is noted in `fields`.
    async fn company(
        &self,
        fields: &mut Fields,
        field: &str,
        id: &str,
    ) -> Result<Option<CompanyId>, Status> {
        let Some(company_id) = fields.required(field, id) else { return Ok(None) };
        if company_exists(&self.service, company_id).await? {
            return Ok(Some(company_id));
        }
        fields.refuse(field, "is not a company");
        Ok(None)
    }
}

fn parse_company(text: &str) -> Result<CompanyId, Status> {
    text.parse().map_err(|error: brazil::InvalidId| invalid("company_id", error.to_string()))
}

/// The companies, with what was wanted of what they are sorted by: one for each, or none.
fn answer(
    given: &pb::MatchCompaniesRequest,
    company_ids: &[Uuid],
    lowest: Vec<Lowest>,
    is_anywhere: bool,
) -> pb::MatchCompaniesResponse {
    let (numbers, serials): (Vec<String>, Vec<String>) = lowest
        .into_iter()
        .map(|Lowest { number, serial }| (number.unwrap_or_default(), serial))
        .unzip();
    pb::MatchCompaniesResponse {
        company_ids: company_ids.iter().flat_map(|id| *id.as_bytes()).collect(),
        numbers: if given.wants_number { numbers } else { vec![] },
        serials: if given.wants_serial { serials } else { vec![] },
        is_anywhere,
    }
}

fn uuids(fields: &mut Fields, bytes: &[u8]) -> Vec<Uuid> {
    if !bytes.len().is_multiple_of(UUID_BYTES) {
        fields.refuse("company_ids", "is not a list of UUIDs of 16 bytes");
    }
    if bytes.len() > COMPANIES_MAX * UUID_BYTES {
        fields.refuse("company_ids", format!("has more than {COMPANIES_MAX} ids"));
    }
    bytes.chunks_exact(UUID_BYTES).filter_map(|bytes| Uuid::from_slice(bytes).ok()).collect()
}

impl From<Device> for pb::Device {
    fn from(device: Device) -> Self {
        Self {
            id: device.device_id.to_string(),
            company_id: device.company_id.to_string(),
            name: device.name,
            imei: device.imei.map(|imei| imei.to_string()),
            code: device.code,
            created_at: Some(timestamp::to_proto(device.created_at)),
        }
    }
}

impl From<Vehicle> for pb::Vehicle {
    fn from(vehicle: Vehicle) -> Self {
        Self {
            id: vehicle.vehicle_id.to_string(),
            company_id: vehicle.company_id.to_string(),
            name: vehicle.name,
            plate: vehicle.plate,
            created_at: Some(timestamp::to_proto(vehicle.created_at)),
        }
    }
}

#[cfg(test)]
mod tests;
