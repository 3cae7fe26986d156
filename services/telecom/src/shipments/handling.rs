//! What is done with shipments, each within a transaction of the caller's.

use chassis::{Service, timestamp};
use proto::events::v1::ShipmentChanged;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::{Arrival, BookShipment, CancelParcel, Shipment, Status, store};
use crate::line_orders::AdvanceLineOrder;
use crate::parcels::ShipmentId;

/// Takes on a shipment.
pub(crate) async fn take_on(
    tx: &mut PgConnection,
    service: &Service,
    shipment: &Shipment,
) -> sqlx::Result<()> {
    store::insert(tx, shipment).await?;
    have_booked(tx, service, shipment).await?;
    announce(tx, service, shipment, (shipment.status, shipment.created_at)).await
}

/// Takes on a shipment that is wanted, once; tells whether it will come. It is locked until the
/// transaction ends, so that whatever happens to it later wakes its order.
pub(crate) async fn arrange(
    tx: &mut PgConnection,
    service: &Service,
    wanted: Shipment,
) -> sqlx::Result<Arrival> {
    if let Some(shipment) = store::lock(tx, wanted.shipment_id).await? {
        return Ok(shipment.arrival());
    }
    take_on(tx, service, &wanted).await?;
    Ok(wanted.arrival())
}

/// Ends a shipment that nobody wants any more, if it has not ended: a parcel of it must not go.
pub(crate) async fn withdraw(
    tx: &mut PgConnection,
    service: &Service,
    shipment_id: ShipmentId,
    reason: &str,
) -> sqlx::Result<()> {
    let Some(mut shipment) = store::lock(tx, shipment_id).await? else { return Ok(()) };
    let now = service.clock.now();
    // Without an answer the carrier may have it, though it is not known to be booked.
    let with_the_carrier = shipment.is_booked() || shipment.to_be_booked().is_some();
    if !shipment.fail(reason.to_owned(), now) {
        return Ok(());
    }
    if with_the_carrier {
        CancelParcel::enqueue(tx, service, shipment_id).await?;
    }
    store::save(tx, &shipment).await?;
    announce(tx, service, &shipment, (Status::Failed, now)).await
}

/// Has the parcel carrier asked if that is wanted.
pub(super) async fn have_booked(
    tx: &mut PgConnection,
    service: &Service,
    shipment: &Shipment,
) -> sqlx::Result<()> {
    match shipment.to_be_booked() {
        Some(request) => BookShipment::enqueue(tx, service, request.shipment_id).await,
        None => Ok(()),
    }
}

/// Tells whom it concerns that a shipment came to a status, with the transaction that brought it
/// there.
pub(super) async fn announce(
    tx: &mut PgConnection,
    service: &Service,
    shipment: &Shipment,
    (status, at): (Status, OffsetDateTime),
) -> sqlx::Result<()> {
    let changed = ShipmentChanged {
        shipment_id: shipment.shipment_id.to_string(),
        company_id: shipment.company_id.to_string(),
        status: status.to_string(),
        tracking_code: shipment.details.tracking_code.clone(),
        changed_at: Some(timestamp::to_proto(at)),
    };
    service.outbox.publish(tx, shipment.shipment_id, &changed).await?;
    match shipment.line_order_id {
        // Whoever waits for it learns what it needs from the first step on.
        Some(line_order_id) if shipment.arrival() != Arrival::Unbooked => {
            AdvanceLineOrder::enqueue(tx, service, line_order_id).await
        }
        _ => Ok(()),
    }
}
