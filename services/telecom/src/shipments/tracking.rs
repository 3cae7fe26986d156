//! Parcels under way are followed to their end.

use std::time::Duration;

use chassis::crash;
use chassis::sweeps::Sweep;
use futures::{StreamExt, TryStreamExt, stream};

use super::handling::announce;
use super::{Parcels, Shipment, Status, store};
use crate::error::Error;
use crate::parcels::{ParcelCarrierError, ParcelEvent, ParcelMessage, ParcelName, ParcelProgress};

const CHECK_EVERY: Duration = Duration::from_secs(60);
const BATCH: i64 = 100;
const AT_ONCE: usize = 8;

/// Asks the parcel carrier how far the parcels are that it has not been asked about for a while.
pub(crate) fn follow_parcels(parcels: &Parcels) -> Sweep {
    let parcels = parcels.clone();
    Sweep::new("follow_parcels", CHECK_EVERY, move || {
        let parcels = parcels.clone();
        async move { Ok(follow_due(&parcels).await?) }
    })
}

/// Claims a batch by putting off its next turn: what a crash leaves undone then is done next time.
/// Tells whether there was any.
async fn follow_due(parcels: &Parcels) -> Result<bool, Error> {
    let service = &parcels.service;
    let mut any = false;
    loop {
        let (now, next) = (service.clock.now(), parcels.track_at());
        let due = store::claim_due(&service.db, now, next, BATCH).await?;
        if due.is_empty() {
            return Ok(any);
        }
        any = true;
        crash::point("telecom.shipment.claimed").await;
        stream::iter(due)
            .map(|shipment| follow(parcels, shipment))
            .buffer_unordered(AT_ONCE)
            .try_collect::<()>()
            .await?;
    }
}

async fn follow(parcels: &Parcels, shipment: Shipment) -> Result<(), Error> {
    let Some(provider_id) = shipment.details.provider_id else { return Ok(()) };
    let shipment_id = shipment.shipment_id;
    let name = ParcelName { shipment_id, provider_id };
    let events = match parcels.in_time(parcels.carrier.track(name.clone())).await {
        Ok(events) => events,
        Err(ParcelCarrierError::Refused(reason)) => {
            let at = parcels.service.clock.now();
            vec![ParcelEvent { progress: ParcelProgress::Failed(reason), at }]
        }
        Err(ParcelCarrierError::Unavailable) => {
            tracing::warn!(%shipment_id, "the parcel carrier does not say how far a parcel is");
            return Ok(());
        }
    };
    take_over(parcels, &name, &events).await
}

/// Takes over what the carrier tells by itself; what it says of parcels that are not ours is no
/// concern.
///
/// # Errors
/// The database's.
pub(super) async fn hear(parcels: &Parcels, message: &ParcelMessage) -> Result<(), Error> {
    let ParcelMessage { provider_id, events } = message;
    let Some(shipment_id) = store::find_booked(&parcels.service.db, provider_id).await? else {
        return Ok(());
    };
    let name = ParcelName { shipment_id, provider_id: provider_id.clone() };
    take_over(parcels, &name, events).await
}

async fn take_over(
    parcels: &Parcels,
    name: &ParcelName,
    events: &[ParcelEvent],
) -> Result<(), Error> {
    let service = &parcels.service;
    service
        .transaction(|mut tx| {
            Box::pin(async move {
                let Some(mut shipment) = store::lock(&mut tx, name.shipment_id).await? else {
                    return Ok(());
                };
                let passed: Vec<(Status, _)> =
                    shipment.follow(events.to_vec(), service.clock.now());
                if passed.is_empty() {
                    return Ok(());
                }
                store::save(&mut tx, &shipment).await?;
                for step in passed {
                    announce(&mut tx, service, &shipment, step).await?;
                }
                Ok::<_, Error>(())
            })
        })
        .await
}

#[cfg(test)]
mod tests;
