use chassis::auth::{Grant, Role};
use chassis::refusal::Refusal;
use chassis::testing;
use postgres_local::testing::TestDatabase;
use proto::common::v1::Permission;
use time::macros::datetime;
use tonic::Code;

use super::*;
use crate::MIGRATIONS;
use crate::wallets::credit;

struct Desk {
    wallets: Wallets,
    company_id: CompanyId,
    _database: TestDatabase,
}

impl Desk {
    async fn with(cents: i64) -> Self {
        let (service, database) = testing::service("billing", &MIGRATIONS, vec![]).await;
        let company_id = CompanyId::generate();
        let mut db = service.db.acquire().await.unwrap();
        let now = datetime!(2036-12-01 12:00 UTC);
        credit(&mut db, company_id, Uuid::now_v7(), Cents::new(cents), now).await.unwrap();
        drop(db);
        let wallets = Wallets { service, minute_price: Cents::new(8) };
        Self { wallets, company_id, _database: database }
    }

    async fn reserve(&self, call_id: Uuid, minute: i32) -> Result<i64, Status> {
        let request = pb::ReserveCallMinuteRequest {
            company_id: self.company_id.to_string(),
            call_id: call_id.to_string(),
            minute,
        };
        let answer = self.wallets.reserve_call_minute(Request::new(request)).await?.into_inner();
        Ok(answer.minute_price.unwrap().cents)
    }

    async fn settle(&self, call_id: Uuid, minutes: i32) -> Result<(i64, i64), Status> {
        let request = pb::SettleCallRequest {
            company_id: self.company_id.to_string(),
            call_id: call_id.to_string(),
            minutes,
        };
        let answer = self.wallets.settle_call(Request::new(request)).await?.into_inner();
        Ok((answer.minute_price.unwrap().cents, answer.call_price.unwrap().cents))
    }

    /// Balance and what is reserved of it.
    async fn wallet(&self) -> (i64, i64) {
        let wallet = self.read(self.company_id, Role::Member).await.unwrap();
        (wallet.balance.unwrap().cents, wallet.reserved.unwrap().cents)
    }

    async fn read(&self, granted: CompanyId, role: Role) -> Result<pb::GetWalletResponse, Status> {
        let request = pb::GetWalletRequest { company_id: self.company_id.to_string() };
        let grants = vec![Grant { role, company_id: Some(granted.into()) }];
        let request = testing::request(request, grants, Permission::WalletsRead);
        Ok(self.wallets.get_wallet(request).await?.into_inner())
    }
}

fn reason(status: &Status) -> (Code, String) {
    (status.code(), Refusal::of(status).reason)
}

#[tokio::test]
async fn a_call_holds_its_minutes_and_pays_those_that_it_used() {
    let desk = Desk::with(100).await;
    let call = Uuid::now_v7();
    assert_eq!(desk.reserve(call, 1).await.unwrap(), 8);
    assert_eq!(desk.reserve(call, 1).await.unwrap(), 8);
    assert_eq!(desk.wallet().await, (100, 8));
    desk.reserve(call, 3).await.unwrap();
    desk.reserve(call, 2).await.unwrap();
    assert_eq!(desk.wallet().await, (100, 24));
    assert_eq!(desk.settle(call, 2).await.unwrap(), (8, 16));
    assert_eq!(desk.settle(call, 3).await.unwrap(), (8, 16), "as before");
    assert_eq!(desk.wallet().await, (84, 0));
    let refused = desk.reserve(call, 4).await.unwrap_err();
    assert_eq!(reason(&refused), (Code::FailedPrecondition, "CALL_SETTLED".to_owned()));
}

#[tokio::test]
async fn an_unanswered_call_is_free() {
    let desk = Desk::with(8).await;
    let call = Uuid::now_v7();
    desk.reserve(call, 1).await.unwrap();
    assert_eq!(desk.settle(call, 0).await.unwrap(), (8, 0));
    assert_eq!(desk.wallet().await, (8, 0));
    // One for which nothing was reserved, such as one that came in.
    let unknown = Uuid::now_v7();
    assert_eq!(desk.settle(unknown, 7).await.unwrap(), (0, 0));
    assert_eq!(desk.settle(unknown, 7).await.unwrap(), (0, 0));
    let refused = desk.reserve(unknown, 1).await.unwrap_err();
    assert_eq!(reason(&refused).1, "CALL_SETTLED");
}

#[tokio::test]
async fn what_is_not_there_cannot_be_held() {
    let desk = Desk::with(15).await;
    let (one, other) = (Uuid::now_v7(), Uuid::now_v7());
    desk.reserve(one, 1).await.unwrap();
    for (call, minute) in [(other, 1), (one, 2)] {
        let refused = desk.reserve(call, minute).await.unwrap_err();
        assert_eq!(reason(&refused), (Code::FailedPrecondition, "INSUFFICIENT_CREDITS".to_owned()));
    }
    assert_eq!(desk.wallet().await, (15, 8));
    let poor = Desk { company_id: CompanyId::generate(), ..desk };
    assert_eq!(reason(&poor.reserve(one, 1).await.unwrap_err()).1, "INSUFFICIENT_CREDITS");
    assert_eq!(poor.wallet().await, (0, 0));
}

#[tokio::test]
async fn five_hundred_at_once_get_what_there_is_for_a_hundred() {
    let desk = Desk::with(800).await;
    let calls: Vec<Uuid> = (0..500).map(|_| Uuid::now_v7()).collect();
    let asked = calls.iter().map(|call| desk.reserve(*call, 1));
    let answers = futures::future::join_all(asked).await;
    let held: Vec<Uuid> = calls
        .into_iter()
        .zip(&answers)
        .filter(|(_, answer)| answer.is_ok())
        .map(|(call, _)| call)
        .collect();
    assert_eq!(held.len(), 100);
    for refused in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        assert_eq!(reason(refused).1, "INSUFFICIENT_CREDITS");
    }
    assert_eq!(desk.wallet().await, (800, 800));
    // Each is settled twice at the same time.
    let settled = held.iter().chain(&held).map(|call| desk.settle(*call, 1));
    let settled = futures::future::join_all(settled).await;
    assert!(settled.into_iter().all(|answer| answer.unwrap() == (8, 8)));
    assert_eq!(desk.wallet().await, (0, 0));
    let debits: (i64, i64) = sqlx::query_as(
        "select count(*), sum(wallet_cents)::bigint from ledger_movement where cause = 'call'",
    )
    .fetch_one(&desk.wallets.service.db)
    .await
    .unwrap();
    assert_eq!(debits, (100, -800));
}

#[tokio::test]
async fn a_price_that_changes_counts_for_calls_that_begin_then() {
    let mut desk = Desk::with(100).await;
    let call = Uuid::now_v7();
    desk.reserve(call, 1).await.unwrap();
    desk.wallets.minute_price = Cents::new(50);
    assert_eq!(desk.reserve(call, 2).await.unwrap(), 8);
    assert_eq!(desk.settle(call, 2).await.unwrap(), (8, 16));
}

#[tokio::test]
async fn strangers_see_no_wallet_and_wrong_fields_are_named() {
    let desk = Desk::with(1).await;
    let refused = desk.read(CompanyId::generate(), Role::Manager).await.unwrap_err();
    assert_eq!(reason(&refused), (Code::NotFound, "COMPANY_NOT_FOUND".to_owned()));

    let named = |status: Status| -> Vec<String> {
        Refusal::of(&status).violations.into_iter().map(|broken| broken.field).collect()
    };
    for minute in [0, 1_441] {
        let refused = desk.reserve(Uuid::now_v7(), minute).await.unwrap_err();
        assert_eq!(named(refused), ["minute"]);
    }
    let wrong = pb::SettleCallRequest { minutes: -1, ..Default::default() };
    let refused = desk.wallets.settle_call(Request::new(wrong)).await.unwrap_err();
    assert_eq!(named(refused), ["minutes", "company_id", "call_id"]);
}
