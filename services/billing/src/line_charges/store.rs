//! The table `line_charge`.

use brazil::{LineChargeId, LineId, PlanId};
use chassis::auth::Scope;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgExecutor, Row};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::{Closing, End, LateDays, LineCharge, Payer};
use crate::period::Period;

/// Shared by whoever changes what is charged; alone has it whoever begins a run.
const CLOSING_LOCK: i64 = 0x6269_6c6c_696e_6700;
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

/// What was closed so far. Until the transaction ends, no other run begins.
pub(crate) async fn closing(tx: &mut PgConnection) -> sqlx::Result<Closing> {
    sqlx::query("select pg_advisory_xact_lock_shared($1)")
        .bind(CLOSING_LOCK)
        .execute(&mut *tx)
        .await?;
    let begun: Vec<Date> =
        sqlx::query_scalar("select period from billing_run").fetch_all(tx).await?;
    Ok(Closing::of(begun.into_iter().map(Period::of)))
}

/// Keeps what is charged from changing until the transaction ends, so that a run can begin.
pub(crate) async fn lock_closing(tx: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("select pg_advisory_xact_lock($1)").bind(CLOSING_LOCK).execute(tx).await?;
    Ok(())
}

/// Opens a line's charge period, unless it is charged already, or was after that moment. Tells
/// whether it did.
pub(super) async fn open(
    tx: &mut PgConnection,
    charge: &LineCharge,
    closing: &Closing,
) -> sqlx::Result<bool> {
    let (billed_from, late) = closing.beginning(charge.first_day());
    let opened = sqlx::query(
        "insert into line_charge
             (charge_id, line_id, company_id, user_id, plan_id, started_at, first_day, billed_from)
         select $1, $2, $3, $4, $5, $6, $7, $8
          where not exists (
                select from line_charge
                 where line_id = $2 and (started_at > $6 or ended_at > $6))
         on conflict (line_id) where ended_at is null do nothing",
    )
    .bind(charge.charge_id.0)
    .bind(charge.line_id.0)
    .bind(charge.payer.company_id().map(Uuid::from))
    .bind(charge.payer.user_id().map(Uuid::from))
    .bind(charge.plan_id.0)
    .bind(charge.started_at)
    .bind(charge.first_day())
    .bind(billed_from)
    .execute(&mut *tx)
    .await?
    .rows_affected()
        == 1;
    if opened {
        note_late(tx, charge, &late).await?;
    }
    Ok(opened)
}

/// The charge period of a line that runs, locked.
pub(super) async fn lock_running(
    tx: &mut PgConnection,
    line_id: LineId,
) -> sqlx::Result<Option<LineCharge>> {
    sqlx::query_as(
        "select charge_id, line_id, company_id, user_id, plan_id, started_at, ended_at
           from line_charge
          where line_id = $1 and ended_at is null
            for update",
    )
    .bind(line_id.0)
    .fetch_optional(tx)
    .await
}

/// Ends a charge period.
pub(super) async fn close(
    tx: &mut PgConnection,
    charge: &LineCharge,
    ended_at: OffsetDateTime,
    end: End,
    closing: &Closing,
) -> sqlx::Result<()> {
    let ending = closing.ending(end.last_day(ended_at));
    sqlx::query("update line_charge set ended_at = $2, billed_to = $3 where charge_id = $1")
        .bind(charge.charge_id.0)
        .bind(ended_at)
        .bind(ending.billed_to)
        .execute(&mut *tx)
        .await?;
    note_late(tx, charge, &ending.credits).await
}

/// Leaves days to a later run. Days given back that this run was to charge are simply not charged.
async fn note_late(
    tx: &mut PgConnection,
    charge: &LineCharge,
    late: &[LateDays],
) -> sqlx::Result<()> {
    let Some(company_id) = charge.payer.company_id() else { return Ok(()) };
    for LateDays { period, days, credit } in late {
        sqlx::query(
            "with same as (
                 select first_day from late_charge
                  where $6 and charge_id = $1 and not credit and period = $3 and last_day = $5
             ), dropped as (
                 delete from late_charge
                  where charge_id = $1 and not credit
                    and first_day in (select first_day from same where first_day >= $4)
             ), cut as (
                 update late_charge
                    set last_day = $4 - 1
                  where charge_id = $1 and not credit
                    and first_day in (select first_day from same where first_day < $4)
             )
             insert into late_charge
                 (charge_id, company_id, period, first_day, last_day, credit, line_id, plan_id,
                  charged_from)
             select $1, $2, $3, $4, $5, $6, $7, $8, $9
              where not exists (select from same)",
        )
        .bind(charge.charge_id.0)
        .bind(company_id.0)
        .bind(period.first_day())
        .bind(days.first())
        .bind(days.last())
        .bind(credit)
        .bind(charge.line_id.0)
        .bind(charge.plan_id.0)
        .bind(charge.first_day())
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

/// A line's charge periods within the scope, oldest first.
pub(super) async fn list(
    db: impl PgExecutor<'_>,
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
