//! Coupons: made by the operator, and good for the invoices that follow.

pub(crate) mod store;

use std::fmt;
use std::str::FromStr;

use brazil::Cents;
use time::OffsetDateTime;

/// How often one caller may try in a minute.
pub(crate) const TRIES_MAX: i32 = 10;

const LENGTHS: std::ops::RangeInclusive<usize> = 3..=40;

/// The code of a coupon: upper case, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CouponCode(String);

/// The text is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not 3 to 40 of A-Z, 0-9 and hyphens")]
pub(crate) struct InvalidCode;

impl CouponCode {
    /// As it is kept.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CouponCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for CouponCode {
    type Err = InvalidCode;

    fn from_str(text: &str) -> Result<Self, InvalidCode> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if is_plain && LENGTHS.contains(&text.len()) {
            Ok(Self(text.to_ascii_uppercase()))
        } else {
            Err(InvalidCode)
        }
    }
}

/// What a coupon takes off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Discount {
    /// So many hundredths.
    Percent(u8),
    /// So much.
    Amount(Cents),
}

impl Discount {
    /// What is left of an amount.
    pub(crate) fn taken_off(self, whole: Cents) -> Cents {
        let off = match self {
            Self::Percent(percent) => {
                let part = i128::from(whole.get()) * i128::from(percent) / 100;
                i64::try_from(part).unwrap_or(i64::MAX)
            }
            Self::Amount(amount) => amount.get(),
        };
        Cents::new(whole.get().saturating_sub(off).max(0))
    }
}

/// A coupon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Coupon {
    pub(crate) code: CouponCode,
    pub(crate) discount: Discount,
    pub(crate) valid_from: OffsetDateTime,
    pub(crate) valid_until: OffsetDateTime,
    pub(crate) uses_max: i64,
}

impl Coupon {
    /// Whether one more organization may use it.
    pub(crate) fn is_good(&self, now: OffsetDateTime, uses: i64) -> bool {
        self.valid_from <= now && now < self.valid_until && uses < self.uses_max
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn case_does_not_count_in_a_code() {
        assert_eq!("welcome-10".parse::<CouponCode>().unwrap().as_str(), "WELCOME-10");
        for text in ["", "AB", "WELCOME 10", "AÇAÍ", &"A".repeat(41)] {
            assert_eq!(text.parse::<CouponCode>(), Err(InvalidCode), "{text}");
        }
    }

    #[test]
    fn a_coupon_is_good_for_a_while_and_for_some() {
        let now = datetime!(2026-11-22 10:00 UTC);
        let coupon = Coupon {
            code: "WELCOME".parse().unwrap(),
            discount: Discount::Percent(10),
            valid_from: now,
            valid_until: now + Duration::DAY,
            uses_max: 2,
        };
        assert!(coupon.is_good(now, 1));
        assert!(!coupon.is_good(now, 2));
        assert!(!coupon.is_good(now - Duration::SECOND, 0));
        assert!(!coupon.is_good(now + Duration::DAY, 0));
    }
}
