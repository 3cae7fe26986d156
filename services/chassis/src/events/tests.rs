//! Publisher and subscriber on one database, with a bus between them that misbehaves. The way over
//! NATS is tested with `cargo test -p linha-chassis --features testing nats -- --ignored`, which
//! needs a nats-server in the path, or where LINHA_NATS_SERVER says.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use prost::Name;
use proto::events::v1::event_sink_service_server::EventSinkService;
use proto::events::v1::{CloudEvent, DeliverEventRequest, LineOrdered};
use sqlx::migrate::Migrator;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::{Request, Status};
use uuid::Uuid;

use self::nats_server::NatsServer;
use super::outbox::DeliverEvents;
use super::*;
use crate::jobs::Job;
use crate::tls::TlsConfig;
use crate::{Service, testing};

mod nats_server;

static NONE: Migrator = Migrator::DEFAULT;

/// What the bus does with the next hand-overs; afterwards it works.
#[derive(Clone, Copy)]
enum Mood {
    Lost,
    AnswerLost,
    Doubled,
}

struct MoodyBus {
    road: Box<dyn Bus>,
    moods: Vec<Mood>,
    delivered: AtomicU32,
}

#[tonic::async_trait]
impl Bus for MoodyBus {
    async fn deliver(&self, subscriber: &str, event: CloudEvent) -> Result<(), Status> {
        let turn = self.delivered.fetch_add(1, Ordering::SeqCst) as usize;
        match self.moods.get(turn) {
            Some(Mood::Lost) => return Err(Status::unavailable("lost")),
            Some(Mood::AnswerLost) => {
                self.road.deliver(subscriber, event).await?;
                return Err(Status::unavailable("the answer was lost"));
            }
            Some(Mood::Doubled) => self.road.deliver(subscriber, event.clone()).await?,
            None => {}
        }
        self.road.deliver(subscriber, event).await
    }
}

/// Straight into the sink.
struct Straight(Sink);

#[tonic::async_trait]
impl Bus for Straight {
    async fn deliver(&self, _: &str, event: CloudEvent) -> Result<(), Status> {
        let request = Request::new(DeliverEventRequest { event: Some(event) });
        self.0.deliver_event(request).await.map(drop)
    }
}

/// The way that events take in a test: over NATS, or straight.
type Road = Option<NatsServer>;

struct World {
    service: Service,
    outbox: Outbox,
    nats: Option<NatsServer>,
    _database: postgres_local::testing::TestDatabase,
    _subscription: DropGuard,
}

async fn setup(road: Road, moods: Vec<Mood>) -> World {
    let (service, database) = testing::service("telecom", &NONE, vec![]).await;
    sqlx::query("create table applied (position serial, line_id text)")
        .execute(&service.db)
        .await
        .unwrap();
    let handlers = EventHandlers::new().on::<LineOrdered, _>(|tx, received| {
        Box::pin(async move {
            sqlx::query("insert into applied (line_id) values ($1)")
                .bind(received.event.line_id)
                .execute(tx)
                .await?;
            Ok(())
        })
    });
    let sink = Sink::new("telecom", service.db.clone(), handlers);
    let shutdown = CancellationToken::new();
    let (road, nats): (Box<dyn Bus>, _) = match road {
        None => (Box::new(Straight(sink)), None),
        Some(server) => {
            let config = server.config();
            let nats = Nats::connect("telecom", &config, &TlsConfig::default()).await.unwrap();
            tokio::spawn(nats.clone().subscribe("billing", sink, shutdown.clone()));
            (Box::new(nats), Some(server))
        }
    };
    let bus = MoodyBus { road, moods, delivered: AtomicU32::new(0) };
    let outbox = Outbox::new(
        "telecom",
        service.db.clone(),
        service.jobs.clone(),
        service.clock.clone(),
        Box::new(bus),
        vec![("billing", LineOrdered::full_name())],
        Duration::from_millis(250),
    );
    let _subscription = shutdown.drop_guard();
    World { service, outbox, nats, _database: database, _subscription }
}

async fn publish(service: &Service, outbox: &Outbox, subject: Uuid, lines: &[&str]) {
    service
        .transaction(|mut tx| {
            Box::pin(async move {
                for line in lines {
                    let event = LineOrdered { line_id: (*line).to_owned(), ..Default::default() };
                    outbox.publish(&mut tx, subject, &event).await?;
                }
                Ok::<_, HandlerError>(())
            })
        })
        .await
        .unwrap();
}

/// What was applied, once it is `count`.
async fn applied(service: &Service, count: usize) -> Vec<String> {
    let enough = async {
        loop {
            let applied: Vec<String> =
                sqlx::query_scalar("select line_id from applied order by position")
                    .fetch_all(&service.db)
                    .await
                    .unwrap();
            if applied.len() >= count {
                return applied;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), enough).await.expect("all is applied")
}

/// What the queue would do, as often as it takes.
async fn deliver(outbox: &Outbox, subject: Uuid) {
    for _ in 0..10 {
        DeliverEvents::to("billing", subject).run(outbox.clone()).await.unwrap();
    }
}

async fn applied_once_and_in_order(road: Road) {
    let moods = vec![Mood::Lost, Mood::AnswerLost, Mood::Doubled, Mood::AnswerLost, Mood::Lost];
    let World { service, outbox, .. } = &setup(road, moods).await;
    let subject = Uuid::now_v7();
    publish(service, outbox, subject, &["a", "b", "c", "d"]).await;
    deliver(outbox, subject).await;
    assert_eq!(applied(service, 4).await, ["a", "b", "c", "d"]);
}

#[tokio::test]
async fn events_of_a_subject_are_applied_once_and_in_order_whatever_the_bus_does() {
    applied_once_and_in_order(None).await;
}

#[tokio::test]
#[ignore = "needs a nats-server"]
async fn nats_events_of_a_subject_are_applied_once_and_in_order_whatever_the_bus_does() {
    applied_once_and_in_order(Some(NatsServer::start())).await;
}

async fn a_batch_after_what_came_before(road: Road) {
    let World { service, outbox, .. } = &setup(road, vec![]).await;
    let subjects: Vec<Uuid> = (0..3).map(|_| Uuid::now_v7()).collect();
    publish(service, outbox, subjects[1], &["before"]).await;
    let batch = &subjects;
    service
        .transaction(|mut tx| {
            Box::pin(async move {
                let events: Vec<(Uuid, LineOrdered)> = batch
                    .iter()
                    .map(|id| (*id, LineOrdered { line_id: id.to_string(), ..Default::default() }))
                    .collect();
                outbox.publish_all(&mut tx, &events).await?;
                Ok::<_, HandlerError>(())
            })
        })
        .await
        .unwrap();
    let expected: Vec<(Uuid, i64)> = subjects.iter().copied().zip([1, 2, 1]).collect();
    let mut told: Vec<(Uuid, i64)> =
        sqlx::query_as("select subject, max(sequence) from outbox group by subject")
            .fetch_all(&service.db)
            .await
            .unwrap();
    told.sort_unstable();
    assert_eq!(told, expected);
    assert_eq!(service.jobs.due(&service.db).await.unwrap(), 3, "one job for each subject");
    deliver(outbox, subjects[1]).await;
    assert_eq!(applied(service, 2).await, ["before".to_owned(), subjects[1].to_string()]);
}

#[tokio::test]
async fn a_batch_reaches_every_subject_after_what_came_before() {
    a_batch_after_what_came_before(None).await;
}

#[tokio::test]
#[ignore = "needs a nats-server"]
async fn nats_a_batch_reaches_every_subject_after_what_came_before() {
    a_batch_after_what_came_before(Some(NatsServer::start())).await;
}

#[tokio::test]
#[ignore = "needs a nats-server"]
async fn nats_what_is_published_while_the_servers_are_away_arrives_in_order() {
    let World { service, outbox, nats, .. } = &mut setup(Some(NatsServer::start()), vec![]).await;
    let subject = Uuid::now_v7();
    publish(service, outbox, subject, &["a", "b"]).await;
    deliver(outbox, subject).await;
    assert_eq!(applied(service, 2).await, ["a", "b"]);

    let server = nats.as_mut().unwrap();
    server.kill().await;
    publish(service, outbox, subject, &["c", "d"]).await;
    DeliverEvents::to("billing", subject).run(outbox.clone()).await.unwrap();
    assert_eq!(outbox.waiting().await.unwrap(), 2, "they stay with their publisher");
    server.restart();
    while outbox.waiting().await.unwrap() > 0 {
        DeliverEvents::to("billing", subject).run(outbox.clone()).await.unwrap();
    }
    assert_eq!(applied(service, 4).await, ["a", "b", "c", "d"]);
}

#[tokio::test]
#[ignore = "needs a nats-server"]
async fn nats_what_cannot_be_applied_comes_again_before_what_follows() {
    let World { service, outbox, .. } = &setup(Some(NatsServer::start()), vec![]).await;
    let subject = Uuid::now_v7();
    sqlx::query("alter table applied rename to hidden").execute(&service.db).await.unwrap();
    publish(service, outbox, subject, &["a", "b"]).await;
    deliver(outbox, subject).await;
    assert_eq!(outbox.waiting().await.unwrap(), 0, "NATS has them");
    sqlx::query("alter table hidden rename to applied").execute(&service.db).await.unwrap();
    assert_eq!(applied(service, 2).await, ["a", "b"]);
}

#[tokio::test]
async fn what_was_rolled_back_never_happened() {
    let World { service, outbox, .. } = &setup(None, vec![]).await;
    let subject = Uuid::now_v7();
    let outcome: Result<(), HandlerError> = service
        .transaction(|mut tx| {
            Box::pin(async move {
                outbox.publish(&mut tx, subject, &LineOrdered::default()).await?;
                Err(Status::aborted("changed my mind").into())
            })
        })
        .await;
    assert!(outcome.is_err());
    deliver(outbox, subject).await;
    assert_eq!(applied(service, 0).await, Vec::<String>::new());
    assert_eq!(service.jobs.due(&service.db).await.unwrap(), 0);
}

async fn two_workers_apply_once(road: Road) {
    let World { service, outbox, .. } = &setup(road, vec![]).await;
    let subject = Uuid::now_v7();
    publish(service, outbox, subject, &["a", "b", "c"]).await;
    tokio::join!(deliver(outbox, subject), deliver(outbox, subject));
    assert_eq!(applied(service, 3).await, ["a", "b", "c"]);
}

#[tokio::test]
async fn two_workers_on_one_subject_still_apply_once() {
    two_workers_apply_once(None).await;
}

#[tokio::test]
#[ignore = "needs a nats-server"]
async fn nats_two_workers_on_one_subject_still_apply_once() {
    two_workers_apply_once(Some(NatsServer::start())).await;
}

#[tokio::test]
async fn whoever_waits_for_a_hand_over_goes_on_when_it_is_done() {
    let World { service, outbox, .. } = &setup(None, vec![]).await;
    let subject = Uuid::now_v7();
    publish(service, outbox, subject, &["a"]).await;
    let patience = Duration::from_secs(60);
    tokio::join!(outbox.handed_over(subject, patience), deliver(outbox, subject));
    assert_eq!(applied(service, 1).await, ["a"]);
}

#[tokio::test]
async fn an_unknown_event_is_refused() {
    let World { service, .. } = &setup(None, vec![]).await;
    let sink = Sink::new("telecom", service.db.clone(), EventHandlers::new());
    let event = CloudEvent {
        id: Uuid::now_v7().to_string(),
        r#type: "linha.events.v1.Nothing".to_owned(),
        ..CloudEvent::default()
    };
    let request = Request::new(DeliverEventRequest { event: Some(event) });
    let refusal = sink.deliver_event(request).await.unwrap_err();
    assert_eq!(refusal.code(), tonic::Code::InvalidArgument);
    let sink = Arc::new(sink);
    let refusal =
        sink.deliver_event(Request::new(DeliverEventRequest::default())).await.unwrap_err();
    assert_eq!(refusal.code(), tonic::Code::InvalidArgument);
}
