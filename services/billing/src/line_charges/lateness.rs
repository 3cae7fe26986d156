//! What becomes known about days whose month is being closed, or was: the run of their own month
//! never changes any more, so a later one takes the difference, once.

use std::collections::BTreeSet;

use time::Date;

use crate::period::{Days, Period};

/// The months whose runs have begun.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Closing {
    begun: BTreeSet<Period>,
}

/// Days of one month that the run of `period` charges, or gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LateDays {
    pub(crate) period: Period,
    pub(crate) days: Days,
    pub(crate) credit: bool,
}

/// What the end of a charge does to the days after its last one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    /// Up to which day the runs of their own months charge.
    pub(super) billed_to: Date,
    /// What was charged, or will be, and is given back.
    pub(super) credits: Vec<LateDays>,
}

impl Closing {
    /// Knows of these runs.
    pub(crate) fn of(begun: impl IntoIterator<Item = Period>) -> Self {
        Self { begun: begun.into_iter().collect() }
    }

    /// The run that takes what is learned now about a month: its own, unless that has begun.
    pub(crate) fn taken_by(&self, month: Period) -> Period {
        match self.begun.last() {
            Some(latest) if self.begun.contains(&month) => latest.next(),
            _ => month,
        }
    }

    fn closed_to(&self) -> Option<Date> {
        self.begun.last().map(|latest| latest.last_day())
    }

    /// From when on the runs of their own months charge a line that is charged from `first_day`,
    /// and what they cannot take any more.
    pub(super) fn beginning(&self, first_day: Date) -> (Date, Vec<LateDays>) {
        let Some(closed_to) = self.closed_to().filter(|closed_to| *closed_to >= first_day) else {
            return (first_day, vec![]);
        };
        let late = self.late(first_day, closed_to, false);
        (closed_to.saturating_add(time::Duration::DAY), late)
    }

    /// What the end of a charge changes whose last day is `last_day`, the day before its first
    /// one if it has none.
    pub(super) fn ending(&self, last_day: Date) -> Ending {
        match self.closed_to().filter(|closed_to| *closed_to > last_day) {
            None => Ending { billed_to: last_day, credits: vec![] },
            Some(closed_to) => {
                let unused_from = last_day.saturating_add(time::Duration::DAY);
                let credits = self.late(unused_from, closed_to, true);
                Ending { billed_to: closed_to, credits }
            }
        }
    }

    fn late(&self, first: Date, last: Date, credit: bool) -> Vec<LateDays> {
        let days = Days::between(first, last);
        days.into_iter()
            .flat_map(Days::by_month)
            .map(|(month, days)| LateDays { period: self.taken_by(month), days, credit })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    fn closing(begun: &[&str]) -> Closing {
        Closing::of(begun.iter().map(|month| month.parse().unwrap()))
    }

    fn said(late: &[LateDays]) -> Vec<(String, Date, Date, bool)> {
        late.iter()
            .map(|late| (late.period.to_string(), late.days.first(), late.days.last(), late.credit))
            .collect()
    }

    #[test]
    fn what_is_known_in_time_is_left_to_its_own_month() {
        let closing = closing(&["2026-10"]);
        assert_eq!(closing.beginning(date!(2026 - 11 - 01)), (date!(2026 - 11 - 01), vec![]));
        let ending = closing.ending(date!(2026 - 10 - 31));
        assert_eq!(ending, Ending { billed_to: date!(2026 - 10 - 31), credits: vec![] });
        assert_eq!(closing.taken_by("2026-09".parse().unwrap()).to_string(), "2026-09");
        assert_eq!(closing.taken_by("2026-10".parse().unwrap()).to_string(), "2026-11");
        assert_eq!(Closing::default().beginning(Date::MIN), (Date::MIN, vec![]));
    }

    #[test]
    fn a_late_beginning_is_charged_by_the_next_run_and_by_months_still_open() {
        let (billed_from, late) = closing(&["2026-08", "2026-10"]).beginning(date!(2026 - 08 - 20));
        assert_eq!(billed_from, date!(2026 - 11 - 01));
        assert_eq!(
            said(&late),
            [
                ("2026-11".to_owned(), date!(2026 - 08 - 20), date!(2026 - 08 - 31), false),
                ("2026-09".to_owned(), date!(2026 - 09 - 01), date!(2026 - 09 - 30), false),
                ("2026-11".to_owned(), date!(2026 - 10 - 01), date!(2026 - 10 - 31), false),
            ]
        );
    }

    #[test]
    fn a_late_end_gives_back_what_was_charged() {
        let ending = closing(&["2026-10"]).ending(date!(2026 - 10 - 14));
        assert_eq!(ending.billed_to, date!(2026 - 10 - 31));
        assert_eq!(
            said(&ending.credits),
            [("2026-11".to_owned(), date!(2026 - 10 - 15), date!(2026 - 10 - 31), true)]
        );
    }
}
