//! How organizations pay.

pub(crate) mod rpc;
pub(crate) mod store;

use std::str::FromStr;

use brazil::CompanyId;
use time::OffsetDateTime;

use crate::payments::BillingType;

brazil::id!(
    /// A way in which an organization pays.
    PaymentMethodId
);

/// How many payment methods one organization has.
pub(crate) const PAYMENT_METHODS_MAX: i64 = 100;

const DIGITS_OF_CARDS: std::ops::RangeInclusive<usize> = 12..=19;

/// A kind of payment method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Kind {
    Card,
    Pix,
    Boleto,
}

/// The text names no kind of payment method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is none of card, pix, boleto")]
pub(crate) struct InvalidKind;

impl FromStr for Kind {
    type Err = InvalidKind;

    fn from_str(text: &str) -> Result<Self, InvalidKind> {
        match text {
            "card" => Ok(Self::Card),
            "pix" => Ok(Self::Pix),
            "boleto" => Ok(Self::Boleto),
            _ => Err(InvalidKind),
        }
    }
}

impl Kind {
    /// As it is written.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Pix => "pix",
            Self::Boleto => "boleto",
        }
    }

    /// How the provider is to collect with it.
    pub(crate) fn billing_type(self) -> BillingType {
        match self {
            Self::Card => BillingType::CreditCard,
            Self::Pix => BillingType::Pix,
            Self::Boleto => BillingType::Boleto,
        }
    }
}

/// A payment method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PaymentMethod {
    pub(crate) payment_method_id: PaymentMethodId,
    pub(crate) company_id: CompanyId,
    pub(crate) organization_id: String,
    pub(crate) kind: Kind,
    pub(crate) label: Option<String>,
    pub(crate) created_at: OffsetDateTime,
}

/// Whether a text could be a card's number, which is never taken.
pub(crate) fn looks_like_a_card(text: &str) -> bool {
    let is_number = text.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '.'));
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    let luhn = |(place, digit): (usize, &u32)| match (place % 2, *digit) {
        (0, digit) => digit,
        (_, digit) if digit > 4 => digit * 2 - 9,
        (_, digit) => digit * 2,
    };
    is_number
        && DIGITS_OF_CARDS.contains(&digits.len())
        && digits.iter().rev().enumerate().map(luhn).sum::<u32>() % 10 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_known_by_its_check_digit() {
        assert!(looks_like_a_card("4111 1111 1111 1111"));
        assert!(looks_like_a_card("5555555555554444"));
        assert!(!looks_like_a_card("4111 1111 1111 1112"));
        assert!(!looks_like_a_card("tok_4111111111111111"));
        assert!(!looks_like_a_card(""));
    }
}
