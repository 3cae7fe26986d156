//! The table `line_charge`.

use brazil::{LineChargeId, LineId, PlanId};
use chassis::auth::Scope;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgPool, Row};
use uuid::Uuid;

use super::{LineCharge, Payer};

/// The most periods that are read of a line.
const CHARGES_MAX: i64 = 200;

impl FromRow<'_, PgRow> for LineCharge {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let company_id: Option<Uuid> = row.try_get("company_id")?;
        let user_id: Option<Uuid> = row.try_get("user_id")?;
        Ok(Self {
            charge_id: LineChargeId(row.try_get("charge_id")?),
            line_id: LineId(row.try_get("line_id")?),
            payer: Payer::of(company_id.map(Into::into), user_id.map(Into::into))
                .ok_or_else(|| sqlx::Error::Decode("a charge that nobody pays".into()))?,
            plan_id: PlanId(row.try_get("plan_id")?),
            started_at: row.try_get("started_at")?,
            ended_at: row.try_get("ended_at")?,
        })
    }
}

/// Opens a line's charge period, unless one is open already.
pub(super) async fn open(tx: &mut PgConnection, charge: &LineCharge) -> sqlx::Result<()> {
    sqlx::query(
        "insert into line_charge
             (charge_id, line_id, company_id, user_id, plan_id, started_at, ended_at, first_day,
              billed_from)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8)
         on conflict (line_id) where ended_at is null do nothing",
    )
    .bind(charge.charge_id.0)
    .bind(charge.line_id.0)
    .bind(charge.payer.company_id().map(Uuid::from))
    .bind(charge.payer.user_id().map(Uuid::from))
    .bind(charge.plan_id.0)
    .bind(charge.started_at)
    .bind(charge.ended_at)
    .bind(brazil::local_date(charge.started_at))
    .execute(tx)
    .await?;
    Ok(())
}

/// A line's charge periods within the scope, oldest first.
pub(super) async fn list(
    db: &PgPool,
    line_id: LineId,
    scope: &Scope,
) -> sqlx::Result<Vec<LineCharge>> {
    sqlx::query_as(
        "select charge_id, line_id, company_id, user_id, plan_id, started_at, ended_at
           from line_charge
          where line_id = $1 and ($2 or company_id = any($3) or user_id = $4)
          order by started_at, charge_id
          limit $5",
    )
    .bind(line_id.0)
    .bind(scope.everything)
    .bind(&scope.company_ids)
    .bind(scope.user_id)
    .bind(CHARGES_MAX)
    .fetch_all(db)
    .await
}

#[cfg(test)]
mod tests;
