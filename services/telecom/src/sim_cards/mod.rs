//! Companies' stock of SIM cards.

pub(crate) mod rpc;
pub(crate) mod store;

use std::collections::HashSet;
use std::str::FromStr;

use brazil::{Iccid, LineId};

/// The most cards that are added at once.
pub(crate) const BATCH_MAX: usize = 10_000;

/// Where a card is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Status {
    /// In stock.
    Available,
    /// In a line.
    InUse,
    /// Taken out of a line; never used again.
    Retired,
}

/// A card of a company's stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SimCard {
    iccid: Iccid,
    status: Status,
    line_id: Option<LineId>,
}

impl SimCard {
    /// Whether it is in this line.
    pub(crate) fn is_in(&self, line_id: LineId) -> bool {
        self.line_id == Some(line_id)
    }
}

/// Where cards come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origin<'a> {
    /// The carrier they belong to.
    pub(crate) provider: &'a str,
    /// Who sells them, if that is known.
    pub(crate) service_provider: Option<&'a str>,
    /// The batch they come with, if that is known.
    pub(crate) batch: Option<&'a str>,
}

/// How somebody names a card: by its number, or by what they read off its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SimCardName {
    /// The whole number.
    Iccid(Iccid),
    /// Its last seven digits.
    LastSeven(String),
}

/// The text names no card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is neither a valid ICCID nor its last seven digits")]
pub(crate) struct InvalidSimCardName;

impl FromStr for SimCardName {
    type Err = InvalidSimCardName;

    fn from_str(text: &str) -> Result<Self, InvalidSimCardName> {
        if text.len() == 7 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self::LastSeven(text.to_owned()));
        }
        text.parse().map(Self::Iccid).map_err(|_| InvalidSimCardName)
    }
}

/// Why a card does not join a stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// Its number is none.
    Invalid,
    /// It came before in the list, or is in this company's stock.
    Duplicate,
    /// It is in another company's stock.
    OtherCompany,
}

/// Cards that are to join a stock, as they were given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Delivery {
    cards: Vec<(String, Result<Iccid, Rejection>)>,
}

impl Delivery {
    /// Reads the cards' numbers. Of the same number twice the first one stands.
    pub(crate) fn read(iccids: &[String]) -> Self {
        let mut seen = HashSet::new();
        let mut read = |text: &str| {
            let iccid: Iccid = text.parse().map_err(|_| Rejection::Invalid)?;
            if seen.insert(iccid.clone()) { Ok(iccid) } else { Err(Rejection::Duplicate) }
        };
        Self { cards: iccids.iter().map(|text| (text.clone(), read(text))).collect() }
    }

    /// The numbers of the cards that nothing speaks against so far.
    pub(crate) fn good(&self) -> Vec<&str> {
        self.cards.iter().filter_map(|(_, card)| card.as_ref().ok()).map(Iccid::as_str).collect()
    }

    /// The cards that did not join, in the order given: `refused` says what the stock had against
    /// which good one.
    pub(crate) fn rejected(
        &self,
        refused: impl Fn(&Iccid) -> Option<Rejection>,
    ) -> Vec<(String, Rejection)> {
        let verdict = |card: &Result<Iccid, Rejection>| match card {
            Ok(iccid) => refused(iccid),
            Err(rejection) => Some(*rejection),
        };
        self.cards
            .iter()
            .filter_map(|(text, card)| verdict(card).map(|rejection| (text.clone(), rejection)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: &str = "89551000000000000014";
    const OTHER: &str = "89551000000000000022";

    #[test]
    fn a_card_is_named_in_two_ways() {
        assert_eq!(CARD.parse(), Ok(SimCardName::Iccid(CARD.parse().unwrap())));
        assert_eq!("0000014".parse(), Ok(SimCardName::LastSeven("0000014".to_owned())));
        for bad in ["", "000016", "00000016", "00000x6", "89551000000000000015"] {
            assert_eq!(bad.parse::<SimCardName>(), Err(InvalidSimCardName), "{bad}");
        }
    }

    #[test]
    fn the_first_of_two_stands_and_the_order_is_kept() {
        let given = ["x", CARD, OTHER, CARD].map(str::to_owned);
        let delivery = Delivery::read(&given);
        assert_eq!(delivery.good(), [CARD, OTHER]);
        let rejected =
            delivery.rejected(|iccid| (iccid.as_str() == OTHER).then_some(Rejection::OtherCompany));
        let rejected: Vec<_> = rejected.iter().map(|(text, why)| (text.as_str(), *why)).collect();
        let expected = [
            ("x", Rejection::Invalid),
            (OTHER, Rejection::OtherCompany),
            (CARD, Rejection::Duplicate),
        ];
        assert_eq!(rejected, expected);
    }
}
