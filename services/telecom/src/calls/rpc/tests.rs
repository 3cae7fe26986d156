use chassis::auth::Role;
use proto::common::v1::Permission;
use time::Duration;
use tonic::Code;

use super::*;
use crate::calls::SwitchConfig;
use crate::calls::testing::{PHONE, PRICE, World, reason};
use crate::switch::{Endpoint, PlannedCallEvent, SimulatedCallEvent};

fn plan(events: &[(SimulatedCallEvent, i64)]) -> Vec<PlannedCallEvent> {
    let planned = |(event, seconds): &(SimulatedCallEvent, i64)| {
        PlannedCallEvent::new(*event, Duration::seconds(*seconds))
    };
    events.iter().map(planned).collect()
}

fn script(world: &World, step: serde_json::Value) {
    world.switch.script(vec![serde_json::from_value(step).unwrap()]);
}

const RING: (SimulatedCallEvent, i64) = (SimulatedCallEvent::Ring, 0);
const ANSWER: (SimulatedCallEvent, i64) = (SimulatedCallEvent::Answer, 1);
const END: SimulatedCallEvent = SimulatedCallEvent::HangUp(HangupCause::NormalClearing);

#[tokio::test]
async fn a_call_is_made_paid_for_and_listed() {
    let world = World::new(10).await;
    world.extension("1000", Some("User@domain.com")).await;
    let call_id = world.dial("1000", "(48) 3332-8530").await.unwrap();
    world.settle().await;
    assert_eq!(world.list().await.total_size, 0, "only ended calls are listed");
    world.advance(Duration::minutes(5)).await;

    let listed = world.list().await;
    assert_eq!(listed.total_size, 1);
    let call = &listed.calls[0];
    assert_eq!(call.id, call_id.to_string());
    assert_eq!((call.from.as_str(), call.to.as_str()), ("1000", "4833328530"));
    assert_eq!((call.duration, call.hangup_cause.as_str()), (60, "NORMAL_CLEARING"));
    assert_eq!(call.minute_price.unwrap().cents, PRICE);
    assert_eq!(call.call_price.unwrap().cents, PRICE);
    assert_eq!(call.email.as_deref(), Some("User@domain.com"));
    assert_eq!(call.metadata_json, r#"{"userId": 123}"#);
    assert!(call.is_recorded);
    assert_eq!(world.charged(), [1]);
    assert_eq!(world.wallet.purse().balance, 9 * PRICE);
    assert!(world.wallet.purse().reserved.is_empty());
    assert_eq!(world.told().await, ["CallCreated", "CallAnswered", "CallEnded"]);

    let message = pb::GetRecordingRequest {
        company_id: world.company_id.to_string(),
        call_id: call_id.to_string(),
    };
    let request = world.request(Role::Manager, Permission::CallsRead, message.clone());
    let sound = world.calls.get_recording(request).await.unwrap().into_inner().content;
    assert_eq!(sound[..2], [0xff, 0xf3]);
    let request = world.as_member("other@domain.com", Permission::CallsRead, message.clone());
    let refused = world.calls.get_recording(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let request = world.as_member("user@domain.com", Permission::CallsRead, message);
    assert!(world.calls.get_recording(request).await.is_ok());
}

#[tokio::test]
async fn dials_are_refused_in_order() {
    let world = World::new(0).await;
    world.extension("1000", Some("user@domain.com")).await;
    world.extension("1099", None).await;
    let busy = async |number: &str, phone: &str| world.dial(number, phone).await.unwrap_err();

    assert_eq!(busy("x", "").await.code(), Code::InvalidArgument);
    assert_eq!(reason(&busy("1001", "190").await), "EXTENSION_NOT_FOUND");
    assert_eq!(reason(&busy("1099", "190").await), "INVALID_PHONE");
    assert_eq!(reason(&busy("1099", PHONE).await), "EXTENSION_OFFLINE");
    assert_eq!(reason(&busy("1000", PHONE).await), "INSUFFICIENT_CREDITS");
    assert_eq!(world.told().await, Vec::<String>::new(), "a refused request is no call");

    world.wallet.purse().balance = PRICE;
    let call_id = world.dial("1000", PHONE).await.unwrap();
    assert_eq!(reason(&busy("1000", PHONE).await), "EXTENSION_BUSY");
    world.hang_up(call_id).await.unwrap();
    assert_eq!(reason(&world.hang_up(call_id).await.unwrap_err()), "CALL_NOT_FOUND");

    let message = world.dial_request("1099", "190").into_inner();
    let request = world.as_member("user@domain.com", Permission::CallsMake, message);
    let foreign = CallService::dial(&world.calls, request).await.unwrap_err();
    assert_eq!(foreign.code(), Code::PermissionDenied, "before the phone is looked at");
}

#[tokio::test]
async fn one_extension_has_one_call_however_many_dial() {
    let world = &World::new(100).await;
    world.extension("1000", None).await;
    let dials = (0..8).map(|_| world.dial("1000", PHONE));
    let outcomes = futures::future::join_all(dials).await;
    let made = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(made, 1);
    for refused in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert_eq!(reason(refused), "EXTENSION_BUSY");
    }
    world.settle().await;
    assert_eq!(world.switch.orders(), 1);
    assert_eq!(world.wallet.purse().reserved.len(), 1);
}

#[tokio::test]
async fn a_wallet_pays_for_as_many_calls_as_it_can() {
    let world = &World::new(3).await;
    for number in 1000..1008 {
        world.extension(&number.to_string(), None).await;
    }
    let numbers: Vec<String> = (1000..1008).map(|number| number.to_string()).collect();
    let outcomes = futures::future::join_all(numbers.iter().map(|n| world.dial(n, PHONE))).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3);
    world.advance(Duration::minutes(2)).await;
    assert_eq!(world.wallet.purse().balance, 0);
    assert_eq!(world.list().await.total_size, 3);
    assert!(world.list().await.calls.iter().all(|call| call.hangup_cause == "NORMAL_CLEARING"));
}

#[tokio::test]
async fn an_account_dials_so_often_in_a_minute() {
    let config = SwitchConfig { dials_per_minute: 2, ..SwitchConfig::default() };
    let world = World::with(100, config).await;
    for number in ["1000", "1001", "1002"] {
        world.extension(number, None).await;
    }
    world.dial("1000", PHONE).await.unwrap();
    world.dial("1001", PHONE).await.unwrap();
    let refused = world.dial("1002", PHONE).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::ResourceExhausted, "TOO_MANY_DIALS")
    );
    world.advance(Duration::seconds(61)).await;
    world.dial("1002", PHONE).await.unwrap();
}

#[tokio::test]
async fn a_repeated_request_is_one_call() {
    let world = World::new(2).await;
    world.extension("1000", None).await;
    let keyed = || {
        let mut request = world.dial_request("1000", PHONE);
        request.metadata_mut().insert("idempotency-key", "k1".parse().unwrap());
        request
    };
    // One caller repeats itself.
    let caller = Caller::of(&keyed()).unwrap().clone();
    let again = || {
        let mut request = keyed();
        request.extensions_mut().insert(caller.clone());
        request
    };
    world.wallet.purse().away = true;
    let away = CallService::dial(&world.calls, again()).await.unwrap_err();
    assert_eq!(away.code(), Code::Unavailable);
    world.wallet.purse().away = false;
    world.settle().await;
    let first = CallService::dial(&world.calls, again()).await.unwrap();
    let second = CallService::dial(&world.calls, again()).await.unwrap();
    assert_eq!(first.get_ref(), second.get_ref());
    assert!(second.metadata().get("idempotency-replayed").is_some());
    // Whatever the telephone does meanwhile.
    let endpoint = Endpoint { domain: "acme.example.com".to_owned(), number: "1000".to_owned() };
    world.switch.set_online(endpoint.clone(), false);
    let third = CallService::dial(&world.calls, again()).await.unwrap();
    assert_eq!(first.get_ref(), third.get_ref());
    world.switch.set_online(endpoint, true);
    world.advance(Duration::minutes(2)).await;
    assert_eq!(world.switch.orders(), 1);
    assert_eq!(world.wallet.purse().balance, PRICE);
}

#[tokio::test]
async fn a_call_ends_with_its_credit() {
    let world = World::new(2).await;
    world.extension("1000", None).await;
    let long = plan(&[RING, ANSWER, (END, 600)]);
    world.switch.plan("4833328530", long);
    let call_id = world.dial("1000", PHONE).await.unwrap();
    world.advance(Duration::seconds(70)).await;
    assert_eq!(world.call(call_id).await.unwrap().minutes_reserved, 2);
    // However far the clock is moved at once.
    world.advance(Duration::minutes(30)).await;
    let call = &world.list().await.calls[0];
    assert_eq!((call.duration, call.hangup_cause.as_str()), (120, "ALLOTTED_TIMEOUT"));
    assert_eq!(call.call_price.unwrap().cents, 2 * PRICE);
    assert_eq!(world.wallet.purse().balance, 0);
}

#[tokio::test]
async fn sixty_seconds_are_one_minute_and_sixty_one_are_two() {
    let world = World::new(10).await;
    world.extension("1000", None).await;
    for (seconds, minutes) in [(60, 1), (61, 2), (1, 1), (119, 2)] {
        world.switch.plan("4833328530", plan(&[RING, ANSWER, (END, seconds)]));
        world.dial("1000", PHONE).await.unwrap();
        world.advance(Duration::minutes(3)).await;
        let call = &world.list().await.calls[0];
        assert_eq!(call.duration, seconds);
        assert_eq!(call.call_price.unwrap().cents, minutes * PRICE, "{seconds}");
    }
    assert_eq!(world.wallet.purse().balance, 4 * PRICE);
}

#[tokio::test]
async fn what_is_not_answered_is_free() {
    let world = World::new(1).await;
    world.extension("1000", None).await;
    for (phone, cause) in [
        ("+554833329901", "USER_BUSY"),
        ("+554833329902", "NO_ANSWER"),
        ("+554833329903", "CALL_REJECTED"),
        ("+554833329904", "UNALLOCATED_NUMBER"),
        ("+554833329905", "NORMAL_TEMPORARY_FAILURE"),
    ] {
        world.dial("1000", phone).await.unwrap();
        world.advance(Duration::seconds(10)).await;
        let call = &world.list().await.calls[0];
        assert_eq!((call.duration, call.hangup_cause.as_str()), (0, cause));
        assert_eq!(call.call_price.unwrap().cents, 0);
        assert!(!call.is_recorded);
    }
    let call_id = world.dial("1000", PHONE).await.unwrap();
    world.settle().await;
    world.hang_up(call_id).await.unwrap();
    world.settle().await;
    assert_eq!(world.list().await.calls[0].hangup_cause, "ORIGINATOR_CANCEL");
    assert_eq!(world.switch.live_calls(), 0, "the switch was told");
    assert_eq!(world.wallet.purse().balance, PRICE);
}

#[tokio::test]
async fn the_switch_may_say_things_twice_late_or_not_at_all() {
    let world = World::new(5).await;
    world.extension("1000", None).await;
    let twice = |event: (SimulatedCallEvent, i64)| PlannedCallEvent {
        times: 3,
        ..PlannedCallEvent::new(event.0, Duration::seconds(event.1))
    };
    let lost = |event| PlannedCallEvent { lose: true, times: 1, ..twice(event) };
    for script in [
        vec![twice(RING), twice(ANSWER), twice((END, 30))],
        vec![lost(RING), lost(ANSWER), twice((END, 30))],
        vec![twice(ANSWER), twice(RING), twice((END, 30))],
        // Nothing is heard of its end: it is asked for.
        vec![twice(RING), twice(ANSWER), lost((END, 30))],
    ] {
        world.switch.plan("4833328530", script);
        let before = world.told().await.len();
        world.dial("1000", PHONE).await.unwrap();
        world.advance(Duration::minutes(3)).await;
        assert_eq!(world.list().await.calls[0].duration, 30);
        let told = world.told().await.split_off(before);
        assert_eq!(told, ["CallCreated", "CallAnswered", "CallEnded"]);
    }
    assert_eq!(world.charged(), [1, 1, 1, 1]);
}

#[tokio::test]
async fn minutes_are_paid_for_though_the_answer_was_not_heard_of() {
    let world = World::new(5).await;
    world.extension("1000", None).await;
    let lost = |event: (SimulatedCallEvent, i64)| PlannedCallEvent {
        lose: true,
        ..PlannedCallEvent::new(event.0, Duration::seconds(event.1))
    };
    let talk = |seconds| vec![lost(RING), lost(ANSWER), plan(&[(END, seconds)]).remove(0)];
    // Step by step, and far at once.
    for steps in [9, 1] {
        world.switch.plan("4833328530", talk(150));
        world.dial("1000", PHONE).await.unwrap();
        for _ in 0..steps {
            world.advance(Duration::seconds(180 / steps)).await;
        }
        let call = &world.list().await.calls[0];
        assert_eq!((call.duration, call.hangup_cause.as_str()), (150, "NORMAL_CLEARING"));
        assert_eq!(call.call_price.unwrap().cents, 3 * PRICE);
        world.wallet.purse().balance = 5 * PRICE;
    }
    world.switch.plan("4833328530", talk(600));
    world.dial("1000", PHONE).await.unwrap();
    world.advance(Duration::minutes(20)).await;
    let call = &world.list().await.calls[0];
    assert_eq!((call.duration, call.hangup_cause.as_str()), (300, "ALLOTTED_TIMEOUT"));
    assert_eq!(world.wallet.purse().balance, 0);
}

#[tokio::test]
async fn a_call_that_we_end_is_recorded_too() {
    let world = World::new(5).await;
    let extension = world.extension("1000", None).await;
    assert!(extension.record_audio);
    world.switch.plan("4833328530", plan(&[RING, ANSWER, (END, 600)]));
    let call_id = world.dial("1000", PHONE).await.unwrap();
    world.advance(Duration::seconds(30)).await;
    // The switch is told at the second attempt: meanwhile there is no sound.
    script(&world, serde_json::json!({"operation": "hang-up", "outcome": "fail"}));
    world.hang_up(call_id).await.unwrap();
    world.settle().await;
    assert!(world.list().await.calls[0].is_recorded);
}

#[tokio::test]
async fn nobody_talks_longer_than_a_day() {
    let world = World::new(2_000).await;
    world.extension("1000", None).await;
    world.switch.plan("4833328530", plan(&[RING, ANSWER, (END, 100_000)]));
    world.dial("1000", PHONE).await.unwrap();
    world.advance(Duration::hours(30)).await;
    let call = &world.list().await.calls[0];
    assert_eq!((call.duration, call.hangup_cause.as_str()), (86_400, "ALLOTTED_TIMEOUT"));
    assert_eq!(world.wallet.purse().balance, 560 * PRICE);
}

#[tokio::test]
async fn a_call_that_the_switch_lost_is_settled_after_four_hours() {
    let world = World::new(100).await;
    world.extension("1000", None).await;
    let vanish = (SimulatedCallEvent::Vanish, 100);
    world.switch.plan("4833328530", plan(&[RING, ANSWER, vanish]));
    let call_id = world.dial("1000", PHONE).await.unwrap();
    for _ in 0..10 {
        world.advance(Duration::seconds(20)).await;
    }
    let call = world.call(call_id).await.unwrap();
    assert!(call.lost_at.is_some());
    assert_eq!((call.minute_at, world.list().await.total_size), (None, 0));
    world.dial("1000", PHONE).await.expect("the extension is free");
    world.advance(Duration::hours(3)).await;
    assert_eq!(world.list().await.total_size, 1);
    world.advance(Duration::hours(2)).await;
    let lost = world.call(call_id).await.unwrap();
    let (_, cause) = lost.course.end.unwrap();
    assert_eq!(cause, HangupCause::RecoveryOnTimerExpire);
    assert!((60..=101).contains(&lost.course.duration_seconds()));
    assert!(world.wallet.purse().reserved.is_empty(), "nothing stays reserved");
}

#[tokio::test]
async fn a_request_that_was_left_alone_is_given_up() {
    let world = World::new(1).await;
    world.extension("1000", None).await;
    // As after a crash between the credit and the switch.
    let request = world.dial_request("1000", PHONE);
    let call_id = world.dial("1000", PHONE).await.unwrap();
    sqlx::query("delete from telecom_jobs._private_jobs")
        .execute(&world.service().db)
        .await
        .unwrap();
    sqlx::query(
        "update call set state = 'requested', minutes_reserved = 0, minute_price_cents = 0",
    )
    .execute(&world.service().db)
    .await
    .unwrap();
    world.advance(Duration::minutes(2)).await;
    assert_eq!(world.call(call_id).await, None);
    assert!(world.wallet.purse().reserved.is_empty());
    assert_eq!(world.charged(), [0]);
    CallService::dial(&world.calls, request).await.expect("the extension is free");
}

#[tokio::test]
async fn nobody_is_cut_off_because_billing_is_away_for_a_moment() {
    let world = World::new(10).await;
    world.extension("1000", None).await;
    world.switch.plan("4833328530", plan(&[RING, ANSWER, (END, 100)]));
    let call_id = world.dial("1000", PHONE).await.unwrap();
    world.advance(Duration::seconds(30)).await;
    world.wallet.purse().away = true;
    world.advance(Duration::seconds(40)).await;
    assert_eq!(world.call(call_id).await.unwrap().course.state, State::Answered);
    world.wallet.purse().away = false;
    world.advance(Duration::seconds(60)).await;
    let call = &world.list().await.calls[0];
    assert_eq!((call.duration, call.call_price.unwrap().cents), (100, 2 * PRICE));
}

#[tokio::test]
async fn a_call_comes_in_and_is_free() {
    let world = World::new(0).await;
    world.extension("1000", None).await;
    let message = |extension: &str, phone: &str| pb::CallInRequest {
        company_id: world.company_id.to_string(),
        extension: extension.to_owned(),
        phone: phone.to_owned(),
    };
    let call_in = async |extension: &str, phone: &str| {
        let operator = chassis::auth::Grant { role: Role::Operator, company_id: None };
        let message = message(extension, phone);
        let permission = Permission::CallsSimulate;
        let request = chassis::testing::request(message, vec![operator], permission);
        world.calls.call_in(request).await
    };
    assert_eq!(reason(&call_in("1001", PHONE).await.unwrap_err()), "EXTENSION_NOT_FOUND");
    assert_eq!(reason(&call_in("1000", "190").await.unwrap_err()), "INVALID_PHONE");
    call_in("1000", PHONE).await.unwrap();
    assert_eq!(reason(&call_in("1000", PHONE).await.unwrap_err()), "EXTENSION_BUSY");
    world.advance(Duration::minutes(5)).await;
    let call = &world.list().await.calls[0];
    assert_eq!((call.call_type.as_str(), call.from.as_str()), ("inbound", "4833328530"));
    assert_eq!((call.to.as_str(), call.duration), ("1000", 60));
    assert_eq!(call.call_price.unwrap().cents, 0);
    assert_eq!(world.charged(), Vec::<i64>::new());
}

#[tokio::test]
async fn a_member_sees_and_ends_their_own_calls() {
    let world = World::new(10).await;
    world.extension("1000", Some("user@domain.com")).await;
    world.extension("1001", None).await;
    let other = world.dial("1001", PHONE).await.unwrap();
    let own = world.dial("1000", PHONE).await.unwrap();
    world.settle().await;
    let hang_up = async |call_id: CallId| {
        let message = pb::HangUpRequest {
            company_id: world.company_id.to_string(),
            call_id: call_id.to_string(),
        };
        let request = world.as_member("user@domain.com", Permission::CallsMake, message);
        CallService::hang_up(&world.calls, request).await
    };
    assert_eq!(hang_up(other).await.unwrap_err().code(), Code::PermissionDenied);
    hang_up(own).await.unwrap();
    world.hang_up(other).await.unwrap();
    let message = pb::ListCallsRequest { company_id: world.company_id.to_string(), query: None };
    let request = world.as_member("user@domain.com", Permission::CallsRead, message.clone());
    let listed = world.calls.list_calls(request).await.unwrap().into_inner();
    assert_eq!((listed.total_size, listed.calls[0].id.clone()), (1, own.to_string()));

    let request = world.as_member("nobody@domain.com", Permission::CallsRead, message.clone());
    assert_eq!(world.calls.list_calls(request).await.unwrap().into_inner().total_size, 0);
    let stranger = chassis::testing::request(
        message,
        vec![chassis::auth::Grant {
            role: Role::Manager,
            company_id: Some(CompanyId::generate().into()),
        }],
        Permission::CallsRead,
    );
    let refused = world.calls.list_calls(stranger).await.unwrap_err();
    assert_eq!(reason(&refused), "VOICE_ACCOUNT_NOT_FOUND");
}

#[tokio::test]
async fn an_order_whose_answer_is_lost_is_one_call() {
    let world = World::new(1).await;
    world.extension("1000", None).await;
    script(&world, serde_json::json!({"operation": "originate", "outcome": "fail", "times": 2}));
    script(&world, serde_json::json!({"operation": "originate", "outcome": "lose-answer"}));
    world.dial("1000", PHONE).await.unwrap();
    world.advance(Duration::minutes(3)).await;
    assert_eq!((world.switch.orders(), world.list().await.calls[0].duration), (1, 60));
}
