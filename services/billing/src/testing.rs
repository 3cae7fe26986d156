//! What the tests of several features need.

use brazil::{CompanyId, InvoiceId};
use sqlx::PgPool;
use time::macros::{date, datetime};
use time::{Date, OffsetDateTime};

/// The last moment of the day on which [`DUE`] is payable at no charge, but one.
pub(crate) const IN_TIME: OffsetDateTime = datetime!(2036-12-09 02:59 UTC);
/// A Saturday; on Monday, the 8th, it is payable.
pub(crate) const DUE: Date = date!(2036 - 12 - 06);

/// An invoice of R$ 100,00 over `period`, due at [`DUE`].
pub(crate) async fn invoice(db: &PgPool, company_id: CompanyId, period: Date) -> InvoiceId {
    let invoice_id = InvoiceId::generate();
    sqlx::query(
        "insert into invoice
             (invoice_id, company_id, period, amount_cents, status, due_date, created_at)
         values ($1, $2, $3, 10000, 'pending', $4, $5)",
    )
    .bind(invoice_id.0)
    .bind(company_id.0)
    .bind(period)
    .bind(DUE)
    .bind(datetime!(2036-12-01 03:00 UTC))
    .execute(db)
    .await
    .unwrap();
    invoice_id
}

/// Where an invoice is.
pub(crate) async fn status(db: &PgPool, invoice_id: InvoiceId) -> String {
    sqlx::query_scalar("select status from invoice where invoice_id = $1")
        .bind(invoice_id.0)
        .fetch_one(db)
        .await
        .unwrap()
}

/// Subjects of the letters to a company that wait, oldest first.
pub(crate) async fn letters(db: &PgPool, company_id: CompanyId) -> Vec<String> {
    sqlx::query_scalar(
        "select content ->> 'subject' from letter where company_id = $1 order by letter_id",
    )
    .bind(company_id.0)
    .fetch_all(db)
    .await
    .unwrap()
}
