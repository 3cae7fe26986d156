//! What is to be paid, how, and what was paid.

mod cancelling;
mod config;
mod options;
mod picture;
mod provider;
mod registration;
pub(crate) mod rpc;
mod store;

use brazil::{BusinessCalendar, Cents, InvoiceId, LateFee, days_late, late_fee, local_date};
use chassis::Service;
use time::Date;

use crate::error::Error;

pub(crate) use cancelling::CancelCharge;
pub use config::{PaymentConfig, PaymentProviderKind};
pub use options::Payee;
pub(crate) use options::{InvalidPayee, PaymentOptions};
pub(crate) use picture::Picture;
pub use provider::{
    BillingType, CreditChargeId, MessageError, NewCharge, Payable, PaymentError, PaymentNotice,
    PaymentOperation, PaymentProvider, PaymentProviderSimulator, PaymentResult, Stripe,
    StripeConfig,
};
pub(crate) use registration::{LEASE, Registrar, pause, sweep};
pub(crate) use rpc::Received;
pub(crate) use store::{Notice, insert_notice, is_known};
#[cfg(test)]
pub(crate) use tests::payee as payee_of_tests;

/// What is to be paid for an invoice on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AmountDue {
    /// What is open of the invoice.
    pub(crate) principal: Cents,
    /// What lateness adds to it, and both together.
    pub(crate) late: LateFee,
    /// On the invoice's day, or on this one if that has passed: until when it is so much.
    pub(crate) until: Date,
}

/// The ways to pay an invoice today; none when there is nothing to pay.
///
/// # Errors
/// The database's, and what is wrong with whom to pay.
pub(crate) async fn options_today(
    service: &Service,
    payee: &Payee,
    invoice_id: InvoiceId,
) -> Result<Option<PaymentOptions>, Error> {
    let today = local_date(service.clock.now());
    let account = store::account(&service.db, invoice_id).await?;
    let due = account.and_then(|account| account.due_on(today, &BusinessCalendar::national()));
    Ok(due.map(|due| payee.options(invoice_id.0, due)).transpose()?)
}

/// An invoice as whoever collects it sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    /// What it says.
    pub(crate) amount: Cents,
    /// Until when.
    pub(crate) due: Date,
    /// What came in for it, less what was paid back.
    pub(crate) received: Cents,
    /// What it was paid with, be that paid back or not; absent before it was paid.
    pub(crate) settled: Option<Cents>,
}

/// What a payment means for what is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Pays it.
    Settles,
    /// Pays a part; the rest stays open.
    Part,
    /// Comes on top of what was paid: it is the payer's, and kept for them.
    Surplus,
    /// Nothing was paid.
    Failed,
    /// Pays back a part of what came in.
    Returns,
    /// Pays back all that came in.
    Refunds,
}

impl Effect {
    /// As it is stored.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Settles => "settles",
            Self::Part => "part",
            Self::Surplus => "surplus",
            Self::Failed => "failed",
            Self::Returns => "returns",
            Self::Refunds => "refunds",
        }
    }
}

impl Account {
    /// What is to be paid on `today`. A payment of a part lowers what fine and interest are
    /// counted on. None when nothing is open.
    pub(crate) fn due_on(&self, today: Date, calendar: &BusinessCalendar) -> Option<AmountDue> {
        let principal = self.amount.checked_sub(self.received)?;
        if self.settled.is_some() || principal <= Cents::ZERO {
            return None;
        }
        let late = late_fee(principal, days_late(self.due, today, calendar));
        Some(AmountDue { principal, late, until: self.due.max(today) })
    }

    /// What a payment made on `day` means; without an amount it was what was to be paid then.
    pub(crate) fn pay(
        &self,
        amount: Option<Cents>,
        day: Date,
        calendar: &BusinessCalendar,
    ) -> (Cents, Effect) {
        match (self.due_on(day, calendar), amount) {
            (Some(due), None) => (due.late.total, Effect::Settles),
            (Some(due), Some(amount)) if amount >= due.late.total => (amount, Effect::Settles),
            (Some(_), Some(amount)) => (amount, Effect::Part),
            (None, amount) => (amount.unwrap_or(self.amount), Effect::Surplus),
        }
    }

    /// What paying back means; without an amount it was what the invoice was paid with. None when
    /// there is nothing to pay back.
    pub(crate) fn pay_back(&self, amount: Option<Cents>) -> Option<(Cents, Effect)> {
        if self.received <= Cents::ZERO {
            return None;
        }
        let paid = self.settled.unwrap_or(self.received).min(self.received);
        let amount = amount.unwrap_or(paid);
        let all = self.settled.is_some() && amount >= self.received;
        Some((amount, if all { Effect::Refunds } else { Effect::Returns }))
    }
}

#[cfg(test)]
pub(crate) mod tests;
