//! What the tests of shipments have in common.

use std::sync::Arc;
use std::time::Duration;

use brazil::CompanyId;
use chassis::address::Address;
use chassis::simulator::{Outcome, ScriptStep};
use proto::events::v1::ShipmentChanged;

use super::{Details, Parcels, Shipment, Status, handling, store};
use crate::error::Error;
use crate::parcels::{ParcelCarrierSimulator, ParcelOperation, ShipmentId};
use crate::testing::events;

/// A parcel carrier, and what deals with it.
pub(super) struct Setting {
    pub(super) parcels: Parcels,
    pub(super) carrier: ParcelCarrierSimulator,
}

pub(super) async fn setting() -> (Setting, impl Sized) {
    let (service, database) = crate::testing::service().await;
    let carrier = ParcelCarrierSimulator::new(service.clock.clone());
    let parcels = Parcels {
        service,
        carrier: Arc::new(carrier.clone()),
        timeout: Duration::from_secs(30),
        retry_max: Duration::from_secs(60),
        track_every: Duration::from_secs(3_600),
    };
    (Setting { parcels, carrier }, database)
}

pub(super) fn details() -> Details {
    let address = Address {
        zip_code: "80010-000".parse().ok(),
        street_number: Some("S/N".to_owned()),
        ..Address::default()
    };
    Details { address: Some(address), quantity: Some(10), ..Details::default() }
}

impl Setting {
    /// A shipment that is to be booked.
    pub(super) async fn take_on(&self) -> Shipment {
        let service = &self.parcels.service;
        let shipment = &Shipment::new(
            ShipmentId::generate(),
            CompanyId::generate(),
            Status::Processing,
            details(),
            service.clock.now(),
        );
        service
            .transaction(|mut tx| {
                Box::pin(async move {
                    Ok::<_, Error>(handling::take_on(&mut tx, service, shipment).await?)
                })
            })
            .await
            .unwrap();
        shipment.clone()
    }

    pub(super) async fn withdraw(&self, shipment: &Shipment) {
        let service = &self.parcels.service;
        service
            .transaction(|mut tx| {
                Box::pin(async move {
                    let id = shipment.shipment_id;
                    Ok::<_, Error>(handling::withdraw(&mut tx, service, id, "unwanted").await?)
                })
            })
            .await
            .unwrap();
    }

    pub(super) fn expect(&self, operation: ParcelOperation, outcome: Outcome) {
        let mut step = ScriptStep::new(operation, outcome);
        step.reason = Some("no-such-street".to_owned());
        self.carrier.script(vec![step]);
    }

    pub(super) async fn shipment(&self, shipment: &Shipment) -> Shipment {
        store::find(&self.parcels.service.db, shipment.shipment_id).await.unwrap().unwrap()
    }

    /// The statuses that the company heard of, in order.
    pub(super) async fn told(&self, shipment: &Shipment) -> Vec<String> {
        let told = events::<ShipmentChanged>(&self.parcels.service, shipment.shipment_id).await;
        told.into_iter().map(|changed| changed.status).collect()
    }
}
