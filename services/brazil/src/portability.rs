use time::Date;

use crate::BusinessCalendar;

/// Business days after the request within which the donor answers.
const DONOR_ANSWERS_DAYS: u32 = 1;
/// Business days after the request on which the number can move at the earliest.
const WINDOW_DAYS: u32 = 3;

/// The days of a number portability, as Anatel's general rules count them from the request.
/// All are dates in America/Sao_Paulo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortabilityDays {
    /// The donor answers by the end of this business day; its silence is consent.
    pub donor_answers_by: Date,
    /// The holder can cancel until the end of this business day, if the number moves in the
    /// earliest window. For a later window see [`PortabilityDays::cancel_until`].
    pub cancel_until: Date,
    /// The first business day on which the number can move.
    pub earliest_window: Date,
}

impl PortabilityDays {
    /// The days that follow from a request made on `requested`.
    pub fn from_request(requested: Date, calendar: &BusinessCalendar) -> Self {
        let earliest_window = calendar.add_business_days(requested, WINDOW_DAYS);
        Self {
            donor_answers_by: calendar.add_business_days(requested, DONOR_ANSWERS_DAYS),
            cancel_until: Self::cancel_until(earliest_window, calendar),
            earliest_window,
        }
    }

    /// The last day on which a portability can be cancelled whose window opens on `window`.
    pub fn cancel_until(window: Date, calendar: &BusinessCalendar) -> Date {
        calendar.previous_business_day(window)
    }

    /// Whether the holder may choose `window`: a business day, not before the earliest.
    pub fn allows_window(&self, window: Date, calendar: &BusinessCalendar) -> bool {
        window >= self.earliest_window && calendar.is_business_day(window)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn the_holder_chooses_a_business_day_from_the_earliest_on() {
        let calendar = BusinessCalendar::national();
        let days = PortabilityDays::from_request(date!(2026 - 04 - 01), &calendar);
        assert!(!days.allows_window(date!(2026 - 04 - 06), &calendar));
        assert!(days.allows_window(date!(2026 - 04 - 07), &calendar));
        assert!(!days.allows_window(date!(2026 - 04 - 11), &calendar));
        let later = date!(2026 - 04 - 22);
        assert!(days.allows_window(later, &calendar));
        assert_eq!(PortabilityDays::cancel_until(later, &calendar), date!(2026 - 04 - 20));
    }
}
