use proptest::prelude::*;
use time::macros::date;

use super::*;

fn product(cents: i64, per: Per) -> Product {
    Product {
        code: "x".to_owned(),
        kind: ProductKind::Product,
        name: "X".to_owned(),
        amount: Cents::new(cents),
        per,
    }
}

#[test]
fn a_price_is_for_seats_months_and_the_organization() {
    let products = [product(1_000, Per::Seat), product(500, Per::Organization)];
    let priced = |seats, rhythm, discount| price(&products, seats, rhythm, discount).get();
    assert_eq!(priced(3, Rhythm::Monthly, None), 3_500);
    assert_eq!(priced(3, Rhythm::Yearly, None), 42_000);
    assert_eq!(priced(3, Rhythm::Monthly, Some(Discount::Percent(10))), 3_150);
    assert_eq!(priced(3, Rhythm::Monthly, Some(Discount::Percent(100))), 0);
    assert_eq!(priced(3, Rhythm::Monthly, Some(Discount::Amount(Cents::new(3_499)))), 1);
    assert_eq!(priced(3, Rhythm::Monthly, Some(Discount::Amount(Cents::new(9_999)))), 0);
}

#[test]
fn months_are_counted_from_where_a_subscription_began() {
    assert_eq!(months_later(date!(2026 - 01 - 31), 1), date!(2026 - 02 - 28));
    assert_eq!(months_later(date!(2026 - 01 - 31), 2), date!(2026 - 03 - 31));
    assert_eq!(months_later(date!(2026 - 12 - 05), 1), date!(2027 - 01 - 05));
    assert_eq!(months_later(date!(2024 - 02 - 29), 12), date!(2025 - 02 - 28));
    assert_eq!(months_later(date!(2026 - 11 - 22), 0), date!(2026 - 11 - 22));
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        any::<bool>().prop_map(|others_overdue| Turn::Paid { others_overdue }),
        Just(Turn::Activated),
    ]
}

proptest! {
    #[test]
    fn what_was_ended_stays_ended_and_what_began_does_not_await(turns in prop::collection::vec(turn(), 0..20)) {
        let mut status = Status::Awaiting;
        let mut late = Status::PastDue;
        let mut canceled = Status::Canceled;
        for turn in turns {
            status = status.after(turn);
            late = late.after(turn);
            canceled = canceled.after(turn);
            prop_assert_ne!(status, Status::Awaiting);
            prop_assert_ne!(status, Status::Canceled);
            prop_assert_eq!(canceled, Status::Canceled);
            prop_assert_eq!(status, Status::Active);
            if !matches!(turn, Turn::Paid { others_overdue: true }) {
                prop_assert_eq!(late, Status::Active);
            }
        }
    }

    #[test]
    fn no_price_is_below_zero(cents in 0i64..1_000_000, seats in 1i32..10_000, percent in 1u8..=100, off in 1i64..i64::MAX) {
        let products = [product(cents, Per::Seat)];
        for discount in [Discount::Percent(percent), Discount::Amount(Cents::new(off))] {
            let priced = price(&products, seats, Rhythm::Yearly, Some(discount));
            prop_assert!(priced >= Cents::ZERO && priced <= price(&products, seats, Rhythm::Yearly, None));
        }
    }
}
