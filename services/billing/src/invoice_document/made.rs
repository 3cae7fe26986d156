//! The document of an invoice, made when it is asked for.

use brazil::{Cents, CompanyId, InvoiceId, local_date};
use chassis::Service;

use super::store::{self, Row};
use super::{ITEMS_MAX, InvoiceDocument};
use crate::companies;
use crate::error::Error;
use crate::payments::{self, Payee};

/// The document of a company's invoice, as PDF. `provider` names the invoice together with its id.
///
/// # Errors
/// NOT_FOUND / INVOICE_NOT_FOUND; UNAVAILABLE while company does not answer.
pub(crate) async fn pdf(
    service: &Service,
    payee: &Payee,
    provider: &str,
    company_id: CompanyId,
    invoice_id: InvoiceId,
) -> Result<Vec<u8>, Error> {
    let absent = || Error::InvoiceNotFound(invoice_id);
    let db = &service.db;
    let head = store::find(db, company_id, invoice_id).await?.ok_or_else(absent)?;
    let rows = store::rows(db, invoice_id, ITEMS_MAX).await?;
    let recipients = companies::recipients(service, &[company_id.0]).await?;
    let recipient = recipients.get(&company_id).ok_or(Error::CompanyNotFound(company_id))?;
    let payment = payments::options_today(service, payee, invoice_id).await?;
    let document = InvoiceDocument {
        payee: &payee.pix_merchant_name,
        payer: (&recipient.name, &recipient.cnpj),
        id: &format!("{provider}:{}", head.invoice_id),
        period: &head.period,
        issued: local_date(head.created_at),
        due: head.due_date,
        status: &head.status,
        items: rows.into_iter().map(item).collect(),
        amount: head.amount,
        payment: payment.as_ref(),
    };
    Ok(document.pdf())
}

fn item(row: Row) -> (String, Cents) {
    let Row { description, items, amount } = row;
    let words = if items == 1 { description } else { format!("{items} × {description}") };
    (words, amount)
}
