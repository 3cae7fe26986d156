//! The rule of proration, day by day: what the statement that makes the items must agree with.

use std::collections::BTreeMap;

use proptest::prelude::*;
use time::macros::date;
use time::{Date, Duration};

use crate::period::{Days, Period};

/// What a plan costs a company a month, in cents.
#[derive(Clone, Debug)]
pub(super) struct Prices {
    pub(super) list: i64,
    /// By the day on which they were set; of one day the last.
    pub(super) own: BTreeMap<Date, i64>,
}

impl Prices {
    /// The price of a day, and the day on which it was set.
    fn of(&self, day: Date) -> (Date, i64) {
        let own = self.own.range(..=day).next_back();
        own.map_or((Date::MIN, self.list), |(set_on, price)| (*set_on, *price))
    }
}

/// What the days of one charge cost: an amount for each month and price.
pub(super) fn amounts(days: Days, prices: &Prices) -> Vec<i64> {
    let mut counted: BTreeMap<(Period, Date), (i64, i64)> = BTreeMap::new();
    let mut day = days.first();
    while day <= days.last() {
        let (set_on, price) = prices.of(day);
        counted.entry((Period::of(day), set_on)).or_insert((0, price)).0 += 1;
        day += Duration::DAY;
    }
    counted
        .into_iter()
        .map(|((month, _), (days, price))| price * days / i64::from(month.last_day().day()))
        .collect()
}

fn cost(days: Days, prices: &Prices) -> i64 {
    amounts(days, prices).into_iter().sum()
}

fn days(first: i64, length: i64) -> Days {
    let first = date!(2023 - 12 - 01) + Duration::days(first);
    Days::between(first, first + Duration::days(length - 1)).unwrap()
}

fn one_price(price: i64) -> Prices {
    Prices { list: price, own: BTreeMap::new() }
}

prop_compose! {
    fn any_prices()(
        list in 0..200_000_i64,
        own in proptest::collection::btree_map(0..800_i64, 0..200_000_i64, 0..5)
    ) -> Prices {
        let own = own
            .into_iter()
            .map(|(day, price)| (date!(2023 - 12 - 01) + Duration::days(day), price))
            .collect();
        Prices { list, own }
    }
}

#[test]
fn a_price_that_is_set_within_a_month_counts_from_that_day() {
    let november = Days::between(date!(2026 - 11 - 01), date!(2026 - 11 - 30)).unwrap();
    let mut prices = one_price(3_000);
    prices.own.insert(date!(2026 - 11 - 11), 1_000);
    assert_eq!(amounts(november, &prices), [1_000, 666]);
}

proptest! {
    #[test]
    fn a_whole_month_costs_its_price(month in 0..30_i64, price in 0..200_000_i64) {
        let first = date!(2023 - 12 - 15) + Duration::days(month * 30);
        let month = Period::of(first);
        let whole = Days::between(month.first_day(), month.last_day()).unwrap();
        prop_assert_eq!(amounts(whole, &one_price(price)), vec![price]);
    }

    #[test]
    fn the_parts_of_a_month_cost_no_more_than_the_month(
        cuts in proptest::collection::btree_set(1..31_i64, 0..6),
        price in 0..200_000_i64,
    ) {
        let bounds: Vec<i64> = [0].into_iter().chain(cuts).chain([31]).collect();
        let parts = bounds.windows(2).map(|part| days(part[0], part[1] - part[0]));
        let sum: i64 = parts.map(|part| cost(part, &one_price(price))).sum();
        prop_assert!(sum <= price && sum > price - bounds.len() as i64);
    }

    #[test]
    fn more_days_never_cost_less(
        first in 0..700_i64,
        length in 1..100_i64,
        prices in any_prices(),
    ) {
        prop_assert!(cost(days(first, length), &prices) <= cost(days(first, length + 1), &prices));
        prop_assert!(cost(days(first + 1, length), &prices) <= cost(days(first, length + 1), &prices));
    }

    #[test]
    fn nothing_is_rounded_up(length in 1..32_i64, price in 0..200_000_i64) {
        let cost = cost(days(0, length), &one_price(price));
        prop_assert!(cost * 31 <= price * length && (cost + 1) * 31 > price * length);
    }
}
