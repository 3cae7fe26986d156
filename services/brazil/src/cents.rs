use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An amount of money in integer centavos of the real; negative amounts are credits.
///
/// Stored and serialised as the integer; `Display` and `FromStr` use decimal reais, `149.90`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Cents(i64);

/// The text is not an amount in reais with at most two decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not an amount in reais with at most two decimals")]
pub struct InvalidCents;

impl Cents {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount.
    pub const MAX: Self = Self(i64::MAX);

    /// An amount of `cents` centavos.
    pub const fn new(cents: i64) -> Self {
        Self(cents)
    }

    /// The number of centavos.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The sum, unless it does not fit.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, unless it does not fit.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The sum of all amounts, unless it or a partial sum does not fit.
    pub fn checked_sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        amounts.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }

    /// The price of a quantity given in thousandths, where `self` is the price of one: 2.5 units
    /// are `times(2_500)`. Half a centavo in the total goes to the even neighbour.
    pub fn times(self, quantity_millis: i64) -> Option<Self> {
        let product = i128::from(self.0) * i128::from(quantity_millis);
        let (floor, rest) = (product.div_euclid(1_000), product.rem_euclid(1_000));
        let round_up = rest > 500 || (rest == 500 && floor % 2 != 0);
        i64::try_from(floor + i128::from(round_up)).ok().map(Self)
    }

    /// For people to read, without the currency sign: `1.234,56`.
    pub fn formatted(self) -> String {
        let reais = (self.0.unsigned_abs() / 100).to_string();
        let mut grouped = String::from(if self.0 < 0 { "-" } else { "" });
        for (index, digit) in reais.chars().enumerate() {
            if index > 0 && (reais.len() - index).is_multiple_of(3) {
                grouped.push('.');
            }
            grouped.push(digit);
        }
        format!("{grouped},{:02}", self.0.unsigned_abs() % 100)
    }
}

impl FromStr for Cents {
    type Err = InvalidCents;

    /// Accepts decimal reais with a point and at most two decimals: `149.90`, `149.9`, `149`,
    /// `-0.01`. Nothing is rounded.
    fn from_str(text: &str) -> Result<Self, InvalidCents> {
        let (negative, amount) = match text.strip_prefix('-') {
            Some(amount) => (true, amount),
            None => (false, text),
        };
        let (reais, decimals) = match amount.split_once('.') {
            Some((reais, decimals)) if matches!(decimals.len(), 1 | 2) => (reais, decimals),
            Some(_) => return Err(InvalidCents),
            None => (amount, ""),
        };
        let mut digits = reais.bytes().chain(decimals.bytes());
        if reais.is_empty() || !digits.all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidCents);
        }
        let magnitude: i128 = format!("{reais}{decimals:0<2}").parse().map_err(|_| InvalidCents)?;
        let cents = if negative { -magnitude } else { magnitude };
        i64::try_from(cents).map(Self).map_err(|_| InvalidCents)
    }
}

impl From<i64> for Cents {
    fn from(cents: i64) -> Self {
        Self(cents)
    }
}

impl From<Cents> for i64 {
    fn from(amount: Cents) -> Self {
        amount.0
    }
}

impl TryFrom<String> for Cents {
    type Error = InvalidCents;

    fn try_from(text: String) -> Result<Self, InvalidCents> {
        text.parse()
    }
}

impl fmt::Display for Cents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let magnitude = self.0.unsigned_abs();
        f.pad(&format!("{sign}{}.{:02}", magnitude / 100, magnitude % 100))
    }
}
