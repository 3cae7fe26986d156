//! What the dialect says and hears.

mod banks;
mod billing;
mod organizations;
mod places;

pub(super) use banks::*;
pub(super) use billing::*;
pub(super) use organizations::*;
pub(super) use places::*;

use proto::common::v1::Money;

/// The currency of all amounts.
const CURRENCY: &str = "BRL";

/// An amount as a decimal number.
fn decimal(amount: Option<Money>) -> f64 {
    let cents = amount.unwrap_or_default().cents;
    #[expect(clippy::cast_precision_loss, reason = "amounts are far below 2^53 cents")]
    let number = cents as f64 / 100.0;
    number
}

/// Declares a body of which no member is missed here.
macro_rules! input {
    ($($name:ident),* $(,)?) => {
        $(impl crate::body::Input for $name {
            const REQUIRED: &'static [&'static str] = &[];
        })*
    };
    (or nothing: $($name:ident),* $(,)?) => {
        $(impl crate::body::Input for $name {
            const REQUIRED: &'static [&'static str] = &[];
            const MAY_BE_ABSENT: bool = true;
        })*
    };
}
use input;

#[cfg(test)]
mod golden;
