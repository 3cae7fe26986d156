//! The table `data_top_up`.

use brazil::{Cents, CompanyId, LineId, UserId};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgPool, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Price, State, TopUp, TopUpId};

impl FromRow<'_, PgRow> for TopUp {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            top_up_id: TopUpId(row.try_get("top_up_id")?),
            line_id: LineId(row.try_get("line_id")?),
            company_id: row.try_get::<Option<Uuid>, _>("company_id")?.map(CompanyId),
            user_id: row.try_get::<Option<Uuid>, _>("user_id")?.map(UserId),
            price: Price {
                quantity_mb: row.try_get("quantity_mb")?,
                unit: Cents::new(row.try_get("unit_price_cents")?),
                total: Cents::new(row.try_get("total_cents")?),
            },
            created_at: row.try_get("created_at")?,
        })
    }
}

/// Adds a top-up that the carrier is to be asked for.
pub(super) async fn insert(tx: &mut PgConnection, top_up: &TopUp) -> sqlx::Result<()> {
    sqlx::query(
        "insert into data_top_up (
             top_up_id, line_id, company_id, user_id, quantity_mb, unit_price_cents, total_cents,
             state, created_at
         )
         values ($1, $2, $3, $4, $5, $6, $7, 'asked', $8)",
    )
    .bind(top_up.top_up_id.0)
    .bind(top_up.line_id.0)
    .bind(top_up.company_id.map(Uuid::from))
    .bind(top_up.user_id.map(Uuid::from))
    .bind(top_up.price.quantity_mb)
    .bind(top_up.price.unit.get())
    .bind(top_up.price.total.get())
    .bind(top_up.created_at)
    .execute(tx)
    .await?;
    Ok(())
}

/// Reads a top-up, unless the carrier has answered.
pub(super) async fn find_asked(db: &PgPool, top_up_id: TopUpId) -> sqlx::Result<Option<TopUp>> {
    sqlx::query_as(
        "select top_up_id, line_id, company_id, user_id, quantity_mb, unit_price_cents,
                total_cents, created_at
           from data_top_up
          where top_up_id = $1 and state = 'asked'",
    )
    .bind(top_up_id.0)
    .fetch_optional(db)
    .await
}

/// Notes the carrier's answer; false when there was one already.
pub(super) async fn answer(
    tx: &mut PgConnection,
    top_up_id: TopUpId,
    state: State,
    refused_because: Option<&str>,
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let answered = sqlx::query(
        "update data_top_up
            set state = $2, refused_because = $3, answered_at = $4
          where top_up_id = $1 and state = 'asked'",
    )
    .bind(top_up_id.0)
    .bind(state)
    .bind(refused_because)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(answered.rows_affected() == 1)
}
