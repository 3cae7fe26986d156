//! Every new charge goes to the payment provider, which may be told more than once: it knows what
//! it has. Charges whose day has passed are overdue.

use std::time::Duration;

use chassis::crash;
use chassis::sweeps::Sweep;
use futures::StreamExt;

use super::store::{self, Unregistered};
use crate::error::Error;
use crate::payments::{LEASE, NewCharge, Payable, PaymentError, Registrar, pause};

const EVERY: Duration = Duration::from_secs(5);
const BATCH: i64 = 200;
const CONCURRENCY: usize = 8;

/// Takes every charge that waits to the provider, and notes which are overdue.
pub(crate) fn sweep(registrar: &Registrar) -> Sweep {
    let registrar = registrar.clone();
    Sweep::new("credit_charges", EVERY, move || {
        let registrar = registrar.clone();
        async move {
            let mut any = note_overdue(&registrar).await?;
            while register_batch(&registrar).await? {
                any = true;
            }
            Ok(any)
        }
    })
}

/// Tells whether there were any.
async fn note_overdue(registrar: &Registrar) -> Result<bool, Error> {
    let (service, mut any) = (&registrar.service, false);
    loop {
        let noted = store::note_overdue(&service.db, service.clock.now(), BATCH).await?;
        any |= noted > 0;
        if noted < BATCH {
            return Ok(any);
        }
    }
}

/// False when nothing waits any more.
async fn register_batch(registrar: &Registrar) -> Result<bool, Error> {
    let service = &registrar.service;
    let now = service.clock.now();
    let taken = store::take_unregistered(&service.db, now, now + LEASE, BATCH).await?;
    if taken.is_empty() {
        return Ok(false);
    }
    crash::point("billing.charge.before_provider").await;
    let answers: Vec<_> = futures::stream::iter(taken)
        .map(|charge| async move {
            let answer = register(registrar, &charge).await;
            (charge, answer)
        })
        .buffer_unordered(CONCURRENCY)
        .collect()
        .await;
    crash::point("billing.charge.registered").await;

    for (charge, answer) in answers {
        match answer {
            Ok(provider_id) => {
                store::registered(&service.db, charge.charge_id, &provider_id).await?;
            }
            Err(error) => {
                tracing::warn!(
                    charge_id = %charge.charge_id,
                    error = error.to_string(),
                    "charge not with the payment provider, trying again"
                );
                let at = now + pause(charge.failures);
                store::try_again(&service.db, charge.charge_id, at).await?;
            }
        }
    }
    Ok(true)
}

async fn register(registrar: &Registrar, charge: &Unregistered) -> Result<String, PaymentError> {
    let charge = NewCharge {
        key: Payable::Charge(charge.charge_id),
        company_id: charge.company_id,
        amount: charge.value,
        billing_type: charge.billing_type,
        due: charge.due_date,
    };
    registrar.ask(charge).await
}

#[cfg(test)]
mod tests;
