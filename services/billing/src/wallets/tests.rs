use proptest::prelude::*;

use super::*;

/// What can happen to a wallet.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Credit(i64),
    TakeBack(i64),
    /// A minute of a call, of which there are a few.
    Reserve(usize),
    /// How many of its minutes a call used.
    Settle(usize, i32),
}

const PRICE: Cents = Cents::new(8);
pub(super) const CALLS: usize = 4;

pub(super) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1..40_i64).prop_map(Step::Credit),
        (1..60_i64).prop_map(Step::TakeBack),
        (0..CALLS).prop_map(Step::Reserve),
        (0..CALLS, 0..5_i32).prop_map(|(call, minutes)| Step::Settle(call, minutes)),
    ]
}

fn sum(ledger: &[Movement], account: impl Fn(&Movement) -> i64) -> i64 {
    ledger.iter().map(account).sum()
}

proptest! {
    #[test]
    fn a_wallet_is_what_its_ledger_says_and_never_negative(
        steps in prop::collection::vec(step(), 0..80),
    ) {
        let open = Reservation { price: PRICE, minutes: 0, settled: None };
        let (mut wallet, mut ledger, mut calls) = (Wallet::EMPTY, vec![], [open; CALLS]);
        for step in steps {
            match step {
                Step::Credit(amount) => {
                    let (after, movement) = wallet.credit(Cents::new(amount)).unwrap();
                    (wallet, ledger) = (after, [ledger, vec![movement]].concat());
                }
                Step::TakeBack(amount) => {
                    let (after, movement) = wallet.take_back(Cents::new(amount)).unwrap();
                    (wallet, ledger) = (after, [ledger, vec![movement]].concat());
                }
                Step::Reserve(call) => {
                    let missing = calls[call].missing(calls[call].minutes + 1);
                    match wallet.reserve(missing) {
                        Some(after) => {
                            wallet = after;
                            calls[call].minutes += 1;
                        }
                        None => prop_assert!(wallet.available() < PRICE.get()),
                    }
                }
                Step::Settle(call, minutes) => {
                    let cost = calls[call].cost(minutes);
                    prop_assert!(cost.get() <= i64::from(minutes) * PRICE.get());
                    let (after, movement) = wallet.settle(calls[call].held(), cost);
                    (wallet, ledger) = (after, [ledger, vec![movement]].concat());
                    // The next one of that place.
                    calls[call] = open;
                }
            }
            prop_assert!(wallet.balance >= wallet.reserved && wallet.debt >= 0, "{wallet:?}");
            let held: i64 = calls.iter().map(|call| call.held().get()).sum();
            prop_assert_eq!(wallet.reserved, held);
            prop_assert_eq!(wallet.balance, sum(&ledger, |movement| movement.wallet));
            prop_assert_eq!(-wallet.debt, sum(&ledger, |movement| movement.receivable));
            for movement in &ledger {
                let Movement { wallet, receivable, provider, revenue } = movement;
                prop_assert_eq!(wallet + receivable + provider + revenue, 0);
            }
        }
    }
}

#[test]
fn the_next_credit_pays_the_debt_first() {
    let (wallet, _) = Wallet::EMPTY.credit(Cents::new(100)).unwrap();
    let wallet = wallet.reserve(Cents::new(30)).unwrap();
    // Thirty are held by a call, and stay there.
    let (wallet, movement) = wallet.take_back(Cents::new(100)).unwrap();
    assert_eq!(wallet, Wallet { balance: 30, reserved: 30, debt: 30 });
    let expected = Movement { wallet: -70, receivable: -30, provider: 100, revenue: 0 };
    assert_eq!(movement, expected);
    let (wallet, movement) = wallet.credit(Cents::new(20)).unwrap();
    assert_eq!(wallet, Wallet { balance: 30, reserved: 30, debt: 10 });
    assert_eq!(movement, Movement { wallet: 0, receivable: 20, provider: -20, revenue: 0 });
    let (wallet, _) = wallet.credit(Cents::new(20)).unwrap();
    assert_eq!(wallet, Wallet { balance: 40, reserved: 30, debt: 0 });
}

#[test]
fn no_more_is_charged_than_was_reserved() {
    let call = Reservation { price: PRICE, minutes: 2, settled: None };
    assert_eq!((call.cost(1).get(), call.cost(2).get(), call.cost(9).get()), (8, 16, 16));
    assert_eq!((call.cost(0).get(), call.cost(-1).get()), (0, 0));
    assert_eq!((call.missing(2).get(), call.missing(3).get(), call.missing(5).get()), (0, 8, 24));
}

#[test]
fn what_cannot_be_counted_is_not() {
    let rich = Wallet { balance: i64::MAX, reserved: 0, debt: 0 };
    assert_eq!(rich.credit(Cents::new(1)), None);
    assert_eq!(Wallet { reserved: i64::MAX, ..rich }.reserve(Cents::new(1)), None);
    assert_eq!(Wallet { debt: i64::MAX, ..Wallet::EMPTY }.take_back(Cents::new(1)), None);
}
