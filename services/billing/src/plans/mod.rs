//! Plans of the catalogue, and what companies pay for them.

pub(crate) mod rpc;
mod store;

use brazil::{Cents, CompanyId, PlanId};
use time::OffsetDateTime;

/// The most characters of a plan's name.
pub(crate) const NAME_MAX: usize = 100;

/// A plan of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) plan_id: PlanId,
    pub(crate) name: String,
    pub(crate) available_data: DataVolume,
    pub(crate) price: Price,
    pub(crate) data_unit_price: Price,
    pub(crate) created_at: OffsetDateTime,
}

/// A plan at what a company pays for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CompanyPlan {
    pub(crate) plan: Plan,
    pub(crate) price: Price,
}

/// What a company pays for a plan from a moment on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CompanyPrice {
    pub(crate) company_id: CompanyId,
    pub(crate) plan_id: PlanId,
    pub(crate) price: Price,
    pub(crate) effective_from: OffsetDateTime,
    /// Who decided it.
    pub(crate) set_by: String,
}

/// What something costs: from nothing to a million reais.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Price(Cents);

/// An amount is no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not from 0 to {max} cents", max = Price::MAX.get())]
pub(crate) struct InvalidPrice;

impl Price {
    const MAX: Cents = Cents::new(100_000_000);
}

impl TryFrom<Cents> for Price {
    type Error = InvalidPrice;

    fn try_from(amount: Cents) -> Result<Self, InvalidPrice> {
        if (Cents::ZERO..=Self::MAX).contains(&amount) {
            Ok(Self(amount))
        } else {
            Err(InvalidPrice)
        }
    }
}

impl From<Price> for Cents {
    fn from(price: Price) -> Self {
        price.0
    }
}

/// Mobile data in whole megabytes, so that what is charged by it is charged exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DataVolume {
    megabytes: i64,
}

/// A number is no volume of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not from 0 to {GIGABYTES_MAX} with at most three decimals")]
pub(crate) struct InvalidDataVolume;

const GIGABYTES_MAX: i64 = 1_000_000;
const MEGABYTES_PER_GIGABYTE: i64 = 1_000;

impl DataVolume {
    /// The volume that is so many megabytes.
    pub(crate) fn from_megabytes(megabytes: i64) -> Result<Self, InvalidDataVolume> {
        if (0..=GIGABYTES_MAX * MEGABYTES_PER_GIGABYTE).contains(&megabytes) {
            Ok(Self { megabytes })
        } else {
            Err(InvalidDataVolume)
        }
    }

    /// The volume that is so many gigabytes. The number must be the nearest one to a decimal of
    /// at most three places: nothing is rounded away.
    pub(crate) fn from_gigabytes(gigabytes: f64) -> Result<Self, InvalidDataVolume> {
        let megabytes = (gigabytes * MEGABYTES_PER_GIGABYTE as f64).round();
        // Saturates, and takes what is no number for 0: neither comes back as it was given.
        let volume = Self::from_megabytes(megabytes as i64)?;
        if volume.gigabytes() == gigabytes { Ok(volume) } else { Err(InvalidDataVolume) }
    }

    /// In megabytes.
    pub(crate) fn megabytes(self) -> i64 {
        self.megabytes
    }

    /// In gigabytes: the nearest number to the decimal.
    pub(crate) fn gigabytes(self) -> f64 {
        self.megabytes as f64 / MEGABYTES_PER_GIGABYTE as f64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_price_is_neither_negative_nor_absurd() {
        for (cents, good) in [(0, true), (100_000_000, true), (-1, false), (100_000_001, false)] {
            assert_eq!(Price::try_from(Cents::new(cents)).is_ok(), good, "{cents}");
        }
        assert_eq!(InvalidPrice.to_string(), "is not from 0 to 100000000 cents");
    }

    #[test]
    fn what_is_no_volume_is_refused() {
        let not_numbers = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        let not_volumes = [-0.001, 0.0001, 1.2345, 1_000_000.001, 1e300, f64::MIN_POSITIVE];
        for gigabytes in not_numbers.into_iter().chain(not_volumes) {
            assert_eq!(
                DataVolume::from_gigabytes(gigabytes),
                Err(InvalidDataVolume),
                "{gigabytes}"
            );
        }
        assert_eq!(DataVolume::from_gigabytes(0.0).unwrap().megabytes(), 0);
        assert_eq!(DataVolume::from_gigabytes(12.345).unwrap().megabytes(), 12_345);
    }

    proptest! {
        #[test]
        fn a_decimal_of_three_places_is_kept_to_the_megabyte(megabytes in 0i64..=1_000_000_000) {
            let text = format!("{}.{:03}", megabytes / 1_000, megabytes % 1_000);
            let volume = DataVolume::from_gigabytes(text.parse().unwrap()).unwrap();
            prop_assert_eq!(volume.megabytes(), megabytes);
            prop_assert_eq!(volume.gigabytes(), text.parse::<f64>().unwrap());
        }

        #[test]
        fn a_price_comes_back_as_it_was_given(cents in 0i64..=100_000_000) {
            let price = Price::try_from(Cents::new(cents)).unwrap();
            prop_assert_eq!(Cents::from(price).get(), cents);
        }
    }
}
