use proto::common::v1::PageRequest;
use time::Duration as Span;

use super::*;
use crate::webhooks::testing::{company, deliveries, endpoint, hand_out, message};

const OURS: &str = "https://example.com/";

fn page(page_size: i32, page_token: &str, skip: i32) -> Page<Position> {
    Page::parse(Some(PageRequest { page_size, page_token: page_token.to_owned(), skip })).unwrap()
}

#[tokio::test]
async fn deliveries_are_listed_newest_first_page_by_page() {
    let (deliveries, _database) = deliveries().await;
    let service = &deliveries.service;
    let company_id = company(service).await;
    let ours = endpoint(service, company_id, OURS, &[]).await;
    let other = endpoint(service, company_id, OURS, &[]).await;
    message(service, &other, Span::ZERO).await;
    let mut expected = vec![];
    for age in [5, 4, 3, 2, 1] {
        expected.insert(0, message(service, &ours, Span::hours(age)).await);
    }
    let id = ours.endpoint_id.0;
    let position = |delivery: &Delivery| Position {
        happened_at: delivery.happened_at,
        delivery_id: delivery.delivery_id,
    };
    let (mut seen, mut token) = (vec![], String::new());
    loop {
        let page = page(2, &token, 0);
        let (found, total) = list(&service.db, id, &page).await.unwrap();
        assert_eq!(total, 5);
        let (shown, lies) = page.cut(found, total, position);
        seen.extend(shown.iter().map(|delivery| delivery.delivery_id));
        if lies.next_page_token.is_empty() {
            break;
        }
        token = lies.next_page_token;
    }
    assert_eq!(seen, expected);
    let (found, _) = list(&service.db, id, &page(2, "", 3)).await.unwrap();
    let skipped: Vec<_> = found.iter().map(|delivery| delivery.delivery_id).collect();
    assert_eq!(skipped, expected[3..]);
    let (beyond, total) = list(&service.db, id, &page(2, "", 9)).await.unwrap();
    assert_eq!((beyond, total), (vec![], 5));
}

#[tokio::test]
async fn a_replay_takes_what_happened_in_the_stretch_and_is_not_in_hand() {
    let (deliveries, _database) = deliveries().await;
    let service = &deliveries.service;
    let endpoint = endpoint(service, company(service).await, OURS, &[]).await;
    let mut ids = vec![];
    for hours in [4, 3, 2, 1] {
        ids.push(message(service, &endpoint, Span::hours(hours)).await);
    }
    let now = service.clock.now();
    for (index, id) in ids.iter().enumerate() {
        let state = if index % 2 == 0 { "delivered" } else { "failed" };
        sqlx::query(
            "update webhook_delivery
                set state = $2, due_at = null, step = 10, attempts = 10,
                    delivered_at = case when $2 = 'delivered' then happened_at end
              where delivery_id = $1",
        )
        .bind(id)
        .bind(state)
        .execute(&service.db)
        .await
        .unwrap();
    }
    let in_hand = message(service, &endpoint, Span::hours(2)).await;
    hand_out(&deliveries, &endpoint).await;

    let mut connection = service.db.acquire().await.unwrap();
    let id = endpoint.endpoint_id.0;
    let (found, _) = list(&service.db, id, &page(10, "", 0)).await.unwrap();
    let happened =
        |id: Uuid| found.iter().find(|delivery| delivery.delivery_id == id).unwrap().happened_at;
    // From included, to not.
    let stretch = (happened(ids[1]), happened(ids[3]));
    let replayed = replay(&mut connection, id, stretch, now, 10).await.unwrap();
    assert_eq!(replayed, 2);
    let (after, _) = list(&service.db, id, &page(10, "", 0)).await.unwrap();
    let pending: Vec<_> = after
        .iter()
        .filter(|delivery| delivery.state == State::Pending)
        .map(|delivery| (delivery.delivery_id, delivery.due_at == Some(now), delivery.attempts))
        .collect();
    assert_eq!(pending.len(), 3);
    assert!(pending.contains(&(ids[1], true, 10)) && pending.contains(&(ids[2], true, 10)));
    assert!(pending.contains(&(in_hand, false, 0)));
    let step: i32 = sqlx::query_scalar("select step from webhook_delivery where delivery_id = $1")
        .bind(ids[1])
        .fetch_one(&service.db)
        .await
        .unwrap();
    assert_eq!(step, 0);
    let outgoing = find_queued(&service.db, in_hand, now).await.unwrap().unwrap();
    assert_eq!((outgoing.url.as_str(), outgoing.step), (OURS, 0));
    assert_eq!(find_queued(&service.db, ids[1], now).await.unwrap(), None);

    let everything = (stretch.0 - Span::days(1), now + Span::days(1));
    let refused = replay(&mut connection, id, everything, now, 2).await;
    assert!(matches!(refused, Err(Error::Refused(_))));
}

#[tokio::test]
async fn an_attempt_counts_only_for_a_message_in_hand() {
    let (deliveries, _database) = deliveries().await;
    let service = &deliveries.service;
    let endpoint = endpoint(service, company(service).await, OURS, &[]).await;
    let delivery_id = message(service, &endpoint, Span::ZERO).await;
    let mut connection = service.db.acquire().await.unwrap();
    let now = service.clock.now();
    let answer = Answer { status: Some(200), ..Answer::default() };
    let next = Next::Delivered;
    record(&mut connection, delivery_id, &answer, &next, now).await.unwrap();
    let id = endpoint.endpoint_id.0;
    let (found, _) = list(&service.db, id, &page(1, "", 0)).await.unwrap();
    assert_eq!((found[0].state, found[0].attempts), (State::Pending, 0));

    hand_out(&deliveries, &endpoint).await;
    record(&mut connection, delivery_id, &answer, &next, now).await.unwrap();
    let (found, _) = list(&service.db, id, &page(1, "", 0)).await.unwrap();
    assert_eq!((found[0].state, found[0].attempts), (State::Delivered, 1));
    assert_eq!((found[0].delivered_at, found[0].last_status), (Some(now), Some(200)));
}

#[tokio::test]
async fn due_endpoints_are_walked_in_order() {
    let (deliveries, _database) = deliveries().await;
    let service = &deliveries.service;
    let company_id = company(service).await;
    let mut expected = vec![];
    for _ in 0..3 {
        let due = endpoint(service, company_id, OURS, &[]).await;
        message(service, &due, Span::ZERO).await;
        expected.push(due.endpoint_id.0);
    }
    let idle = endpoint(service, company_id, OURS, &[]).await;
    let later = endpoint(service, company_id, OURS, &[]).await;
    message(service, &later, -Span::hours(1)).await;
    let gone = endpoint(service, company_id, OURS, &[]).await;
    message(service, &gone, Span::ZERO).await;
    let mut connection = service.db.acquire().await.unwrap();
    let now = service.clock.now();
    sqlx::query("update webhook_endpoint set disabled_at = $2 where endpoint_id = $1")
        .bind(gone.endpoint_id.0)
        .bind(now)
        .execute(&mut *connection)
        .await
        .unwrap();
    let all = due_endpoints(&service.db, Uuid::nil(), now, 10).await.unwrap();
    assert_eq!(all, expected);
    assert!(!all.contains(&idle.endpoint_id.0));
    let rest = due_endpoints(&service.db, expected[0], now, 1).await.unwrap();
    assert_eq!(rest, expected[1..2]);
    let marked = mark_due(&mut connection, &[gone.endpoint_id.0], 4, now).await.unwrap();
    assert!(marked.is_empty(), "{marked:?}");
}
