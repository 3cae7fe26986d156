//! The closing of months: one invoice for each company that had something to pay in one.
//!
//! A run begins when its row is there. From then on nothing changes what it takes (what becomes
//! known later is left to a later run, see `line_charges::Closing`), so it may be broken off,
//! gone on with and done twice at once, and gives the same invoices. A company whose invoice cannot
//! be made is set aside, and tried again whenever the run is gone on with.
//!
//! What a day costs: the plan's price at that company, as set last on that day or before, else
//! the list price. For `n` of the `d` days of a month at one price, `price * n / d` is charged,
//! cut to the cent; so the parts of a month at one price never exceed that price.

mod automatic;
mod config;
mod isolation;
mod job;
#[cfg(test)]
mod proration;
pub(crate) mod rpc;
mod store;

use time::OffsetDateTime;

pub(crate) use automatic::{Automatic, begin_due};
pub use config::InvoicingConfig;
pub(crate) use job::{Billing, RunBilling};

use crate::period::Period;

/// The run of a month, and how far it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BillingRun {
    pub(crate) period: Period,
    pub(crate) started_at: OffsetDateTime,
    /// When every invoice stood.
    pub(crate) finished_at: Option<OffsetDateTime>,
    pub(crate) companies_done: i64,
    /// Companies that were set aside.
    pub(crate) companies_failed: i64,
    pub(crate) companies_total: i64,
    pub(crate) lines_done: i64,
    pub(crate) lines_total: i64,
    pub(crate) invoices: i64,
}

impl BillingRun {
    /// Lines a second so far.
    pub(crate) fn lines_per_second(&self, now: OffsetDateTime) -> f64 {
        let seconds = (self.finished_at.unwrap_or(now) - self.started_at).as_seconds_f64();
        if seconds > 0.0 { self.lines_done as f64 / seconds } else { 0.0 }
    }

    /// What is left at that rate, once it is known.
    pub(crate) fn seconds_left(&self, now: OffsetDateTime) -> Option<i64> {
        if self.finished_at.is_some() {
            return Some(0);
        }
        let rate = self.lines_per_second(now);
        let left = (self.lines_total - self.lines_done) as f64 / rate;
        (rate > 0.0).then_some(left.ceil() as i64)
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn what_is_left_is_known_with_the_rate() {
        let started_at = datetime!(2026-11-01 03:00 UTC);
        let mut run = BillingRun {
            period: "2026-10".parse().unwrap(),
            started_at,
            finished_at: None,
            companies_done: 0,
            companies_failed: 0,
            companies_total: 4,
            lines_done: 0,
            lines_total: 1_000,
            invoices: 0,
        };
        let now = started_at + Duration::seconds(10);
        assert_eq!((run.lines_per_second(now), run.seconds_left(now)), (0.0, None));
        assert_eq!(run.seconds_left(started_at), None);
        run.lines_done = 300;
        assert_eq!((run.lines_per_second(now), run.seconds_left(now)), (30.0, Some(24)));
        (run.lines_done, run.finished_at) = (1_000, Some(now));
        let later = now + Duration::DAY;
        assert_eq!((run.lines_per_second(later), run.seconds_left(later)), (100.0, Some(0)));
    }
}
