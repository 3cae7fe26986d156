//! Publisher and subscriber on one database, with a bus between them that misbehaves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use prost::Name;
use proto::events::v1::event_sink_service_server::EventSinkService;
use proto::events::v1::{CloudEvent, DeliverEventRequest, LineOrdered};
use sqlx::migrate::Migrator;
use tonic::{Request, Status};
use uuid::Uuid;

use super::outbox::DeliverEvents;
use super::*;
use crate::jobs::Job;
use crate::{Service, testing};

static NONE: Migrator = Migrator::DEFAULT;

/// What the bus does with the next hand-overs; afterwards it works.
#[derive(Clone, Copy)]
enum Mood {
    Lost,
    AnswerLost,
    Doubled,
}

struct MoodyBus {
    sink: Sink,
    moods: Vec<Mood>,
    delivered: AtomicU32,
}

#[tonic::async_trait]
impl Bus for MoodyBus {
    async fn deliver(&self, _: &str, event: CloudEvent) -> Result<(), Status> {
        let deliver = || {
            self.sink
                .deliver_event(Request::new(DeliverEventRequest { event: Some(event.clone()) }))
        };
        let turn = self.delivered.fetch_add(1, Ordering::SeqCst) as usize;
        match self.moods.get(turn) {
            Some(Mood::Lost) => return Err(Status::unavailable("lost")),
            Some(Mood::AnswerLost) => {
                deliver().await?;
                return Err(Status::unavailable("the answer was lost"));
            }
            Some(Mood::Doubled) => drop(deliver().await?),
            None => {}
        }
        deliver().await.map(drop)
    }
}

async fn setup(moods: Vec<Mood>) -> (Service, Outbox, postgres_local::testing::TestDatabase) {
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
    let bus = MoodyBus { sink, moods, delivered: AtomicU32::new(0) };
    let outbox = Outbox::new(
        "telecom",
        service.db.clone(),
        service.jobs.clone(),
        service.clock.clone(),
        Box::new(bus),
        vec![("billing", LineOrdered::full_name())],
        Duration::from_millis(250),
    );
    (service, outbox, database)
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

async fn applied(service: &Service) -> Vec<String> {
    sqlx::query_scalar("select line_id from applied order by position")
        .fetch_all(&service.db)
        .await
        .unwrap()
}

/// What the queue would do, as often as it takes.
async fn deliver(outbox: &Outbox, subject: Uuid) {
    for _ in 0..10 {
        DeliverEvents::to("billing", subject).run(outbox.clone()).await.unwrap();
    }
}

#[tokio::test]
async fn events_of_a_subject_are_applied_once_and_in_order_whatever_the_bus_does() {
    let moods = vec![Mood::Lost, Mood::AnswerLost, Mood::Doubled, Mood::AnswerLost, Mood::Lost];
    let (service, outbox, _database) = setup(moods).await;
    let subject = Uuid::now_v7();
    publish(&service, &outbox, subject, &["a", "b", "c", "d"]).await;
    deliver(&outbox, subject).await;
    assert_eq!(applied(&service).await, ["a", "b", "c", "d"]);
}

#[tokio::test]
async fn a_batch_reaches_every_subject_after_what_came_before() {
    let (service, outbox, _database) = setup(vec![]).await;
    let subjects: Vec<Uuid> = (0..3).map(|_| Uuid::now_v7()).collect();
    publish(&service, &outbox, subjects[1], &["before"]).await;
    let (outbox, batch) = (&outbox, &subjects);
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
    assert_eq!(applied(&service).await, ["before".to_owned(), subjects[1].to_string()]);
}

#[tokio::test]
async fn what_was_rolled_back_never_happened() {
    let (service, outbox, _database) = setup(vec![]).await;
    let (subject, outbox) = (Uuid::now_v7(), &outbox);
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
    assert_eq!(applied(&service).await, Vec::<String>::new());
    assert_eq!(service.jobs.due(&service.db).await.unwrap(), 0);
}

#[tokio::test]
async fn two_workers_on_one_subject_still_apply_once() {
    let (service, outbox, _database) = setup(vec![]).await;
    let subject = Uuid::now_v7();
    publish(&service, &outbox, subject, &["a", "b", "c"]).await;
    tokio::join!(deliver(&outbox, subject), deliver(&outbox, subject));
    assert_eq!(applied(&service).await, ["a", "b", "c"]);
}

#[tokio::test]
async fn whoever_waits_for_a_hand_over_goes_on_when_it_is_done() {
    let (service, outbox, _database) = setup(vec![]).await;
    let subject = Uuid::now_v7();
    publish(&service, &outbox, subject, &["a"]).await;
    let patience = Duration::from_secs(60);
    tokio::join!(outbox.handed_over(subject, patience), deliver(&outbox, subject));
    assert_eq!(applied(&service).await, ["a"]);
}

#[tokio::test]
async fn an_unknown_event_is_refused() {
    let (service, _outbox, _database) = setup(vec![]).await;
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
