//! Months and the days in them, as Brasília's calendar has them.

use std::fmt;
use std::str::FromStr;

use time::{Date, Duration, Month, OffsetDateTime};

/// A calendar month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Period {
    year: i32,
    month: Month,
}

/// The text is not a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a month like 2026-10")]
pub(crate) struct InvalidPeriod;

impl Period {
    /// The month that a day is in.
    pub(crate) fn of(day: Date) -> Self {
        Self { year: day.year(), month: day.month() }
    }

    /// The last month that has ended by then.
    pub(crate) fn ended_by(at: OffsetDateTime) -> Self {
        Self::of(brazil::local_date(at)).previous()
    }

    /// Its first day.
    pub(crate) fn first_day(self) -> Date {
        Date::from_calendar_date(self.year, self.month, 1).unwrap_or(Date::MIN)
    }

    /// Its last day.
    pub(crate) fn last_day(self) -> Date {
        let days = self.month.length(self.year);
        Date::from_calendar_date(self.year, self.month, days).unwrap_or(Date::MAX)
    }

    /// The month after it.
    pub(crate) fn next(self) -> Self {
        Self::of(self.last_day().saturating_add(Duration::DAY))
    }

    /// The month before it.
    pub(crate) fn previous(self) -> Self {
        Self::of(self.first_day().saturating_sub(Duration::DAY))
    }
}

impl FromStr for Period {
    type Err = InvalidPeriod;

    /// Accepts `2026-10`.
    fn from_str(text: &str) -> Result<Self, InvalidPeriod> {
        let well_formed = text.len() == 7
            && text.bytes().enumerate().all(|(index, byte)| match index {
                4 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        let (year, month) = text.split_once('-').filter(|_| well_formed).ok_or(InvalidPeriod)?;
        let month: u8 = month.parse().map_err(|_| InvalidPeriod)?;
        Ok(Self {
            year: year.parse().map_err(|_| InvalidPeriod)?,
            month: Month::try_from(month).map_err(|_| InvalidPeriod)?,
        })
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, u8::from(self.month))
    }
}

/// Some days, the first and the last one included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Days {
    first: Date,
    last: Date,
}

impl Days {
    /// From `first` to `last`; none when that is backwards.
    pub(crate) fn between(first: Date, last: Date) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    /// The first one.
    pub(crate) fn first(self) -> Date {
        self.first
    }

    /// The last one.
    pub(crate) fn last(self) -> Date {
        self.last
    }

    /// The same days, month by month.
    pub(crate) fn by_month(self) -> impl Iterator<Item = (Period, Self)> {
        let months = std::iter::successors(Some(Period::of(self.first)), |month| {
            Some(month.next()).filter(|next| next > month)
        });
        months.map_while(move |month| {
            let first = self.first.max(month.first_day());
            let last = self.last.min(month.last_day());
            Some((month, Self::between(first, last)?))
        })
    }
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    fn period(text: &str) -> Period {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_is_read_as_it_is_written() {
        assert_eq!(period("2026-02").to_string(), "2026-02");
        assert_eq!(period("2026-02").last_day(), date!(2026 - 02 - 28));
        assert_eq!(period("2024-02").last_day(), date!(2024 - 02 - 29));
        assert_eq!(period("2026-12").next(), period("2027-01"));
        assert_eq!(period("2026-01").previous(), period("2025-12"));
        for text in ["", "2026", "2026-13", "2026-00", "2026-1", "26-01", "2026/01", "+026-01"] {
            assert_eq!(text.parse::<Period>(), Err(InvalidPeriod), "{text}");
        }
        period("9999-12").next();
        period("0000-01").previous();
    }

    #[test]
    fn a_month_ends_three_hours_after_midnight_utc() {
        let before = datetime!(2026-12-01 02:59:59 UTC);
        assert_eq!(Period::ended_by(before), period("2026-10"));
        assert_eq!(Period::ended_by(before + Duration::SECOND), period("2026-11"));
    }

    #[test]
    fn days_fall_into_their_months() {
        let days = Days::between(date!(2025 - 12 - 30), date!(2026 - 02 - 01)).unwrap();
        let months: Vec<_> = days
            .by_month()
            .map(|(month, days)| (month.to_string(), days.first().day(), days.last().day()))
            .collect();
        let expected = [("2025-12", 30, 31), ("2026-01", 1, 31), ("2026-02", 1, 1)];
        assert_eq!(months, expected.map(|(month, first, last)| (month.to_owned(), first, last)));
        assert_eq!(Days::between(date!(2026 - 01 - 02), date!(2026 - 01 - 01)), None);
        assert_eq!(Days::between(Date::MAX, Date::MAX).unwrap().by_month().count(), 1);
    }
}
