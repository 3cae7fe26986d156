//! The periods of a port-in.

use brazil::{BusinessCalendar, local_date, start_of_day};
use time::{Date, Duration, OffsetDateTime};

/// How long everything may take. The defaults are those of Anatel's general rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rules {
    /// The holder has this long to answer an SMS before the request is parked.
    pub(crate) confirmation: Duration,
    /// How often a parked request's SMS is sent again.
    pub(crate) resends_max: i32,
    /// Pause before each of these.
    pub(crate) resend_pause: Duration,
    /// A request is parked this long at most.
    pub(crate) parking: Duration,
    /// The administrator has this long to acknowledge a ticket before it is asked.
    pub(crate) acknowledgement: Duration,
    /// The donor has until the end of this many business days; then its silence is consent.
    pub(crate) donor_days: u32,
    /// The number moves on this business day after the submission, or later.
    pub(crate) window_days: u32,
    /// The holder may cancel until the end of this many business days before the window.
    pub(crate) cancel_days: u32,
    /// A window that is open this long without an outcome raises an alarm.
    pub(crate) alarm: Duration,
    /// A window that is open this long without an outcome has failed.
    pub(crate) failure: Duration,
    /// Which days are business days.
    pub(crate) calendar: BusinessCalendar,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            confirmation: Duration::hours(6),
            resends_max: 3,
            resend_pause: Duration::days(1),
            parking: Duration::days(30),
            acknowledgement: Duration::minutes(10),
            donor_days: 1,
            window_days: 3,
            cancel_days: 1,
            alarm: Duration::hours(2),
            failure: Duration::hours(24),
            calendar: BusinessCalendar::national(),
        }
    }
}

impl Rules {
    /// When the donor's silence becomes consent, if it got the ticket at `since`.
    pub(crate) fn donor_silent_at(&self, since: OffsetDateTime) -> OffsetDateTime {
        end_of(self.calendar.add_business_days(local_date(since), self.donor_days))
    }

    /// The earliest window of a ticket submitted at `submitted_at` and scheduled at
    /// `scheduled_at`: it lies in the future even if the donor took longer than it may.
    pub(crate) fn window(
        &self,
        submitted_at: OffsetDateTime,
        scheduled_at: OffsetDateTime,
    ) -> Date {
        let earliest = self.calendar.add_business_days(local_date(submitted_at), self.window_days);
        earliest.max(self.calendar.next_business_day(local_date(scheduled_at)))
    }

    /// The first moment at which it is too late to cancel.
    pub(crate) fn too_late_to_cancel_at(&self, window: Date) -> OffsetDateTime {
        let eve =
            (0..self.cancel_days).fold(window, |date, _| self.calendar.previous_business_day(date));
        end_of(eve)
    }
}

fn end_of(date: Date) -> OffsetDateTime {
    start_of_day(date.next_day().unwrap_or(Date::MAX))
}

#[cfg(test)]
mod tests {
    use brazil::PortabilityDays;
    use proptest::prelude::*;
    use time::macros::{date, datetime};

    use super::*;

    #[test]
    fn the_days_are_those_of_the_law() {
        let rules = Rules::default();
        for (requested, donor_answers_by, cancel_until, earliest_window) in [
            (
                date!(2026 - 03 - 30),
                date!(2026 - 03 - 31),
                date!(2026 - 04 - 01),
                date!(2026 - 04 - 02),
            ),
            (
                date!(2026 - 04 - 01),
                date!(2026 - 04 - 02),
                date!(2026 - 04 - 06),
                date!(2026 - 04 - 07),
            ),
            (
                date!(2026 - 09 - 04),
                date!(2026 - 09 - 08),
                date!(2026 - 09 - 09),
                date!(2026 - 09 - 10),
            ),
            (
                date!(2026 - 12 - 30),
                date!(2026 - 12 - 31),
                date!(2027 - 01 - 04),
                date!(2027 - 01 - 05),
            ),
        ] {
            let submitted_at = start_of_day(requested) + Duration::hours(14);
            assert_eq!(rules.donor_silent_at(submitted_at), end_of(donor_answers_by));
            assert_eq!(rules.window(submitted_at, submitted_at), earliest_window);
            assert_eq!(rules.too_late_to_cancel_at(earliest_window), end_of(cancel_until));
        }
    }

    #[test]
    fn a_late_donor_moves_the_window() {
        let rules = Rules::default();
        let submitted_at = datetime!(2026-03-30 14:00 UTC);
        let scheduled_at = datetime!(2026-04-10 14:00 UTC);
        assert_eq!(rules.window(submitted_at, scheduled_at), date!(2026 - 04 - 13));
    }

    proptest! {
        #[test]
        fn a_donor_that_keeps_its_day_never_moves_the_window(hours in 0..20_000_i64) {
            let rules = Rules::default();
            let submitted_at = datetime!(2026-01-01 00:00 UTC) + Duration::hours(hours);
            let days = PortabilityDays::from_request(local_date(submitted_at), &rules.calendar);
            let silent_at = rules.donor_silent_at(submitted_at);
            prop_assert_eq!(rules.window(submitted_at, silent_at), days.earliest_window);
            prop_assert_eq!(rules.window(submitted_at, submitted_at), days.earliest_window);
            prop_assert_eq!(silent_at, end_of(days.donor_answers_by));
        }
    }
}
