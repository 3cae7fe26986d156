//! Parcels are booked, and called off, for as long as it takes the parcel carrier to answer.

use std::sync::Arc;
use std::time::Duration;

use chassis::jobs::{Job, retry_pause};
use chassis::{Service, crash};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::handling::announce;
use super::{Status, store};
use crate::error::Error;
use crate::parcels::{Parcel, ParcelCarrier, ParcelCarrierError, ParcelRequest, ShipmentId};

const RETRY_MIN: Duration = Duration::from_millis(250);
const REASON_LENGTH_MAX: usize = 200;

/// What dealing with the parcel carrier needs.
#[derive(Clone)]
pub(crate) struct Parcels {
    pub(crate) service: Service,
    pub(crate) carrier: Arc<dyn ParcelCarrier>,
    /// Longest that it may take to answer.
    pub(crate) timeout: Duration,
    /// Longest pause between two attempts.
    pub(crate) retry_max: Duration,
    /// How often it is asked about a parcel under way.
    pub(crate) track_every: Duration,
}

/// Asks the parcel carrier to take on a shipment.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct BookShipment {
    shipment_id: ShipmentId,
    failures: u32,
}

impl BookShipment {
    /// Has it done once the transaction is committed.
    pub(super) async fn enqueue(
        tx: &mut PgConnection,
        service: &Service,
        shipment_id: ShipmentId,
    ) -> sqlx::Result<()> {
        let job = Self { shipment_id, failures: 0 };
        service.jobs.enqueue(tx, &job, &shipment_id.to_string()).await
    }
}

impl Job for BookShipment {
    const NAME: &'static str = "book_shipment";
    type Context = Parcels;

    async fn run(self, parcels: Parcels) -> anyhow::Result<()> {
        let Self { shipment_id, failures } = self;
        let shipment = store::find(&parcels.service.db, shipment_id).await?;
        let Some(request) = shipment.and_then(|shipment| shipment.to_be_booked()) else {
            return Ok(());
        };
        crash::point("telecom.shipment.before_carrier").await;
        let answer = parcels.book(request).await;
        crash::point("telecom.shipment.carrier_done").await;
        match answer {
            Ok(parcel) => parcels.booked(shipment_id, &parcel).await?,
            Err(ParcelCarrierError::Refused(reason)) => {
                let reason: String = reason.chars().take(REASON_LENGTH_MAX).collect();
                tracing::warn!(%shipment_id, reason, "the parcel carrier refused a shipment");
                parcels.refused(shipment_id, &reason).await?;
            }
            Err(ParcelCarrierError::Unavailable) => {
                let job = Self { shipment_id, failures: failures.saturating_add(1) };
                parcels.later(&job, shipment_id, job.failures).await?;
            }
        }
        Ok(())
    }
}

/// Tells the parcel carrier not to bring what it was asked to bring, or may yet be asked.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CancelParcel {
    shipment_id: ShipmentId,
    failures: u32,
}

impl CancelParcel {
    /// Has it done once the transaction is committed.
    pub(super) async fn enqueue(
        tx: &mut PgConnection,
        service: &Service,
        shipment_id: ShipmentId,
    ) -> sqlx::Result<()> {
        let job = Self { shipment_id, failures: 0 };
        service.jobs.enqueue(tx, &job, &shipment_id.to_string()).await
    }
}

impl Job for CancelParcel {
    const NAME: &'static str = "cancel_parcel";
    type Context = Parcels;

    async fn run(self, parcels: Parcels) -> anyhow::Result<()> {
        let Self { shipment_id, failures } = self;
        match parcels.cancel(shipment_id).await {
            Ok(()) => {}
            Err(ParcelCarrierError::Refused(reason)) => {
                tracing::warn!(%shipment_id, reason, "the parcel carrier brings it all the same");
            }
            Err(ParcelCarrierError::Unavailable) => {
                let job = Self { shipment_id, failures: failures.saturating_add(1) };
                parcels.later(&job, shipment_id, job.failures).await?;
            }
        }
        Ok(())
    }
}

impl Parcels {
    async fn book(&self, request: ParcelRequest) -> Result<Parcel, ParcelCarrierError> {
        self.in_time(self.carrier.book(request)).await
    }

    async fn cancel(&self, shipment_id: ShipmentId) -> Result<(), ParcelCarrierError> {
        self.in_time(self.carrier.cancel(shipment_id)).await
    }

    /// The carrier's answer; one that takes too long is none.
    pub(super) async fn in_time<T>(
        &self,
        asked: impl Future<Output = Result<T, ParcelCarrierError>>,
    ) -> Result<T, ParcelCarrierError> {
        let answered = tokio::time::timeout(self.timeout, asked).await;
        answered.unwrap_or(Err(ParcelCarrierError::Unavailable))
    }

    /// When to ask next about a parcel.
    pub(super) fn track_at(&self) -> OffsetDateTime {
        self.service.clock.now() + self.track_every
    }

    async fn booked(&self, shipment_id: ShipmentId, parcel: &Parcel) -> Result<(), Error> {
        let track_at = self.track_at();
        self.service
            .transaction(|mut tx| {
                Box::pin(async move {
                    let Some(mut shipment) = store::lock(&mut tx, shipment_id).await? else {
                        return Ok(());
                    };
                    let now = self.service.clock.now();
                    if shipment.book(parcel.clone(), track_at, now) {
                        store::save(&mut tx, &shipment).await?;
                        let labeled = (Status::Labeled, now);
                        announce(&mut tx, &self.service, &shipment, labeled).await?;
                    } else if !shipment.is_booked() {
                        CancelParcel::enqueue(&mut tx, &self.service, shipment_id).await?;
                    }
                    Ok::<_, Error>(())
                })
            })
            .await?;
        crash::point("telecom.shipment.committed").await;
        Ok(())
    }

    async fn refused(&self, shipment_id: ShipmentId, reason: &str) -> Result<(), Error> {
        self.service
            .transaction(|mut tx| {
                Box::pin(async move {
                    let Some(mut shipment) = store::lock(&mut tx, shipment_id).await? else {
                        return Ok(());
                    };
                    let now = self.service.clock.now();
                    // Somebody may have found another way meanwhile.
                    if shipment.to_be_booked().is_some() && shipment.fail(reason.to_owned(), now) {
                        store::save(&mut tx, &shipment).await?;
                        let failed = (Status::Failed, now);
                        announce(&mut tx, &self.service, &shipment, failed).await?;
                    }
                    Ok::<_, Error>(())
                })
            })
            .await
    }

    /// Tries again after a pause that doubles with each failure, up to a limit.
    async fn later<J: Job>(
        &self,
        job: &J,
        shipment_id: ShipmentId,
        failures: u32,
    ) -> sqlx::Result<()> {
        let pause = retry_pause(failures.saturating_sub(1), RETRY_MIN, self.retry_max);
        tracing::warn!(
            %shipment_id,
            failures,
            pause_ms = pause.as_millis(),
            "the parcel carrier does not answer, trying again"
        );
        self.service.try_again(job, &shipment_id.to_string(), pause).await
    }
}

#[cfg(test)]
mod tests;
