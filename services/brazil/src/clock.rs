use time::macros::offset;
use time::{Date, OffsetDateTime};
use time_tz::{Offset, OffsetResult, PrimitiveDateTimeExt, TimeZone, timezones};

/// The same instant as clocks in America/Sao_Paulo show it, with the offset in force then: the
/// country had daylight saving time in most summers until 2019.
pub fn local_time(at: OffsetDateTime) -> OffsetDateTime {
    let offset = timezones::db::america::SAO_PAULO.get_offset_utc(&at).to_utc();
    at.checked_to_offset(offset).unwrap_or(at)
}

/// The calendar date in America/Sao_Paulo at an instant: the day that legal periods count.
pub fn local_date(at: OffsetDateTime) -> Date {
    local_time(at).date()
}

/// The instant at which a date begins in America/Sao_Paulo. That is 01:00 on a day whose
/// midnight daylight saving time skipped.
pub fn start_of_day(date: Date) -> OffsetDateTime {
    let midnight = date.midnight();
    match midnight.assume_timezone(timezones::db::america::SAO_PAULO) {
        OffsetResult::Some(start) | OffsetResult::Ambiguous(start, _) => start,
        // The skipped midnight in standard time is the instant at which clocks went forward.
        OffsetResult::None => local_time(midnight.assume_offset(offset!(-3))),
    }
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    #[test]
    fn a_day_ends_three_hours_after_midnight_utc() {
        assert_eq!(local_date(datetime!(2026-08-11 02:59:59 UTC)), date!(2026 - 08 - 10));
        assert_eq!(local_date(datetime!(2026-08-11 03:00 UTC)), date!(2026 - 08 - 11));
    }

    #[test]
    fn a_summer_day_of_2018_ended_two_hours_after_midnight_utc() {
        assert_eq!(local_date(datetime!(2018-12-11 01:59:59 UTC)), date!(2018 - 12 - 10));
        assert_eq!(local_date(datetime!(2018-12-11 02:00 UTC)), date!(2018 - 12 - 11));
        assert_eq!(local_date(datetime!(2019-12-11 02:00 UTC)), date!(2019 - 12 - 10));
    }

    #[test]
    fn a_day_starts_at_its_first_instant() {
        assert_eq!(start_of_day(date!(2026 - 08 - 10)), datetime!(2026-08-10 03:00 UTC));
        // Clocks went from 2018-11-03 23:59:59 to 2018-11-04 01:00.
        assert_eq!(start_of_day(date!(2018 - 11 - 04)), datetime!(2018-11-04 01:00 -2));
        assert_eq!(start_of_day(date!(2019 - 02 - 17)), datetime!(2019-02-17 00:00 -3));
    }

    #[test]
    fn the_ends_of_time_do_not_panic() {
        assert_eq!(local_date(datetime!(-9999-01-01 00:00 UTC)), date!(-9999 - 01 - 01));
        assert_eq!(local_date(datetime!(9999-12-31 23:59 UTC)), date!(9999 - 12 - 31));
        start_of_day(Date::MIN);
        start_of_day(Date::MAX);
    }
}
