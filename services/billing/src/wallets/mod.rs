//! Prepaid credit: what a company has, what calls hold of it, and how both change. The rules are
//! pure; whoever applies them holds the wallet's row locked, so that nothing happens between
//! reading and writing.
//!
//! Each change of the balance is a movement in the ledger, which only grows: what is added to one
//! account is taken from others. The balance is kept beside, so that reading it sums nothing.

mod config;
pub(crate) mod rpc;
mod store;

use brazil::{Cents, CompanyId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::Error;

pub use config::CreditConfig;

/// The most minutes of a call.
const MINUTES_MAX: i32 = 1_440;

/// What a company has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wallet {
    /// Sum of what the ledger added to it.
    balance: i64,
    /// What calls hold of the balance.
    reserved: i64,
    /// What refunds took that was not there.
    debt: i64,
}

/// A movement of money: what it adds to each account, together nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Movement {
    /// What the company has.
    wallet: i64,
    /// What the company owes, negative.
    receivable: i64,
    /// What the payment provider has for us, negative.
    provider: i64,
    /// What calls earned.
    revenue: i64,
}

/// Why there is a movement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause<'a> {
    /// A charge was paid.
    Charge(Uuid),
    /// A charge was paid back, all or a part, as a payment notice tells.
    Refund(Uuid, &'a str),
    /// A call ended.
    Call(Uuid),
}

impl Wallet {
    /// Of a company that never had credit.
    const EMPTY: Self = Self { balance: 0, reserved: 0, debt: 0 };

    /// What nothing holds.
    fn available(&self) -> i64 {
        self.balance - self.reserved
    }

    /// Holds an amount. None when there is not so much.
    #[must_use]
    fn reserve(self, amount: Cents) -> Option<Self> {
        let held = Self { reserved: self.reserved.checked_add(amount.get())?, ..self };
        (held.available() >= 0).then_some(held)
    }

    /// Frees what a call held, and takes what it cost: no more than that.
    #[must_use]
    fn settle(self, held: Cents, cost: Cents) -> (Self, Movement) {
        let (held, cost) = (held.get(), cost.get().min(held.get()));
        let settled = Self { balance: self.balance - cost, reserved: self.reserved - held, ..self };
        (settled, Movement { wallet: -cost, revenue: cost, ..Movement::default() })
    }

    /// Adds what was paid; a debt is paid first. None when nobody can count so far.
    #[must_use]
    fn credit(self, amount: Cents) -> Option<(Self, Movement)> {
        let amount = amount.get();
        let paid = amount.min(self.debt);
        let added = amount - paid;
        let balance = self.balance.checked_add(added)?;
        let movement = Movement { wallet: added, receivable: paid, provider: -amount, revenue: 0 };
        Some((Self { balance, debt: self.debt - paid, ..self }, movement))
    }

    /// Takes what is paid back. What is not there, or is held by calls, becomes a debt. None when
    /// nobody can count so far.
    #[must_use]
    fn take_back(self, amount: Cents) -> Option<(Self, Movement)> {
        let amount = amount.get();
        let taken = amount.min(self.available());
        let missing = amount - taken;
        let debt = self.debt.checked_add(missing)?;
        let movement =
            Movement { wallet: -taken, receivable: -missing, provider: amount, revenue: 0 };
        Some((Self { balance: self.balance - taken, debt, ..self }, movement))
    }
}

/// What a call holds of its company's wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reservation {
    /// Price of each started minute.
    price: Cents,
    /// Minutes that are paid for from the wallet, whatever becomes of the call.
    minutes: i32,
    /// What the call cost in the end.
    settled: Option<Cents>,
}

impl Reservation {
    /// What it holds, or held before it was settled.
    fn held(&self) -> Cents {
        self.price_of(self.minutes)
    }

    /// What has to be held in addition, so that the call can last up to the end of a minute.
    fn missing(&self, minute: i32) -> Cents {
        self.price_of((minute - self.minutes).max(0))
    }

    /// What started minutes cost: no more than was reserved.
    fn cost(&self, minutes: i32) -> Cents {
        self.price_of(minutes.clamp(0, self.minutes))
    }

    fn price_of(&self, minutes: i32) -> Cents {
        Cents::new(self.price.get().saturating_mul(minutes.into()))
    }
}

/// Adds what was paid for a charge, with the transaction that notes that it was paid.
///
/// # Errors
/// The database's, also when the charge was credited before.
pub(crate) async fn credit(
    tx: &mut PgConnection,
    company_id: CompanyId,
    charge_id: Uuid,
    amount: Cents,
    now: OffsetDateTime,
) -> Result<(), Error> {
    let wallet = store::open_locked(tx, company_id).await?;
    let (wallet, movement) = wallet.credit(amount).ok_or_else(uncountable)?;
    store::save(tx, company_id, wallet).await?;
    store::append(tx, company_id, Cause::Charge(charge_id), movement, wallet, now).await?;
    Ok(())
}

/// Takes back what is paid back for a charge, with the transaction that takes that notice in.
///
/// # Errors
/// The database's, also when the notice was taken in before.
pub(crate) async fn take_back(
    tx: &mut PgConnection,
    company_id: CompanyId,
    (charge_id, notice_id): (Uuid, &str),
    amount: Cents,
    now: OffsetDateTime,
) -> Result<(), Error> {
    let wallet = store::open_locked(tx, company_id).await?;
    let (wallet, movement) = wallet.take_back(amount).ok_or_else(uncountable)?;
    store::save(tx, company_id, wallet).await?;
    let cause = Cause::Refund(charge_id, notice_id);
    store::append(tx, company_id, cause, movement, wallet, now).await?;
    Ok(())
}

fn uncountable() -> Error {
    sqlx::Error::Encode("an amount of money is beyond counting".into()).into()
}

#[cfg(test)]
mod tests;
