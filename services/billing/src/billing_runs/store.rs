//! The tables `billing_run` and `billing_run_company`.

mod issue;

use brazil::CompanyId;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgExecutor, PgPool, Row};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::BillingRun;
use super::job::Issued;
use crate::period::Period;

pub(super) use issue::issue;

/// The most lines that one transaction makes items of, unless a single company has more.
const BATCH_LINES_MAX: i64 = 50_000;
/// The most companies that one transaction makes invoices for, or tells of.
const BATCH_COMPANIES_MAX: i64 = 200;

impl FromRow<'_, PgRow> for BillingRun {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            period: Period::of(row.try_get("period")?),
            started_at: row.try_get("started_at")?,
            finished_at: row.try_get("finished_at")?,
            companies_done: row.try_get("companies_done")?,
            companies_failed: row.try_get("companies_failed")?,
            companies_total: row.try_get("companies_total")?,
            lines_done: row.try_get("lines_done")?,
            lines_total: row.try_get("lines_total")?,
            invoices: row.try_get("invoices")?,
        })
    }
}

/// Begins the run of a month, unless it has begun. The transaction has the closing to itself.
pub(super) async fn begin(
    tx: &mut PgConnection,
    period: Period,
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let begun = sqlx::query(
        "insert into billing_run (period, state, started_at)
         values ($1, 'running', $2)
         on conflict (period) do nothing",
    )
    .bind(period.first_day())
    .bind(now)
    .execute(tx)
    .await?;
    Ok(begun.rows_affected() == 1)
}

/// The run of a month, and how far it is.
pub(super) async fn find(
    db: impl PgExecutor<'_>,
    period: Period,
) -> sqlx::Result<Option<BillingRun>> {
    sqlx::query_as(
        "select run.period, run.started_at, run.finished_at,
                count(*) filter (where company.done) as companies_done,
                count(*) filter (where company.failed_at is not null and not company.done)
                    as companies_failed,
                count(company.company_id) as companies_total,
                coalesce(sum(company.lines) filter (where company.done), 0)::int8 as lines_done,
                coalesce(sum(company.lines), 0)::int8 as lines_total,
                count(company.invoice_id) as invoices
           from billing_run as run
           left join billing_run_company as company using (period)
          where run.period = $1
          group by run.period",
    )
    .bind(period.first_day())
    .fetch_optional(db)
    .await
}

/// The first month that may have to be closed yet: the one after the last that was, or the first
/// in which something was charged.
pub(super) async fn first_open(db: &PgPool) -> sqlx::Result<Option<Period>> {
    let day: Option<Date> = sqlx::query_scalar(
        "select coalesce(
                (select (max(period) + interval '1 month')::date from billing_run),
                least((select min(billed_from) from line_charge),
                      (select min(period) from data_charge)))",
    )
    .fetch_one(db)
    .await?;
    Ok(day.map(Period::of))
}

/// Finds out whose invoices a run is to make, once. Credits of companies that have nothing to pay
/// move on to `credit_period`.
pub(super) async fn prepare(
    tx: &mut PgConnection,
    period: Period,
    credit_period: Period,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    let first = sqlx::query(
        "update billing_run set prepared_at = $2 where period = $1 and prepared_at is null",
    )
    .bind(period.first_day())
    .bind(now)
    .execute(&mut *tx)
    .await?;
    if first.rows_affected() == 0 {
        return Ok(());
    }
    // Too small a table for anybody else to look at.
    sqlx::query("analyze plan").execute(&mut *tx).await?;
    sqlx::query(
        "insert into billing_run_company (period, company_id, lines)
         select $1, company_id, count(distinct line_id)
           from (
                select company_id, line_id
                  from line_charge
                 where company_id is not null
                   and billed_from <= $2
                   and coalesce(billed_to, $2) >= greatest(billed_from, $1)
                union all
                select company_id, line_id from late_charge where period = $1
                union all
                select company_id, line_id
                  from data_charge
                 where period = $1 and company_id is not null
           ) as charged
          group by company_id",
    )
    .bind(period.first_day())
    .bind(period.last_day())
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "with left_over as (
             delete from company_credit as credit
              where period = $1
                and not exists (
                    select from billing_run_company as company
                     where company.period = $1 and company.company_id = credit.company_id)
             returning company_id, amount_cents
         )
         insert into company_credit as credit (company_id, period, amount_cents)
         select company_id, $2, amount_cents from left_over
         on conflict (company_id, period) do update
            set amount_cents = credit.amount_cents + excluded.amount_cents",
    )
    .bind(period.first_day())
    .bind(credit_period.first_day())
    .execute(tx)
    .await?;
    Ok(())
}

/// Takes some companies of a run that nobody is at, in the order of their ids; none when none is
/// left behind `after`.
pub(super) async fn claim(
    tx: &mut PgConnection,
    period: Period,
    after: Option<CompanyId>,
) -> sqlx::Result<Vec<CompanyId>> {
    let free: Vec<(Uuid, i64)> = sqlx::query_as(
        "select company_id, lines
           from billing_run_company
          where period = $1 and not done and company_id > $2
          order by company_id
          limit $3
            for update skip locked",
    )
    .bind(period.first_day())
    .bind(after.map_or(Uuid::nil(), |company_id| company_id.0))
    .bind(BATCH_COMPANIES_MAX)
    .fetch_all(tx)
    .await?;
    let mut lines = 0;
    let taken = free.into_iter().enumerate().take_while(|(index, (_, more))| {
        lines += more;
        *index == 0 || lines <= BATCH_LINES_MAX
    });
    Ok(taken.map(|(_, (company_id, _))| CompanyId(company_id)).collect())
}

/// Notes that the invoice of a company that was claimed cannot be made, and why.
pub(super) async fn set_aside(
    tx: &mut PgConnection,
    period: Period,
    company_id: CompanyId,
    failure: &str,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "update billing_run_company
            set failed_at = $3, failure = $4
          where period = $1 and company_id = $2",
    )
    .bind(period.first_day())
    .bind(company_id.0)
    .bind(now)
    .bind(failure)
    .execute(tx)
    .await?;
    Ok(())
}

/// Takes some invoices of a run that nobody was told of yet; none when none is left.
pub(super) async fn announce(tx: &mut PgConnection, period: Period) -> sqlx::Result<Vec<Issued>> {
    sqlx::query_as(
        "with taken as (
             select company_id
               from billing_run_company
              where period = $1 and invoice_id is not null and not announced
              order by company_id
              limit $2
                for update skip locked
         ), announced as (
             update billing_run_company as run
                set announced = true
               from taken
              where run.period = $1 and run.company_id = taken.company_id
             returning run.invoice_id
         )
         select invoice_id, company_id, amount_cents as amount, due_date, created_at as issued_at
           from announced join invoice using (invoice_id)",
    )
    .bind(period.first_day())
    .bind(BATCH_COMPANIES_MAX)
    .fetch_all(tx)
    .await
}

/// Notes that every invoice of a run stands, if so.
pub(super) async fn finish(
    tx: &mut PgConnection,
    period: Period,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "update billing_run
            set state = 'done', finished_at = $2
          where period = $1
            and state = 'running'
            and not exists (
                select from billing_run_company as company
                 where company.period = $1 and not company.done)",
    )
    .bind(period.first_day())
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

#[cfg(test)]
pub(super) mod tests;
