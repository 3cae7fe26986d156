//! The table `credit_charge`, and what came in for it.

use brazil::{Cents, CompanyId};
use chassis::page::{Page, counted};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgExecutor, PgPool, Row};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::{Account, CreditCharge, overdue_at};
use crate::payments::{BillingType, CancelCharge, CreditChargeId, NewCharge, Payable};

/// A charge that the provider is to be told of.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub(super) struct Unregistered {
    #[sqlx(try_from = "Uuid")]
    pub(super) charge_id: CreditChargeId,
    #[sqlx(try_from = "Uuid")]
    pub(super) company_id: CompanyId,
    #[sqlx(try_from = "i64")]
    pub(super) value: Cents,
    pub(super) billing_type: BillingType,
    pub(super) due_date: Date,
    pub(super) failures: i32,
}

impl FromRow<'_, PgRow> for CreditCharge {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            charge_id: CreditChargeId(row.try_get("charge_id")?),
            company_id: CompanyId(row.try_get("company_id")?),
            status: row.try_get("status")?,
            value: Cents::new(row.try_get("value_cents")?),
            billing_type: row.try_get("billing_type")?,
            due_date: row.try_get("due_date")?,
            description: row.try_get("description")?,
            pix_code: row.try_get("pix_code")?,
            created_at: row.try_get("created_at")?,
            paid_at: row.try_get("paid_at")?,
        })
    }
}

impl FromRow<'_, PgRow> for Account {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let settled: Option<i64> = row.try_get("settled")?;
        Ok(Self {
            value: Cents::new(row.try_get("value_cents")?),
            received: Cents::new(row.try_get("received")?),
            settled: settled.map(Cents::new),
            credited: Cents::new(row.try_get("credited_cents")?),
        })
    }
}

/// Adds a charge; the provider is to be told of it.
pub(super) async fn insert(tx: &mut PgConnection, charge: &CreditCharge) -> sqlx::Result<()> {
    sqlx::query(
        "insert into credit_charge
             (charge_id, company_id, status, value_cents, billing_type, due_date, overdue_at,
              description, pix_code, created_at, paid_at, credited_cents, attempt_at, failures)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $10, 0)",
    )
    .bind(charge.charge_id.0)
    .bind(charge.company_id.0)
    .bind(charge.status)
    .bind(charge.value.get())
    .bind(charge.billing_type)
    .bind(charge.due_date)
    .bind(overdue_at(charge.due_date))
    .bind(&charge.description)
    .bind(&charge.pix_code)
    .bind(charge.created_at)
    .bind(charge.paid_at)
    .execute(tx)
    .await?;
    Ok(())
}

/// Reads a charge of a company.
pub(super) async fn find(
    db: impl PgExecutor<'_>,
    company_id: CompanyId,
    charge_id: CreditChargeId,
) -> sqlx::Result<Option<CreditCharge>> {
    sqlx::query_as(
        "select charge_id, company_id, status, value_cents, billing_type, due_date, description,
                pix_code, created_at, paid_at
           from credit_charge
          where charge_id = $1 and company_id = $2",
    )
    .bind(charge_id.0)
    .bind(company_id.0)
    .fetch_optional(db)
    .await
}

/// A page of a company's charges, newest first, and how many there are in all.
pub(super) async fn list(
    db: impl PgExecutor<'_>,
    company_id: CompanyId,
    page: &Page<Uuid>,
) -> sqlx::Result<(Vec<CreditCharge>, i64)> {
    let rows = sqlx::query(
        "select page.*, whole.total
           from (select count(*) as total from credit_charge where company_id = $1) as whole
           left join (
                    select charge_id, company_id, status, value_cents, billing_type, due_date,
                           description, pix_code, created_at, paid_at
                      from credit_charge
                     where company_id = $1 and ($2::uuid is null or charge_id < $2)
                     order by charge_id desc
                    offset $3
                     limit $4
                ) as page on true
          order by page.charge_id desc",
    )
    .bind(company_id.0)
    .bind(page.after)
    .bind(page.skip)
    .bind(page.limit())
    .fetch_all(db)
    .await?;
    counted(&rows, "charge_id")
}

/// Locks a charge until the transaction ends; tells whose it is.
pub(super) async fn lock(
    tx: &mut PgConnection,
    charge_id: CreditChargeId,
) -> sqlx::Result<Option<CompanyId>> {
    let company_id: Option<Uuid> = sqlx::query_scalar(
        "select company_id from credit_charge where charge_id = $1 for no key update",
    )
    .bind(charge_id.0)
    .fetch_optional(tx)
    .await?;
    Ok(company_id.map(CompanyId))
}

/// A locked charge with what came in for it.
pub(super) async fn account(
    tx: &mut PgConnection,
    charge_id: CreditChargeId,
) -> sqlx::Result<Account> {
    sqlx::query_as(
        "select value_cents, credited_cents, coalesce(received_cents, 0) as received,
                case when paid_at is not null then coalesce(paid_cents, 0) end as settled
           from credit_charge
           left join payment_sum using (charge_id)
          where charge_id = $1",
    )
    .bind(charge_id.0)
    .fetch_one(tx)
    .await
}

/// Notes that a charge is paid, and that the wallet has its value: nobody is to collect it any
/// more. Returns what is left to cancel at the provider.
pub(super) async fn pay(
    tx: &mut PgConnection,
    charge_id: CreditChargeId,
    paid_at: OffsetDateTime,
) -> sqlx::Result<CancelCharge> {
    let row = sqlx::query(
        "update credit_charge
            set status = 'received', paid_at = $2, credited_cents = value_cents, attempt_at = null
          where charge_id = $1
         returning company_id, value_cents, billing_type, due_date, provider_id",
    )
    .bind(charge_id.0)
    .bind(paid_at)
    .fetch_one(tx)
    .await?;
    let charge = NewCharge {
        key: Payable::Charge(charge_id),
        company_id: CompanyId(row.try_get("company_id")?),
        amount: Cents::new(row.try_get("value_cents")?),
        billing_type: row.try_get("billing_type")?,
        due: row.try_get("due_date")?,
    };
    Ok(CancelCharge::new(charge, row.try_get("provider_id")?))
}

/// Notes what of a charge's value is no longer the wallet's, and whether all was paid back.
pub(super) async fn pay_back(
    tx: &mut PgConnection,
    charge_id: CreditChargeId,
    taken: Cents,
    all: bool,
) -> sqlx::Result<()> {
    sqlx::query(
        "update credit_charge
            set credited_cents = credited_cents - $2,
                status = case when $3 then 'refunded' else status end
          where charge_id = $1",
    )
    .bind(charge_id.0)
    .bind(taken.get())
    .bind(all)
    .execute(tx)
    .await?;
    Ok(())
}

/// Marks up to `limit` charges whose day has passed; tells how many.
pub(super) async fn note_overdue(
    db: &PgPool,
    now: OffsetDateTime,
    limit: i64,
) -> sqlx::Result<i64> {
    let noted = sqlx::query(
        "update credit_charge
            set status = 'overdue'
          where charge_id in (
                select charge_id
                  from credit_charge
                 where status = 'pending' and overdue_at <= $1
                 order by overdue_at
                 limit $2
                   for no key update skip locked)",
    )
    .bind(now)
    .bind(limit)
    .execute(db)
    .await?;
    Ok(i64::try_from(noted.rows_affected()).unwrap_or(limit))
}

/// Takes up to `limit` charges that the provider is to be told of, for as long as `until`.
pub(super) async fn take_unregistered(
    db: &PgPool,
    now: OffsetDateTime,
    until: OffsetDateTime,
    limit: i64,
) -> sqlx::Result<Vec<Unregistered>> {
    sqlx::query_as(
        "with taken as (
             select charge_id
               from credit_charge
              where attempt_at <= $1
              order by attempt_at
              limit $3
                for no key update skip locked)
         update credit_charge
            set attempt_at = $2
           from taken
          where credit_charge.charge_id = taken.charge_id
         returning credit_charge.charge_id, company_id, value_cents as value, billing_type,
                   due_date, failures",
    )
    .bind(now)
    .bind(until)
    .bind(limit)
    .fetch_all(db)
    .await
}

/// Notes what the provider calls a charge.
pub(super) async fn registered(
    db: &PgPool,
    charge_id: CreditChargeId,
    provider_id: &str,
) -> sqlx::Result<()> {
    sqlx::query(
        "update credit_charge
            set provider_id = $2, attempt_at = null
          where charge_id = $1 and provider_id is null",
    )
    .bind(charge_id.0)
    .bind(provider_id)
    .execute(db)
    .await?;
    Ok(())
}

/// Notes when the provider is to be told of a charge again.
pub(super) async fn try_again(
    db: &PgPool,
    charge_id: CreditChargeId,
    at: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "update credit_charge
            set attempt_at = $2, failures = failures + 1
          where charge_id = $1 and attempt_at is not null",
    )
    .bind(charge_id.0)
    .bind(at)
    .execute(db)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
