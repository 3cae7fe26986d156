//! Invoices of subscriptions that have a payment method go to the payment provider, which may be
//! told more than once: it knows what it has.

use std::time::Duration;

use chassis::crash;
use chassis::sweeps::Sweep;

use super::store;
use super::store::invoices::{self, Unregistered};
use crate::error::Error;
use crate::payments::{LEASE, NewCharge, Payable, Registrar, pause};

const EVERY: Duration = Duration::from_secs(5);
const BATCH: i64 = 100;

/// Takes every invoice that waits to the provider.
pub(crate) fn collect(registrar: &Registrar) -> Sweep {
    let registrar = registrar.clone();
    Sweep::new("subscription_collections", EVERY, move || {
        let registrar = registrar.clone();
        async move {
            let mut any = false;
            while collect_batch(&registrar).await? {
                any = true;
            }
            Ok(any)
        }
    })
}

/// False when nothing waits any more.
pub(super) async fn collect_batch(registrar: &Registrar) -> Result<bool, Error> {
    let service = &registrar.service;
    let now = service.clock.now();
    let taken = invoices::take_unregistered(&service.db, now, now + LEASE, BATCH).await?;
    if taken.is_empty() {
        return Ok(false);
    }
    for invoice in &taken {
        let charge = NewCharge {
            key: Payable::Invoice(invoice.invoice_id),
            company_id: invoice.company_id,
            amount: invoice.amount,
            billing_type: invoice.billing_type,
            due: invoice.due_on,
        };
        match registrar.ask(charge).await {
            Ok(provider_id) => note(registrar, invoice, &provider_id).await?,
            Err(error) => {
                tracing::warn!(
                    invoice_id = %invoice.invoice_id,
                    error = error.to_string(),
                    "invoice not with the payment provider, trying again"
                );
                let at = now + pause(invoice.failures);
                invoices::try_again(&service.db, invoice.invoice_id, at).await?;
            }
        }
    }
    Ok(true)
}

async fn note(
    registrar: &Registrar,
    invoice: &Unregistered,
    provider_id: &str,
) -> Result<(), Error> {
    let service = &registrar.service;
    crash::point("billing.subscription.registered").await;
    let now = service.clock.now();
    service
        .transaction(|mut tx| {
            Box::pin(async move {
                invoices::registered(&mut tx, invoice.invoice_id, provider_id).await?;
                let external_id = format!("sub_{provider_id}");
                store::name(&mut tx, invoice.subscription_id, &external_id, now).await?;
                Ok(())
            })
        })
        .await
}
