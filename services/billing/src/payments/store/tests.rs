use time::Duration;
use time::macros::date;

use super::*;
use crate::MIGRATIONS;
use crate::testing::{DUE, IN_TIME, invoice, status};

const PERIOD: Date = date!(2036 - 11 - 01);
const NOW: OffsetDateTime = IN_TIME;

async fn collected(db: &PgPool, company_id: CompanyId) -> InvoiceId {
    let invoice_id = invoice(db, company_id, PERIOD).await;
    let new = NewInvoice { invoice_id, company_id, due_date: DUE };
    collect(db, &[(new, NOW)], NOW).await.unwrap();
    invoice_id
}

async fn took_in(db: &PgPool, notice: &Notice<'_>) -> bool {
    let mut tx = db.begin().await.unwrap();
    let new = insert_notice(&mut tx, notice).await.unwrap();
    tx.commit().await.unwrap();
    new
}

fn notice(notice_id: &str, invoice_id: InvoiceId, effect: Effect, amount: i64) -> Notice<'_> {
    Notice {
        notice_id,
        about: Payable::Invoice(invoice_id),
        company_id: CompanyId::generate(),
        effect,
        amount: Cents::new(amount),
        occurred_at: NOW,
        received_at: NOW,
    }
}

#[tokio::test]
async fn an_invoice_is_collected_once() {
    let (service, _database) = chassis::testing::service("billing", &MIGRATIONS, vec![]).await;
    let (db, company_id) = (&service.db, CompanyId::generate());
    let invoice_id = invoice(db, company_id, PERIOD).await;
    let new = uncollected(db, 10).await.unwrap();
    assert_eq!(new, [NewInvoice { invoice_id, company_id, due_date: DUE }]);
    let new: Vec<_> = new.into_iter().map(|new| (new, NOW)).collect();
    collect(db, &new, NOW).await.unwrap();
    collect(db, &new, NOW).await.unwrap();
    assert_eq!(uncollected(db, 10).await.unwrap(), []);

    let until = NOW + Duration::MINUTE;
    let taken = take_unregistered(db, NOW, until, 10).await.unwrap();
    assert_eq!(taken[0].invoice_id, invoice_id);
    assert_eq!((taken[0].period.as_str(), taken[0].amount.get()), ("2036-11", 10_000));
    assert_eq!(take_unregistered(db, NOW, until, 10).await.unwrap(), []);
    assert_eq!(take_unregistered(db, until, until, 10).await.unwrap().len(), 1);

    let charges = [(invoice_id, "charge".to_owned())];
    let mut tx = db.begin().await.unwrap();
    assert_eq!(registered(&mut tx, &charges).await.unwrap(), [invoice_id.0]);
    assert!(registered(&mut tx, &charges).await.unwrap().is_empty());
    tx.commit().await.unwrap();
    try_again(db, invoice_id, NOW).await.unwrap();
    assert_eq!(take_unregistered(db, until, until, 10).await.unwrap(), []);
}

#[tokio::test]
async fn what_failed_is_tried_again_when_it_is_time() {
    let (service, _database) = chassis::testing::service("billing", &MIGRATIONS, vec![]).await;
    let db = &service.db;
    let invoice_id = collected(db, CompanyId::generate()).await;
    let later = NOW + Duration::HOUR;
    try_again(db, invoice_id, later).await.unwrap();
    assert_eq!(take_unregistered(db, NOW, later, 10).await.unwrap(), []);
    assert_eq!(take_unregistered(db, later, later, 10).await.unwrap()[0].failures, 1);
}

#[tokio::test]
async fn a_paid_invoice_needs_no_charge() {
    let (service, _database) = chassis::testing::service("billing", &MIGRATIONS, vec![]).await;
    let db = &service.db;
    let invoice_id = collected(db, CompanyId::generate()).await;
    let mut tx = db.begin().await.unwrap();
    pay(&mut tx, invoice_id, NOW).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(status(db, invoice_id).await, "paid");
    assert_eq!(take_unregistered(db, NOW, NOW, 10).await.unwrap(), []);
    let mut tx = db.begin().await.unwrap();
    refund(&mut tx, invoice_id).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(status(db, invoice_id).await, "refunded");
}

#[tokio::test]
async fn what_came_in_is_counted() {
    let (service, _database) = chassis::testing::service("billing", &MIGRATIONS, vec![]).await;
    let (db, company_id) = (&service.db, CompanyId::generate());
    let invoice_id = collected(db, company_id).await;
    let found = async || account(db, invoice_id).await.unwrap().unwrap();
    let empty =
        Account { amount: Cents::new(10_000), due: DUE, received: Cents::ZERO, settled: None };
    assert_eq!(found().await, empty);

    assert!(took_in(db, &notice("1", invoice_id, Effect::Part, 4_000)).await);
    assert!(!took_in(db, &notice("1", invoice_id, Effect::Part, 4_000)).await);
    assert!(took_in(db, &notice("2", invoice_id, Effect::Failed, 9_999)).await);
    assert_eq!(found().await, Account { received: Cents::new(4_000), ..empty });

    took_in(db, &notice("3", invoice_id, Effect::Settles, 6_000)).await;
    let mut tx = db.begin().await.unwrap();
    assert_eq!(lock_invoice(&mut tx, invoice_id).await.unwrap(), Some(company_id));
    assert_eq!(lock_invoice(&mut tx, InvoiceId::generate()).await.unwrap(), None);
    pay(&mut tx, invoice_id, NOW).await.unwrap();
    assert!(is_known(&mut tx, "3").await.unwrap() && !is_known(&mut tx, "9").await.unwrap());
    tx.commit().await.unwrap();
    took_in(db, &notice("4", invoice_id, Effect::Surplus, 500)).await;
    took_in(db, &notice("5", invoice_id, Effect::Returns, 200)).await;
    let expected =
        Account { received: Cents::new(10_300), settled: Some(Cents::new(10_000)), ..empty };
    assert_eq!(found().await, expected);
    assert_eq!(account(db, InvoiceId::generate()).await.unwrap(), None);
}

#[tokio::test]
async fn an_invoice_is_settled_once_whatever_the_code_does() {
    let (service, _database) = chassis::testing::service("billing", &MIGRATIONS, vec![]).await;
    let invoice_id = collected(&service.db, CompanyId::generate()).await;
    took_in(&service.db, &notice("1", invoice_id, Effect::Settles, 1)).await;
    let mut tx = service.db.begin().await.unwrap();
    let again = insert_notice(&mut tx, &notice("2", invoice_id, Effect::Settles, 1)).await;
    let broken = again.map_err(|error| chassis::db::broken_constraint(&error).map(str::to_owned));
    assert_eq!(broken, Err(Some("payment_notice_settles".to_owned())));
}
