//! The table `line_order`.

use brazil::{AreaCode, CompanyId, LineId, UserId};
use chassis::auth::Scope;
use chassis::db::parsed_optional;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection, PgPool, Row};
use uuid::Uuid;

use super::{Invitee, LineOrder, LineOrderId, Wanted};
use crate::parcels::ShipmentId;

const OPEN_OF_LINES: &str = "
    select line_order_id
      from line_order
     where line_id = any($1) and state = 'running'";

impl FromRow<'_, PgRow> for LineOrder {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let area_code: i16 = row.try_get("area_code")?;
        let address: Option<Json<_>> = row.try_get("delivery_address")?;
        let email = parsed_optional(row, "user_email")?;
        let name: Option<String> = row.try_get("user_name")?;
        let Json(placed_by) = row.try_get("placed_by")?;
        let Json(progress) = row.try_get("steps")?;
        Ok(Self {
            line_order_id: LineOrderId(row.try_get("line_order_id")?),
            wanted: Wanted {
                company_id: CompanyId(row.try_get("company_id")?),
                plan_id: row.try_get::<Uuid, _>("plan_id")?.into(),
                area_code: AreaCode::try_from(area_code)
                    .map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
                user: email.zip(name).map(|(email, name)| Invitee { email, name }),
                change_ownership: row.try_get("change_ownership")?,
                delivery_address: address.map(|Json(address)| address),
            },
            line_id: LineId(row.try_get("line_id")?),
            shipment_id: ShipmentId(row.try_get("shipment_id")?),
            user_id: row.try_get::<Option<Uuid>, _>("user_id")?.map(UserId),
            placed_by,
            progress,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
        })
    }
}

/// Adds an order.
pub(super) async fn insert(tx: &mut PgConnection, order: &LineOrder) -> sqlx::Result<()> {
    let wanted = &order.wanted;
    sqlx::query(
        "insert into line_order (
             line_order_id, company_id, plan_id, area_code, user_email, user_name,
             change_ownership, delivery_address, line_id, shipment_id, user_id, placed_by, state,
             steps, created_at, updated_at
         )
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
    )
    .bind(order.line_order_id.0)
    .bind(wanted.company_id.0)
    .bind(wanted.plan_id.0)
    .bind(i16::from(u8::from(wanted.area_code)))
    .bind(wanted.user.as_ref().map(|user| user.email.as_str()))
    .bind(wanted.user.as_ref().map(|user| user.name.as_str()))
    .bind(wanted.change_ownership)
    .bind(wanted.delivery_address.as_ref().map(Json))
    .bind(order.line_id.0)
    .bind(order.shipment_id.0)
    .bind(order.user_id.map(Uuid::from))
    .bind(Json(&order.placed_by))
    .bind(order.progress.state())
    .bind(Json(&order.progress))
    .bind(order.created_at)
    .bind(order.updated_at)
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes how far an order that the transaction has locked has come.
pub(super) async fn save(tx: &mut PgConnection, order: &LineOrder) -> sqlx::Result<()> {
    sqlx::query(
        "update line_order
            set user_id = $2, state = $3, steps = $4, updated_at = $5
          where line_order_id = $1",
    )
    .bind(order.line_order_id.0)
    .bind(order.user_id.map(Uuid::from))
    .bind(order.progress.state())
    .bind(Json(&order.progress))
    .bind(order.updated_at)
    .execute(tx)
    .await?;
    Ok(())
}

/// Reads an order.
pub(super) async fn find(
    db: &PgPool,
    line_order_id: LineOrderId,
) -> sqlx::Result<Option<LineOrder>> {
    find_in_scope(db, line_order_id, &Scope::everywhere()).await
}

/// Reads an order if it is one of the companies in scope.
pub(super) async fn find_in_scope(
    db: &PgPool,
    line_order_id: LineOrderId,
    scope: &Scope,
) -> sqlx::Result<Option<LineOrder>> {
    sqlx::query_as(
        "select line_order_id, company_id, plan_id, area_code, user_email, user_name,
                change_ownership, delivery_address, line_id, shipment_id, user_id, placed_by,
                steps, created_at, updated_at
           from line_order
          where line_order_id = $1 and ($2 or company_id = any($3))",
    )
    .bind(line_order_id.0)
    .bind(scope.everything)
    .bind(&scope.company_ids)
    .fetch_optional(db)
    .await
}

/// Reads an order and locks it until the transaction ends.
pub(super) async fn lock(
    tx: &mut PgConnection,
    line_order_id: LineOrderId,
) -> sqlx::Result<Option<LineOrder>> {
    sqlx::query_as(
        "select line_order_id, company_id, plan_id, area_code, user_email, user_name,
                change_ownership, delivery_address, line_id, shipment_id, user_id, placed_by,
                steps, created_at, updated_at
           from line_order
          where line_order_id = $1
            for update",
    )
    .bind(line_order_id.0)
    .fetch_optional(tx)
    .await
}

/// The orders under way that these lines are of.
pub(super) async fn open_of_lines(
    tx: &mut PgConnection,
    line_ids: &[Uuid],
) -> sqlx::Result<Vec<LineOrderId>> {
    let ids: Vec<Uuid> = sqlx::query_scalar(OPEN_OF_LINES).bind(line_ids).fetch_all(tx).await?;
    Ok(ids.into_iter().map(LineOrderId).collect())
}

#[cfg(test)]
mod tests;
