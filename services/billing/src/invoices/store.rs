//! The tables `invoice` and `invoice_item`, as they are read. They are written by billing runs.

use std::collections::HashMap;

use brazil::{Cents, CompanyId, InvoiceId, LineId};
use chassis::db::parsed;
use chassis::page::{Page, counted};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgExecutor, PgPool, Row};
use time::Date;
use uuid::Uuid;

use super::{Invoice, Item};
use crate::period::Period;

impl FromRow<'_, PgRow> for Invoice {
    /// Without its items.
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            invoice_id: InvoiceId(row.try_get("invoice_id")?),
            company_id: CompanyId(row.try_get("company_id")?),
            period: Period::of(row.try_get("period")?),
            items: vec![],
            amount: Cents::new(row.try_get("amount_cents")?),
            status: parsed(row, "status")?,
            due_date: row.try_get("due_date")?,
            created_at: row.try_get("created_at")?,
            paid_at: row.try_get("paid_at")?,
        })
    }
}

/// Lists a company's invoices, the newest month first, with their items and with how many there
/// are in all.
pub(crate) async fn list(
    db: impl PgExecutor<'_> + Copy,
    company_id: CompanyId,
    page: &Page<Date>,
) -> sqlx::Result<(Vec<Invoice>, i64)> {
    let rows = sqlx::query(
        "select page.*, whole.total
           from (select count(*) as total from invoice where company_id = $1) as whole
           left join (
                    select invoice_id, company_id, period, amount_cents, status, due_date,
                           created_at, paid_at
                      from invoice
                     where company_id = $1 and period < coalesce($2, 'infinity')
                     order by period desc
                    offset $3
                     limit $4
                ) as page on true
          order by page.period desc",
    )
    .bind(company_id.0)
    .bind(page.after)
    .bind(page.skip)
    .bind(page.limit())
    .fetch_all(db)
    .await?;
    let (mut invoices, total) = counted::<Invoice>(&rows, "invoice_id")?;
    fill(db, company_id, &mut invoices).await?;
    Ok((invoices, total))
}

/// Reads an invoice of a company, with its items.
pub(crate) async fn find(
    db: &PgPool,
    company_id: CompanyId,
    invoice_id: InvoiceId,
) -> sqlx::Result<Option<Invoice>> {
    let found: Option<Invoice> = sqlx::query_as(
        "select invoice_id, company_id, period, amount_cents, status, due_date, created_at, paid_at
           from invoice
          where invoice_id = $1 and company_id = $2",
    )
    .bind(invoice_id.0)
    .bind(company_id.0)
    .fetch_optional(db)
    .await?;
    let mut invoices: Vec<Invoice> = found.into_iter().collect();
    fill(db, company_id, &mut invoices).await?;
    Ok(invoices.pop())
}

/// Reads the items of some invoices of a company: line by line, what is for no line at the end.
async fn fill(
    db: impl PgExecutor<'_>,
    company_id: CompanyId,
    invoices: &mut [Invoice],
) -> sqlx::Result<()> {
    let ids: Vec<Uuid> = invoices.iter().map(|invoice| invoice.invoice_id.0).collect();
    let rows = sqlx::query(
        "select invoice_id, description, amount_cents, line_id
           from invoice_item
          where invoice_id = any($1) and company_id = $2
          order by invoice_id, line_id, first_day, position",
    )
    .bind(ids)
    .bind(company_id.0)
    .fetch_all(db)
    .await?;
    let mut items: HashMap<Uuid, Vec<Item>> = HashMap::new();
    for row in rows {
        let item = Item {
            description: row.try_get("description")?,
            amount: Cents::new(row.try_get("amount_cents")?),
            line_id: row.try_get::<Option<Uuid>, _>("line_id")?.map(LineId),
        };
        items.entry(row.try_get("invoice_id")?).or_default().push(item);
    }
    for invoice in invoices {
        invoice.items = items.remove(&invoice.invoice_id.0).unwrap_or_default();
    }
    Ok(())
}

/// Notes whether an invoice has a fiscal document that was not refused.
pub(crate) async fn note_document(
    tx: &mut PgConnection,
    invoice_id: Uuid,
    has_document: bool,
) -> sqlx::Result<()> {
    sqlx::query(
        "update invoice set has_document = $2 where invoice_id = $1 and has_document <> $2",
    )
    .bind(invoice_id)
    .bind(has_document)
    .execute(tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
