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
    let (invoice, held) = invoices::lock(tx, invoice_id).await?;
    let open = Cents::new(invoice.amount.get().saturating_sub(held.get()).max(0));
    let (amount, effect) = match (received.outcome, invoice.status) {
        (PaymentOutcome::Paid, InvoiceStatus::Open) => match received.amount {
            Some(part) if part < open => (part, "part"),
            amount => (amount.unwrap_or(open), "paid"),
        },
        (PaymentOutcome::Paid, _) => (received.amount.unwrap_or(invoice.amount), "surplus"),
        (PaymentOutcome::Refunded, _) if held <= Cents::ZERO => {
            return Err(Error::InvoiceNotPaid(invoice_id));
        }
        // Without an amount it was one payment, of all or of the parts that there are.
        (PaymentOutcome::Refunded, _) => {
            (received.amount.unwrap_or(invoice.amount.min(held)), "refunded")
        }
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
            let collected = invoices::pay(tx, &invoice, paid_at).await?;
            if let Some(charge) = collected.filter(|_| !received.is_of_provider) {
                charge.enqueue(service, tx).await?;
            }
            let others_overdue = invoices::has_overdue(tx, subscription_id, now).await?;
            subscription.status = subscription.status.after(Turn::Paid { others_overdue });
            subscription.updated_at = now;
            store::save(tx, &subscription).await?;
        }
        "refunded" if invoice.status == InvoiceStatus::Paid && amount >= held => {
            invoices::refund(tx, invoice_id).await?;
        }
        _ => {}
    }
    Ok(Some(company_id))
}
