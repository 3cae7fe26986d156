//! Shipments over gRPC.

use brazil::CompanyId;
use chassis::address::Address;
use chassis::auth::Caller;
use chassis::neighbours::{company_exists, is_no_company};
use chassis::refusal::{Fields, Rule, internal, invalid};
use chassis::timestamp;
use proto::telecom::v1 as pb;
use proto::telecom::v1::shipment_service_server::ShipmentService;
use tonic::{Request, Response, Status};

use super::handling::{announce, have_booked, take_on};
use super::tracking::hear;
use super::{Changes, Details, Parcels, Shipment, store};
use crate::error::Error;
use crate::parcels::{MessageError, ShipmentId};

const NAME_LENGTH_MAX: usize = 100;
const REASON_LENGTH_MAX: usize = 500;
const QUANTITY_MAX: i32 = 100_000;

/// What a new shipment may say; the status is looked at apart.
const DETAILS: [&str; 7] = [
    "company_id",
    "provider",
    "provider_id",
    "tracking_code",
    "status_reason",
    "quantity",
    "address",
];

/// The rpcs.
pub(crate) struct Shipments {
    pub(crate) parcels: Parcels,
}

#[tonic::async_trait]
impl ShipmentService for Shipments {
    async fn create_shipment(
        &self,
        request: Request<pb::CreateShipmentRequest>,
    ) -> Result<Response<pb::CreateShipmentResponse>, Status> {
        let given = request.get_ref().shipment.clone().unwrap_or_default();
        let mut fields = Fields::new();
        let mut values = parse(&mut fields, &given, DETAILS);
        if given.status != 0 {
            values.status = status(&mut fields, given.status);
        }
        self.check_company(&mut fields, values.company_id).await?;
        let Some(company_id) = values.company_id else { return Err(fields.into_status()) };
        fields.check()?;

        let shipment = &Shipment::new(
            ShipmentId::generate(),
            company_id,
            values.status.unwrap_or(super::Status::Processing),
            Details {
                provider: values.provider.flatten(),
                provider_id: values.provider_id.flatten(),
                tracking_code: values.tracking_code.flatten(),
                status_reason: values.status_reason.flatten(),
                quantity: values.quantity.flatten(),
                address: values.address.flatten(),
            },
            self.parcels.service.clock.now(),
        );
        self.parcels
            .service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    take_on(&mut tx, &self.parcels.service, shipment).await?;
                    let shipment = Some(shipment.clone().into());
                    Ok::<_, Error>(pb::CreateShipmentResponse { shipment })
                })
            })
            .await
    }

    async fn update_shipment(
        &self,
        request: Request<pb::UpdateShipmentRequest>,
    ) -> Result<Response<pb::UpdateShipmentResponse>, Status> {
        let given = request.get_ref().shipment.clone().unwrap_or_default();
        let paths = request.get_ref().update_mask.clone().unwrap_or_default().paths;
        let mut fields = Fields::new();
        let shipment_id: Option<ShipmentId> = fields.required("shipment.id", &given.id);
        let changes = &parse(&mut fields, &given, paths.iter().map(String::as_str));
        self.check_company(&mut fields, changes.company_id).await?;
        let Some(shipment_id) = shipment_id else { return Err(fields.into_status()) };
        fields.check()?;

        let service = &self.parcels.service;
        service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let shipment = store::lock(&mut tx, shipment_id).await?;
                    let mut shipment = shipment.ok_or(Error::ShipmentNotFound(shipment_id))?;
                    let now = service.clock.now();
                    let moved = shipment
                        .change(changes.clone(), now)
                        .map_err(|refused| Error::Shipment(shipment_id, refused))?;
                    store::save(&mut tx, &shipment).await?;
                    have_booked(&mut tx, service, &shipment).await?;
                    if moved {
                        let step = (shipment.status, now);
                        announce(&mut tx, service, &shipment, step).await?;
                    }
                    let shipment = Some(shipment.into());
                    Ok::<_, Error>(pb::UpdateShipmentResponse { shipment })
                })
            })
            .await
    }

    async fn list_shipments(
        &self,
        request: Request<pb::ListShipmentsRequest>,
    ) -> Result<Response<pb::ListShipmentsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let mut fields = Fields::new();
        let company_id = fields.required("company_id", &request.get_ref().company_id);
        let Some(company_id) = company_id else { return Err(fields.into_status()) };
        let absent = || Status::from(Error::CompanyNotFound(company_id));
        caller.enter(company_id, absent())?;
        let service = &self.parcels.service;
        let db = &service.reader(&request).await?;
        let shipments = store::list(db, company_id).await.map_err(|error| internal(&error))?;
        if shipments.is_empty() && is_no_company(service, caller, company_id).await? {
            return Err(absent());
        }
        let shipments = shipments.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListShipmentsResponse { shipments }))
    }

    async fn receive_carrier_message(
        &self,
        request: Request<pb::ReceiveCarrierMessageRequest>,
    ) -> Result<Response<pb::ReceiveCarrierMessageResponse>, Status> {
        let pb::ReceiveCarrierMessageRequest { body, signature } = request.get_ref();
        let message = self.parcels.carrier.read(body, signature).map_err(|error| match error {
            MessageError::Unexpected => Status::unimplemented(error.to_string()),
            MessageError::Untrusted => invalid("signature", "is not the parcel carrier's"),
            MessageError::Unreadable => invalid("body", "cannot be read"),
        })?;
        if let Some(message) = message {
            hear(&self.parcels, &message).await?;
        }
        Ok(Response::new(pb::ReceiveCarrierMessageResponse {}))
    }
}

impl Shipments {
    async fn check_company(
        &self,
        fields: &mut Fields,
        company_id: Option<CompanyId>,
    ) -> Result<(), Status> {
        if let Some(company_id) = company_id
            && !company_exists(&self.parcels.service, company_id).await?
        {
            fields.refuse("shipment.company_id", "is not a company");
        }
        Ok(())
    }
}

/// The values of the named fields.
fn parse<'a>(
    fields: &mut Fields,
    shipment: &pb::Shipment,
    names: impl IntoIterator<Item = &'a str>,
) -> Changes {
    let mut values = Changes::default();
    for name in names {
        let path = &format!("shipment.{name}");
        let name_of = |fields: &mut Fields, text: &Option<String>| {
            fields.optional_text(path, text.as_deref(), NAME_LENGTH_MAX)
        };
        match name {
            "company_id" => values.company_id = fields.required(path, &shipment.company_id),
            "status" => values.status = status(fields, shipment.status),
            "provider" => values.provider = Some(name_of(fields, &shipment.provider)),
            "provider_id" => values.provider_id = Some(name_of(fields, &shipment.provider_id)),
            "tracking_code" => {
                values.tracking_code = Some(name_of(fields, &shipment.tracking_code));
            }
            "status_reason" => {
                let reason = shipment.status_reason.as_deref();
                let reason = reason.and_then(|text| fields.text(path, text, 0, REASON_LENGTH_MAX));
                values.status_reason = Some(reason);
            }
            "quantity" => {
                if shipment.quantity.is_some_and(|quantity| !(1..=QUANTITY_MAX).contains(&quantity))
                {
                    fields.refuse_as(path, Rule::OutOfRange, "is not between 1 and 100,000");
                }
                values.quantity = Some(shipment.quantity);
            }
            "address" => {
                values.address = Some(Address::parse(fields, path, shipment.address.as_ref()));
            }
            _ => fields.refuse("update_mask", "names what cannot be changed"),
        }
    }
    values
}

fn status(fields: &mut Fields, number: i32) -> Option<super::Status> {
    let status = match pb::ShipmentStatus::try_from(number) {
        Ok(pb::ShipmentStatus::Processing) => Some(super::Status::Processing),
        Ok(pb::ShipmentStatus::Labeled) => Some(super::Status::Labeled),
        Ok(pb::ShipmentStatus::InTransit) => Some(super::Status::InTransit),
        Ok(pb::ShipmentStatus::Delivered) => Some(super::Status::Delivered),
        Ok(pb::ShipmentStatus::Failed) => Some(super::Status::Failed),
        Ok(pb::ShipmentStatus::Unspecified) | Err(_) => None,
    };
    if status.is_none() {
        fields.refuse_as("shipment.status", Rule::NotOneOf, "is not a status");
    }
    status
}

impl From<Shipment> for pb::Shipment {
    fn from(shipment: Shipment) -> Self {
        let Details { provider, provider_id, tracking_code, status_reason, quantity, address } =
            shipment.details;
        Self {
            id: shipment.shipment_id.to_string(),
            company_id: shipment.company_id.to_string(),
            status: pb::ShipmentStatus::from(shipment.status).into(),
            provider,
            provider_id,
            tracking_code,
            status_reason,
            quantity,
            address: address.map(Into::into),
            created_at: Some(timestamp::to_proto(shipment.created_at)),
            updated_at: Some(timestamp::to_proto(shipment.updated_at)),
        }
    }
}

impl From<super::Status> for pb::ShipmentStatus {
    fn from(status: super::Status) -> Self {
        match status {
            super::Status::Processing => Self::Processing,
            super::Status::Labeled => Self::Labeled,
            super::Status::InTransit => Self::InTransit,
            super::Status::Delivered => Self::Delivered,
            super::Status::Failed => Self::Failed,
        }
    }
}

#[cfg(test)]
mod tests;
