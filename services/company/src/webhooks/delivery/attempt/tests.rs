use chassis::Host;
use chassis::clock::Clock;
use chassis::crypto::Keyring;
use chassis::host::Activity;
use clap::Parser;
use time::Duration as Span;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::webhooks::Endpoint;
use crate::webhooks::delivery::{Delivery, State, list};
use crate::webhooks::testing::{
    Receiver, company, deliveries, endpoint, hand_out, in_hand, message, work,
};

async fn listed(deliveries: &Deliveries, endpoint: &Endpoint) -> Vec<Delivery> {
    let page = chassis::page::Page::parse(None).unwrap();
    list(&deliveries.service.db, endpoint.endpoint_id.0, &page).await.unwrap().0
}

/// What the queue and the sweep would do, on a clock that goes on by `by` first.
async fn go_on(deliveries: &Deliveries, by: Span) {
    deliveries.service.clock.advance(by).unwrap();
    deliveries.hand_out_due().await.unwrap();
    work(deliveries).await;
}

#[tokio::test]
async fn a_receiver_that_fails_half_the_time_gets_everything_once_by_id() {
    let (deliveries, _database) = deliveries().await;
    let service = &deliveries.service;
    let receiver = Receiver::start().await;
    let endpoint = endpoint(service, company(service).await, &receiver.url("half"), &[]).await;
    let mut ids = vec![];
    for _ in 0..20 {
        ids.push(message(service, &endpoint, Span::ZERO).await.to_string());
    }
    for by in [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400] {
        go_on(&deliveries, Span::seconds(by)).await;
    }
    let delivered = listed(&deliveries, &endpoint).await;
    assert!(delivered.iter().all(|delivery| delivery.state == State::Delivered), "{delivered:?}");

    let got = receiver.got();
    let taken: Vec<_> = got.iter().skip(1).step_by(2).map(|got| got.header("webhook-id")).collect();
    let mut sorted = taken.clone();
    sorted.sort_unstable();
    ids.sort();
    assert_eq!(sorted, ids);
    for got in &got {
        assert_eq!(got.body, format!(r#"{{"of":"{}"}}"#, got.header("webhook-id")));
    }
    let attempts: i32 = delivered.iter().map(|delivery| delivery.attempts).sum();
    assert_eq!(usize::try_from(attempts).unwrap(), got.len());
}

#[tokio::test]
async fn a_receiver_that_always_fails_is_tried_ten_times_on_the_clock() {
    let (deliveries, _database) = deliveries().await;
    let service = &deliveries.service;
    let receiver = Receiver::start().await;
    let endpoint = endpoint(service, company(service).await, &receiver.url("broken"), &[]).await;
    message(service, &endpoint, Span::ZERO).await;
    go_on(&deliveries, Span::ZERO).await;
    let pauses = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
    for (attempts, pause) in (1..).zip(pauses) {
        let [delivery] = &listed(&deliveries, &endpoint).await[..] else { panic!("one") };
        assert_eq!((delivery.state, delivery.attempts), (State::Pending, attempts));
        assert_eq!(delivery.last_status, Some(500));
        let left = (delivery.due_at.unwrap() - service.clock.now()).as_seconds_f64();
        let pause_f = f64::from(pause);
        assert!(left <= pause_f && left >= pause_f * 0.9 - 5.0, "{left} of {pause}");
        // Not a moment too early.
        go_on(&deliveries, Span::ZERO).await;
        assert_eq!(receiver.got().len(), usize::try_from(attempts).unwrap());
        go_on(&deliveries, Span::seconds(pause.into())).await;
    }
    let [delivery] = &listed(&deliveries, &endpoint).await[..] else { panic!("one") };
    assert_eq!((delivery.state, delivery.attempts), (State::Failed, 10));
    assert_eq!((delivery.due_at, delivery.delivered_at), (None, None));
    assert_eq!(delivery.last_error.as_deref(), Some("the answer is not 2xx"));
    go_on(&deliveries, Span::days(10)).await;
    assert_eq!(receiver.got().len(), 10);
}

#[tokio::test]
async fn an_attempt_that_was_not_written_down_is_made_again_under_the_same_id() {
    let (deliveries, _database) = deliveries().await;
    let service = &deliveries.service;
    let receiver = Receiver::start().await;
    let endpoint = endpoint(service, company(service).await, &receiver.url("ok"), &[]).await;
    let delivery_id = message(service, &endpoint, Span::ZERO).await;
    hand_out(&deliveries, &endpoint).await;
    let outgoing = store::find_queued(&service.db, delivery_id, service.clock.now()).await;
    let outgoing = outgoing.unwrap().unwrap();
    // Sent, and then the process died: the queue gives the job to another.
    assert_eq!(deliveries.attempt(&outgoing).await.error, None);
    work(&deliveries).await;
    let ids: Vec<_> =
        receiver.got().iter().map(|got| got.header("webhook-id").to_owned()).collect();
    assert_eq!(ids, [delivery_id.to_string(), delivery_id.to_string()]);
    // A job that comes late finds nothing to do.
    SendWebhook::of(delivery_id).run(deliveries.clone()).await.unwrap();
    assert_eq!(receiver.got().len(), 2);
    assert_eq!(listed(&deliveries, &endpoint).await[0].attempts, 1);
}

#[tokio::test]
async fn only_a_few_messages_of_an_endpoint_are_in_hand_and_fewer_while_it_fails() {
    let (deliveries, _database) = deliveries().await;
    let service = &deliveries.service;
    let company_id = company(service).await;
    let receiver = Receiver::start().await;
    let slow = endpoint(service, company_id, &receiver.url("hang"), &[]).await;
    let fast = endpoint(service, company_id, &receiver.url("ok"), &[]).await;
    let mut to_slow = vec![];
    for _ in 0..6 {
        to_slow.push(message(service, &slow, Span::SECOND).await);
        message(service, &fast, Span::ZERO).await;
    }
    deliveries.hand_out_due().await.unwrap();
    let queued = in_hand(service).await;
    assert_eq!(queued.len(), 8);
    assert_eq!(queued.iter().filter(|id| to_slow.contains(id)).count(), 4);
    // Looking again changes nothing.
    deliveries.hand_out_due().await.unwrap();
    assert_eq!(in_hand(service).await, queued);

    work(&deliveries).await;
    let fast_path = |got: &&crate::webhooks::testing::Got| got.path == "ok";
    assert_eq!(receiver.got().iter().filter(fast_path).count(), 6);
    let waiting = listed(&deliveries, &slow).await;
    assert!(waiting.iter().all(|delivery| delivery.attempts == 1));
    assert!(waiting.iter().all(|delivery| delivery.last_status.is_none()));
    // It fails: the next ones go one by one.
    service.clock.advance(Span::seconds(5)).unwrap();
    deliveries.hand_out_due().await.unwrap();
    assert_eq!(in_hand(service).await.len(), 1);
}

#[tokio::test]
async fn many_who_hand_out_at_once_give_each_message_to_one_job() {
    let (deliveries, _database) = deliveries().await;
    let service = &deliveries.service;
    let receiver = Receiver::start().await;
    let endpoint = endpoint(service, company(service).await, &receiver.url("ok"), &[]).await;
    for _ in 0..12 {
        message(service, &endpoint, Span::ZERO).await;
    }
    let all = (0..8).map(|_| hand_out(&deliveries, &endpoint));
    futures::future::join_all(all).await;
    assert_eq!(in_hand(service).await.len(), 4);
    assert_eq!(service.jobs.due(&service.db).await.unwrap(), 4);
    work(&deliveries).await;
    assert_eq!(receiver.got().len(), 12);
}

#[tokio::test]
async fn an_endpoint_that_is_gone_gets_nothing_more() {
    let (deliveries, _database) = deliveries().await;
    let service = &deliveries.service;
    let company_id = company(service).await;
    let receiver = Receiver::start().await;
    let gone = endpoint(service, company_id, &receiver.url("gone"), &[]).await;
    for _ in 0..6 {
        message(service, &gone, Span::ZERO).await;
    }
    sqlx::query("update webhook_endpoint set failing = true").execute(&service.db).await.unwrap();
    go_on(&deliveries, Span::ZERO).await;
    assert_eq!(receiver.got().len(), 1);
    let listed = listed(&deliveries, &gone).await;
    assert!(listed.iter().all(|delivery| delivery.state == State::Failed));
    assert!(listed.iter().all(|d| d.last_error.as_deref() == Some("the endpoint is gone")));
    assert_eq!(listed.iter().filter(|delivery| delivery.last_status == Some(410)).count(), 1);
    go_on(&deliveries, Span::days(10)).await;
    assert_eq!(receiver.got().len(), 1);
}

#[tokio::test]
async fn a_secret_that_cannot_be_opened_is_a_failed_attempt() {
    let (deliveries, _database) = deliveries().await;
    let service = &deliveries.service;
    let receiver = Receiver::start().await;
    let endpoint = endpoint(service, company(service).await, &receiver.url("ok"), &[]).await;
    message(service, &endpoint, Span::ZERO).await;
    let spoil = "update webhook_endpoint set secret_sealed = 'x'";
    sqlx::query(spoil).execute(&service.db).await.unwrap();
    go_on(&deliveries, Span::ZERO).await;
    let [delivery] = &listed(&deliveries, &endpoint).await[..] else { panic!("one") };
    assert_eq!(delivery.last_error.as_deref(), Some("the message cannot be signed"));
    assert_eq!(receiver.got().len(), 0);
}

#[tokio::test]
async fn what_is_over_is_forgotten_after_a_while_and_what_waits_is_not() {
    let (deliveries, _database) = deliveries().await;
    let service = &deliveries.service;
    let receiver = Receiver::start().await;
    let endpoint = endpoint(service, company(service).await, &receiver.url("ok"), &[]).await;
    let old = message(service, &endpoint, Span::days(31)).await;
    let young = message(service, &endpoint, Span::days(29)).await;
    deliveries.forget_old().await.unwrap();
    assert_eq!(listed(&deliveries, &endpoint).await.len(), 2);
    go_on(&deliveries, Span::ZERO).await;
    deliveries.forget_old().await.unwrap();
    let left: Vec<_> =
        listed(&deliveries, &endpoint).await.iter().map(|delivery| delivery.delivery_id).collect();
    assert_eq!(left, [young]);
    assert_ne!(old, young);
}

#[tokio::test]
async fn a_service_that_starts_sends_what_waits_for_it() {
    let (mut deliveries, database) = deliveries().await;
    let keyring = Keyring::random_text();
    deliveries.service.keyring = keyring.parse().unwrap();
    let service = &deliveries.service;
    let receiver = Receiver::start().await;
    let endpoint = endpoint(service, company(service).await, &receiver.url("ok"), &[]).await;
    message(service, &endpoint, Span::ZERO).await;

    let config = crate::Config::parse_from([
        "company",
        "--service-secret=x",
        "--webhook-hosts=example.com,127.0.0.77",
        &format!("--keyring={keyring}"),
        &format!("--database-url={}", database.url),
    ]);
    let shutdown = CancellationToken::new();
    let host = Host {
        listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
        admin: None,
        clock: Clock::system(),
        shutdown: shutdown.clone(),
        activity: Activity::default(),
    };
    let serving = tokio::spawn(crate::serve(config, host));
    receiver.arrival().await;
    shutdown.cancel();
    serving.await.unwrap().unwrap();
    let [delivery] = &listed(&deliveries, &endpoint).await[..] else { panic!("one") };
    assert_eq!((delivery.state, delivery.attempts), (State::Delivered, 1));
}
