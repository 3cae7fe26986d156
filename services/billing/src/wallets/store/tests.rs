use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use sqlx::PgPool;

use super::*;
use crate::MIGRATIONS;
use crate::wallets::tests::{CALLS, Step, step};
use crate::wallets::{credit, take_back};

const NOW: OffsetDateTime = time::macros::datetime!(2036-12-01 12:00 UTC);

/// What no wallet and no ledger may ever show.
async fn assert_balanced(db: &PgPool) {
    let broken: Vec<Uuid> = sqlx::query_scalar(
        "select wallet.company_id
           from wallet
           left join (
                    select company_id, sum(wallet_cents) as wallet, sum(receivable_cents) as owed
                      from ledger_movement
                     group by company_id
                ) as ledger using (company_id)
           left join (
                    select company_id, sum(price_cents * minutes) as held
                      from call_reservation
                     where settled_at is null
                     group by company_id
                ) as calls using (company_id)
          where balance_cents <> coalesce(wallet, 0) or debt_cents <> -coalesce(owed, 0)
             or reserved_cents <> coalesce(held, 0)",
    )
    .fetch_all(db)
    .await
    .unwrap();
    assert!(broken.is_empty(), "{broken:?}");
}

#[tokio::test]
async fn whatever_happens_the_tables_agree() {
    let (service, _database) = chassis::testing::service("billing", &MIGRATIONS, vec![]).await;
    let db = &service.db;
    let wallets =
        crate::wallets::rpc::Wallets { service: service.clone(), minute_price: Cents::new(8) };
    let mut runner = TestRunner::deterministic();
    let all = prop::collection::vec(step(), 60);
    for _ in 0..8 {
        let company_id = CompanyId::generate();
        let mut calls = [Uuid::nil(); CALLS].map(|_| Uuid::now_v7());
        for step in all.new_tree(&mut runner).unwrap().current() {
            let mut tx = db.begin().await.unwrap();
            match step {
                Step::Credit(amount) => {
                    let amount = Cents::new(amount);
                    credit(&mut tx, company_id, Uuid::now_v7(), amount, NOW).await.unwrap();
                }
                Step::TakeBack(amount) => {
                    let refund = (Uuid::now_v7(), "notice");
                    let amount = Cents::new(amount);
                    take_back(&mut tx, company_id, refund, amount, NOW).await.unwrap();
                }
                Step::Reserve(call) => {
                    let call = (company_id, calls[call]);
                    let held = lock_reservation(&mut tx, call, Cents::new(8)).await.unwrap();
                    let before = find(&mut *tx, company_id).await.unwrap();
                    let reserved = wallets.reserve(&mut tx, call, held.minutes + 1).await;
                    assert_eq!(reserved.is_ok(), before.available() >= 8);
                    if reserved.is_err() {
                        tx.rollback().await.unwrap();
                        continue;
                    }
                }
                Step::Settle(call, minutes) => {
                    let id = std::mem::replace(&mut calls[call], Uuid::now_v7());
                    let settled = wallets.settle(&mut tx, (company_id, id), minutes).await.unwrap();
                    let again = wallets.settle(&mut tx, (company_id, id), 9).await.unwrap();
                    assert_eq!(again, settled);
                }
            }
            tx.commit().await.unwrap();
        }
        assert_balanced(db).await;
    }
    let movements: i64 =
        sqlx::query_scalar("select count(*) from ledger_movement").fetch_one(db).await.unwrap();
    assert!(movements > 100, "{movements}");
}

#[tokio::test]
async fn the_ledger_only_grows() {
    let (service, _database) = chassis::testing::service("billing", &MIGRATIONS, vec![]).await;
    let mut db = service.db.acquire().await.unwrap();
    let (company_id, charge_id) = (CompanyId::generate(), Uuid::now_v7());
    credit(&mut db, company_id, charge_id, Cents::new(100), NOW).await.unwrap();
    for statement in [
        "update ledger_movement set created_at = created_at",
        "delete from ledger_movement",
        "truncate ledger_movement",
    ] {
        let refused = sqlx::query(statement).execute(&mut *db).await.unwrap_err();
        assert!(refused.to_string().contains("the ledger only grows"), "{refused}");
    }
    assert_eq!(find(&mut *db, company_id).await.unwrap().balance, 100);
}

#[tokio::test]
async fn a_cause_moves_money_once() {
    let (service, _database) = chassis::testing::service("billing", &MIGRATIONS, vec![]).await;
    let mut db = service.db.acquire().await.unwrap();
    let (company_id, charge_id) = (CompanyId::generate(), Uuid::now_v7());
    credit(&mut db, company_id, charge_id, Cents::new(100), NOW).await.unwrap();
    assert!(credit(&mut db, company_id, charge_id, Cents::new(100), NOW).await.is_err());
    let mut back = async |notice| {
        let refund = (charge_id, notice);
        take_back(&mut db, company_id, refund, Cents::new(40), NOW).await
    };
    back("1").await.unwrap();
    back("2").await.unwrap();
    assert!(back("2").await.is_err());
}

#[tokio::test]
async fn the_database_itself_keeps_what_must_hold() {
    let (service, _database) = chassis::testing::service("billing", &MIGRATIONS, vec![]).await;
    let mut db = service.db.acquire().await.unwrap();
    let company_id = CompanyId::generate();
    let rich = open_locked(&mut db, company_id).await.unwrap();
    for wrong in [
        Wallet { balance: -1, ..rich },
        Wallet { balance: 1, reserved: 2, ..rich },
        Wallet { reserved: -1, ..rich },
        Wallet { debt: -1, ..rich },
    ] {
        assert!(save(&mut db, company_id, wrong).await.is_err(), "{wrong:?}");
    }
    let (call, charge) = (Cause::Call(Uuid::now_v7()), Cause::Charge(Uuid::now_v7()));
    let none = Movement::default();
    for (cause, wrong) in [
        (call, Movement { wallet: -8, revenue: 9, ..none }),
        (call, none),
        (call, Movement { wallet: 8, revenue: -8, ..none }),
        (charge, Movement { wallet: -8, provider: 8, ..none }),
        (charge, Movement { wallet: 8, receivable: -8, ..none }),
    ] {
        let appended = append(&mut db, company_id, cause, wrong, rich, NOW).await;
        assert!(appended.is_err(), "{cause:?} {wrong:?}");
    }
}

#[tokio::test]
async fn movements_are_listed_newest_first() {
    let (service, _database) = chassis::testing::service("billing", &MIGRATIONS, vec![]).await;
    let mut db = service.db.acquire().await.unwrap();
    let company_id = CompanyId::generate();
    let charge_id = Uuid::now_v7();
    credit(&mut db, company_id, charge_id, Cents::new(100), NOW).await.unwrap();
    take_back(&mut db, company_id, (charge_id, "1"), Cents::new(130), NOW).await.unwrap();
    // Pays the debt alone: the balance does not move.
    credit(&mut db, company_id, Uuid::now_v7(), Cents::new(30), NOW).await.unwrap();
    credit(&mut db, CompanyId::generate(), Uuid::now_v7(), Cents::new(9), NOW).await.unwrap();
    let page = Page { size: 1, skip: 0, after: None };
    let (found, total) = entries(&service.db, company_id, &page).await.unwrap();
    let shown: Vec<_> = found
        .iter()
        .map(|entry| (entry.cause.as_str(), entry.wallet_cents.get(), entry.balance_cents.get()))
        .collect();
    assert_eq!((shown, total), (vec![("refund", -100, 0), ("charge", 100, 100)], 2));
    let page = Page { after: Some(found[0].movement_id), ..page };
    let (rest, _) = entries(&service.db, company_id, &page).await.unwrap();
    assert_eq!(rest, found[1..]);
}
