//! Meetings of an organization's people.

pub(crate) mod rpc;
mod store;

use brazil::EmployeeId;
use time::OffsetDateTime;

/// How many meetings one organization has, past ones included.
pub(crate) const MEETINGS_MAX: i64 = 100_000;

/// The most characters of notes.
const NOTES_MAX: usize = 5_000;

/// A meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Meeting {
    pub(crate) meeting_id: i64,
    /// Whose it is; None when it is nobody's in particular.
    pub(crate) employee_id: Option<EmployeeId>,
    pub(crate) date_from: OffsetDateTime,
    pub(crate) date_to: OffsetDateTime,
    pub(crate) notes: Option<String>,
    pub(crate) time: Option<OffsetDateTime>,
}

/// A member at fault, and what is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Misfit(pub(crate) &'static str, pub(crate) &'static str);

impl Meeting {
    /// What does not fit together.
    pub(crate) fn misfit(&self) -> Option<Misfit> {
        if self.date_to < self.date_from {
            return Some(Misfit("date_to", "is before the beginning"));
        }
        let is_within = |time| (self.date_from..=self.date_to).contains(&time);
        if self.time.is_some_and(|time| !is_within(time)) {
            return Some(Misfit("time", "is not within the meeting"));
        }
        None
    }
}

/// Which meetings are asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) employee_id: Option<EmployeeId>,
    pub(crate) date_from_after: Option<OffsetDateTime>,
    pub(crate) date_from_before: Option<OffsetDateTime>,
    pub(crate) date_to_after: Option<OffsetDateTime>,
    pub(crate) date_to_before: Option<OffsetDateTime>,
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_meeting_ends_after_it_begins_and_its_time_is_within() {
        let meeting = Meeting {
            meeting_id: 1,
            employee_id: None,
            date_from: datetime!(2026-11-22 10:00 UTC),
            date_to: datetime!(2026-11-22 11:00 UTC),
            notes: None,
            time: None,
        };
        assert_eq!(meeting.misfit(), None);
        let short = Meeting { date_to: meeting.date_from, ..meeting.clone() };
        assert_eq!(short.misfit(), None);
        let backwards = Meeting { date_to: datetime!(2026-11-22 9:59 UTC), ..meeting.clone() };
        assert_eq!(backwards.misfit().map(|misfit| misfit.0), Some("date_to"));
        for time in [meeting.date_from, meeting.date_to] {
            assert_eq!(Meeting { time: Some(time), ..meeting.clone() }.misfit(), None);
        }
        let late = Meeting { time: Some(datetime!(2026-11-22 11:01 UTC)), ..meeting };
        assert_eq!(late.misfit().map(|misfit| misfit.0), Some("time"));
    }
}
