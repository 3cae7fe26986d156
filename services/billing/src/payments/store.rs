//! The tables `collection` and `payment_notice`, and where an invoice is.

use brazil::{Cents, CompanyId, InvoiceId};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgExecutor, PgPool, Row};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::{Account, BillingType, CancelCharge, Effect, NewCharge, Payable};

/// An invoice that nobody collects yet.
#[derive(Debug, PartialEq, Eq, FromRow)]
pub(super) struct NewInvoice {
    #[sqlx(try_from = "Uuid")]
    pub(super) invoice_id: InvoiceId,
    #[sqlx(try_from = "Uuid")]
    pub(super) company_id: CompanyId,
    pub(super) due_date: Date,
}

/// An invoice that the provider is to be told of.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub(super) struct Unregistered {
    #[sqlx(try_from = "Uuid")]
    pub(super) invoice_id: InvoiceId,
    #[sqlx(try_from = "Uuid")]
    pub(super) company_id: CompanyId,
    /// Its month: "2026-10".
    pub(super) period: String,
    #[sqlx(try_from = "i64")]
    pub(super) amount: Cents,
    pub(super) due_date: Date,
    pub(super) failures: i32,
}

/// A notice that is taken in.
#[derive(Clone, Debug)]
pub(crate) struct Notice<'a> {
    pub(crate) notice_id: &'a str,
    pub(crate) about: Payable,
    pub(crate) company_id: CompanyId,
    pub(crate) effect: Effect,
    pub(crate) amount: Cents,
    pub(crate) occurred_at: OffsetDateTime,
    pub(crate) received_at: OffsetDateTime,
}

impl FromRow<'_, PgRow> for Account {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let settled: Option<i64> = row.try_get("settled")?;
        Ok(Self {
            amount: Cents::new(row.try_get("amount_cents")?),
            due: row.try_get("due_date")?,
            received: Cents::new(row.try_get("received")?),
            settled: settled.map(Cents::new),
        })
    }
}

impl FromRow<'_, PgRow> for CancelCharge {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let charge = NewCharge {
            key: Payable::Invoice(InvoiceId(row.try_get("invoice_id")?)),
            company_id: CompanyId(row.try_get("company_id")?),
            amount: Cents::new(row.try_get("amount_cents")?),
            billing_type: BillingType::Undefined,
            due: row.try_get("due_date")?,
        };
        Ok(Self::new(charge, row.try_get("charge_id")?))
    }
}

/// Up to `limit` invoices that wait for payment and that nobody collects yet.
pub(super) async fn uncollected(db: &PgPool, limit: i64) -> sqlx::Result<Vec<NewInvoice>> {
    sqlx::query_as(
        "select invoice_id, company_id, due_date
           from invoice
          where status = 'pending' and amount_cents > 0
            and not exists (select from collection where collection.invoice_id = invoice.invoice_id)
          limit $1",
    )
    .bind(limit)
    .fetch_all(db)
    .await
}

/// Begins to collect invoices, each with the moment from which it is overdue.
pub(super) async fn collect(
    db: &PgPool,
    invoices: &[(NewInvoice, OffsetDateTime)],
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    let invoice_ids: Vec<Uuid> = invoices.iter().map(|(new, _)| new.invoice_id.0).collect();
    let company_ids: Vec<Uuid> = invoices.iter().map(|(new, _)| new.company_id.0).collect();
    let overdue: Vec<OffsetDateTime> = invoices.iter().map(|(_, overdue_at)| *overdue_at).collect();
    sqlx::query(
        "insert into collection (invoice_id, company_id, overdue_at, attempt_at)
         select invoice_id, company_id, overdue_at, $4
           from unnest($1::uuid[], $2::uuid[], $3::timestamptz[])
                as n (invoice_id, company_id, overdue_at)
         on conflict (invoice_id) do nothing",
    )
    .bind(invoice_ids)
    .bind(company_ids)
    .bind(overdue)
    .bind(now)
    .execute(db)
    .await?;
    Ok(())
}

/// Takes up to `limit` invoices that the provider is to be told of, for as long as `until`.
pub(super) async fn take_unregistered(
    db: &PgPool,
    now: OffsetDateTime,
    until: OffsetDateTime,
    limit: i64,
) -> sqlx::Result<Vec<Unregistered>> {
    sqlx::query_as(
        "with taken as (
             select invoice_id from collection
              where attempt_at <= $1
              order by attempt_at
              limit $3
                for update skip locked)
         update collection
            set attempt_at = $2
           from taken join invoice using (invoice_id)
          where collection.invoice_id = taken.invoice_id
         returning collection.invoice_id, collection.company_id,
                   to_char(period, 'YYYY-MM') as period, amount_cents as amount, due_date,
                   failures",
    )
    .bind(now)
    .bind(until)
    .bind(limit)
    .fetch_all(db)
    .await
}

/// Notes that the provider has invoices, and by which names. Returns those that were not noted
/// before.
pub(super) async fn registered(
    tx: &mut PgConnection,
    charges: &[(InvoiceId, String)],
) -> sqlx::Result<Vec<Uuid>> {
    let (invoice_ids, charge_ids): (Vec<Uuid>, Vec<&str>) =
        charges.iter().map(|(id, charge_id)| (id.0, charge_id.as_str())).unzip();
    sqlx::query_scalar(
        "update collection
            set charge_id = c.charge_id, attempt_at = null
           from unnest($1::uuid[], $2::text[]) as c (invoice_id, charge_id)
          where collection.invoice_id = c.invoice_id and collection.charge_id is null
         returning collection.invoice_id",
    )
    .bind(invoice_ids)
    .bind(charge_ids)
    .fetch_all(tx)
    .await
}

/// Notes when the provider is to be told of an invoice again.
pub(super) async fn try_again(
    db: &PgPool,
    invoice_id: InvoiceId,
    at: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "update collection
            set attempt_at = $2, failures = failures + 1
          where invoice_id = $1 and attempt_at is not null",
    )
    .bind(invoice_id.0)
    .bind(at)
    .execute(db)
    .await?;
    Ok(())
}

/// Locks an invoice until the transaction ends; tells whose it is.
pub(super) async fn lock_invoice(
    tx: &mut PgConnection,
    invoice_id: InvoiceId,
) -> sqlx::Result<Option<CompanyId>> {
    let company_id: Option<Uuid> =
        sqlx::query_scalar("select company_id from invoice where invoice_id = $1 for update")
            .bind(invoice_id.0)
            .fetch_optional(tx)
            .await?;
    Ok(company_id.map(CompanyId))
}

/// An invoice with what came in for it.
pub(super) async fn account(
    db: impl PgExecutor<'_>,
    invoice_id: InvoiceId,
) -> sqlx::Result<Option<Account>> {
    sqlx::query_as(
        "select amount_cents, due_date, coalesce(received_cents, 0) as received,
                case when status in ('paid', 'refunded') then coalesce(paid_cents, 0) end as settled
           from invoice
           left join payment_sum using (invoice_id)
          where invoice_id = $1",
    )
    .bind(invoice_id.0)
    .fetch_optional(db)
    .await
}

/// Whether a notice was taken in before.
pub(crate) async fn is_known(tx: &mut PgConnection, notice_id: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar("select exists (select from payment_notice where notice_id = $1)")
        .bind(notice_id)
        .fetch_one(tx)
        .await
}

/// Takes a notice in; false when it was before, by somebody at the same moment.
pub(crate) async fn insert_notice(
    tx: &mut PgConnection,
    notice: &Notice<'_>,
) -> sqlx::Result<bool> {
    let (invoice_id, charge_id) = match notice.about {
        Payable::Invoice(invoice_id) => (Some(invoice_id.0), None),
        Payable::Charge(charge_id) => (None, Some(charge_id.0)),
    };
    let inserted = sqlx::query(
        "insert into payment_notice
             (notice_id, invoice_id, charge_id, company_id, effect, amount_cents, occurred_at,
              received_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (notice_id) do nothing",
    )
    .bind(notice.notice_id)
    .bind(invoice_id)
    .bind(charge_id)
    .bind(notice.company_id.0)
    .bind(notice.effect.name())
    .bind(notice.amount.get())
    .bind(notice.occurred_at)
    .bind(notice.received_at)
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Notes that an invoice is paid: nobody is to collect it any more. Returns what is left to cancel
/// at the provider; none when it was never to be handed over.
pub(super) async fn pay(
    tx: &mut PgConnection,
    invoice_id: InvoiceId,
    paid_at: OffsetDateTime,
) -> sqlx::Result<Option<CancelCharge>> {
    sqlx::query("update invoice set status = 'paid', paid_at = $2 where invoice_id = $1")
        .bind(invoice_id.0)
        .bind(paid_at)
        .execute(&mut *tx)
        .await?;
    sqlx::query_as(
        "update collection
            set attempt_at = null
           from invoice
          where collection.invoice_id = $1 and invoice.invoice_id = $1
         returning collection.invoice_id, invoice.company_id, amount_cents, due_date, charge_id",
    )
    .bind(invoice_id.0)
    .fetch_optional(tx)
    .await
}

/// Notes that an invoice is paid back.
pub(super) async fn refund(tx: &mut PgConnection, invoice_id: InvoiceId) -> sqlx::Result<()> {
    sqlx::query("update invoice set status = 'refunded' where invoice_id = $1")
        .bind(invoice_id.0)
        .execute(tx)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
