//! Consents that came of nothing are ended: those of a setup that broke off after the aggregator
//! had given one, and those of organizations that were cleared.

use std::time::Duration;

use chassis::jobs::retry_pause;
use chassis::sweeps::Sweep;

use super::store::consents;
use super::{BankError, Banks};
use crate::error::Error;

/// Longer than any request takes.
pub(super) const PATIENCE: time::Duration = time::Duration::minutes(2);

const EVERY: Duration = Duration::from_secs(5);
const BATCH: i64 = 100;
// Longer than it takes to end a batch of them.
const LEASE: time::Duration = time::Duration::minutes(10);
const PAUSE_MIN: Duration = Duration::from_secs(5);
const PAUSE_MAX: Duration = Duration::from_secs(3600);

/// Ends every consent that nobody claimed in time.
pub(crate) fn end_unclaimed(banks: &Banks) -> Sweep {
    let banks = banks.clone();
    Sweep::new("unclaimed_bank_consents", EVERY, move || {
        let banks = banks.clone();
        async move {
            let mut any = false;
            while end_batch(&banks).await? {
                any = true;
            }
            Ok(any)
        }
    })
}

/// False when none was due.
pub(super) async fn end_batch(banks: &Banks) -> Result<bool, Error> {
    let service = &banks.service;
    let now = service.clock.now();
    let taken = consents::take_due(&service.db, now, now + LEASE, BATCH).await?;
    for unclaimed in &taken {
        match banks.ask(banks.provider.revoke(unclaimed.connection_id.0)).await {
            // What it does not know, or not any more, is over.
            Ok(()) | Err(BankError::Denied) => consents::forget(&service.db, *unclaimed).await?,
            Err(error) => {
                tracing::warn!(
                    connection_id = %unclaimed.connection_id,
                    error = error.to_string(),
                    "a bank consent is not ended, trying again"
                );
                let failures = u32::try_from(unclaimed.failures).unwrap_or(u32::MAX);
                let pause = retry_pause(failures, PAUSE_MIN, PAUSE_MAX);
                consents::try_again(&service.db, *unclaimed, now + pause).await?;
            }
        }
    }
    Ok(!taken.is_empty())
}

#[cfg(test)]
mod tests;
