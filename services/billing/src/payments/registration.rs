//! Every new invoice goes to the payment provider, and then to the company by mail. In batches,
//! whose work is done again where it broke off: the provider knows what it has, and a letter is
//! written with the note that the provider has the invoice.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use brazil::{BusinessCalendar, CompanyId, InvoiceId, start_of_day};
use chassis::sweeps::Sweep;
use chassis::{Service, crash};
use futures::StreamExt;
use time::OffsetDateTime;

use super::store::{self, NewInvoice, Unregistered};
use super::{BillingType, NewCharge, Payable, Payee, PaymentError, PaymentProvider};
use crate::error::Error;
use crate::letters::{self, Letter};

const EVERY: Duration = Duration::from_secs(5);
const BATCH: i64 = 200;
const CONCURRENCY: usize = 8;
/// How long a replica that takes something keeps others from telling the provider of it too.
pub(crate) const LEASE: time::Duration = time::Duration::seconds(30);
const RETRY_MIN: time::Duration = time::Duration::seconds(5);
const RETRY_DOUBLINGS_MAX: u32 = 9;

/// Takes what is to be paid to the provider.
#[derive(Clone)]
pub(crate) struct Registrar {
    pub(crate) service: Service,
    pub(crate) provider: Arc<dyn PaymentProvider>,
    pub(crate) timeout: Duration,
    pub(crate) payee: Payee,
}

/// Takes every invoice that waits to the provider.
pub(crate) fn sweep(registrar: &Registrar) -> Sweep {
    let registrar = registrar.clone();
    Sweep::new("collections", EVERY, move || {
        let registrar = registrar.clone();
        async move {
            let mut any = registrar.collect_new().await?;
            while registrar.register_batch().await? {
                any = true;
            }
            Ok(any)
        }
    })
}

impl Registrar {
    /// Tells whether there were any.
    pub(super) async fn collect_new(&self) -> Result<bool, Error> {
        let mut any = false;
        loop {
            let new = store::uncollected(&self.service.db, BATCH).await?;
            if new.is_empty() {
                return Ok(any);
            }
            any = true;
            let new: Vec<_> = new.into_iter().map(with_overdue_at).collect();
            store::collect(&self.service.db, &new, self.service.clock.now()).await?;
        }
    }

    /// False when nothing waits any more.
    pub(super) async fn register_batch(&self) -> Result<bool, Error> {
        let now = self.service.clock.now();
        let taken = store::take_unregistered(&self.service.db, now, now + LEASE, BATCH).await?;
        if taken.is_empty() {
            return Ok(false);
        }
        crash::point("billing.payment.before_provider").await;
        let answers: Vec<_> = futures::stream::iter(taken)
            .map(|invoice| async move {
                let answer = self.register(&invoice).await;
                (invoice, answer)
            })
            .buffer_unordered(CONCURRENCY)
            .collect()
            .await;
        crash::point("billing.payment.registered").await;

        let mut done = Vec::new();
        for (invoice, answer) in answers {
            match answer {
                Ok(charge_id) => done.push((invoice, charge_id)),
                Err(error) => {
                    tracing::warn!(
                        invoice_id = %invoice.invoice_id,
                        error = error.to_string(),
                        "invoice not with the payment provider, trying again"
                    );
                    let at = now + pause(invoice.failures);
                    store::try_again(&self.service.db, invoice.invoice_id, at).await?;
                }
            }
        }
        self.note(&done, now).await?;
        Ok(true)
    }

    async fn register(&self, invoice: &Unregistered) -> Result<String, PaymentError> {
        let charge = NewCharge {
            key: Payable::Invoice(invoice.invoice_id),
            company_id: invoice.company_id,
            amount: invoice.amount,
            billing_type: BillingType::Undefined,
            due: invoice.due_date,
        };
        self.ask(charge).await
    }

    /// Hands something over to the provider, as long as that may take.
    ///
    /// # Errors
    /// As [`PaymentProvider::register`].
    pub(crate) async fn ask(&self, charge: NewCharge) -> Result<String, PaymentError> {
        tokio::time::timeout(self.timeout, self.provider.register(charge))
            .await
            .unwrap_or(Err(PaymentError::Unavailable))
    }

    async fn note(
        &self,
        done: &[(Unregistered, String)],
        now: OffsetDateTime,
    ) -> Result<(), Error> {
        let charges: Vec<(InvoiceId, String)> =
            done.iter().map(|(invoice, charge)| (invoice.invoice_id, charge.clone())).collect();
        let letters: HashMap<InvoiceId, (CompanyId, Letter)> = done
            .iter()
            .map(|(invoice, _)| {
                Ok((invoice.invoice_id, (invoice.company_id, self.letter(invoice)?)))
            })
            .collect::<Result<_, Error>>()?;
        let (charges, letters) = (&charges, &letters);
        self.service
            .transaction(|mut tx| {
                Box::pin(async move {
                    let new = store::registered(&mut tx, charges).await?;
                    let new: HashSet<InvoiceId> = new.into_iter().map(InvoiceId).collect();
                    let letters = letters
                        .iter()
                        .filter(|(invoice_id, _)| new.contains(invoice_id))
                        .map(|(_, letter)| letter.clone())
                        .collect();
                    letters::keep_all(&mut tx, letters, now).await?;
                    crash::point("billing.payment.before_note").await;
                    Ok(())
                })
            })
            .await
    }

    fn letter(&self, invoice: &Unregistered) -> Result<Letter, Error> {
        let pix = self.payee.pix(invoice.invoice_id.0, invoice.amount);
        let pix = pix.map_err(|error| Error::Payee(error.into()))?;
        Ok(letters::invoice_issued(&invoice.period, invoice.amount, invoice.due_date, &pix))
    }
}

/// An invoice is overdue when the day on which it is payable at no charge has passed.
fn with_overdue_at(invoice: NewInvoice) -> (NewInvoice, OffsetDateTime) {
    let payable = BusinessCalendar::national().business_day_from(invoice.due_date);
    let overdue_at = start_of_day(payable.next_day().unwrap_or(payable));
    (invoice, overdue_at)
}

/// How long the provider is left alone: twice as long with each failure, to about three quarters
/// of an hour.
pub(crate) fn pause(failures: i32) -> time::Duration {
    let doublings = u32::try_from(failures).unwrap_or(0).min(RETRY_DOUBLINGS_MAX);
    RETRY_MIN * 2_i32.pow(doublings)
}

#[cfg(test)]
mod tests;
