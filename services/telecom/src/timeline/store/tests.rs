use brazil::CompanyId;
use chassis::Service;
use proto::common::v1::PageRequest;
use sqlx::AssertSqlSafe;

use super::*;
use crate::testing::service;
use crate::timeline::{Actor, record, record_all};

fn entry(line_id: LineId, action: &'static str, at: OffsetDateTime) -> Entry {
    Entry {
        line_id,
        company_id: Some(CompanyId::generate()),
        at,
        actor: Actor::service("telecom"),
        action,
        before: Facts::from([("plan_id", "old".to_owned())]),
        after: Facts::from([("plan_id", "it's \"new\"".to_owned())]),
        reason: None,
    }
}

async fn history(service: &Service, line_id: LineId, size: i32, token: &str) -> Vec<Recorded> {
    let page = PageRequest { page_size: size, page_token: token.to_owned(), skip: 0 };
    let page = Page::parse(Some(page)).unwrap();
    list(&service.db, line_id, &page).await.unwrap().0
}

#[tokio::test]
async fn what_happened_is_read_newest_first() {
    let (service, _database) = service().await;
    let mut connection = service.db.acquire().await.unwrap();
    let (line_id, now) = (LineId::generate(), service.clock.now());
    record(&mut connection, &entry(line_id, "ordered", now)).await.unwrap();
    let more: Vec<Entry> = ["activated", "blocked", "unblocked"]
        .into_iter()
        .flat_map(|action| [entry(line_id, action, now), entry(LineId::generate(), action, now)])
        .collect();
    record_all(&mut connection, &more).await.unwrap();

    let recorded = history(&service, line_id, 10, "").await;
    let actions: Vec<&str> = recorded.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["unblocked", "blocked", "activated", "ordered"]);
    let last = recorded.last().unwrap();
    assert_eq!((last.actor_kind.as_str(), last.actor_id.as_str()), ("service", "telecom"));
    assert_eq!((last.before["plan_id"].as_str(), last.at), ("old", now));
    assert_eq!(last.after["plan_id"], "it's \"new\"");

    let first = Page::<i64>::parse(Some(PageRequest { page_size: 3, ..PageRequest::default() }));
    let first = first.unwrap();
    let (rows, total) = list(&service.db, line_id, &first).await.unwrap();
    assert_eq!(total, 4);
    let (_, answer) = first.cut(rows, total, |entry| entry.entry_id);
    let rest = history(&service, line_id, 3, &answer.next_page_token).await;
    let [only] = rest.as_slice() else { panic!("{rest:?}") };
    assert_eq!(only, last);
}

#[tokio::test]
async fn a_line_without_history_has_an_empty_one() {
    let (service, _database) = service().await;
    let page = Page::parse(None).unwrap();
    assert_eq!(list(&service.db, LineId::generate(), &page).await.unwrap(), (vec![], 0));
}

#[tokio::test]
async fn history_is_not_rewritten() {
    let (service, _database) = service().await;
    let mut connection = service.db.acquire().await.unwrap();
    let now = service.clock.now();
    record(&mut connection, &entry(LineId::generate(), "ordered", now)).await.unwrap();
    for rewriting in [
        "update timeline_entry set reason = ''",
        "delete from timeline_entry",
        "truncate timeline_entry",
    ] {
        let error = sqlx::query(rewriting).execute(&mut *connection).await.unwrap_err();
        assert!(error.to_string().contains("only ever added to"), "{rewriting}: {error}");
    }
}

#[tokio::test]
async fn a_page_is_read_from_the_index() {
    let (service, _database) = service().await;
    let mut connection = service.db.acquire().await.unwrap();
    let (line_id, now) = (LineId::generate(), service.clock.now());
    let entries: Vec<Entry> = (0..2_000)
        .map(|index| {
            let line_id = if index % 2 == 0 { line_id } else { LineId::generate() };
            entry(line_id, "tag_changed", now)
        })
        .collect();
    record_all(&mut connection, &entries).await.unwrap();
    sqlx::query("analyze timeline_entry").execute(&mut *connection).await.unwrap();
    let plan: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!("explain {LIST}")))
        .bind(line_id.0)
        .bind(None::<i64>)
        .bind(0_i64)
        .bind(51_i64)
        .fetch_all(&mut *connection)
        .await
        .unwrap();
    let plan = plan.join("\n");
    assert!(plan.contains("Index Scan Backward using timeline_entry_pkey"), "{plan}");
}
