use brazil::MobileNumber;
use chassis::Service;
use sqlx::AssertSqlSafe;
use time::Duration;

use super::*;
use crate::lines::Owner;
use crate::portability::machine::Event;
use crate::portability::{NewPortIn, Rules, Status};
use crate::testing::service;

fn number(subscriber: u32) -> MobileNumber {
    MobileNumber::from_parts("41".parse().unwrap(), subscriber).unwrap()
}

fn port_in(service: &Service, subscriber: u32) -> PortIn {
    let company_id = CompanyId::generate();
    let new = NewPortIn {
        line_id: LineId::generate(),
        owner: Some(Owner::Company(company_id)),
        company_id: Some(company_id),
        user_id: None,
        number: number(subscriber),
        document_sealed: vec![1, 2, 3],
    };
    PortIn::request(new, service.clock.now())
}

async fn insert_one(service: &Service, port_in: &PortIn) -> Result<(), Error> {
    insert(&mut service.db.acquire().await.unwrap(), port_in).await
}

fn submit(port_in: &mut PortIn, now: OffsetDateTime) -> Option<OffsetDateTime> {
    let rules = Rules::default();
    let known = Event::HolderKnown { number_holder: None };
    assert!(port_in.apply(known, now, &rules).is_some());
    port_in.due(&rules).map(|(due_at, _)| due_at)
}

#[tokio::test]
async fn a_request_is_read_as_it_was_written() {
    let (service, _database) = service().await;
    let mut port_in = port_in(&service, 987_654_321);
    insert_one(&service, &port_in).await.unwrap();
    assert_eq!(find(&service.db, port_in.port_in_id).await.unwrap().as_ref(), Some(&port_in));

    let now = service.clock.now();
    let due_at = submit(&mut port_in, now);
    let mut connection = service.db.acquire().await.unwrap();
    save(&mut connection, &port_in, due_at).await.unwrap();
    assert_eq!(find(&service.db, port_in.port_in_id).await.unwrap().as_ref(), Some(&port_in));
    let of_line = newest_of_line(&service.db, port_in.line_id).await.unwrap();
    assert_eq!(of_line.as_ref(), Some(&port_in));
    let of_number = meant(&service.db, &port_in.number, None).await.unwrap();
    assert_eq!(of_number.as_ref(), Some(&port_in));
    let named = meant(&service.db, &port_in.number, Some(port_in.port_in_id)).await.unwrap();
    assert_eq!(named.as_ref(), Some(&port_in));
    let other = meant(&service.db, &port_in.number, Some(PortInId::generate())).await.unwrap();
    assert_eq!(other, None);
    let locked = lock_open_of_line(&mut connection, port_in.line_id).await.unwrap();
    assert_eq!(locked.as_ref(), Some(&port_in));
    let newest = lock_newest_of_line(&mut connection, port_in.line_id).await.unwrap();
    assert_eq!(newest.as_ref(), Some(&port_in));
    let again = lock(&mut connection, &port_in).await.unwrap();
    assert_eq!(again, Some(port_in));
}

#[tokio::test]
async fn a_number_and_a_line_have_one_open_request_each() {
    let (service, _database) = service().await;
    let mut first = port_in(&service, 987_654_321);
    insert_one(&service, &first).await.unwrap();
    let same_number = port_in(&service, 987_654_321);
    let same_line = PortIn { line_id: first.line_id, ..port_in(&service, 987_654_322) };
    for second in [&same_number, &same_line] {
        let refused = insert_one(&service, second).await;
        assert!(matches!(refused, Err(Error::PortIn(Refusal::InProgress))), "{refused:?}");
    }
    first.status = Status::Denied;
    first.status_reason = Some("holder-mismatch".to_owned());
    let mut connection = service.db.acquire().await.unwrap();
    save(&mut connection, &first, None).await.unwrap();
    assert_eq!(lock_open_of_line(&mut connection, first.line_id).await.unwrap(), None);
    insert_one(&service, &same_number).await.unwrap();
    insert_one(&service, &same_line).await.unwrap();
    let newest = newest_of_line(&service.db, first.line_id).await.unwrap().unwrap();
    assert_eq!(newest.port_in_id, same_line.port_in_id);
}

#[tokio::test]
async fn a_message_is_taken_in_once() {
    let (service, _database) = service().await;
    let mut connection = service.db.acquire().await.unwrap();
    let (now, id) = (service.clock.now(), PortInId::generate());
    assert!(take_in(&mut connection, "1", id, now).await.unwrap());
    assert!(!take_in(&mut connection, "1", id, now).await.unwrap());
    assert!(take_in(&mut connection, "2", id, now).await.unwrap());
}

#[tokio::test]
async fn messages_are_forgotten_when_they_are_old_and_their_request_has_ended() {
    let (service, _database) = service().await;
    let mut connection = service.db.acquire().await.unwrap();
    let open = port_in(&service, 987_654_321);
    insert_one(&service, &open).await.unwrap();
    let (now, ended) = (service.clock.now(), PortInId::generate());
    let (old, before) = (now - Duration::days(2), now - Duration::DAY);
    for (message_id, port_in_id, at) in
        [("1", ended, old), ("2", ended, old), ("3", ended, now), ("4", open.port_in_id, old)]
    {
        assert!(take_in(&mut connection, message_id, port_in_id, at).await.unwrap());
    }
    for left in [true, true, false] {
        assert_eq!(forget_messages(&service.db, before, 1).await.unwrap(), left);
    }
    for (message_id, forgotten) in [("1", true), ("2", true), ("3", false), ("4", false)] {
        assert_eq!(take_in(&mut connection, message_id, ended, now).await.unwrap(), forgotten);
    }
}

#[tokio::test]
async fn our_own_numbers_are_ours() {
    let (service, _database) = service().await;
    let mut connection = service.db.acquire().await.unwrap();
    sqlx::query(
        "insert into phone_number (number, area_code, state, line_id, created_at, updated_at)
         values ('+5541900000000', 41, 'free', null, now(), now()),
                ('+5541900000001', 41, 'ported_in', gen_random_uuid(), now(), now()),
                ('+5541900000002', 41, 'ported_in', null, now(), now())",
    )
    .execute(&mut *connection)
    .await
    .unwrap();
    for (subscriber, ours) in
        [(900_000_000, true), (900_000_001, true), (900_000_002, false), (900_000_003, false)]
    {
        let is_ours = is_ours(&mut connection, &number(subscriber)).await.unwrap();
        assert_eq!(is_ours, ours, "{subscriber}");
    }
}

#[tokio::test]
async fn those_that_are_due_are_found_by_index() {
    let (service, _database) = service().await;
    let now = service.clock.now();
    let mut connection = service.db.acquire().await.unwrap();
    let (mut soon, mut later) = (port_in(&service, 987_654_321), port_in(&service, 987_654_322));
    for (port_in, wait) in [(&mut soon, 1), (&mut later, 2)] {
        insert(&mut connection, port_in).await.unwrap();
        submit(port_in, now);
        save(&mut connection, port_in, Some(now + Duration::hours(wait))).await.unwrap();
    }
    let at = async |hours| due(&service.db, now + Duration::hours(hours), 10).await.unwrap();
    assert!(at(0).await.is_empty());
    assert_eq!(at(1).await, [soon.port_in_id]);
    assert_eq!(at(2).await, [soon.port_in_id, later.port_in_id]);

    sqlx::query("set enable_seqscan = off").execute(&mut *connection).await.unwrap();
    let plan: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!("explain {DUE}")))
        .bind(now)
        .bind(10_i64)
        .fetch_all(&mut *connection)
        .await
        .unwrap();
    let plan = plan.join("\n");
    assert!(plan.contains("using port_in_due"), "{plan}");
}
