use brazil::{BusinessCalendar, Cents};
use proptest::prelude::*;
use time::Duration;
use time::macros::date;

use super::*;

/// Whom tests pay.
pub(crate) fn payee() -> Payee {
    Payee {
        pix_key: "3f5d6a7b-8c9d-4e1f-a2b3-c4d5e6f70819".parse().unwrap(),
        pix_merchant_name: "Linha Telecomunicações do Brasil".to_owned(),
        pix_merchant_city: "São Paulo".to_owned(),
        boleto_bank: "001".to_owned(),
        boleto_agreement: "1234".to_owned(),
    }
}

const AMOUNT: Cents = Cents::new(10_000);

fn account() -> Account {
    Account { amount: AMOUNT, due: date!(2026 - 12 - 05), received: Cents::ZERO, settled: None }
}

fn due_on(account: Account, day: Date) -> Option<LateFee> {
    account.due_on(day, &BusinessCalendar::national())
}

fn pay(account: Account, amount: Option<i64>, day: Date) -> (i64, Effect) {
    let (amount, effect) = account.pay(amount.map(Cents::new), day, &BusinessCalendar::national());
    (amount.get(), effect)
}

const SATURDAY: Date = date!(2026 - 12 - 05);
const MONDAY: Date = date!(2026 - 12 - 07);

#[test]
fn what_falls_due_on_a_saturday_costs_nothing_more_on_monday() {
    let due = due_on(account(), MONDAY).unwrap();
    assert_eq!(due.total, AMOUNT);
    let due = due_on(account(), MONDAY + Duration::DAY).unwrap();
    assert_eq!((due.fine.get(), due.interest.get()), (200, 3));
    assert_eq!(due.total.get(), 10_203);
}

#[test]
fn a_payment_settles_what_is_due_on_its_day() {
    assert_eq!(pay(account(), None, MONDAY), (10_000, Effect::Settles));
    assert_eq!(pay(account(), None, MONDAY + Duration::DAY), (10_203, Effect::Settles));
    assert_eq!(pay(account(), Some(10_203), MONDAY + Duration::DAY), (10_203, Effect::Settles));
    assert_eq!(pay(account(), Some(10_000), MONDAY + Duration::DAY), (10_000, Effect::Part));
    assert_eq!(pay(account(), Some(99_999), MONDAY), (99_999, Effect::Settles));
}

#[test]
fn a_part_lowers_what_is_left() {
    let rest = Account { received: Cents::new(4_000), ..account() };
    let due = due_on(rest, MONDAY + Duration::days(30)).unwrap();
    assert_eq!(due.fine.get(), 120);
    assert_eq!(due.interest.get(), 60);
    assert_eq!(pay(rest, Some(6_000), MONDAY), (6_000, Effect::Settles));
}

#[test]
fn a_second_payment_is_kept_as_surplus() {
    let paid = Account { received: AMOUNT, settled: Some(AMOUNT), ..account() };
    assert_eq!(due_on(paid, MONDAY), None);
    assert_eq!(pay(paid, None, MONDAY), (10_000, Effect::Surplus));
    assert_eq!(pay(paid, Some(70), MONDAY), (70, Effect::Surplus));
}

#[test]
fn only_what_came_in_is_paid_back() {
    assert_eq!(account().pay_back(None), None);
    let once = Account { received: AMOUNT, settled: Some(AMOUNT), ..account() };
    assert_eq!(once.pay_back(None), Some((AMOUNT, Effect::Refunds)));
    let part = Cents::new(100);
    assert_eq!(once.pay_back(Some(part)), Some((part, Effect::Returns)));
    let twice = Account { received: Cents::new(20_000), ..once };
    assert_eq!(twice.pay_back(None), Some((AMOUNT, Effect::Returns)));
    let part_paid = Account { received: part, ..account() };
    assert_eq!(part_paid.pay_back(Some(part)), Some((part, Effect::Returns)));
}

#[test]
fn settings_that_make_no_boleto_are_noticed() {
    assert!(payee().check().is_ok());
    assert!(Payee { boleto_agreement: "12".to_owned(), ..payee() }.check().is_err());
    assert!(Payee { pix_merchant_city: "—".to_owned(), ..payee() }.check().is_err());
}

proptest! {
    #[test]
    fn an_invoice_is_settled_by_what_it_asks_for_and_by_no_less(
        amount in 1..1_000_000_000_i64, received in 0..1_000_000_000_i64, days in -10..400_i64,
    ) {
        prop_assume!(received < amount);
        let account = Account {
            amount: Cents::new(amount), received: Cents::new(received), ..account()
        };
        let day = SATURDAY + Duration::days(days);
        let due = due_on(account, day).unwrap();
        let sum = amount - received + due.fine.get() + due.interest.get();
        prop_assert_eq!(due.total.get(), sum);
        prop_assert_eq!(pay(account, Some(sum), day).1, Effect::Settles);
        prop_assert_eq!(pay(account, Some(sum - 1), day).1, Effect::Part);
    }
}
