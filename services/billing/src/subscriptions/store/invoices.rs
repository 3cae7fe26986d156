//! The tables `subscription_invoice` and `subscription_payment`.

use brazil::{Cents, CompanyId, InvoiceId};
use chassis::page::{Page, counted};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgExecutor, PgPool, Row};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::super::{Invoice, InvoiceStatus, SubscriptionId};
use crate::payments::{BillingType, CancelCharge, NewCharge, Payable};

impl FromRow<'_, PgRow> for Invoice {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            invoice_id: InvoiceId(row.try_get("invoice_id")?),
            number: row.try_get("number")?,
            subscription_id: SubscriptionId(row.try_get("subscription_id")?),
            company_id: CompanyId(row.try_get("company_id")?),
            organization_id: row.try_get("organization_id")?,
            status: row.try_get("status")?,
            amount: Cents::new(row.try_get("amount_cents")?),
            issued_on: row.try_get("issued_on")?,
            sold_on: row.try_get("sold_on")?,
            due_on: row.try_get("due_on")?,
            paid_at: row.try_get("paid_at")?,
        })
    }
}

/// An invoice to be issued.
#[derive(Clone, Debug)]
pub(crate) struct NewInvoice {
    pub(crate) invoice_id: InvoiceId,
    pub(crate) subscription_id: SubscriptionId,
    pub(crate) company_id: CompanyId,
    pub(crate) organization_id: String,
    pub(crate) amount: Cents,
    pub(crate) issued_on: Date,
    pub(crate) sold_on: Date,
    pub(crate) due_on: Date,
    pub(crate) overdue_at: OffsetDateTime,
    pub(crate) created_at: OffsetDateTime,
    /// How it is collected; None when it waits to be paid.
    pub(crate) billing_type: Option<BillingType>,
}

/// An invoice that the provider is to be told of.
#[derive(Clone, Debug)]
pub(crate) struct Unregistered {
    pub(crate) invoice_id: InvoiceId,
    pub(crate) subscription_id: SubscriptionId,
    pub(crate) company_id: CompanyId,
    pub(crate) amount: Cents,
    pub(crate) billing_type: BillingType,
    pub(crate) due_on: Date,
    pub(crate) failures: i32,
}

impl FromRow<'_, PgRow> for Unregistered {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            invoice_id: InvoiceId(row.try_get("invoice_id")?),
            subscription_id: SubscriptionId(row.try_get("subscription_id")?),
            company_id: CompanyId(row.try_get("company_id")?),
            amount: Cents::new(row.try_get("amount_cents")?),
            billing_type: row.try_get("billing_type")?,
            due_on: row.try_get("due_on")?,
            failures: row.try_get("failures")?,
        })
    }
}

/// Issues an invoice. One of nothing is paid at once; one that is to be collected goes to the
/// provider as soon as may be.
pub(crate) async fn issue(tx: &mut PgConnection, new: &NewInvoice) -> sqlx::Result<Invoice> {
    let is_paid = new.amount == Cents::ZERO;
    let paid_at = is_paid.then_some(new.created_at);
    let attempt_at = (!is_paid && new.billing_type.is_some()).then_some(new.created_at);
    let status = if is_paid { InvoiceStatus::Paid } else { InvoiceStatus::Open };
    sqlx::query_as(
        "insert into subscription_invoice
             (invoice_id, subscription_id, company_id, organization_id, status, amount_cents,
              issued_on, sold_on, due_on, overdue_at, created_at, paid_at, billing_type, attempt_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         returning *",
    )
    .bind(new.invoice_id.0)
    .bind(new.subscription_id.0)
    .bind(new.company_id.0)
    .bind(&new.organization_id)
    .bind(status)
    .bind(new.amount.get())
    .bind(new.issued_on)
    .bind(new.sold_on)
    .bind(new.due_on)
    .bind(new.overdue_at)
    .bind(new.created_at)
    .bind(paid_at)
    .bind(new.billing_type)
    .bind(attempt_at)
    .fetch_one(tx)
    .await
}

/// A page of the invoices of a subscription, newest first, and how many there are in all.
pub(crate) async fn list(
    db: impl PgExecutor<'_>,
    subscription_id: SubscriptionId,
    page: &Page<Uuid>,
) -> sqlx::Result<(Vec<Invoice>, i64)> {
    let rows = sqlx::query(
        "select page.*, whole.total
           from (select count(*) as total
                   from subscription_invoice where subscription_id = $1) as whole
           left join (
                    select * from subscription_invoice
                     where subscription_id = $1
                     order by invoice_id desc
                    offset $2
                     limit $3
                ) as page on true
          order by page.invoice_id desc",
    )
    .bind(subscription_id.0)
    .bind(page.skip)
    .bind(page.size)
    .fetch_all(db)
    .await?;
    counted(&rows, "invoice_id")
}

/// Reads an invoice of a subscription.
pub(crate) async fn find(
    db: &PgPool,
    subscription_id: SubscriptionId,
    invoice_id: InvoiceId,
) -> sqlx::Result<Option<Invoice>> {
    sqlx::query_as(
        "select * from subscription_invoice where subscription_id = $1 and invoice_id = $2",
    )
    .bind(subscription_id.0)
    .bind(invoice_id.0)
    .fetch_optional(db)
    .await
}

/// Whose invoice this is.
pub(crate) async fn owner(
    tx: &mut PgConnection,
    invoice_id: InvoiceId,
) -> sqlx::Result<Option<SubscriptionId>> {
    let found: Option<Uuid> = sqlx::query_scalar(
        "select subscription_id from subscription_invoice where invoice_id = $1",
    )
    .bind(invoice_id.0)
    .fetch_optional(tx)
    .await?;
    Ok(found.map(SubscriptionId))
}

/// Reads an invoice, whose subscription is locked, with what came in for it, less what was paid
/// back.
pub(crate) async fn lock(
    tx: &mut PgConnection,
    invoice_id: InvoiceId,
) -> sqlx::Result<(Invoice, Cents)> {
    let invoice =
        sqlx::query_as("select * from subscription_invoice where invoice_id = $1 for update")
            .bind(invoice_id.0)
            .fetch_one(&mut *tx)
            .await?;
    let received: i64 = sqlx::query_scalar(
        "select coalesce(sum(case when effect in ('paid', 'part', 'surplus') then amount_cents
                                  when effect = 'refunded' then -amount_cents end), 0)::bigint
           from subscription_payment
          where invoice_id = $1",
    )
    .bind(invoice_id.0)
    .fetch_one(tx)
    .await?;
    Ok((invoice, Cents::new(received)))
}

/// Takes a notice of the provider in; false when it was before.
pub(crate) async fn insert_notice(
    tx: &mut PgConnection,
    notice_id: &str,
    invoice: &Invoice,
    effect: &str,
    amount: Cents,
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let inserted = sqlx::query(
        "insert into subscription_payment
             (notice_id, invoice_id, company_id, effect, amount_cents, received_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (notice_id) do nothing",
    )
    .bind(notice_id)
    .bind(invoice.invoice_id.0)
    .bind(invoice.company_id.0)
    .bind(effect)
    .bind(amount.get())
    .bind(now)
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Notes that an invoice is paid: nobody is to collect it any more. Returns what is left to cancel
/// at the provider; none when it was never to be handed over.
pub(crate) async fn pay(
    tx: &mut PgConnection,
    invoice: &Invoice,
    paid_at: OffsetDateTime,
) -> sqlx::Result<Option<CancelCharge>> {
    let (billing_type, provider_id): (Option<BillingType>, Option<String>) = sqlx::query_as(
        "update subscription_invoice
            set status = 'paid', paid_at = $2, attempt_at = null
          where invoice_id = $1
         returning billing_type, provider_id",
    )
    .bind(invoice.invoice_id.0)
    .bind(paid_at)
    .fetch_one(tx)
    .await?;
    let charge = billing_type.map(|billing_type| NewCharge {
        key: Payable::Invoice(invoice.invoice_id),
        company_id: invoice.company_id,
        amount: invoice.amount,
        billing_type,
        due: invoice.due_on,
    });
    Ok(charge.map(|charge| CancelCharge::new(charge, provider_id)))
}

/// Notes that all that was paid for an invoice is paid back.
pub(crate) async fn refund(tx: &mut PgConnection, invoice_id: InvoiceId) -> sqlx::Result<()> {
    sqlx::query("update subscription_invoice set status = 'void' where invoice_id = $1")
        .bind(invoice_id.0)
        .execute(tx)
        .await?;
    Ok(())
}

/// Whether an invoice of a subscription is overdue.
pub(crate) async fn has_overdue(
    tx: &mut PgConnection,
    subscription_id: SubscriptionId,
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "select exists (
             select from subscription_invoice
              where subscription_id = $1 and status = 'open' and overdue_at <= $2)",
    )
    .bind(subscription_id.0)
    .bind(now)
    .fetch_one(tx)
    .await
}

/// Notes which subscriptions have an overdue invoice; tells how many had none before.
pub(crate) async fn note_overdue(db: &PgPool, now: OffsetDateTime) -> sqlx::Result<u64> {
    let noted = sqlx::query(
        "update subscription
            set status = 'past_due', updated_at = $1
          where status in ('awaiting', 'active')
            and subscription_id in (
                    select subscription_id from subscription_invoice
                     where status = 'open' and overdue_at <= $1)",
    )
    .bind(now)
    .execute(db)
    .await?;
    Ok(noted.rows_affected())
}

/// Takes up to `limit` invoices that the provider is to be told of, for as long as `until`.
pub(crate) async fn take_unregistered(
    db: &PgPool,
    now: OffsetDateTime,
    until: OffsetDateTime,
    limit: i64,
) -> sqlx::Result<Vec<Unregistered>> {
    sqlx::query_as(
        "with taken as (
             select invoice_id from subscription_invoice
              where attempt_at <= $1
              order by attempt_at
              limit $3
                for update skip locked)
         update subscription_invoice as invoice
            set attempt_at = $2
           from taken
          where invoice.invoice_id = taken.invoice_id
         returning invoice.invoice_id, subscription_id, company_id, amount_cents, billing_type,
                   due_on, failures",
    )
    .bind(now)
    .bind(until)
    .bind(limit)
    .fetch_all(db)
    .await
}

/// Notes that the provider has an invoice, and what it calls it.
pub(crate) async fn registered(
    tx: &mut PgConnection,
    invoice_id: InvoiceId,
    provider_id: &str,
) -> sqlx::Result<()> {
    sqlx::query(
        "update subscription_invoice
            set attempt_at = null, provider_id = $2
          where invoice_id = $1",
    )
    .bind(invoice_id.0)
    .bind(provider_id)
    .execute(tx)
    .await?;
    Ok(())
}

/// Notes when the provider is to be told of an invoice again.
pub(crate) async fn try_again(
    db: &PgPool,
    invoice_id: InvoiceId,
    at: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "update subscription_invoice
            set attempt_at = $2, failures = failures + 1
          where invoice_id = $1 and attempt_at is not null",
    )
    .bind(invoice_id.0)
    .bind(at)
    .execute(db)
    .await?;
    Ok(())
}
