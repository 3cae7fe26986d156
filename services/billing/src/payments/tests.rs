use brazil::{BusinessCalendar, Cents, PixCode};
use proptest::prelude::*;
use time::Duration;
use time::macros::date;
use uuid::Uuid;

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

fn due_on(account: Account, day: Date) -> Option<AmountDue> {
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
    assert_eq!((due.late.total, due.until), (AMOUNT, MONDAY));
    assert_eq!(due_on(account(), SATURDAY - Duration::DAY).unwrap().until, SATURDAY);
    let due = due_on(account(), MONDAY + Duration::DAY).unwrap();
    assert_eq!((due.late.fine.get(), due.late.interest.get()), (200, 3));
    assert_eq!((due.principal.get(), due.late.total.get()), (10_000, 10_203));
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
    assert_eq!((due.principal.get(), due.late.fine.get()), (6_000, 120));
    assert_eq!(due.late.interest.get(), 60);
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
fn pix_and_boleto_ask_for_the_same_amount() {
    let id = Uuid::from_u128(u128::MAX);
    let due = due_on(account(), MONDAY + Duration::DAY).unwrap();
    let options = payee().options(id, due).unwrap();
    let read: PixCode = options.pix.as_str().parse().unwrap();
    assert_eq!(read.charge().amount, Some(Cents::new(10_203)));
    assert_eq!(read.charge().merchant_name, "Linha Telecomunicacoes do");
    assert_eq!(read.charge().reference.as_deref(), Some("F5LXX1ZZ5PNORYNQGLHZMSP33"));
    assert_eq!(options.boleto.amount(), Cents::new(10_203));
    assert_eq!(options.boleto.due_date(MONDAY), Some(MONDAY + Duration::DAY));
    assert!(options.boleto.free_field().starts_with("1234"));
    assert_eq!(options.boleto.line().len(), 54);
    assert!(options.pix_picture.svg().starts_with("<svg"));
}

#[test]
fn settings_that_make_no_boleto_are_noticed() {
    assert!(payee().check().is_ok());
    let names = |payee: Payee, setting| payee.check().unwrap_err().to_string().contains(setting);
    let agreement = Payee { boleto_agreement: "12".to_owned(), ..payee() };
    assert!(names(agreement, "LINHA_BOLETO_AGREEMENT"));
    assert!(names(Payee { boleto_bank: "1".to_owned(), ..payee() }, "LINHA_BOLETO_BANK"));
    let city = Payee { pix_merchant_city: "—".to_owned(), ..payee() };
    assert!(names(city, "LINHA_PIX_MERCHANT_CITY"));
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
        prop_assert_eq!(due.principal.get(), amount - received);
        let sum = due.principal.get() + due.late.fine.get() + due.late.interest.get();
        prop_assert_eq!(due.late.total.get(), sum);
        prop_assert_eq!(pay(account, Some(sum), day).1, Effect::Settles);
        prop_assert_eq!(pay(account, Some(sum - 1), day).1, Effect::Part);
        prop_assert!(due.until >= day && due.until >= account.due);
    }
}
