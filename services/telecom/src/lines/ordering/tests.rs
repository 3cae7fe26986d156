use brazil::AreaCode;
use chassis::jobs::Job;
use time::Duration;

use super::*;
use crate::lines::Status;
use crate::testing::{area, cause, new_line, service, stock};

async fn lines() -> (Lines, impl Sized) {
    let (service, database) = service().await;
    (Lines::new(service, "americanet".into()), database)
}

async fn order(lines: &Lines, new: &NewLine) -> Result<Line, Error> {
    lines
        .service
        .transaction(|mut tx| {
            Box::pin(async move { lines.order(&mut tx, new.clone(), &cause()).await })
        })
        .await
}

async fn sign_up(lines: &Lines, new: &NewLine, approved: bool) -> Line {
    lines
        .service
        .transaction(|mut tx| {
            Box::pin(async move { lines.sign_up(&mut tx, new.clone(), approved).await })
        })
        .await
        .unwrap();
    find(lines, new.line_id).await
}

async fn prove_email(lines: &Lines, user_id: UserId, company_ids: &[CompanyId]) {
    lines
        .service
        .transaction(|mut tx| {
            Box::pin(async move { lines.prove_email(&mut tx, user_id, company_ids).await })
        })
        .await
        .unwrap();
}

async fn find(lines: &Lines, line_id: LineId) -> Line {
    store::find(&lines.service.db, line_id).await.unwrap().unwrap()
}

async fn serve_waiting(lines: &Lines, area_code: AreaCode) {
    ServeWaitingLines { area_code }.run(lines.clone()).await.unwrap();
}

/// Kinds of job that wait, and how many of each, besides the telling of events.
async fn waiting_jobs(lines: &Lines) -> Vec<(String, i64)> {
    sqlx::query_as(
        "select task_identifier, count(*)
           from telecom_jobs.jobs
          where task_identifier <> 'deliver_events'
          group by 1
          order by 1",
    )
    .fetch_all(&lines.service.db)
    .await
    .unwrap()
}

#[tokio::test]
async fn an_ordered_line_has_its_number_at_once() {
    let (lines, _database) = lines().await;
    stock(&lines.service, area(), 1).await;
    let new = new_line();
    let line = order(&lines, &new).await.unwrap();
    assert_eq!(line.status, Status::Pending);
    assert_eq!(line.phone_number.as_ref().unwrap().as_str(), "+5541900000000");
    assert_eq!(find(&lines, new.line_id).await, line);
    assert_eq!(waiting_jobs(&lines).await, [("tell_carrier".to_owned(), 1)]);
}

#[tokio::test]
async fn an_order_without_a_number_leaves_nothing_behind() {
    let (lines, _database) = lines().await;
    let new = new_line();
    assert!(matches!(order(&lines, &new).await, Err(Error::AreaCodeOutOfStock(_))));
    assert!(store::find(&lines.service.db, new.line_id).await.unwrap().is_none());
    assert!(waiting_jobs(&lines).await.is_empty());
}

#[tokio::test]
async fn of_two_hundred_orders_for_fifty_numbers_fifty_stand() {
    let (lines, _database) = lines().await;
    stock(&lines.service, area(), 50).await;
    let orders = (0..200).map(|_| {
        let lines = lines.clone();
        tokio::spawn(async move { order(&lines, &new_line()).await })
    });
    let mut refused = 0;
    for answer in futures::future::join_all(orders).await {
        match answer.unwrap() {
            Ok(_) => {}
            Err(Error::AreaCodeOutOfStock(_)) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    let (all, distinct): (i64, i64) =
        sqlx::query_as("select count(*), count(distinct phone_number) from line")
            .fetch_one(&lines.service.db)
            .await
            .unwrap();
    assert_eq!((refused, all, distinct), (150, 50, 50));
}

#[tokio::test]
async fn a_signup_makes_one_line_however_often_it_is_heard() {
    let (lines, _database) = lines().await;
    stock(&lines.service, area(), 2).await;
    let new = NewLine { company_id: None, ..new_line() };
    let line = sign_up(&lines, &new, true).await;
    assert_eq!(line.status, Status::Pending);
    assert!(line.phone_number.is_some() && !line.awaiting_approval && line.visible_to_user);
    assert_eq!(sign_up(&lines, &new, true).await, line);
    let taken: i64 =
        sqlx::query_scalar("select count(*) from phone_number where state = 'assigned'")
            .fetch_one(&lines.service.db)
            .await
            .unwrap();
    assert_eq!(taken, 1);
}

#[tokio::test]
async fn an_unapproved_signup_takes_no_number_until_it_is_approved_once() {
    let (lines, _database) = lines().await;
    stock(&lines.service, area(), 1).await;
    let line = sign_up(&lines, &new_line(), false).await;
    assert_eq!((line.status, line.awaiting_approval), (Status::Pending, true));
    assert_eq!(line.phone_number, None);
    assert!(waiting_jobs(&lines).await.is_empty());

    let approve = async || {
        let (lines, line_id) = (&lines, line.line_id);
        lines
            .service
            .transaction(|mut tx| {
                Box::pin(async move {
                    let line = store::lock(&mut tx, line_id).await?;
                    let line = line.ok_or(Error::LineNotFound(line_id))?;
                    lines.approve(&mut tx, line, &cause()).await
                })
            })
            .await
    };
    let approved = approve().await.unwrap();
    assert_eq!((approved.status, approved.awaiting_approval), (Status::Pending, false));
    assert!(approved.phone_number.is_some());
    assert_eq!(find(&lines, line.line_id).await, approved);
    let refusal = approve().await.unwrap_err();
    assert!(matches!(refusal, Error::Line(_, Refusal::NotAwaitingApproval)));
    assert_eq!(waiting_jobs(&lines).await, [("tell_carrier".to_owned(), 1)]);
}

#[tokio::test]
async fn waiting_lines_are_served_in_the_order_they_came() {
    let (lines, _database) = lines().await;
    // Ids that say nothing about the order.
    let mut waiting: Vec<NewLine> = (0..5).map(|_| new_line()).collect();
    waiting.reverse();
    let elsewhere = NewLine { area_code: "11".parse().unwrap(), ..new_line() };
    for new in waiting.iter().chain([&elsewhere]) {
        assert_eq!(sign_up(&lines, new, true).await.status, Status::Ordered);
        lines.service.clock.advance(Duration::SECOND).unwrap();
    }
    assert_eq!(waiting_jobs(&lines).await, [("serve_waiting_lines".to_owned(), 2)]);

    stock(&lines.service, area(), 3).await;
    let runs = (0..3).map(|_| {
        let lines = lines.clone();
        tokio::spawn(async move { serve_waiting(&lines, area()).await })
    });
    futures::future::join_all(runs).await.into_iter().for_each(|run| run.unwrap());
    for (index, new) in waiting.iter().enumerate() {
        let expected = if index < 3 { Status::Pending } else { Status::Ordered };
        assert_eq!(find(&lines, new.line_id).await.status, expected, "{index}");
    }
    let jobs = [("serve_waiting_lines".to_owned(), 2), ("tell_carrier".to_owned(), 3)];
    assert_eq!(waiting_jobs(&lines).await, jobs);

    stock(&lines.service, area(), 10).await;
    serve_waiting(&lines, area()).await;
    for new in &waiting {
        assert_eq!(find(&lines, new.line_id).await.status, Status::Pending);
    }
    assert_eq!(find(&lines, elsewhere.line_id).await.status, Status::Ordered);
}

#[tokio::test]
async fn a_proven_email_shows_and_approves_what_belongs_to_it() {
    let (lines, _database) = lines().await;
    stock(&lines.service, area(), 5).await;
    let user_id = UserId::generate();
    let mine = || NewLine { user_id: Some(user_id), ..new_line() };
    let given = NewLine { visible_to_user: false, ..mine() };
    order(&lines, &given).await.unwrap();
    let (affiliated, stranger) = (mine(), mine());
    sign_up(&lines, &affiliated, false).await;
    sign_up(&lines, &stranger, false).await;
    let of_somebody_else = NewLine { company_id: affiliated.company_id, ..new_line() };
    sign_up(&lines, &of_somebody_else, false).await;

    prove_email(&lines, user_id, &[affiliated.company_id.unwrap()]).await;
    assert!(find(&lines, given.line_id).await.visible_to_user);
    let approved = find(&lines, affiliated.line_id).await;
    assert!(!approved.awaiting_approval && approved.phone_number.is_some());
    assert!(find(&lines, stranger.line_id).await.awaiting_approval);
    assert!(find(&lines, of_somebody_else.line_id).await.awaiting_approval);
}
