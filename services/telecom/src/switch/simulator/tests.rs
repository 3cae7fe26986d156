use time::macros::datetime;

use super::*;

fn order(phone: &str) -> CallOrder {
    CallOrder {
        call_id: CallId::generate(),
        direction: Direction::Outbound,
        endpoint: endpoint("1001"),
        phone: phone.parse().unwrap(),
        caller_id: None,
        record: true,
    }
}

fn endpoint(number: &str) -> Endpoint {
    Endpoint { domain: "acme.example.com".to_owned(), number: number.to_owned() }
}

/// A switch on a clock that stands in the far future, so that nothing but the test moves it much.
fn switch() -> (Clock, SwitchSimulator) {
    let clock = Clock::system();
    clock.set(datetime!(2040-01-01 00:00 UTC)).unwrap();
    (clock.clone(), SwitchSimulator::new(clock, SwitchTimes::default()))
}

async fn said(switch: &SwitchSimulator) -> Vec<(Happening, OffsetDateTime)> {
    let events = switch.events().await;
    let ids: Vec<u64> = events.iter().map(|event| event.event_id).collect();
    switch.taken_in(&ids).await;
    events.into_iter().map(|event| (event.happening, event.at)).collect()
}

#[tokio::test]
async fn a_call_rings_is_answered_after_a_second_and_ends_after_a_minute() {
    let (clock, switch) = switch();
    let order = order("+554833328530");
    switch.originate(&order).await.unwrap();
    switch.originate(&order).await.unwrap();
    assert_eq!(switch.orders(), 1, "once for one id");
    let [(Happening::Ringing, rang_at)] = said(&switch).await[..] else { panic!("it rings") };
    assert_eq!(switch.status(order.call_id).await, Ok(CallStatus::Live { answered_at: None }));

    clock.advance(Duration::hours(1)).unwrap();
    let answered_at = rang_at + Duration::SECOND;
    let end =
        Happening::Ended { cause: HangupCause::NormalClearing, answered_at: Some(answered_at) };
    let ended_at = answered_at + Duration::MINUTE;
    let expected = [(Happening::Answered, answered_at), (end, ended_at)];
    assert_eq!(switch.events().await.len(), 2, "they stay until they are taken in");
    assert_eq!(said(&switch).await, expected);
    assert_eq!(switch.status(order.call_id).await, Ok(CallStatus::Ended(end, ended_at)));
    let sound = switch.recording(order.call_id).await.unwrap().unwrap();
    assert_eq!(sound[..2], [0xff, 0xf3]);
}

#[tokio::test]
async fn the_last_four_digits_say_what_goes_wrong() {
    let (clock, switch) = switch();
    for (digits, cause) in [
        ("9901", HangupCause::UserBusy),
        ("9902", HangupCause::NoAnswer),
        ("9903", HangupCause::CallRejected),
        ("9904", HangupCause::UnallocatedNumber),
        ("9905", HangupCause::NormalTemporaryFailure),
    ] {
        let outbound = order(&format!("+55483332{digits}"));
        switch.originate(&outbound).await.unwrap();
        clock.advance(Duration::SECOND).unwrap();
        let happenings: Vec<Happening> =
            said(&switch).await.into_iter().map(|(happening, _)| happening).collect();
        let end = Happening::Ended { cause, answered_at: None };
        assert_eq!(happenings, [Happening::Ringing, end], "{digits}");
        assert!(switch.recording(outbound.call_id).await.is_err());
    }
    let inbound = CallOrder { direction: Direction::Inbound, ..order("+554833329901") };
    switch.originate(&inbound).await.unwrap();
    clock.advance(Duration::SECOND).unwrap();
    assert!(said(&switch).await.iter().any(|(happening, _)| *happening == Happening::Answered));
}

#[tokio::test]
async fn extensions_that_end_in_99_are_offline_unless_it_is_said_otherwise() {
    let (_, switch) = switch();
    for (number, online) in [("1001", true), ("1099", false), ("99", false)] {
        assert_eq!(switch.is_registered(&endpoint(number)).await, Ok(online), "{number}");
        switch.set_online(endpoint(number), !online);
        assert_eq!(switch.is_registered(&endpoint(number)).await, Ok(!online), "{number}");
    }
    let refused = switch.originate(&order("+554833328530")).await;
    assert_eq!(refused, Err(SwitchError::Refused(HangupCause::NoUserResponse)));
}

#[tokio::test]
async fn a_plan_is_followed_once() {
    let (clock, switch) = switch();
    let lost = PlannedCallEvent {
        lose: true,
        ..PlannedCallEvent::new(SimulatedCallEvent::Ring, Duration::ZERO)
    };
    let doubled = PlannedCallEvent {
        times: 2,
        ..PlannedCallEvent::new(SimulatedCallEvent::Answer, Duration::seconds(5))
    };
    let vanish = PlannedCallEvent::new(SimulatedCallEvent::Vanish, Duration::seconds(5));
    switch.plan("4833328530", vec![lost, doubled, vanish]);
    let scripted = order("+554833328530");
    switch.originate(&scripted).await.unwrap();
    assert_eq!(said(&switch).await, []);
    clock.advance(Duration::seconds(5)).unwrap();
    let answers = said(&switch).await;
    assert_eq!(answers.len(), 2);
    assert_eq!(answers[0], answers[1]);
    clock.advance(Duration::seconds(5)).unwrap();
    assert_eq!(switch.status(scripted.call_id).await, Ok(CallStatus::Unknown));
    assert_eq!(said(&switch).await, []);
    assert!(!switch.inject(scripted.call_id, SimulatedCallEvent::Ring));

    let next = order("+554833328530");
    switch.originate(&next).await.unwrap();
    assert_eq!(said(&switch).await.len(), 1, "the next one goes as usual");
    let busy = SimulatedCallEvent::HangUp(HangupCause::UserBusy);
    assert!(switch.inject(next.call_id, busy));
    assert_eq!(said(&switch).await.len(), 1);
    assert_eq!(switch.live_calls(), 0);
}
