//! The tables `subscription`, `subscription_product` and `organization_account`.

use brazil::CompanyId;
use chassis::db::broken_constraint;
use chassis::page::{Page, counted};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection, PgExecutor, PgPool, Row};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::{Product, Subscription, SubscriptionId};
use crate::error::Error;
use crate::payment_methods::PaymentMethodId;
use crate::refusals;

pub(crate) mod invoices;

impl FromRow<'_, PgRow> for Subscription {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let method: Option<Uuid> = row.try_get("payment_method_id")?;
        let Json(metadata) = row.try_get("metadata")?;
        Ok(Self {
            subscription_id: SubscriptionId(row.try_get("subscription_id")?),
            company_id: CompanyId(row.try_get("company_id")?),
            organization_id: row.try_get("organization_id")?,
            address_id: row.try_get("address_id")?,
            rhythm: row.try_get("type")?,
            payment_method_id: method.map(PaymentMethodId),
            products: row.try_get("products")?,
            modules: row.try_get("modules")?,
            seats: row.try_get("seats")?,
            status: row.try_get("status")?,
            external_id: row.try_get("external_id")?,
            metadata,
            coupon: row.try_get("coupon")?,
            begun_on: row.try_get("begun_on")?,
            invoices: row.try_get("invoices")?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
        })
    }
}

/// How an organization stands.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub(crate) struct Account {
    pub(crate) company_id: Uuid,
    pub(crate) subscription_ids: Vec<Uuid>,
    pub(crate) current_id: Option<Uuid>,
    pub(crate) current_is_active: Option<bool>,
    pub(crate) modules: Option<Vec<String>>,
    pub(crate) customer_id: Option<String>,
    pub(crate) manual_billing: bool,
}

/// The catalogue, by code.
pub(super) async fn products(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<Product>> {
    sqlx::query_as(
        "select code, kind, name, amount_cents, per from subscription_product order by code",
    )
    .fetch_all(db)
    .await
}

/// Adds something to the catalogue, or changes it.
pub(super) async fn put_product(tx: &mut PgConnection, product: &Product) -> sqlx::Result<()> {
    sqlx::query(
        "insert into subscription_product (code, kind, name, amount_cents, per)
         values ($1, $2, $3, $4, $5)
         on conflict (code) do update
            set kind = excluded.kind, name = excluded.name,
                amount_cents = excluded.amount_cents, per = excluded.per",
    )
    .bind(&product.code)
    .bind(product.kind)
    .bind(&product.name)
    .bind(product.amount.get())
    .bind(product.per)
    .execute(tx)
    .await?;
    Ok(())
}

/// A page of the subscriptions of these companies, by id, and how many there are in all.
pub(super) async fn list(
    db: impl PgExecutor<'_>,
    company_ids: &[Uuid],
    page: &Page<Uuid>,
) -> sqlx::Result<(Vec<Subscription>, i64)> {
    let rows = sqlx::query(
        "select page.*, whole.total
           from (select count(*) as total from subscription where company_id = any($1)) as whole
           left join (
                    select * from subscription
                     where company_id = any($1)
                     order by subscription_id
                    offset $2
                     limit $3
                ) as page on true
          order by page.subscription_id",
    )
    .bind(company_ids)
    .bind(page.skip)
    .bind(page.size)
    .fetch_all(db)
    .await?;
    counted(&rows, "subscription_id")
}

/// Reads a subscription.
pub(super) async fn find(
    db: &PgPool,
    subscription_id: SubscriptionId,
) -> sqlx::Result<Option<Subscription>> {
    sqlx::query_as("select * from subscription where subscription_id = $1")
        .bind(subscription_id.0)
        .fetch_optional(db)
        .await
}

/// The subscription of an organization that is not cancelled.
pub(super) async fn current(
    db: &PgPool,
    company_id: CompanyId,
) -> sqlx::Result<Option<Subscription>> {
    sqlx::query_as("select * from subscription where company_id = $1 and status <> 'canceled'")
        .bind(company_id.0)
        .fetch_optional(db)
        .await
}

/// Reads a subscription and locks it until the transaction ends.
///
/// # Errors
/// NOT_FOUND / SUBSCRIPTION_NOT_FOUND.
pub(super) async fn lock(
    tx: &mut PgConnection,
    subscription_id: SubscriptionId,
) -> Result<Subscription, Error> {
    sqlx::query_as("select * from subscription where subscription_id = $1 for update")
        .bind(subscription_id.0)
        .fetch_optional(tx)
        .await?
        .ok_or_else(|| refusals::subscription_not_found().into())
}

/// Locks up to `limit` subscriptions whose next invoice is due, which nobody else has locked.
pub(super) async fn lock_due(
    tx: &mut PgConnection,
    today: Date,
    limit: i64,
) -> sqlx::Result<Vec<Subscription>> {
    sqlx::query_as(
        "select * from subscription
          where status <> 'canceled' and next_invoice_on <= $1
          order by next_invoice_on
          limit $2
            for update skip locked",
    )
    .bind(today)
    .bind(limit)
    .fetch_all(tx)
    .await
}

/// Stores a new subscription.
///
/// # Errors
/// FAILED_PRECONDITION / SUBSCRIPTION_EXISTS.
pub(super) async fn insert(
    tx: &mut PgConnection,
    subscription: &Subscription,
) -> Result<(), Error> {
    sqlx::query(
        "insert into subscription
             (subscription_id, company_id, organization_id, address_id, type, payment_method_id,
              products, modules, seats, status, metadata, begun_on, invoices, next_invoice_on,
              created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)",
    )
    .bind(subscription.subscription_id.0)
    .bind(subscription.company_id.0)
    .bind(&subscription.organization_id)
    .bind(subscription.address_id)
    .bind(subscription.rhythm)
    .bind(subscription.payment_method_id.map(|id| id.0))
    .bind(&subscription.products)
    .bind(&subscription.modules)
    .bind(subscription.seats)
    .bind(subscription.status)
    .bind(Json(&subscription.metadata))
    .bind(subscription.begun_on)
    .bind(subscription.invoices)
    .bind(subscription.invoiced_on(subscription.invoices))
    .bind(subscription.created_at)
    .execute(tx)
    .await
    .map_err(|error| match broken_constraint(&error) {
        Some("subscription_current") => refusals::subscription_exists().into(),
        _ => Error::Database(error),
    })?;
    Ok(())
}

/// Stores what changes of a locked subscription.
pub(super) async fn save(tx: &mut PgConnection, subscription: &Subscription) -> sqlx::Result<()> {
    sqlx::query(
        "update subscription
            set status = $2, external_id = $3, coupon = $4, invoices = $5, next_invoice_on = $6,
                updated_at = $7
          where subscription_id = $1",
    )
    .bind(subscription.subscription_id.0)
    .bind(subscription.status)
    .bind(&subscription.external_id)
    .bind(&subscription.coupon)
    .bind(subscription.invoices)
    .bind(subscription.invoiced_on(subscription.invoices))
    .bind(subscription.updated_at)
    .execute(tx)
    .await?;
    Ok(())
}

/// How these organizations stand; those that never had to do with billing are left out.
pub(super) async fn accounts(db: &PgPool, company_ids: &[Uuid]) -> sqlx::Result<Vec<Account>> {
    sqlx::query_as(
        "select asked.company_id, all_of.ids as subscription_ids,
                current.subscription_id as current_id, current.status = 'active' as current_is_active,
                current.modules, account.customer_id,
                coalesce(account.manual_billing, false) as manual_billing
           from unnest($1) as asked (company_id)
           join lateral (
                    select coalesce(array_agg(subscription_id order by subscription_id), '{}') as ids
                      from subscription
                     where company_id = asked.company_id) as all_of on true
           left join organization_account as account using (company_id)
           left join subscription as current
                on current.company_id = asked.company_id and current.status <> 'canceled'
          where cardinality(all_of.ids) > 0 or account.company_id is not null",
    )
    .bind(company_ids)
    .fetch_all(db)
    .await
}

/// Says whether somebody looks after an organization's payments by hand.
pub(super) async fn set_manual_billing(
    tx: &mut PgConnection,
    company_id: CompanyId,
    manual_billing: bool,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into organization_account (company_id, manual_billing) values ($1, $2)
         on conflict (company_id) do update set manual_billing = excluded.manual_billing",
    )
    .bind(company_id.0)
    .bind(manual_billing)
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether somebody looks after an organization's payments by hand.
pub(super) async fn is_billed_by_hand(
    tx: &mut PgConnection,
    company_id: CompanyId,
) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "select exists (
             select from organization_account where company_id = $1 and manual_billing)",
    )
    .bind(company_id.0)
    .fetch_one(tx)
    .await
}

/// Notes what the payment provider calls a subscription, if nobody knew before.
pub(super) async fn name(
    tx: &mut PgConnection,
    subscription_id: SubscriptionId,
    external_id: &str,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "update subscription
            set external_id = $2, updated_at = $3
          where subscription_id = $1 and external_id is null",
    )
    .bind(subscription_id.0)
    .bind(external_id)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
