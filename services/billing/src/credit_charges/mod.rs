//! Charges by which companies buy credit, and what their payments mean.
//!
//! A charge is paid when what came in for it reaches its value: a part alone credits nothing, and
//! waits for the rest. The wallet is credited once, with the value; whatever comes beyond it is
//! the payer's, and kept for them as a surplus. What is paid back is taken from a surplus first.

mod payment;
mod registration;
pub(crate) mod rpc;
mod store;

use brazil::{Cents, CompanyId, start_of_day};
use time::{Date, Duration, OffsetDateTime};

use crate::payments::{BillingType, CreditChargeId, Effect};

pub(crate) use payment::take_in;
pub(crate) use registration::sweep;

const VALUE_MIN: i64 = 100;
const VALUE_MAX: i64 = 10_000_000;
const DESCRIPTION_MAX: usize = 500;
/// How long a charge can be paid in time when nobody says until when.
const DUE_AFTER: Duration = Duration::days(3);

/// Where a charge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Status {
    /// To be paid.
    Pending,
    /// Paid.
    Received,
    /// Its day has passed; it can still be paid.
    Overdue,
    /// Paid back, all of it.
    Refunded,
}

/// Money that a company is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CreditCharge {
    pub(crate) charge_id: CreditChargeId,
    pub(crate) company_id: CompanyId,
    pub(crate) status: Status,
    pub(crate) value: Cents,
    pub(crate) billing_type: BillingType,
    pub(crate) due_date: Date,
    pub(crate) description: Option<String>,
    pub(crate) pix_code: Option<String>,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) paid_at: Option<OffsetDateTime>,
}

/// The moment from which a charge is overdue: its day has passed in São Paulo.
fn overdue_at(due_date: Date) -> OffsetDateTime {
    start_of_day(due_date.next_day().unwrap_or(due_date))
}

/// A charge as whoever counts its payments sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Account {
    /// What is asked for.
    value: Cents,
    /// What came in for it, less what was paid back.
    received: Cents,
    /// What it was paid with, be that paid back or not; absent before it was paid.
    settled: Option<Cents>,
    /// What of its value is the wallet's.
    credited: Cents,
}

impl Account {
    /// What a payment means; without an amount it was what was open.
    fn pay(&self, amount: Option<Cents>) -> (Cents, Effect) {
        let open = Cents::new(self.value.get().saturating_sub(self.received.get()));
        match amount {
            amount if self.settled.is_some() => (amount.unwrap_or(self.value), Effect::Surplus),
            None => (open, Effect::Settles),
            Some(amount) if amount >= open => (amount, Effect::Settles),
            Some(amount) => (amount, Effect::Part),
        }
    }

    /// What paying back means, and what of it is the wallet's; without an amount it was what the
    /// charge was paid with. None when there is nothing to pay back.
    fn pay_back(&self, amount: Option<Cents>) -> Option<(Cents, Effect, Cents)> {
        if self.received <= Cents::ZERO {
            return None;
        }
        let paid = self.settled.unwrap_or(self.received).min(self.received);
        let amount = amount.unwrap_or(paid);
        if self.settled.is_some() && amount >= self.received {
            return Some((amount, Effect::Refunds, self.credited));
        }
        let surplus = self.received.get() - self.credited.get();
        let taken = (amount.get() - surplus).clamp(0, self.credited.get());
        Some((amount, Effect::Returns, Cents::new(taken)))
    }
}

#[cfg(test)]
mod tests;
