//! The table `shipment`.

use brazil::CompanyId;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection, PgExecutor, PgPool, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Details, Shipment};
use crate::parcels::ShipmentId;

const SHIPMENTS_MAX: i64 = 1_000;

const LIST: &str = "
    select shipment_id, company_id, status, provider, provider_id, tracking_code, status_reason,
           quantity, address, booking, track_at, line_order_id, created_at, updated_at
      from shipment
     where company_id = $1
     order by shipment_id desc
     limit $2";

const CLAIM_DUE: &str = "
    update shipment
       set track_at = $2
     where shipment_id in (
               select shipment_id
                 from shipment
                where track_at <= $1
                order by track_at
                limit $3
                  for update skip locked
           )
    returning shipment_id, company_id, status, provider, provider_id, tracking_code,
              status_reason, quantity, address, booking, track_at, line_order_id, created_at,
              updated_at";

impl FromRow<'_, PgRow> for Shipment {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let address: Option<Json<_>> = row.try_get("address")?;
        Ok(Self {
            shipment_id: ShipmentId(row.try_get("shipment_id")?),
            company_id: CompanyId(row.try_get("company_id")?),
            status: row.try_get("status")?,
            details: Details {
                provider: row.try_get("provider")?,
                provider_id: row.try_get("provider_id")?,
                tracking_code: row.try_get("tracking_code")?,
                status_reason: row.try_get("status_reason")?,
                quantity: row.try_get("quantity")?,
                address: address.map(|Json(address)| address),
            },
            booking: row.try_get("booking")?,
            track_at: row.try_get("track_at")?,
            line_order_id: row.try_get::<Option<Uuid>, _>("line_order_id")?.map(Into::into),
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
        })
    }
}

/// Adds a shipment.
pub(super) async fn insert(tx: &mut PgConnection, shipment: &Shipment) -> sqlx::Result<()> {
    sqlx::query(
        "insert into shipment (
             shipment_id, company_id, status, provider, provider_id, tracking_code,
             status_reason, quantity, address, booking, track_at, line_order_id, created_at,
             updated_at
         )
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(shipment.shipment_id.0)
    .bind(shipment.company_id.0)
    .bind(shipment.status)
    .bind(&shipment.details.provider)
    .bind(&shipment.details.provider_id)
    .bind(&shipment.details.tracking_code)
    .bind(&shipment.details.status_reason)
    .bind(shipment.details.quantity)
    .bind(shipment.details.address.as_ref().map(Json))
    .bind(shipment.booking)
    .bind(shipment.track_at)
    .bind(shipment.line_order_id.map(Uuid::from))
    .bind(shipment.created_at)
    .bind(shipment.updated_at)
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes a shipment that the transaction has locked.
pub(super) async fn save(tx: &mut PgConnection, shipment: &Shipment) -> sqlx::Result<()> {
    sqlx::query(
        "update shipment
            set company_id = $2, status = $3, provider = $4, provider_id = $5,
                tracking_code = $6, status_reason = $7, quantity = $8, address = $9,
                booking = $10, track_at = $11, updated_at = $12
          where shipment_id = $1",
    )
    .bind(shipment.shipment_id.0)
    .bind(shipment.company_id.0)
    .bind(shipment.status)
    .bind(&shipment.details.provider)
    .bind(&shipment.details.provider_id)
    .bind(&shipment.details.tracking_code)
    .bind(&shipment.details.status_reason)
    .bind(shipment.details.quantity)
    .bind(shipment.details.address.as_ref().map(Json))
    .bind(shipment.booking)
    .bind(shipment.track_at)
    .bind(shipment.updated_at)
    .execute(tx)
    .await?;
    Ok(())
}

/// Reads a shipment.
pub(super) async fn find(db: &PgPool, shipment_id: ShipmentId) -> sqlx::Result<Option<Shipment>> {
    sqlx::query_as(
        "select shipment_id, company_id, status, provider, provider_id, tracking_code,
                status_reason, quantity, address, booking, track_at, line_order_id, created_at,
                updated_at
           from shipment
          where shipment_id = $1",
    )
    .bind(shipment_id.0)
    .fetch_optional(db)
    .await
}

/// Reads a shipment and locks it until the transaction ends.
pub(super) async fn lock(
    tx: &mut PgConnection,
    shipment_id: ShipmentId,
) -> sqlx::Result<Option<Shipment>> {
    sqlx::query_as(
        "select shipment_id, company_id, status, provider, provider_id, tracking_code,
                status_reason, quantity, address, booking, track_at, line_order_id, created_at,
                updated_at
           from shipment
          where shipment_id = $1
            for update",
    )
    .bind(shipment_id.0)
    .fetch_optional(tx)
    .await
}

/// The shipment that an order at the parcel carrier brings.
pub(super) async fn find_booked(
    db: &PgPool,
    carrier_order_id: &str,
) -> sqlx::Result<Option<ShipmentId>> {
    let found: Option<Uuid> =
        sqlx::query_scalar("select shipment_id from shipment where carrier_order_id = $1")
            .bind(carrier_order_id)
            .fetch_optional(db)
            .await?;
    Ok(found.map(ShipmentId))
}

/// A company's shipments, newest first, a thousand at most.
pub(super) async fn list(
    db: impl PgExecutor<'_>,
    company_id: CompanyId,
) -> sqlx::Result<Vec<Shipment>> {
    sqlx::query_as(LIST).bind(Uuid::from(company_id)).bind(SHIPMENTS_MAX).fetch_all(db).await
}

/// Takes up to `batch` of the shipments whose turn to be asked about has come by `now`, and puts
/// off their next turn to `next`. Two claims at once get none in common.
pub(super) async fn claim_due(
    db: &PgPool,
    now: OffsetDateTime,
    next: OffsetDateTime,
    batch: i64,
) -> sqlx::Result<Vec<Shipment>> {
    sqlx::query_as(CLAIM_DUE).bind(now).bind(next).bind(batch).fetch_all(db).await
}

#[cfg(test)]
mod tests;
