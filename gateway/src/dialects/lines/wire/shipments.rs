//! SIM cards on their way to companies.

use std::borrow::Cow;

use proto::telecom::v1::{self as telecom, ShipmentStatus};
use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::address::{Address, CamelAddress};
use super::number::NumberOrText;
use super::{Integer, Names, object};
use crate::body::Input;
use crate::dialects::lines::documents::requiring;

/// What the members of a shipment are called in the contract.
pub(crate) const NAMES: Names = Names::new(
    "shipment",
    &[
        ("status", "status"),
        ("companyId", "company_id"),
        ("provider", "provider"),
        ("providerId", "provider_id"),
        ("trackingCode", "tracking_code"),
        ("statusReason", "status_reason"),
        ("quantity", "quantity"),
        ("address", "address"),
        ("address.zipCode", "address.zip_code"),
        ("address.streetName", "address.street_name"),
        ("address.streetNumber", "address.street_number"),
    ],
);

/// Where a shipment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = ShipmentStatus)]
enum Status {
    /// Being packed.
    Processing,
    /// Has its label.
    Labeled,
    /// On its way.
    #[serde(rename = "IN TRANSIT")]
    InTransit,
    /// Arrived.
    Delivered,
    /// Did not arrive.
    Failed,
}

impl From<ShipmentStatus> for Status {
    fn from(status: ShipmentStatus) -> Self {
        match status {
            ShipmentStatus::Unspecified | ShipmentStatus::Processing => Self::Processing,
            ShipmentStatus::Labeled => Self::Labeled,
            ShipmentStatus::InTransit => Self::InTransit,
            ShipmentStatus::Delivered => Self::Delivered,
            ShipmentStatus::Failed => Self::Failed,
        }
    }
}

impl From<Status> for ShipmentStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Processing => Self::Processing,
            Status::Labeled => Self::Labeled,
            Status::InTransit => Self::InTransit,
            Status::Delivered => Self::Delivered,
            Status::Failed => Self::Failed,
        }
    }
}

/// A change of a shipment.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "status": "IN TRANSIT",
    "companyId": "9df54b15-1a57-4e11-917a-5a5ddedb99ea",
    "provider": "Melhor Envio",
    "providerId": 123_456_789,
    "trackingCode": 987_654_321,
    "statusReason": "The shipment is in transit",
    "quantity": 10,
    "address": {
        "zipCode": "80010-010",
        "streetName": "Rua Marechal Deodoro",
        "streetNumber": 666,
        "complement": "Apartamento 101",
        "neighborhood": "Centro",
        "city": "Curitiba",
        "state": "PR"
    }
}))]
pub(crate) struct ShipmentChange {
    /// Where it is. Only ever forward; FAILED after all but DELIVERED.
    status: Option<Status>,
    /// The company that gets it.
    #[schema(format = Uuid)]
    company_id: Option<String>,
    /// Who carries it.
    provider: Option<String>,
    /// Its id there.
    provider_id: Option<NumberOrText>,
    /// What tracks it there.
    tracking_code: Option<NumberOrText>,
    /// About the status; may be empty.
    status_reason: Option<String>,
    /// SIM cards in it.
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 100_000)]
    quantity: Option<Integer>,
    /// Where it goes.
    #[serde(default, deserialize_with = "object")]
    address: Option<CamelAddress>,
}

impl Input for ShipmentChange {
    const REQUIRED: &'static [&'static str] = &[];
}

impl ShipmentChange {
    /// The shipment in the terms of the contract.
    pub(crate) fn into_shipment(self, id: String) -> telecom::Shipment {
        // What fits no number of cards is as wrong as none.
        let quantity = |Integer(number)| i32::try_from(number).unwrap_or(0);
        telecom::Shipment {
            id,
            company_id: self.company_id.unwrap_or_default(),
            status: self.status.map_or(ShipmentStatus::Unspecified, Into::into).into(),
            provider: self.provider,
            provider_id: self.provider_id.map(|id| id.0),
            tracking_code: self.tracking_code.map(|code| code.0),
            status_reason: self.status_reason,
            quantity: self.quantity.map(quantity),
            address: self.address.map(Into::into),
            created_at: None,
            updated_at: None,
        }
    }
}

/// A shipment to be made.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct NewShipment(pub(crate) ShipmentChange);

impl Input for NewShipment {
    const REQUIRED: &'static [&'static str] = &["companyId"];
}

impl PartialSchema for NewShipment {
    fn schema() -> RefOr<Schema> {
        requiring(ShipmentChange::schema(), "A shipment to be made.", Self::REQUIRED)
    }
}

impl ToSchema for NewShipment {
    fn name() -> Cow<'static, str> {
        "NewShipment".into()
    }
}

/// Names a shipment that was made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "7b145d46-9d72-467d-aa37-4add0d6d697c"}))]
pub(crate) struct MadeShipment {
    /// Its id.
    #[schema(format = Uuid)]
    id: String,
}

impl From<telecom::Shipment> for MadeShipment {
    fn from(shipment: telecom::Shipment) -> Self {
        Self { id: shipment.id }
    }
}

/// A parcel of SIM cards.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "7b145d46-9d72-467d-aa37-4add0d6d697c",
    "status": "PROCESSING",
    "company_id": "9df54b15-1a57-4e11-917a-5a5ddedb99ea",
    "provider": "Melhor Envio",
    "provider_id": 123_456_789,
    "tracking_code": 987_654_321,
    "status_reason": "The shipment is in transit",
    "quantity": 10,
    "address": {
        "zip_code": "80010-010",
        "street_name": "Rua Marechal Deodoro",
        "street_number": 666,
        "complement": "Apartamento 101",
        "neighborhood": "Centro",
        "city": "Curitiba",
        "state": "PR"
    }
}))]
pub(crate) struct Shipment {
    /// Its id.
    #[schema(format = Uuid)]
    id: String,
    /// Where it is.
    status: Status,
    /// The company that gets it.
    #[schema(format = Uuid)]
    company_id: String,
    /// Who carries it.
    #[schema(required = true)]
    provider: Option<String>,
    /// Its id there.
    #[schema(required = true)]
    provider_id: Option<NumberOrText>,
    /// What tracks it there.
    #[schema(required = true)]
    tracking_code: Option<NumberOrText>,
    /// About the status.
    #[schema(required = true)]
    status_reason: Option<String>,
    /// SIM cards in it.
    #[schema(required = true)]
    quantity: Option<i32>,
    /// Where it goes.
    #[schema(required = true)]
    address: Option<Address>,
}

impl From<telecom::Shipment> for Shipment {
    fn from(shipment: telecom::Shipment) -> Self {
        Self {
            status: shipment.status().into(),
            id: shipment.id,
            company_id: shipment.company_id,
            provider: shipment.provider,
            provider_id: shipment.provider_id.map(NumberOrText),
            tracking_code: shipment.tracking_code.map(NumberOrText),
            status_reason: shipment.status_reason,
            quantity: shipment.quantity,
            address: shipment.address.map(Into::into),
        }
    }
}

/// A company's shipments.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Shipments {
    /// Newest first, at most 1,000.
    shipments: Vec<Shipment>,
}

impl From<Vec<telecom::Shipment>> for Shipments {
    fn from(shipments: Vec<telecom::Shipment>) -> Self {
        Self { shipments: shipments.into_iter().map(Into::into).collect() }
    }
}
