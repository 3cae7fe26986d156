//! The usual roads.

use time::Duration;

use super::*;
use crate::lines;
use crate::neighbours::Person;

#[tokio::test]
async fn a_companys_number_comes_by_itself() {
    let (setting, _database) = setting().await;
    let line_id = setting.line(true).await;
    let provisional = setting.number_of(line_id).await;
    setting.requested(line_id, &number(1)).await;
    assert_eq!(setting.status(line_id).await, Status::InValidation);
    let ticket = setting.administrator.ticket(&number(1)).unwrap();
    assert_eq!(ticket.holder_document, "111.444.777-35");
    assert_eq!(ticket.holder_kind, HolderKind::Company);
    assert_eq!(ticket.ticket_id, setting.port_in(line_id).await.port_in_id.0);

    setting.pass(Duration::hours(1)).await;
    assert_eq!(setting.status(line_id).await, Status::Scheduled);
    assert_eq!(setting.number_of(line_id).await, provisional);

    setting.pass(Duration::days(3)).await;
    assert_eq!(setting.status(line_id).await, Status::Successful);
    assert_eq!(setting.number_of(line_id).await, (number(1).to_string(), true));
    let (state, quarantined): (String, bool) =
        sqlx::query_as("select state, free_from > $2 from phone_number where number = $1")
            .bind(&provisional.0)
            .bind(setting.service.clock.now() + Duration::days(170))
            .fetch_one(&setting.service.db)
            .await
            .unwrap();
    assert_eq!((state.as_str(), quarantined), ("quarantined", true));
    assert_eq!(
        setting.told(line_id).await,
        ["REQUESTED", "SUBMITTED", "IN_VALIDATION", "SCHEDULED", "IN_TRANSITION", "SUCCESSFUL"]
    );
    let changed = setting.events::<LineNumberChanged>(line_id).await;
    let [changed] = changed.as_slice() else { panic!("{changed:?}") };
    assert!(changed.is_portability && changed.phone_number == number(1).as_str());
    let steps: i64 = sqlx::query_scalar(
        "select count(*) from timeline_entry where line_id = $1 and action like 'port_in%'",
    )
    .bind(line_id.0)
    .fetch_one(&setting.service.db)
    .await
    .unwrap();
    assert_eq!(steps, 6);
}

#[tokio::test]
async fn a_leap_of_the_clock_changes_nothing() {
    let (setting, _database) = setting().await;
    let line_id = setting.line(true).await;
    setting.requested(line_id, &number(1)).await;
    setting.pass(Duration::days(40)).await;
    let port_in = setting.port_in(line_id).await;
    assert_eq!(port_in.status, Status::Successful);
    let window = datetime!(2099-03-05 03:00 UTC);
    assert_eq!(port_in.since, window + Duration::minutes(15));
}

#[tokio::test]
async fn a_persons_number_waits_for_the_answer_to_an_sms() {
    let (setting, _database) = setting().await;
    let line_id = setting.line(false).await;
    setting.requested(line_id, &number(1)).await;
    assert_eq!(setting.status(line_id).await, Status::AwaitingConfirmation);
    assert!(setting.administrator.ticket(&number(1)).is_none());
    let texts = setting.administrator.texts(&number(1));
    let [text] = texts.as_slice() else { panic!("{} texts", texts.len()) };
    assert!(text.text.chars().count() <= 160 && text.text.contains("SIM"));
    assert!(text.text.is_ascii(), "an SMS of 160 characters");

    setting.pass(Duration::hours(6)).await;
    assert_eq!(setting.status(line_id).await, Status::Parked);
    setting.pass(Duration::days(10)).await;
    assert_eq!(setting.status(line_id).await, Status::Parked);
    assert_eq!(setting.administrator.texts(&number(1)).len(), 4);
    setting.inject(&number(1), Saying::Confirm).await;
    assert_eq!(setting.status(line_id).await, Status::InValidation);
    setting.pass(Duration::days(7)).await;
    assert_eq!(setting.status(line_id).await, Status::Successful);
}

#[tokio::test]
async fn a_person_who_says_no_or_nothing_keeps_the_number() {
    let (setting, _database) = setting().await;
    let (one, other) = (setting.line(false).await, setting.line(false).await);
    setting.requested(one, &number(1)).await;
    setting.requested(other, &number(2)).await;
    setting.inject(&number(1), Saying::Refuse).await;
    setting.pass(Duration::days(31)).await;
    let (one, other) = (setting.port_in(one).await, setting.port_in(other).await);
    assert_eq!((one.status, other.status), (Status::Cancelled, Status::Cancelled));
    assert_eq!(one.status_reason.as_deref(), Some("refused-by-holder"));
    assert_eq!(other.status_reason.as_deref(), Some("confirmation-expired"));
}

#[tokio::test]
async fn a_denied_number_is_asked_for_anew() {
    let (setting, _database) = setting().await;
    let line_id = setting.line(true).await;
    let denial = Saying::Deny(DenialReason::IncompleteData);
    setting.administrator.script(&number(1), vec![say(Saying::Acknowledge), say(denial)]);
    let first = setting.requested(line_id, &number(1)).await;
    let denied = setting.port_in(line_id).await;
    assert_eq!(denied.status_reason.as_deref(), Some("incomplete-data"));

    let second = setting.requested(line_id, &number(1)).await;
    assert_ne!(first.protocol, second.protocol);
    setting.pass(Duration::days(7)).await;
    assert_eq!(setting.status(line_id).await, Status::Successful);
}

#[tokio::test]
async fn a_number_of_another_kind_of_holder_never_leaves_us() {
    let (setting, _database) = setting().await;
    let line_id = setting.line(true).await;
    let person = Some(HolderKind::Person);
    setting.request(line_id, &number(1), person).await.unwrap();
    setting.settle().await;
    let port_in = setting.port_in(line_id).await;
    assert_eq!(port_in.status, Status::Denied);
    assert_eq!(port_in.status_reason.as_deref(), Some("holder-mismatch"));
    assert!(setting.administrator.ticket(&number(1)).is_none());
    assert_eq!(setting.told(line_id).await, ["REQUESTED", "DENIED"]);
}

#[tokio::test]
async fn only_a_foreign_number_of_the_lines_area_is_asked_for_and_only_once() {
    let (setting, _database) = setting().await;
    let (line_id, other) = (setting.line(true).await, setting.line(true).await);
    let refused = async |line_id, number: &str| match setting
        .request(line_id, &number.parse().unwrap(), None)
        .await
    {
        Err(Error::PortIn(refusal)) => refusal,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(line_id, "+5511987654321").await, Refusal::NumberNotPortable);
    let (own, _) = setting.number_of(line_id).await;
    assert_eq!(refused(line_id, &own).await, Refusal::NumberNotPortable);

    setting.requested(line_id, &number(1)).await;
    assert_eq!(refused(line_id, number(2).as_str()).await, Refusal::InProgress);
    assert_eq!(refused(other, number(1).as_str()).await, Refusal::InProgress);
    setting.pass(Duration::days(7)).await;
    assert_eq!(refused(other, number(1).as_str()).await, Refusal::NumberNotPortable);

    sqlx::query("update line set status = 'blocked', blocks = '{loss}' where line_id = $1")
        .bind(other.0)
        .execute(&setting.service.db)
        .await
        .unwrap();
    assert_eq!(refused(other, number(3).as_str()).await, Refusal::LineNotActive);
}

#[tokio::test]
async fn a_request_is_cancelled_here_and_there_until_the_eve() {
    let (setting, _database) = setting().await;
    let (one, other) = (setting.line(true).await, setting.line(true).await);
    setting.requested(one, &number(1)).await;
    setting.requested(other, &number(2)).await;
    let nothing = setting.cancel(setting.line(true).await).await;
    assert!(matches!(nothing, Err(Error::PortIn(Refusal::NotFound))));

    // Wednesday evening in São Paulo; the window is on Thursday.
    setting.pass(datetime!(2099-03-05 02:59 UTC) - MONDAY).await;
    assert_eq!(setting.status(one).await, Status::Scheduled);
    setting.cancel(one).await.unwrap();
    setting.settle().await;
    assert_eq!(setting.status(one).await, Status::Cancelled);
    let ticket = setting.port_in(one).await.port_in_id.0;
    let status = setting.administrator.status(ticket).await;
    assert_eq!(status, Ok(TicketStatus::Cancelled));
    let again = setting.cancel(one).await;
    assert!(matches!(again, Err(Error::PortIn(Refusal::Closed))));

    setting.pass(Duration::minutes(2)).await;
    let late = setting.cancel(other).await;
    assert!(matches!(late, Err(Error::PortIn(Refusal::TooLateToCancel))));
    setting.pass(Duration::days(1)).await;
    assert_eq!(setting.status(one).await, Status::Cancelled);
    assert_eq!(setting.status(other).await, Status::Successful);
}

#[tokio::test]
async fn a_line_that_ends_ends_its_request() {
    let (setting, _database) = setting().await;
    let line_id = setting.line(true).await;
    setting.requested(line_id, &number(1)).await;
    let portability = &setting.portability;
    let open = async || {
        let mut connection = setting.service.db.acquire().await.unwrap();
        has_open_port_in(&mut connection, line_id).await.unwrap()
    };
    assert!(open().await);
    let ended = setting.service.transaction(|mut tx| {
        Box::pin(async move {
            let line = portability.lines.lock(&mut tx, line_id).await?;
            let actor = Actor::service("test");
            cancel_for_lines(&mut tx, &portability.service, &[line], &actor).await
        })
    });
    ended.await.unwrap();
    setting.settle().await;
    assert!(!open().await);
    let port_in = setting.port_in(line_id).await;
    assert_eq!(port_in.status_reason.as_deref(), Some("line-cancelled"));
    let status = setting.administrator.status(port_in.port_in_id.0).await;
    assert_eq!(status, Ok(TicketStatus::Cancelled));
}

#[tokio::test]
async fn the_holder_of_a_number_that_is_on_its_way_does_not_change() {
    let (setting, _database) = setting().await;
    let (personal, of_company) = (setting.line(false).await, setting.line(true).await);
    setting.requested(personal, &number(1)).await;
    setting.requested(of_company, &number(2)).await;
    let held = &setting.portability.lines;
    let attribute = async |line_id| {
        let person = Person { user_id: UserId::generate(), email_is_proven: true };
        let attributed = setting.service.transaction(|mut tx| {
            let cause = Actor::service("test").into();
            Box::pin(async move {
                let line = held.lock(&mut tx, line_id).await?;
                held.attribute_user(&mut tx, line, person, &cause).await
            })
        });
        attributed.await
    };
    let refused = attribute(personal).await;
    assert!(matches!(refused, Err(Error::Line(_, lines::Refusal::PortInInProgress))));
    assert!(attribute(of_company).await.is_ok());
}
