use std::sync::Arc;

use brazil::{AreaCode, LineId, MobileNumber};
use chassis::Service;
use sqlx::AssertSqlSafe;
use time::Duration;

use super::*;
use crate::error::Error;
use crate::numbers::end_due_quarantines;
use crate::testing::{area, service, stock};

async fn take_one(service: &Service, area_code: AreaCode) -> Result<MobileNumber, Error> {
    service
        .transaction(|mut tx| {
            Box::pin(async move {
                take(&mut tx, area_code, LineId::generate(), service.clock.now())
                    .await?
                    .ok_or(Error::AreaCodeOutOfStock(area_code))
            })
        })
        .await
}

#[tokio::test]
async fn a_range_is_added_once() {
    let (service, _database) = service().await;
    let mut connection = service.db.acquire().await.unwrap();
    let range = |first: u32, last: u32| {
        let number = |subscriber| MobileNumber::from_parts(area(), subscriber).unwrap();
        NumberRange::new(area(), &number(first), &number(last)).unwrap()
    };
    let now = service.clock.now();
    let mut add =
        async |first, last| add_range(&mut connection, range(first, last), now).await.unwrap();
    assert_eq!(add(900_000_000, 900_000_009).await, 10);
    assert_eq!(add(900_000_005, 900_000_014).await, 5);
    assert_eq!(add(900_000_000, 900_000_014).await, 0);
}

#[tokio::test]
async fn a_range_may_have_a_hundred_thousand_numbers() {
    let (service, _database) = service().await;
    assert_eq!(stock(&service, area(), 100_000).await, 100_000);
}

#[tokio::test]
async fn numbers_are_taken_in_their_own_area_until_none_is_left() {
    let (service, _database) = service().await;
    stock(&service, area(), 2).await;
    let elsewhere = "11".parse().unwrap();
    assert!(matches!(take_one(&service, elsewhere).await, Err(Error::AreaCodeOutOfStock(_))));
    assert_eq!(take_one(&service, area()).await.unwrap().as_str(), "+5541900000000");
    assert_eq!(take_one(&service, area()).await.unwrap().as_str(), "+5541900000001");
    assert!(matches!(take_one(&service, area()).await, Err(Error::AreaCodeOutOfStock(_))));
}

#[tokio::test]
async fn of_two_hundred_who_want_fifty_numbers_fifty_get_one() {
    let (service, _database) = service().await;
    stock(&service, area(), 50).await;
    let service = Arc::new(service);
    let asking = (0..200).map(|_| {
        let service = service.clone();
        tokio::spawn(async move { take_one(&service, area()).await })
    });
    let mut taken = Vec::new();
    let mut refused = 0;
    for answer in futures::future::join_all(asking).await {
        match answer.unwrap() {
            Ok(number) => taken.push(number),
            Err(Error::AreaCodeOutOfStock(_)) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    taken.sort();
    taken.dedup();
    assert_eq!((taken.len(), refused), (50, 150));
}

#[tokio::test]
async fn numbers_that_failures_give_back_are_not_lost() {
    let (service, _database) = service().await;
    stock(&service, area(), 50).await;
    let service = Arc::new(service);
    // Ten of the sixty fail after they took their number.
    let asking = (0..60).map(|index| {
        let service = service.clone();
        tokio::spawn(async move {
            let service = &service;
            service
                .transaction(|mut tx| {
                    Box::pin(async move {
                        let line_id = LineId::generate();
                        let now = service.clock.now();
                        let taken = take(&mut tx, area(), line_id, now).await?;
                        if index % 6 == 0 {
                            return Err(Error::LineNotFound(line_id));
                        }
                        Ok(taken)
                    })
                })
                .await
        })
    });
    let answers = futures::future::join_all(asking).await;
    let taken = answers.into_iter().filter(|answer| matches!(answer, Ok(Ok(Some(_))))).count();
    assert_eq!(taken, 50);
}

#[tokio::test]
async fn the_last_number_is_waited_for() {
    let (service, _database) = service().await;
    stock(&service, area(), 1).await;
    let now = service.clock.now();
    let mut first = service.db.begin().await.unwrap();
    assert!(take(&mut first, area(), LineId::generate(), now).await.unwrap().is_some());

    let second = tokio::spawn({
        let service = service.clone();
        async move { take_one(&service, area()).await }
    });
    let waits = "select exists (select from pg_stat_activity where wait_event_type = 'Lock')";
    while !second.is_finished()
        && !sqlx::query_scalar::<_, bool>(waits).fetch_one(&service.db).await.unwrap()
    {}
    first.rollback().await.unwrap();
    assert_eq!(second.await.unwrap().unwrap().as_str(), "+5541900000000");
}

#[tokio::test]
async fn a_quarantined_number_is_nobodys_until_its_time_is_over() {
    let (service, _database) = service().await;
    stock(&service, area(), 1).await;
    let end = service.clock.now() + Duration::days(180);
    sqlx::query("update phone_number set state = 'quarantined', free_from = $1")
        .bind(end)
        .execute(&service.db)
        .await
        .unwrap();
    service.clock.set(end - Duration::MINUTE).unwrap();
    end_due_quarantines(&service).await.unwrap();
    assert!(take_one(&service, area()).await.is_err());

    service.clock.set(end).unwrap();
    end_due_quarantines(&service).await.unwrap();
    assert!(take_one(&service, area()).await.is_ok());
}

#[tokio::test]
async fn a_number_is_found_by_index() {
    let (service, _database) = service().await;
    stock(&service, area(), 20_000).await;
    stock(&service, "11".parse().unwrap(), 20_000).await;
    sqlx::query("analyze phone_number").execute(&service.db).await.unwrap();
    for statement in [TAKE_UNLOCKED, TAKE_OR_WAIT] {
        let plan: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!("explain {statement}")))
            .bind(i16::from(u8::from(area())))
            .bind(LineId::generate().0)
            .bind(service.clock.now())
            .fetch_all(&service.db)
            .await
            .unwrap();
        let plan = plan.join("\n");
        assert!(plan.contains("using phone_number_free"), "{plan}");
        assert!(!plan.contains("Seq Scan"), "{plan}");
    }
}

#[tokio::test]
async fn of_sixty_draws_at_once_for_fifty_numbers_fifty_stand() {
    let (service, _database) = service().await;
    stock(&service, area(), 50).await;
    // Ten more fail after they drew their number, which goes back.
    let drawing = (0..70).map(|index| {
        let service = service.clone();
        tokio::spawn(async move {
            let service = &service;
            service
                .transaction(|mut tx| {
                    Box::pin(async move {
                        let line_id = LineId::generate();
                        let drawn = draw(&mut tx, area(), line_id, service.clock.now()).await?;
                        if index % 7 == 0 {
                            return Err(Error::LineNotFound(line_id));
                        }
                        Ok(drawn)
                    })
                })
                .await
        })
    });
    let answers = futures::future::join_all(drawing).await;
    let drawn = answers.into_iter().filter(|answer| matches!(answer, Ok(Ok(Some(_))))).count();
    assert_eq!(drawn, 50);
    let (assigned, lines): (i64, i64) = sqlx::query_as(
        "select count(*) filter (where state = 'assigned'), count(distinct line_id)
           from phone_number",
    )
    .fetch_one(&service.db)
    .await
    .unwrap();
    assert_eq!((assigned, lines), (50, 50));
}

#[tokio::test]
async fn numbers_are_drawn_from_everywhere_in_the_stock() {
    let (service, _database) = service().await;
    stock(&service, area(), 1_000).await;
    let mut connection = service.db.acquire().await.unwrap();
    let mut drawn = Vec::new();
    for _ in 0..20 {
        let number = draw(&mut connection, area(), LineId::generate(), service.clock.now()).await;
        drawn.push(number.unwrap().unwrap());
    }
    assert!(drawn.iter().any(|number| number.subscriber() > 900_000_500), "{drawn:?}");
    assert!(!drawn.is_sorted(), "{drawn:?}");
}

#[tokio::test]
async fn a_number_that_leaves_a_line_is_kept_back_unless_it_was_ported_in() {
    let (service, _database) = service().await;
    stock(&service, area(), 1).await;
    let now = service.clock.now();
    let mut connection = service.db.acquire().await.unwrap();
    let (line_id, end) = (LineId::generate(), now + Duration::days(180));
    let lines = [line_id.0];
    take(&mut connection, area(), line_id, now).await.unwrap().unwrap();
    release_of_lines(&mut connection, &lines, end, now).await.unwrap();
    let ported: MobileNumber = "+5541987654321".parse().unwrap();
    port_in(&mut connection, &ported, line_id, now).await.unwrap();
    release_of_lines(&mut connection, &lines, end, now).await.unwrap();
    let states: Vec<(String, Option<OffsetDateTime>, bool)> = sqlx::query_as(
        "select state, free_from, line_id is null from phone_number order by number",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    let expected = [("quarantined", Some(end)), ("ported_in", None)];
    assert_eq!(states, expected.map(|(state, end)| (state.to_owned(), end, true)));
    port_in(&mut connection, &ported, LineId::generate(), now).await.unwrap();
}
