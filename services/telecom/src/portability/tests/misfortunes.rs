//! What goes wrong on the way.

use time::Duration;

use super::*;

fn acknowledged_and_approved() -> Vec<PlannedEvent> {
    vec![say(Saying::Acknowledge), say(Saying::Approve)]
}

#[tokio::test]
async fn a_lost_acknowledgement_is_asked_for() {
    let (setting, _database) = setting().await;
    let line_id = setting.line(true).await;
    let script = vec![lost(Saying::Acknowledge), say(Saying::Complete)];
    setting.administrator.script(&number(1), script);
    setting.requested(line_id, &number(1)).await;
    assert_eq!(setting.status(line_id).await, Status::Submitted);
    setting.pass(Duration::minutes(10)).await;
    assert_eq!(setting.status(line_id).await, Status::InValidation);
    setting.pass(Duration::days(4)).await;
    assert_eq!(setting.status(line_id).await, Status::Successful);
}

#[tokio::test]
async fn a_lost_submission_is_asked_for_and_sent_again_as_the_same() {
    let (setting, _database) = setting().await;
    let line_id = setting.line(true).await;
    let lost =
        PlannedEvent { event: SimulatedEvent::Submission, times: 2, ..lost(Saying::Acknowledge) };
    setting.administrator.script(&number(1), vec![lost, say(Saying::Acknowledge)]);
    let port_in = setting.requested(line_id, &number(1)).await;
    assert_eq!(setting.status(line_id).await, Status::InValidation);
    let ticket = setting.administrator.ticket(&number(1)).unwrap();
    assert_eq!(ticket.ticket_id, port_in.port_in_id.0);
    assert_eq!(setting.told(line_id).await, ["REQUESTED", "SUBMITTED", "IN_VALIDATION"]);
}

#[tokio::test]
async fn a_number_that_another_ticket_has_is_denied() {
    let (setting, _database) = setting().await;
    let line_id = setting.line(true).await;
    let other = Ticket {
        ticket_id: uuid::Uuid::now_v7(),
        number: number(1),
        holder_kind: HolderKind::Person,
        holder_document: String::new(),
        window_at: MONDAY,
        submitted_at: MONDAY,
    };
    setting.administrator.script(&number(1), vec![]);
    setting.administrator.submit(other).await.unwrap();
    setting.requested(line_id, &number(1)).await;
    let port_in = setting.port_in(line_id).await;
    assert_eq!(port_in.status_reason.as_deref(), Some("request-in-progress"));
}

#[tokio::test]
async fn messages_doubled_and_out_of_order_change_nothing() {
    let (setting, _database) = setting().await;
    let line_id = setting.line(true).await;
    let twice = |saying| PlannedEvent { times: 2, ..say(saying) };
    let script = vec![twice(Saying::Approve), twice(Saying::Acknowledge)];
    setting.administrator.script(&number(1), script);
    setting.requested(line_id, &number(1)).await;
    setting.inject(&number(1), Saying::Complete).await;
    setting.inject(&number(1), Saying::Confirm).await;
    assert_eq!(setting.status(line_id).await, Status::InValidation);
    // The approval came too early to count: the donor's day passes in silence.
    setting.pass(Duration::days(2)).await;
    assert_eq!(setting.status(line_id).await, Status::Scheduled);
    setting.pass(Duration::days(1)).await;
    assert_eq!(setting.status(line_id).await, Status::InTransition);
    setting.inject(&number(1), Saying::Complete).await;
    setting.inject(&number(1), Saying::Complete).await;
    setting.inject(&number(1), Saying::Fail(None)).await;
    assert_eq!(setting.status(line_id).await, Status::Successful);
    assert_eq!(setting.events::<LineNumberChanged>(line_id).await.len(), 1);
}

#[tokio::test]
async fn an_old_tickets_message_does_not_touch_the_new_one() {
    let (setting, _database) = setting().await;
    let line_id = setting.line(true).await;
    setting.administrator.script(&number(1), vec![]);
    let old = setting.requested(line_id, &number(1)).await;
    setting.cancel(line_id).await.unwrap();
    setting.settle().await;
    setting.administrator.script(&number(1), vec![say(Saying::Acknowledge)]);
    setting.requested(line_id, &number(1)).await;
    let late = Message {
        message_id: "late".to_owned(),
        number: number(1),
        ticket_id: Some(old.port_in_id.0),
        saying: Saying::Deny(DenialReason::NumberInactive),
        said_at: setting.service.clock.now(),
    };
    setting.portability.receive(&late).await.unwrap();
    assert_eq!(setting.status(line_id).await, Status::InValidation);
    let unnamed = Message { message_id: "1".to_owned(), ticket_id: None, ..late };
    setting.portability.receive(&unnamed).await.unwrap();
    assert_eq!(setting.status(line_id).await, Status::Denied);
    let nobodys = Message { number: number(2), ..unnamed };
    let refused = setting.portability.receive(&nobodys).await;
    assert!(matches!(refused, Err(Error::PortIn(Refusal::NotFound))));
}

#[tokio::test]
async fn a_completion_nobody_told_of_is_found_out() {
    let (setting, _database) = setting().await;
    let line_id = setting.line(true).await;
    let mut script = acknowledged_and_approved();
    script.push(lost(Saying::Complete));
    setting.administrator.script(&number(1), script);
    setting.requested(line_id, &number(1)).await;
    setting.pass(datetime!(2099-03-05 03:00 UTC) - MONDAY).await;
    assert_eq!(setting.status(line_id).await, Status::InTransition);
    setting.pass(Duration::hours(2)).await;
    assert_eq!(setting.status(line_id).await, Status::Successful);
}

#[tokio::test]
async fn a_window_in_silence_fails_after_a_day_and_the_line_keeps_its_number() {
    let (setting, _database) = setting().await;
    let line_id = setting.line(true).await;
    let provisional = setting.number_of(line_id).await;
    setting.administrator.script(&number(1), acknowledged_and_approved());
    setting.requested(line_id, &number(1)).await;
    setting.pass(Duration::days(3)).await;
    assert_eq!(setting.status(line_id).await, Status::InTransition);
    setting.pass(Duration::days(1)).await;
    let port_in = setting.port_in(line_id).await;
    assert_eq!(port_in.status, Status::Failed);
    assert_eq!(port_in.status_reason.as_deref(), Some("window-expired"));
    assert_eq!(port_in.since, datetime!(2099-03-06 03:00 UTC));
    assert_eq!(setting.number_of(line_id).await, provisional);
    let status = setting.administrator.status(port_in.port_in_id.0).await;
    assert_eq!(status, Ok(TicketStatus::Cancelled));
}

#[tokio::test]
async fn a_number_that_became_ours_meanwhile_does_not_come() {
    let (setting, _database) = setting().await;
    let line_id = setting.line(true).await;
    setting.requested(line_id, &number(1)).await;
    sqlx::query(
        "insert into phone_number (number, area_code, state, created_at, updated_at)
         values ($1, 41, 'free', now(), now())",
    )
    .bind(number(1).as_str())
    .execute(&setting.service.db)
    .await
    .unwrap();
    setting.pass(Duration::days(7)).await;
    let port_in = setting.port_in(line_id).await;
    assert_eq!(port_in.status, Status::Failed);
    assert_eq!(port_in.status_reason.as_deref(), Some("number-taken"));
}

#[tokio::test]
async fn a_message_that_was_not_removed_comes_again_without_effect() {
    let (setting, _database) = setting().await;
    let line_id = setting.line(true).await;
    setting.administrator.script(&number(1), acknowledged_and_approved());
    setting.request(line_id, &number(1), None).await.unwrap();
    let ticket = async || {
        let port_in = setting.port_in(line_id).await;
        setting.portability.submit(&port_in).await.unwrap();
    };
    ticket().await;
    // Taken in, as by a service that then died.
    let messages = setting.administrator.messages().await.unwrap();
    for message in messages.clone() {
        setting.portability.receive(&message).await.unwrap();
    }
    let before = setting.port_in(line_id).await;
    assert_eq!(before.status, Status::Scheduled);
    ticket().await;
    setting.settle().await;
    assert_eq!(setting.port_in(line_id).await, before);
    assert!(setting.administrator.messages().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_ticket_that_overtook_its_withdrawal_is_withdrawn_again() {
    let (setting, _database) = setting().await;
    let line_id = setting.line(true).await;
    let submitted = setting.request(line_id, &number(1), None).await.unwrap();
    setting.cancel(line_id).await.unwrap();
    // The job had read the request before it was cancelled.
    assert_eq!(setting.portability.submit(&submitted).await.unwrap(), None);
    let status = setting.administrator.status(submitted.port_in_id.0).await;
    assert_eq!(status, Ok(TicketStatus::Cancelled));
}
