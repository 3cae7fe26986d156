use proptest::prelude::*;
use time::macros::{date, datetime};

use super::*;

const VALUE: Cents = Cents::new(1_000);

fn open(received: i64) -> Account {
    let (received, credited) = (Cents::new(received), Cents::ZERO);
    Account { value: VALUE, received, settled: None, credited }
}

fn paid(received: i64, settled: i64, credited: i64) -> Account {
    let [received, settled, credited] = [received, settled, credited].map(Cents::new);
    Account { value: VALUE, received, settled: Some(settled), credited }
}

fn pay(account: Account, amount: Option<i64>) -> (i64, Effect) {
    let (amount, effect) = account.pay(amount.map(Cents::new));
    (amount.get(), effect)
}

fn pay_back(account: Account, amount: Option<i64>) -> Option<(i64, Effect, i64)> {
    let (amount, effect, taken) = account.pay_back(amount.map(Cents::new))?;
    Some((amount.get(), effect, taken.get()))
}

#[test]
fn a_part_is_not_enough_and_waits_for_the_rest() {
    assert_eq!(pay(open(0), None), (1_000, Effect::Settles));
    assert_eq!(pay(open(0), Some(999)), (999, Effect::Part));
    assert_eq!(pay(open(999), Some(1)), (1, Effect::Settles));
    assert_eq!(pay(open(400), None), (600, Effect::Settles));
    assert_eq!(pay(open(0), Some(1_200)), (1_200, Effect::Settles));
}

#[test]
fn what_comes_after_is_a_surplus() {
    assert_eq!(pay(paid(1_000, 1_000, 1_000), None), (1_000, Effect::Surplus));
    assert_eq!(pay(paid(0, 1_000, 0), Some(5)), (5, Effect::Surplus));
}

#[test]
fn a_surplus_is_paid_back_before_what_the_wallet_has() {
    assert_eq!(pay_back(open(0), None), None);
    assert_eq!(pay_back(open(400), None), Some((400, Effect::Returns, 0)));
    let once = paid(1_000, 1_000, 1_000);
    assert_eq!(pay_back(once, None), Some((1_000, Effect::Refunds, 1_000)));
    assert_eq!(pay_back(once, Some(300)), Some((300, Effect::Returns, 300)));
    let twice = paid(2_000, 1_000, 1_000);
    assert_eq!(pay_back(twice, None), Some((1_000, Effect::Returns, 0)));
    assert_eq!(pay_back(twice, Some(1_200)), Some((1_200, Effect::Returns, 200)));
    let too_much = paid(1_200, 1_200, 1_000);
    assert_eq!(pay_back(too_much, None), Some((1_200, Effect::Refunds, 1_000)));
}

#[test]
fn a_charge_is_overdue_when_its_day_has_passed_in_sao_paulo() {
    assert_eq!(overdue_at(date!(2036 - 12 - 06)), datetime!(2036-12-07 03:00 UTC));
    overdue_at(Date::MAX);
}

proptest! {
    #[test]
    fn the_wallet_has_what_was_received_and_no_more_than_the_value(
        steps in prop::collection::vec((any::<bool>(), prop::option::of(1..2_000_i64)), 0..30),
    ) {
        let mut account = open(0);
        for (pays, amount) in steps {
            let amount = amount.map(Cents::new);
            let received = account.received.get();
            if pays {
                let (amount, effect) = account.pay(amount);
                account.received = Cents::new(received + amount.get());
                if effect == Effect::Settles {
                    prop_assert!(account.received >= account.value);
                    account.settled = Some(account.received);
                    account.credited = account.value;
                } else if effect == Effect::Part {
                    prop_assert!(account.received < account.value);
                }
            } else if let Some((amount, effect, taken)) = account.pay_back(amount) {
                account.received = Cents::new(received - amount.get());
                account.credited = Cents::new(account.credited.get() - taken.get());
                if effect == Effect::Refunds {
                    prop_assert_eq!(account.credited, Cents::ZERO);
                }
            }
            prop_assert!(account.credited >= Cents::ZERO && account.credited <= account.value);
            let kept = account.received.max(Cents::ZERO);
            prop_assert!(account.credited <= kept || account.settled.is_none());
        }
    }
}
