use time::macros::datetime;

use super::*;

fn number() -> MobileNumber {
    "+5541987654321".parse().unwrap()
}

fn ticket(simulator: &AdministratorSimulator) -> Ticket {
    let submitted_at = simulator.clock.now();
    Ticket {
        ticket_id: Uuid::now_v7(),
        number: number(),
        holder_kind: HolderKind::Company,
        holder_document: "12ABC34501DE35".to_owned(),
        window_at: submitted_at + Duration::days(3),
        submitted_at,
    }
}

fn simulator() -> AdministratorSimulator {
    let clock = Clock::system();
    clock.set(datetime!(2099-03-02 12:00 UTC)).unwrap();
    AdministratorSimulator::new(clock)
}

/// Takes in what waits; tells what was said, and how long after the submission.
async fn hear(simulator: &AdministratorSimulator, since: OffsetDateTime) -> Vec<(Saying, i64)> {
    let messages = simulator.messages().await.unwrap();
    let ids: Vec<String> = messages.iter().map(|message| message.message_id.clone()).collect();
    simulator.taken_in(&ids).await.unwrap();
    messages
        .into_iter()
        .map(|message| (message.saying, (message.said_at - since).whole_minutes()))
        .collect()
}

fn step(saying: Saying) -> PlannedEvent {
    PlannedEvent::new(saying)
}

#[tokio::test]
async fn unscripted_it_acknowledges_approves_and_completes_by_itself() {
    let simulator = simulator();
    let ticket = ticket(&simulator);
    let (since, id) = (ticket.submitted_at, ticket.ticket_id);
    assert_eq!(simulator.status(id).await, Ok(TicketStatus::Unknown));
    simulator.submit(ticket.clone()).await.unwrap();
    assert_eq!(hear(&simulator, since).await, [(Saying::Acknowledge, 0)]);
    assert_eq!(simulator.status(id).await, Ok(TicketStatus::InValidation));

    simulator.clock.advance(Duration::days(10)).unwrap();
    let window = 3 * 24 * 60;
    assert_eq!(
        hear(&simulator, since).await,
        [(Saying::Approve, 60), (Saying::Complete, window + 15)]
    );
    assert_eq!(simulator.status(id).await, Ok(TicketStatus::Completed));
    assert!(hear(&simulator, since).await.is_empty());

    // Submitted once more, nothing happens twice.
    simulator.submit(ticket).await.unwrap();
    assert!(hear(&simulator, since).await.is_empty());
}

#[tokio::test]
async fn messages_wait_until_they_are_taken_in() {
    let simulator = simulator();
    simulator.submit(ticket(&simulator)).await.unwrap();
    let first = simulator.messages().await.unwrap();
    assert_eq!(first.len(), 1);
    assert_eq!(simulator.messages().await.unwrap(), first);
}

#[tokio::test]
async fn a_script_delays_doubles_loses_reorders_and_ends_in_silence() {
    let simulator = simulator();
    let after =
        |saying, minutes| PlannedEvent { after: Duration::minutes(minutes), ..step(saying) };
    simulator.script(
        &number(),
        vec![
            PlannedEvent { times: 2, ..step(Saying::Approve) },
            PlannedEvent { lose: true, ..step(Saying::Acknowledge) },
            after(Saying::Deny(DenialReason::NumberInactive), 30),
        ],
    );
    let ticket = ticket(&simulator);
    let since = ticket.submitted_at;
    simulator.submit(ticket).await.unwrap();
    assert_eq!(hear(&simulator, since).await, [(Saying::Approve, 0), (Saying::Approve, 0)]);
    simulator.clock.advance(Duration::days(30)).unwrap();
    let denial = Saying::Deny(DenialReason::NumberInactive);
    assert_eq!(hear(&simulator, since).await, [(denial, 30)]);
}

#[tokio::test]
async fn a_used_script_does_not_meet_the_next_ticket() {
    let simulator = simulator();
    let denial = Saying::Deny(DenialReason::IncompleteData);
    simulator.script(&number(), vec![step(Saying::Acknowledge), step(denial.clone())]);
    let first = ticket(&simulator);
    let since = first.submitted_at;
    simulator.submit(first).await.unwrap();
    assert_eq!(hear(&simulator, since).await, [(Saying::Acknowledge, 0), (denial, 0)]);

    simulator.submit(ticket(&simulator)).await.unwrap();
    simulator.clock.advance(Duration::hours(2)).unwrap();
    let heard = hear(&simulator, since).await;
    assert_eq!(heard[1].0, Saying::Approve);
}

#[tokio::test]
async fn a_lost_submission_is_not_known() {
    let simulator = simulator();
    let lost = PlannedEvent {
        event: SimulatedEvent::Submission,
        times: 2,
        lose: true,
        after: Duration::ZERO,
    };
    simulator.script(&number(), vec![lost, step(Saying::Acknowledge)]);
    let ticket = ticket(&simulator);
    for _ in 0..2 {
        let lost = simulator.submit(ticket.clone()).await;
        assert_eq!(lost, Err(AdministratorError::Unavailable));
        let status = simulator.status(ticket.ticket_id).await;
        assert_eq!(status, Ok(TicketStatus::Unknown));
    }
    simulator.submit(ticket.clone()).await.unwrap();
    assert_eq!(hear(&simulator, ticket.submitted_at).await, [(Saying::Acknowledge, 0)]);
}

#[tokio::test]
async fn a_number_has_one_ticket_at_a_time() {
    let simulator = simulator();
    let first = ticket(&simulator);
    simulator.submit(first.clone()).await.unwrap();
    let second = ticket(&simulator);
    let refused = Err(AdministratorError::Refused(DenialReason::RequestInProgress));
    assert_eq!(simulator.submit(second.clone()).await, refused);
    simulator.cancel(first.ticket_id).await.unwrap();
    assert_eq!(simulator.status(first.ticket_id).await, Ok(TicketStatus::Cancelled));
    assert_eq!(simulator.submit(second).await, Ok(()));
}

#[tokio::test]
async fn an_answer_waits_for_the_text_and_a_text_arrives_once() {
    let simulator = simulator();
    let answer = PlannedEvent { after: Duration::hours(1), ..step(Saying::Confirm) };
    simulator.script(&number(), vec![answer, step(Saying::Acknowledge)]);
    simulator.clock.advance(Duration::hours(5)).unwrap();
    let since = simulator.clock.now();
    assert!(hear(&simulator, since).await.is_empty());
    let text = TextMessage {
        key: "1".to_owned(),
        ticket_id: Uuid::now_v7(),
        to: number(),
        text: "SIM?".to_owned(),
        sent_at: since,
    };
    simulator.send(text.clone()).await.unwrap();
    simulator.send(text.clone()).await.unwrap();
    assert_eq!(simulator.texts(&number()).len(), 1);
    simulator.clock.advance(Duration::hours(2)).unwrap();
    assert_eq!(hear(&simulator, since).await, [(Saying::Confirm, 60)]);
    // The ticket is yet to come.
    assert!(hear(&simulator, since).await.is_empty());
    let ticket = Ticket { ticket_id: text.ticket_id, ..ticket(&simulator) };
    simulator.submit(ticket).await.unwrap();
    assert_eq!(hear(&simulator, since).await, [(Saying::Acknowledge, 120)]);
}

#[tokio::test]
async fn a_donor_that_knows_better_denies_by_itself() {
    let simulator = simulator();
    simulator.set_holder(&number(), HolderKind::Person);
    assert_eq!(simulator.holder_kind(&number()).await, Ok(Some(HolderKind::Person)));
    let ticket = ticket(&simulator);
    let since = ticket.submitted_at;
    simulator.submit(ticket).await.unwrap();
    simulator.clock.advance(Duration::hours(2)).unwrap();
    let denial = Saying::Deny(DenialReason::HolderMismatch);
    assert_eq!(hear(&simulator, since).await, [(Saying::Acknowledge, 0), (denial, 60)]);
}

#[tokio::test]
async fn only_a_number_that_was_heard_of_can_be_talked_about() {
    let simulator = simulator();
    assert!(!simulator.inject(&number(), Saying::Approve));
    simulator.script(&number(), vec![]);
    assert!(!simulator.inject(&number(), Saying::Approve));
    let ticket = ticket(&simulator);
    simulator.submit(ticket.clone()).await.unwrap();
    assert!(simulator.inject(&number(), Saying::Approve));
    assert_eq!(hear(&simulator, ticket.submitted_at).await, [(Saying::Approve, 0)]);
}
