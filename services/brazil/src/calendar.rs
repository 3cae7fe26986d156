use std::collections::BTreeSet;

use time::{Date, Duration, Month, Weekday};

/// Knows which days are business days: Monday to Friday less national holidays and the extra
/// ones it was given.
///
/// Carnival and Corpus Christi are no national holidays and count as business days unless they
/// are given as extra. All dates are those of America/Sao_Paulo, see [`crate::local_date`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BusinessCalendar {
    extra_holidays: BTreeSet<Date>,
}

impl BusinessCalendar {
    /// A calendar of national holidays only.
    pub fn national() -> Self {
        Self::default()
    }

    /// A calendar of the national holidays and `extra` ones, for example of a city or a bank.
    pub fn with_holidays(extra: impl IntoIterator<Item = Date>) -> Self {
        Self { extra_holidays: extra.into_iter().collect() }
    }

    /// Whether work is done that day.
    pub fn is_business_day(&self, date: Date) -> bool {
        !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
            && !is_national_holiday(date)
            && !self.extra_holidays.contains(&date)
    }

    /// The first business day after `date`.
    pub fn next_business_day(&self, date: Date) -> Date {
        self.add_business_days(date, 1)
    }

    /// `date` itself if it is a business day, else the first one after it: the day on which
    /// what fell due on `date` is payable at no charge.
    pub fn business_day_from(&self, date: Date) -> Date {
        if self.is_business_day(date) { date } else { self.next_business_day(date) }
    }

    /// The last business day before `date`.
    pub fn previous_business_day(&self, date: Date) -> Date {
        let earlier = std::iter::successors(date.previous_day(), |day| day.previous_day());
        earlier.into_iter().find(|day| self.is_business_day(*day)).unwrap_or(Date::MIN)
    }

    /// The `days`-th business day after `date`; with 0 it is `date`, whatever day that is.
    /// At the end of the calendar, in the year 9999, it stays at the last date.
    pub fn add_business_days(&self, date: Date, days: u32) -> Date {
        let Some(index) = days.checked_sub(1) else { return date };
        std::iter::successors(date.next_day(), |day| day.next_day())
            .filter(|day| self.is_business_day(*day))
            .nth(index as usize)
            .unwrap_or(Date::MAX)
    }
}

/// Whether `date` is a holiday in all of Brazil: the fixed ones of Laws 662/1949, 6.802/1980,
/// 10.607/2002 and, from 2024 on, 14.759/2023, and Good Friday.
pub fn is_national_holiday(date: Date) -> bool {
    match (date.month(), date.day()) {
        (Month::January, 1)
        | (Month::April, 21)
        | (Month::May, 1)
        | (Month::September, 7)
        | (Month::October, 12)
        | (Month::November, 2 | 15)
        | (Month::December, 25) => true,
        (Month::November, 20) => date.year() >= 2024,
        (Month::March | Month::April, _) => good_friday(date.year()) == Some(date),
        _ => false,
    }
}

fn good_friday(year: i32) -> Option<Date> {
    easter(year)?.checked_sub(Duration::days(2))
}

/// Easter Sunday by the Gregorian computus in the form that Meeus gives, with the names its
/// parts have there.
fn easter(year: i32) -> Option<Date> {
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let (d, e) = (b / 4, b % 4);
    let f = (b + 8) / 25;
    let g = (b - f + 1) / 3;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let days_after_1_march = h + l - 7 * m + 21;
    Date::from_calendar_date(year, Month::March, 1)
        .ok()?
        .checked_add(Duration::days(days_after_1_march.into()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::date;

    use super::*;

    #[test]
    fn easter_falls_where_the_church_says() {
        for sunday in [
            date!(1818 - 03 - 22),
            date!(1954 - 04 - 18),
            date!(2000 - 04 - 23),
            date!(2024 - 03 - 31),
            date!(2025 - 04 - 20),
            date!(2026 - 04 - 05),
            date!(2027 - 03 - 28),
            date!(2038 - 04 - 25),
            date!(2049 - 04 - 18),
        ] {
            assert_eq!(easter(sunday.year()), Some(sunday));
        }
    }

    #[test]
    fn the_holidays_of_2026_are_the_ten_national_ones() {
        let holidays: Vec<Date> =
            (1..=365).map(|day| Date::from_ordinal_date(2026, day).unwrap()).collect();
        let holidays: Vec<Date> =
            holidays.into_iter().filter(|day| is_national_holiday(*day)).collect();
        assert_eq!(
            holidays,
            [
                date!(2026 - 01 - 01),
                date!(2026 - 04 - 03),
                date!(2026 - 04 - 21),
                date!(2026 - 05 - 01),
                date!(2026 - 09 - 07),
                date!(2026 - 10 - 12),
                date!(2026 - 11 - 02),
                date!(2026 - 11 - 15),
                date!(2026 - 11 - 20),
                date!(2026 - 12 - 25),
            ]
        );
    }

    #[test]
    fn the_day_of_black_consciousness_is_national_since_2024() {
        assert!(!is_national_holiday(date!(2023 - 11 - 20)));
        assert!(is_national_holiday(date!(2024 - 11 - 20)));
    }

    #[test]
    fn carnival_is_a_business_day_unless_told_otherwise() {
        let carnival = date!(2026 - 02 - 17);
        assert!(BusinessCalendar::national().is_business_day(carnival));
        let calendar = BusinessCalendar::with_holidays([carnival]);
        assert!(!calendar.is_business_day(carnival));
        assert_eq!(calendar.next_business_day(date!(2026 - 02 - 16)), date!(2026 - 02 - 18));
    }

    #[test]
    fn the_ends_of_the_calendar_are_not_passed() {
        let calendar = BusinessCalendar::national();
        assert_eq!(calendar.add_business_days(Date::MAX, u32::MAX), Date::MAX);
        assert_eq!(calendar.previous_business_day(Date::MIN), Date::MIN);
    }

    prop_compose! {
        fn any_date()(julian_day in Date::MIN.to_julian_day()..=Date::MAX.to_julian_day()) -> Date {
            Date::from_julian_day(julian_day).unwrap()
        }
    }

    prop_compose! {
        fn recent_date()(
            julian_day in date!(1990 - 01 - 01).to_julian_day()..date!(2100 - 01 - 01).to_julian_day()
        ) -> Date {
            Date::from_julian_day(julian_day).unwrap()
        }
    }

    proptest! {
        #[test]
        fn every_date_is_judged_without_panic(date in any_date()) {
            let calendar = BusinessCalendar::national();
            calendar.is_business_day(date);
            prop_assert!(calendar.previous_business_day(date) <= date);
            prop_assert!(calendar.next_business_day(date) >= date);
        }

        #[test]
        fn good_friday_is_a_friday(year in 1583..=9999_i32) {
            prop_assert_eq!(good_friday(year).unwrap().weekday(), Weekday::Friday);
        }

        #[test]
        fn more_days_lead_later(date in recent_date(), days in 0..400_u32) {
            let calendar = BusinessCalendar::national();
            let (near, far) =
                (calendar.add_business_days(date, days), calendar.add_business_days(date, days + 1));
            prop_assert!(near < far);
            prop_assert!(calendar.is_business_day(far));
            prop_assert_eq!(calendar.next_business_day(near), far);
        }

        #[test]
        fn a_later_start_never_ends_earlier(date in recent_date(), gap in 0..30_i64, days in 0..60_u32) {
            let calendar = BusinessCalendar::national();
            let later = date + Duration::days(gap);
            prop_assert!(
                calendar.add_business_days(date, days) <= calendar.add_business_days(later, days)
            );
            prop_assert!(calendar.business_day_from(date) <= calendar.business_day_from(later));
        }

        #[test]
        fn back_and_forth_is_where_we_were(date in recent_date()) {
            let calendar = BusinessCalendar::national();
            let day = calendar.business_day_from(date);
            prop_assert!(day >= date);
            prop_assert_eq!(calendar.previous_business_day(calendar.next_business_day(day)), day);
        }
    }
}
