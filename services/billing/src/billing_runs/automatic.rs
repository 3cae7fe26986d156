//! Months that close by themselves.

use std::time::Duration;

use chassis::Service;
use chassis::sweeps::Sweep;
use time::OffsetDateTime;

use super::{RunBilling, store};
use crate::error::Error;
use crate::line_charges;
use crate::period::Period;

const CHECK: Duration = Duration::from_secs(60);

/// When months close by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Automatic {
    /// The day of the month after.
    pub(crate) day: u8,
}

impl Automatic {
    /// The last month that is to be closed by then.
    fn last_due(self, now: OffsetDateTime) -> Period {
        let ended = Period::ended_by(now);
        if brazil::local_date(now).day() >= self.day { ended } else { ended.previous() }
    }
}

/// Begins the runs that are due: of all months since the last one that was closed, or since
/// something was charged first.
pub(crate) fn begin_due(service: &Service, automatic: Automatic) -> Sweep {
    let service = service.clone();
    Sweep::new("begin_billing_runs", CHECK, move || {
        let service = service.clone();
        async move { Ok(begin(&service, automatic).await?) }
    })
}

/// Tells whether any began.
async fn begin(service: &Service, automatic: Automatic) -> Result<bool, Error> {
    let mut any = false;
    let last = automatic.last_due(service.clock.now());
    let mut next = store::first_open(&service.db).await?;
    while let Some(period) = next.filter(|period| *period <= last) {
        any |= service
            .transaction(|mut tx| {
                Box::pin(async move {
                    line_charges::lock_closing(&mut tx).await?;
                    let begun = store::begin(&mut tx, period, service.clock.now()).await?;
                    if begun {
                        RunBilling::enqueue(&mut tx, service, period).await?;
                    }
                    Ok::<_, Error>(begun)
                })
            })
            .await?;
        next = Some(period.next());
    }
    Ok(any)
}

#[cfg(test)]
mod tests;
