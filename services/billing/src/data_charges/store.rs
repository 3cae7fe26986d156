//! The table `data_charge`.

use sqlx::PgConnection;
use uuid::Uuid;

use super::DataCharge;
use crate::period::Period;

/// Charges a top-up in the run of a month, unless it is charged already.
pub(super) async fn insert(
    tx: &mut PgConnection,
    charge: &DataCharge,
    period: Period,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into data_charge
             (top_up_id, line_id, company_id, user_id, period, quantity_mb, unit_price_cents,
              total_cents, given_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (top_up_id) do nothing",
    )
    .bind(charge.top_up_id)
    .bind(charge.line_id.0)
    .bind(charge.payer.company_id().map(Uuid::from))
    .bind(charge.payer.user_id().map(Uuid::from))
    .bind(period.first_day())
    .bind(charge.quantity_mb)
    .bind(charge.unit_price.get())
    .bind(charge.total.get())
    .bind(charge.given_at)
    .execute(tx)
    .await?;
    Ok(())
}
