//! What the payment provider says of a subscription's invoice.

use brazil::{Cents, CompanyId, InvoiceId};
use chassis::Service;
use proto::billing::v1::PaymentOutcome;
use sqlx::PgConnection;

use super::store::invoices;
use super::{InvoiceStatus, Turn, store};
use crate::error::Error;
use crate::payments::Received;

/// Takes a notice about an invoice in, each once; returns whose it is, or None when no
/// subscription has such an invoice.
///
/// # Errors
/// [`Error::InvoiceNotPaid`] for a refund while nothing was paid.
pub(crate) async fn take_in(
    service: &Service,
    tx: &mut PgConnection,
    received: &Received,
    invoice_id: InvoiceId,
) -> Result<Option<CompanyId>, Error> {
    let Some(subscription_id) = invoices::owner(tx, invoice_id).await? else { return Ok(None) };
    let now = service.clock.now();
    let mut subscription = store::lock(tx, subscription_id).await?;
    let company_id = subscription.company_id;
    let (invoice, before) = invoices::lock(tx, invoice_id).await?;
    let open = Cents::new(invoice.amount.get().saturating_sub(before.get()).max(0));
    let (amount, effect) = match (received.outcome, invoice.status) {
        (PaymentOutcome::Paid, InvoiceStatus::Open) => match received.amount {
            Some(part) if part < open => (part, "part"),
            amount => (amount.unwrap_or(open), "paid"),
        },
        (PaymentOutcome::Paid, _) => (received.amount.unwrap_or(invoice.amount), "surplus"),
        (PaymentOutcome::Refunded, InvoiceStatus::Open) => {
            return Err(Error::InvoiceNotPaid(invoice_id));
        }
        (PaymentOutcome::Refunded, _) => (received.amount.unwrap_or(invoice.amount), "refunded"),
        (PaymentOutcome::Failed | PaymentOutcome::Unspecified, _) => {
            (received.amount.unwrap_or_default(), "failed")
        }
    };
    if !invoices::insert_notice(tx, &received.notice_id, &invoice, effect, amount, now).await? {
        return Ok(Some(company_id));
    }
    tracing::info!(%invoice_id, effect, "payment notice");
    match effect {
        "paid" => {
            let paid_at = received.occurred_at.map_or(now, |at| at.min(now));
            invoices::close(tx, invoice_id, InvoiceStatus::Paid, paid_at).await?;
            let others_overdue = invoices::has_overdue(tx, subscription_id, now).await?;
            subscription.status = subscription.status.after(Turn::Paid { others_overdue });
            subscription.updated_at = now;
            store::save(tx, &subscription).await?;
        }
        "refunded" => invoices::close(tx, invoice_id, InvoiceStatus::Void, now).await?,
        _ => {}
    }
    Ok(Some(company_id))
}
