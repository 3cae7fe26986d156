//! What an invoice's document is made of, as it is read.

use brazil::{Cents, CompanyId, InvoiceId};
use sqlx::{FromRow, PgPool};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

/// An invoice without its items.
#[derive(Clone, Debug, FromRow)]
pub(super) struct Head {
    #[sqlx(try_from = "Uuid")]
    pub(super) invoice_id: InvoiceId,
    /// Its month: "2026-10".
    pub(super) period: String,
    #[sqlx(try_from = "i64")]
    pub(super) amount: Cents,
    pub(super) status: String,
    pub(super) due_date: Date,
    pub(super) created_at: OffsetDateTime,
}

/// Items that say the same.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub(super) struct Row {
    pub(super) description: String,
    pub(super) items: i64,
    #[sqlx(try_from = "i64")]
    pub(super) amount: Cents,
}

/// An invoice of a company.
pub(super) async fn find(
    db: &PgPool,
    company_id: CompanyId,
    invoice_id: InvoiceId,
) -> sqlx::Result<Option<Head>> {
    sqlx::query_as(
        "select invoice_id, to_char(period, 'YYYY-MM') as period, amount_cents as amount, status,
                due_date, created_at
           from invoice
          where invoice_id = $1 and company_id = $2",
    )
    .bind(invoice_id.0)
    .bind(company_id.0)
    .fetch_optional(db)
    .await
}

/// An invoice's items one by one, if they are no more than `limit`; else those that say the same
/// together, and what is beyond `limit` then in one row.
pub(super) async fn rows(db: &PgPool, invoice_id: InvoiceId, limit: i64) -> sqlx::Result<Vec<Row>> {
    let rows = one_by_one(db, invoice_id, limit + 1).await?;
    let few = i64::try_from(rows.len()).is_ok_and(|count| count <= limit);
    if few { Ok(rows) } else { summed(db, invoice_id, limit).await }
}

async fn one_by_one(db: &PgPool, invoice_id: InvoiceId, limit: i64) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as(
        "select description, 1::bigint as items, amount_cents as amount
           from invoice_item
          where invoice_id = $1
          order by position
          limit $2",
    )
    .bind(invoice_id.0)
    .bind(limit)
    .fetch_all(db)
    .await
}

async fn summed(db: &PgPool, invoice_id: InvoiceId, limit: i64) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as(
        "with said as (
             select description, count(*) as items, sum(amount_cents)::bigint as amount,
                    row_number() over (order by count(*) desc, description) as place
               from invoice_item
              where invoice_id = $1
              group by description)
         select case when place < $2 then description else 'Other items' end as description,
                sum(items)::bigint as items, sum(amount)::bigint as amount
           from said
          group by least(place, $2), 1
          order by least(place, $2)",
    )
    .bind(invoice_id.0)
    .bind(limit)
    .fetch_all(db)
    .await
}

#[cfg(test)]
mod tests;
