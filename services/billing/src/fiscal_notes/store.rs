//! The tables `fiscal_series` and `fiscal_note`.

use brazil::{Cents, Cnpj, CompanyId, UserId};
use chassis::crypto::Keyring;
use chassis::db::parsed;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgExecutor, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{FiscalNote, FiscalNoteId, FiscalSeries, Party, Series, Status};
use crate::invoices;

pub(crate) const RECIPIENT: &str = "billing.fiscal_note.recipient";

/// Takes the next `count` numbers of a series for as long as the transaction lasts, and tells the
/// last number before them. Everybody else who numbers documents of the series waits until then.
pub(super) async fn take_numbers(
    tx: &mut PgConnection,
    series: &Series,
    count: i64,
) -> sqlx::Result<i64> {
    let last: i64 = sqlx::query_scalar(
        "insert into fiscal_series (issuer_cnpj, model, series, last_number)
         values ($1, $2, $3, $4)
         on conflict (issuer_cnpj, model, series) do update
            set last_number = fiscal_series.last_number + excluded.last_number
         returning last_number",
    )
    .bind(series.issuer.as_str())
    .bind(series.model)
    .bind(series.series.get())
    .bind(count)
    .fetch_one(tx)
    .await?;
    Ok(last - count)
}

/// Adds a document.
pub(super) async fn insert(
    tx: &mut PgConnection,
    keyring: &Keyring,
    note: &FiscalNote,
) -> sqlx::Result<()> {
    let recipient =
        serde_json::to_vec(&note.recipient).map_err(|error| sqlx::Error::Encode(error.into()))?;
    sqlx::query(
        "insert into fiscal_note
             (fiscal_note_id, issuer_cnpj, model, series, number, status, company_id, user_id,
              invoice_id, amount_cents, recipient_sealed, send_email, access_key, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(note.note_id.0)
    .bind(note.series.issuer.as_str())
    .bind(note.series.model)
    .bind(note.series.series.get())
    .bind(note.number)
    .bind(note.status)
    .bind(note.party.company_id().map(Uuid::from))
    .bind(note.party.user_id().map(Uuid::from))
    .bind(note.invoice_id)
    .bind(note.amount.get())
    .bind(keyring.seal(RECIPIENT, &recipient))
    .bind(note.send_email)
    .bind(&note.access_key)
    .bind(note.created_at)
    .execute(&mut *tx)
    .await?;
    note_document(tx, note).await
}

/// Keeps where a document is in its life.
pub(super) async fn save(tx: &mut PgConnection, note: &FiscalNote) -> sqlx::Result<()> {
    sqlx::query(
        "update fiscal_note
            set status = $2, access_key = $3, authorization_code = $4, rejection_reason = $5,
                decided_at = $6
          where fiscal_note_id = $1",
    )
    .bind(note.note_id.0)
    .bind(note.status)
    .bind(&note.access_key)
    .bind(&note.authorization_code)
    .bind(&note.rejection_reason)
    .bind(note.decided_at)
    .execute(&mut *tx)
    .await?;
    note_document(tx, note).await
}

/// Keeps with an invoice whether it has a document, so that those without are quickly found.
async fn note_document(tx: &mut PgConnection, note: &FiscalNote) -> sqlx::Result<()> {
    let Some(invoice_id) = note.invoice_id else { return Ok(()) };
    invoices::store::note_document(tx, invoice_id, note.status != Status::Rejected).await
}

/// Reads a document.
pub(super) async fn find(
    db: impl PgExecutor<'_>,
    keyring: &Keyring,
    note_id: FiscalNoteId,
) -> sqlx::Result<Option<FiscalNote>> {
    let row = sqlx::query(
        "select fiscal_note_id, issuer_cnpj, model, series, number, status, company_id, user_id,
                invoice_id, amount_cents, recipient_sealed, send_email, access_key,
                authorization_code, rejection_reason, created_at, decided_at
           from fiscal_note
          where fiscal_note_id = $1",
    )
    .bind(note_id.0)
    .fetch_optional(db)
    .await?;
    row.map(|row| read(&row, keyring)).transpose()
}

/// Reads a document and locks it until the transaction ends.
pub(super) async fn lock(
    tx: &mut PgConnection,
    keyring: &Keyring,
    note_id: FiscalNoteId,
) -> sqlx::Result<Option<FiscalNote>> {
    let row = sqlx::query(
        "select fiscal_note_id, issuer_cnpj, model, series, number, status, company_id, user_id,
                invoice_id, amount_cents, recipient_sealed, send_email, access_key,
                authorization_code, rejection_reason, created_at, decided_at
           from fiscal_note
          where fiscal_note_id = $1
            for update",
    )
    .bind(note_id.0)
    .fetch_optional(tx)
    .await?;
    row.map(|row| read(&row, keyring)).transpose()
}

/// An invoice that is to have a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BareInvoice {
    pub(super) invoice_id: Uuid,
    pub(super) company_id: CompanyId,
    pub(super) amount: Cents,
}

impl FromRow<'_, PgRow> for BareInvoice {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            invoice_id: row.try_get("invoice_id")?,
            company_id: CompanyId(row.try_get("company_id")?),
            amount: Cents::new(row.try_get("amount_cents")?),
        })
    }
}

/// Invoices that ask for money and have no document, in the order of their ids, after one of
/// them. Refused documents count until `refused_before`, and up to `attempts_max` of them.
pub(super) async fn bare_invoices(
    db: impl PgExecutor<'_>,
    after: Uuid,
    refused_before: OffsetDateTime,
    attempts_max: i64,
    limit: i64,
) -> sqlx::Result<Vec<BareInvoice>> {
    sqlx::query_as(
        "select invoice_id, company_id, amount_cents
           from invoice
          where invoice_id > $1
            and amount_cents > 0
            and not has_document
            and not exists (
                select from fiscal_note
                 where fiscal_note.invoice_id = invoice.invoice_id
                   and (fiscal_note.status <> 'rejected' or fiscal_note.decided_at > $2))
            and $3 > (
                select count(*) from fiscal_note
                 where fiscal_note.invoice_id = invoice.invoice_id)
          order by invoice_id
          limit $4",
    )
    .bind(after)
    .bind(refused_before)
    .bind(attempts_max)
    .bind(limit)
    .fetch_all(db)
    .await
}

fn read(row: &PgRow, keyring: &Keyring) -> sqlx::Result<FiscalNote> {
    let recipient = keyring
        .open(RECIPIENT, &row.try_get::<Vec<u8>, _>("recipient_sealed")?)
        .map_err(|error| sqlx::Error::Decode(error.into()))?;
    let company_id: Option<Uuid> = row.try_get("company_id")?;
    let user_id: Option<Uuid> = row.try_get("user_id")?;
    let party = match (company_id, user_id) {
        (Some(company_id), None) => Party::Company(CompanyId(company_id)),
        (None, Some(user_id)) => Party::Person(UserId(user_id)),
        _ => return Err(sqlx::Error::Decode("a fiscal note for nobody".into())),
    };
    Ok(FiscalNote {
        note_id: FiscalNoteId(row.try_get("fiscal_note_id")?),
        series: Series {
            issuer: parsed::<Cnpj>(row, "issuer_cnpj")?,
            model: row.try_get("model")?,
            series: FiscalSeries::try_from(row.try_get::<i16, _>("series")?)
                .map_err(|error| sqlx::Error::Decode(error.into()))?,
        },
        number: row.try_get("number")?,
        status: row.try_get("status")?,
        party,
        recipient: serde_json::from_slice(&recipient)
            .map_err(|error| sqlx::Error::Decode(error.into()))?,
        invoice_id: row.try_get("invoice_id")?,
        amount: Cents::new(row.try_get("amount_cents")?),
        send_email: row.try_get("send_email")?,
        access_key: row.try_get("access_key")?,
        authorization_code: row.try_get("authorization_code")?,
        rejection_reason: row.try_get("rejection_reason")?,
        created_at: row.try_get("created_at")?,
        decided_at: row.try_get("decided_at")?,
    })
}

#[cfg(test)]
pub(super) mod tests;
