//! Places where an organization works.

pub(crate) mod rpc;
mod store;

use std::ops::RangeInclusive;

/// How many locations one organization has.
pub(crate) const LOCATIONS_MAX: i64 = 10_000;

/// The most characters of a name.
const NAME_MAX: usize = 255;
const HOURS: RangeInclusive<i64> = 0..=24;

/// A place.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Location {
    pub(crate) location_id: i64,
    pub(crate) name: String,
    pub(crate) office_open_hour: Option<i16>,
    pub(crate) office_close_hour: Option<i16>,
}

/// An hour of a day, if it is one.
fn hour(number: i64) -> Option<i16> {
    HOURS.contains(&number).then(|| i16::try_from(number).ok()).flatten()
}

/// Whether work may begin and end so; if only one of both is known, it may.
fn closes_after_it_opens(open: Option<i16>, close: Option<i16>) -> bool {
    open.zip(close).is_none_or(|(open, close)| open < close)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_those_of_a_day() {
        assert_eq!((hour(0), hour(24)), (Some(0), Some(24)));
        assert_eq!((hour(-1), hour(25), hour(i64::MAX)), (None, None, None));
    }

    #[test]
    fn a_place_closes_after_it_opens() {
        assert!(closes_after_it_opens(Some(8), Some(18)));
        assert!(closes_after_it_opens(Some(8), None) && closes_after_it_opens(None, Some(0)));
        assert!(!closes_after_it_opens(Some(8), Some(8)));
    }
}
