//! The table `standing`, and which invoices are overdue.

use brazil::{Cents, CompanyId, InvoiceId};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgPool, Row};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::{Standing, State};

/// An invoice that is overdue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromRow)]
pub(super) struct Overdue {
    #[sqlx(try_from = "Uuid")]
    pub(super) invoice_id: InvoiceId,
    #[sqlx(try_from = "i64")]
    pub(super) amount: Cents,
    pub(super) due_date: Date,
}

impl FromRow<'_, PgRow> for Standing {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            company_id: CompanyId(row.try_get("company_id")?),
            state: state(row.try_get("state")?)?,
            noticed_at: row.try_get("noticed_at")?,
            suspended_at: row.try_get("suspended_at")?,
            terminated_at: row.try_get("terminated_at")?,
        })
    }
}

fn state(name: &str) -> sqlx::Result<State> {
    [State::Good, State::Noticed, State::Suspended, State::Terminated]
        .into_iter()
        .find(|state| state_name(*state) == name)
        .ok_or_else(|| sqlx::Error::Decode("no such state of a company".into()))
}

fn state_name(state: State) -> &'static str {
    match state {
        State::Good => "good",
        State::Noticed => "noticed",
        State::Suspended => "suspended",
        State::Terminated => "terminated",
    }
}

/// Notes up to `limit` invoices that fell overdue, and has their companies looked at. Returns how
/// many there were.
pub(super) async fn note_overdue(
    db: &PgPool,
    now: OffsetDateTime,
    today: Date,
    limit: i64,
) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "with late as (
             select invoice.invoice_id
               from invoice join collection using (invoice_id)
              where status = 'pending' and due_date < $2 and overdue_at <= $1
              order by due_date, invoice.invoice_id
              limit $3
                for update of invoice skip locked),
         noted as (
             update invoice set status = 'overdue'
               from late
              where invoice.invoice_id = late.invoice_id
             returning company_id),
         looked_at as (
             insert into standing (company_id, state, review_at)
             select distinct company_id, 'good', $1 from noted order by company_id
             on conflict (company_id) do update set review_at = $1
              where standing.state = 'good')
         select count(*) from noted",
    )
    .bind(now)
    .bind(today)
    .bind(limit)
    .fetch_one(db)
    .await
}

/// Up to `limit` companies that are to be looked at now.
pub(super) async fn to_review(
    db: &PgPool,
    now: OffsetDateTime,
    limit: i64,
) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar(
        "select company_id from standing where review_at <= $1 order by review_at limit $2",
    )
    .bind(now)
    .bind(limit)
    .fetch_all(db)
    .await
}

/// Locks a company that is to be looked at now; none when it is not any more, or somebody else
/// looks at it.
pub(super) async fn take_to_review(
    tx: &mut PgConnection,
    company_id: Uuid,
    now: OffsetDateTime,
) -> sqlx::Result<Option<Standing>> {
    sqlx::query_as(
        "select company_id, state, noticed_at, suspended_at, terminated_at
           from standing
          where company_id = $1 and review_at <= $2
            for update skip locked",
    )
    .bind(company_id)
    .bind(now)
    .fetch_optional(tx)
    .await
}

/// Locks how a company stands, be it for the first time.
pub(super) async fn lock(tx: &mut PgConnection, company_id: CompanyId) -> sqlx::Result<Standing> {
    sqlx::query(
        "insert into standing (company_id, state) values ($1, 'good')
         on conflict (company_id) do nothing",
    )
    .bind(company_id.0)
    .execute(&mut *tx)
    .await?;
    sqlx::query_as(
        "select company_id, state, noticed_at, suspended_at, terminated_at
           from standing
          where company_id = $1
            for update",
    )
    .bind(company_id.0)
    .fetch_one(tx)
    .await
}

/// How a company stands, if that was ever in question.
pub(super) async fn find(db: &PgPool, company_id: CompanyId) -> sqlx::Result<Option<Standing>> {
    sqlx::query_as(
        "select company_id, state, noticed_at, suspended_at, terminated_at
           from standing
          where company_id = $1",
    )
    .bind(company_id.0)
    .fetch_optional(db)
    .await
}

/// The oldest invoice of a company that is overdue.
pub(super) async fn oldest_overdue(
    tx: &mut PgConnection,
    company_id: CompanyId,
    now: OffsetDateTime,
) -> sqlx::Result<Option<Overdue>> {
    sqlx::query_as(
        "select invoice.invoice_id, amount_cents as amount, due_date
           from invoice join collection using (invoice_id)
          where invoice.company_id = $1 and status in ('pending', 'overdue') and overdue_at <= $2
          order by due_date, invoice.invoice_id
          limit 1",
    )
    .bind(company_id.0)
    .bind(now)
    .fetch_optional(tx)
    .await
}

/// Notes how a company stands, and when to look at it again.
pub(super) async fn save(
    tx: &mut PgConnection,
    standing: &Standing,
    review_at: Option<OffsetDateTime>,
) -> sqlx::Result<()> {
    sqlx::query(
        "update standing
            set state = $2, noticed_at = $3, suspended_at = $4, terminated_at = $5, review_at = $6
          where company_id = $1",
    )
    .bind(standing.company_id.0)
    .bind(state_name(standing.state))
    .bind(standing.noticed_at)
    .bind(standing.suspended_at)
    .bind(standing.terminated_at)
    .bind(review_at)
    .execute(tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
