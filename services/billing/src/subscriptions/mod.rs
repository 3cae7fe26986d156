//! What organizations subscribe to, and the invoices that follow from it.

mod catalogue;
mod collecting;
mod coupon_rpc;
mod creating;
mod payment;
mod renewing;
pub(crate) mod rpc;
pub(crate) mod store;
mod wire;

use std::str::FromStr;

use brazil::{Cents, CompanyId, InvoiceId};
use serde::{Deserialize, Serialize};
use time::{Date, Month, OffsetDateTime};
use uuid::Uuid;

pub(crate) use collecting::collect;
pub(crate) use payment::take_in;
pub(crate) use renewing::{note_overdue, renew};

use crate::coupons::Discount;
use crate::payment_methods::PaymentMethodId;

brazil::id!(
    /// A subscription of an organization.
    SubscriptionId
);

/// The most seats of a subscription.
const SEATS_MAX: i64 = 10_000;
/// The most notes on one.
const METADATA_MAX: usize = 20;
/// What the coupon is called among the notes.
const COUPON_KEY: &str = "coupon";

/// How often a subscription is billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Rhythm {
    Monthly,
    Yearly,
}

impl Rhythm {
    /// How many months an invoice is for.
    fn months(self) -> u16 {
        match self {
            Self::Monthly => 1,
            Self::Yearly => 12,
        }
    }
}

/// The text names no type of subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is none of monthly, yearly")]
pub(crate) struct InvalidRhythm;

impl FromStr for Rhythm {
    type Err = InvalidRhythm;

    fn from_str(text: &str) -> Result<Self, InvalidRhythm> {
        match text {
            "monthly" => Ok(Self::Monthly),
            "yearly" => Ok(Self::Yearly),
            _ => Err(InvalidRhythm),
        }
    }
}

/// How far a subscription is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Status {
    /// Its first invoice is not paid yet.
    Awaiting,
    /// Paid.
    Active,
    /// An invoice is overdue.
    PastDue,
    /// Ended.
    Canceled,
}

/// What happens to a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// An invoice was paid; others may be overdue still.
    Paid { others_overdue: bool },
    /// The operator says that it is paid for by hand.
    Activated,
}

impl Status {
    /// What it is after that. That an invoice is overdue, the sweep notes of all at once.
    pub(crate) fn after(self, turn: Turn) -> Self {
        match (self, turn) {
            (Self::Canceled, _) => Self::Canceled,
            (Self::PastDue, Turn::Paid { others_overdue: true }) => Self::PastDue,
            (_, Turn::Paid { .. } | Turn::Activated) => Self::Active,
        }
    }
}

/// A note on a subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) key: String,
    pub(crate) value: String,
}

/// A subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subscription {
    pub(crate) subscription_id: SubscriptionId,
    pub(crate) company_id: CompanyId,
    /// How everybody outside names the organization.
    pub(crate) organization_id: String,
    pub(crate) address_id: Uuid,
    pub(crate) rhythm: Rhythm,
    pub(crate) payment_method_id: Option<PaymentMethodId>,
    pub(crate) products: Vec<String>,
    pub(crate) modules: Vec<String>,
    pub(crate) seats: i32,
    pub(crate) status: Status,
    pub(crate) external_id: Option<String>,
    pub(crate) metadata: Vec<Metadata>,
    pub(crate) coupon: Option<String>,
    pub(crate) begun_on: Date,
    pub(crate) invoices: i32,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) updated_at: OffsetDateTime,
}

impl Subscription {
    /// The first day of what its invoice with this index is for.
    pub(crate) fn invoiced_on(&self, index: i32) -> Date {
        let months = i32::from(self.rhythm.months()).saturating_mul(index);
        months_later(self.begun_on, months)
    }
}

/// What becomes of an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum InvoiceStatus {
    Open,
    Paid,
    Void,
}

/// An invoice of a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invoice {
    pub(crate) invoice_id: InvoiceId,
    pub(crate) number: i64,
    pub(crate) subscription_id: SubscriptionId,
    pub(crate) company_id: CompanyId,
    pub(crate) organization_id: String,
    pub(crate) status: InvoiceStatus,
    pub(crate) amount: Cents,
    pub(crate) issued_on: Date,
    pub(crate) sold_on: Date,
    pub(crate) due_on: Date,
    pub(crate) paid_at: Option<OffsetDateTime>,
}

/// What kind of thing can be subscribed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum ProductKind {
    Product,
    Module,
}

/// What a price is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Per {
    Seat,
    Organization,
}

/// Something that can be subscribed to.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Product {
    pub(crate) code: String,
    pub(crate) kind: ProductKind,
    pub(crate) name: String,
    #[sqlx(rename = "amount_cents", try_from = "i64")]
    pub(crate) amount: Cents,
    pub(crate) per: Per,
}

/// What an invoice says: the price of what is subscribed to for as long as the invoice is for,
/// less the coupon, and never below zero.
pub(crate) fn price(
    products: &[Product],
    seats: i32,
    rhythm: Rhythm,
    discount: Option<Discount>,
) -> Cents {
    let of_a_month = products.iter().fold(0_i64, |sum, product| {
        let times = match product.per {
            Per::Seat => i64::from(seats),
            Per::Organization => 1,
        };
        sum.saturating_add(product.amount.get().saturating_mul(times))
    });
    let whole = Cents::new(of_a_month.saturating_mul(rhythm.months().into()));
    discount.map_or(whole, |discount| discount.taken_off(whole))
}

/// The same day so many months later, or the last one of a month that is too short for it.
fn months_later(day: Date, months: i32) -> Date {
    let index = day.year() * 12 + i32::from(u8::from(day.month())) - 1;
    let later = index.saturating_add(months);
    let month = Month::January.nth_next(u8::try_from(later.rem_euclid(12)).unwrap_or_default());
    let year = later.div_euclid(12);
    (1..=day.day())
        .rev()
        .find_map(|of_month| Date::from_calendar_date(year, month, of_month).ok())
        .unwrap_or(Date::MAX)
}

#[cfg(test)]
mod tests;
