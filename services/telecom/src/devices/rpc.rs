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

use super::matching::{chip_conditions, device_conditions, lowest, with_chips, with_devices};
use super::{Device, Vehicle, store};
use crate::error::Error;

const NAME_MAX: usize = 100;
const CODE_MAX: usize = 100;
const PLATE_MAX: usize = 20;
const COMPANIES_MAX: usize = 1_000_000;
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
        let name = fields.text("device.name", &given.name, 1, NAME_MAX);
        let imei = fields.optional("device.imei", given.imei.as_deref());
        let code = fields.optional_text("device.code", given.code.as_deref(), CODE_MAX);
        let company_id = self.company(&mut fields, "device.company_id", &given.company_id).await?;
        let (Some(name), Some(company_id)) = (name, company_id) else {
            return Err(fields.into_status());
        };
        fields.check()?;
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
        let given = request.into_inner();
        let (company_id, page) = (parse_company(&given.company_id)?, Page::parse(given.page)?);
        let found = store::devices(&self.service.db, company_id, &page).await;
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
        let name = fields.text("vehicle.name", &given.name, 1, NAME_MAX);
        let plate = fields.optional_text("vehicle.plate", given.plate.as_deref(), PLATE_MAX);
        let company_id = self.company(&mut fields, "vehicle.company_id", &given.company_id).await?;
        let (Some(name), Some(company_id)) = (name, company_id) else {
            return Err(fields.into_status());
        };
        fields.check()?;
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
        let given = request.into_inner();
        let (company_id, page) = (parse_company(&given.company_id)?, Page::parse(given.page)?);
        let found = store::vehicles(&self.service.db, company_id, &page).await;
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
        let mut company_ids = uuids(&mut fields, &given.company_ids);
        fields.check()?;

        let db = &self.service.db;
        if !chips.is_empty() {
            company_ids = with_chips(db, &company_ids, &chips).await.map_err(Error::from)?;
        }
        if !devices.is_empty() {
            company_ids = with_devices(db, &company_ids, &devices).await.map_err(Error::from)?;
        }
        let mut answer = pb::MatchCompaniesResponse {
            company_ids: company_ids.iter().flat_map(|id| *id.as_bytes()).collect(),
            ..Default::default()
        };
        if given.wants_number || given.wants_serial {
            let lowest = lowest(db, &company_ids).await.map_err(Error::from)?;
            let lowest = |id: &Uuid| lowest.get(id).cloned().unwrap_or_default();
            if given.wants_number {
                let number = |id| lowest(id).number.unwrap_or_default();
                answer.numbers = company_ids.iter().map(number).collect();
            }
            if given.wants_serial {
                answer.serials = company_ids.iter().map(|id| lowest(id).serial).collect();
            }
        }
        Ok(Response::new(answer))
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
