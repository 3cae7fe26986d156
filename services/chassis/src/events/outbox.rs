//! The publishing side.

use std::sync::Arc;
use std::time::Duration;

use prost::{Message, Name};
use prost_types::Any;
use proto::events::v1::CloudEvent;
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgPool};
use tokio::sync::broadcast;
use tracing::Instrument;
use uuid::Uuid;

use super::bus::Bus;
use crate::clock::Clock;
use crate::jobs::{Job, Jobs};
use crate::{crash, telemetry, timestamp};

const BATCH: i64 = 100;
const RETRY_MIN: Duration = Duration::from_millis(250);
const RECHECK: Duration = Duration::from_millis(50);

/// Publishes a service's events to the contexts that subscribed to them.
#[derive(Clone)]
pub struct Outbox {
    shared: Arc<Shared>,
}

struct Shared {
    service: &'static str,
    pool: PgPool,
    jobs: Jobs,
    clock: Clock,
    bus: Box<dyn Bus>,
    subscriptions: Vec<(&'static str, String)>,
    retry_max: Duration,
    delivered: broadcast::Sender<Uuid>,
}

impl Outbox {
    /// `subscriptions` are (subscriber, full name of an event).
    pub(crate) fn new(
        service: &'static str,
        pool: PgPool,
        jobs: Jobs,
        clock: Clock,
        bus: Box<dyn Bus>,
        subscriptions: Vec<(&'static str, String)>,
        retry_max: Duration,
    ) -> Self {
        let delivered = broadcast::Sender::new(256);
        Self {
            shared: Arc::new(Shared {
                service,
                pool,
                jobs,
                clock,
                bus,
                subscriptions,
                retry_max,
                delivered,
            }),
        }
    }

    /// Publishes what happened to `subject` with the transaction `tx`: one row for each
    /// subscriber, and a job to hand it over.
    ///
    /// # Errors
    /// The database's.
    pub async fn publish<M: Message + Name>(
        &self,
        tx: &mut PgConnection,
        subject: impl Into<Uuid>,
        event: &M,
    ) -> sqlx::Result<()> {
        let subject = subject.into();
        let event = self.envelope(subject, event).encode_to_vec();
        self.append_all::<M>(tx, &[subject], &[event]).await
    }

    /// Publishes the like of many subjects at once, as [`Outbox::publish`] does. No subject may
    /// come twice.
    ///
    /// # Errors
    /// The database's.
    pub async fn publish_all<M: Message + Name>(
        &self,
        tx: &mut PgConnection,
        events: &[(Uuid, M)],
    ) -> sqlx::Result<()> {
        let subjects: Vec<Uuid> = events.iter().map(|(subject, _)| *subject).collect();
        let events: Vec<Vec<u8>> = events
            .iter()
            .map(|(subject, event)| self.envelope(*subject, event).encode_to_vec())
            .collect();
        self.append_all::<M>(tx, &subjects, &events).await
    }

    async fn append_all<M: Name>(
        &self,
        tx: &mut PgConnection,
        subjects: &[Uuid],
        events: &[Vec<u8>],
    ) -> sqlx::Result<()> {
        let subscribers = self.subscribers(&M::full_name());
        append(tx, &subscribers, subjects, events).await?;
        let jobs: Vec<(DeliverEvents, String)> = subscribers
            .iter()
            .flat_map(|subscriber| subjects.iter().map(|subject| (*subscriber, *subject)))
            .map(|(subscriber, subject)| DeliverEvents::to(subscriber, subject))
            .map(|job| {
                let key = job.key();
                (job, key)
            })
            .collect();
        if jobs.is_empty() { Ok(()) } else { self.shared.jobs.enqueue_all(tx, &jobs).await }
    }

    fn envelope<M: Message + Name>(&self, subject: Uuid, event: &M) -> CloudEvent {
        CloudEvent {
            id: Uuid::now_v7().to_string(),
            source: self.shared.service.to_owned(),
            spec_version: "1.0".to_owned(),
            r#type: M::full_name(),
            subject: subject.to_string(),
            // Known when the row is written; joined to the event when it is handed over.
            sequence: 0,
            time: Some(timestamp::to_proto(self.shared.clock.now())),
            traceparent: telemetry::traceparent(),
            data: Some(Any { type_url: M::type_url(), value: event.encode_to_vec() }),
        }
    }

    /// Waits until everything published about `subject` was handed over, and at most `patience`:
    /// the queue is the safety net, so the caller goes on either way.
    pub async fn handed_over(&self, subject: impl Into<Uuid>, patience: Duration) {
        let subject = subject.into();
        let mut delivered = self.shared.delivered.subscribe();
        let done = async {
            while is_pending(&self.shared.pool, subject).await.unwrap_or(false) {
                // Another replica may have handed it over: look again now and then.
                let _ = tokio::time::timeout(RECHECK, async {
                    while delivered.recv().await.is_ok_and(|other| other != subject) {}
                })
                .await;
            }
        };
        if tokio::time::timeout(patience, done).await.is_err() {
            tracing::info!(%subject, "not handed over yet, the queue will");
        }
    }

    /// How many events wait to be handed over.
    ///
    /// # Errors
    /// The database's.
    pub async fn waiting(&self) -> sqlx::Result<i64> {
        sqlx::query_scalar("select count(*) from outbox").fetch_one(&self.shared.pool).await
    }

    fn subscribers(&self, event: &str) -> Vec<&'static str> {
        self.shared
            .subscriptions
            .iter()
            .filter(|(_, name)| name == event)
            .map(|(subscriber, _)| *subscriber)
            .collect()
    }

    /// Hands over what waits for a subscriber about a subject, in order, up to the first failure.
    async fn drain(&self, subscriber: &str, subject: Uuid) -> anyhow::Result<()> {
        loop {
            let waiting = read(&self.shared.pool, subscriber, subject).await?;
            if waiting.is_empty() {
                return Ok(());
            }
            for (sequence, event) in waiting {
                let event = CloudEvent { sequence, ..CloudEvent::decode(event.as_slice())? };
                self.hand_over(subscriber, subject, event).await?;
            }
        }
    }

    async fn hand_over(
        &self,
        subscriber: &str,
        subject: Uuid,
        event: CloudEvent,
    ) -> anyhow::Result<()> {
        let sequence = event.sequence;
        let service = self.shared.service;
        let span = tracing::info_span!("event", otel.name = format!("deliver {}", event.r#type));
        telemetry::set_parent(&span, &event.traceparent);
        async {
            crash::point(&format!("{service}.event.before_delivery")).await;
            self.shared.bus.deliver(subscriber, event).await?;
            crash::point(&format!("{service}.event.delivered")).await;
            remove(&self.shared.pool, subscriber, subject, sequence).await?;
            anyhow::Ok(())
        }
        .instrument(span)
        .await?;
        // Nobody may be waiting for it.
        let _ = self.shared.delivered.send(subject);
        Ok(())
    }
}

/// Hands over what waits for one subscriber about one subject.
#[derive(Debug, Serialize, Deserialize)]
pub struct DeliverEvents {
    subscriber: String,
    subject: Uuid,
}

impl DeliverEvents {
    pub(super) fn to(subscriber: &str, subject: Uuid) -> Self {
        Self { subscriber: subscriber.to_owned(), subject }
    }

    fn key(&self) -> String {
        format!("{}:{}", self.subscriber, self.subject)
    }
}

impl Job for DeliverEvents {
    const NAME: &'static str = "deliver_events";
    type Context = Outbox;

    /// What cannot be handed over stays, and is tried again for as long as it takes: the pauses
    /// grow with the age of what waits, to a limit.
    async fn run(self, outbox: Outbox) -> anyhow::Result<()> {
        let Err(error) = outbox.drain(&self.subscriber, self.subject).await else { return Ok(()) };
        let shared = &outbox.shared;
        let age = oldest_age(&shared.pool, &self.subscriber, self.subject).await?;
        let pause = (age / 2).clamp(RETRY_MIN, shared.retry_max.max(RETRY_MIN));
        tracing::warn!(
            subscriber = self.subscriber,
            error = format!("{error:#}"),
            pause_ms = pause.as_millis(),
            "event not handed over, trying again"
        );
        let mut connection = shared.pool.acquire().await?;
        shared.jobs.enqueue_after(&mut connection, &self, &self.key(), pause).await?;
        Ok(())
    }
}

async fn append(
    tx: &mut PgConnection,
    subscribers: &[&str],
    subjects: &[Uuid],
    events: &[Vec<u8>],
) -> sqlx::Result<()> {
    // In one order, so that two batches about the same subjects do not block each other.
    sqlx::query(
        "with event as (
             select subject, event from unnest($2::uuid[], $3::bytea[]) as event (subject, event)
         ),
         next as (
             insert into event_sequence as s (subject, last)
             select subject, 1 from event order by subject
             on conflict (subject) do update set last = s.last + 1
             returning subject, last
         )
         insert into outbox (subscriber, subject, sequence, event)
         select subscriber, subject, next.last, event.event
           from next join event using (subject), unnest($1::text[]) as subscriber",
    )
    .bind(subscribers)
    .bind(subjects)
    .bind(events)
    .execute(tx)
    .await?;
    Ok(())
}

async fn read(pool: &PgPool, subscriber: &str, subject: Uuid) -> sqlx::Result<Vec<(i64, Vec<u8>)>> {
    sqlx::query_as(
        "select sequence, event
           from outbox
          where subscriber = $1 and subject = $2
          order by sequence
          limit $3",
    )
    .bind(subscriber)
    .bind(subject)
    .bind(BATCH)
    .fetch_all(pool)
    .await
}

async fn remove(pool: &PgPool, subscriber: &str, subject: Uuid, sequence: i64) -> sqlx::Result<()> {
    sqlx::query("delete from outbox where subscriber = $1 and subject = $2 and sequence = $3")
        .bind(subscriber)
        .bind(subject)
        .bind(sequence)
        .execute(pool)
        .await?;
    Ok(())
}

async fn is_pending(pool: &PgPool, subject: Uuid) -> sqlx::Result<bool> {
    sqlx::query_scalar("select exists (select from outbox where subject = $1)")
        .bind(subject)
        .fetch_one(pool)
        .await
}

async fn oldest_age(pool: &PgPool, subscriber: &str, subject: Uuid) -> sqlx::Result<Duration> {
    let seconds: Option<f64> = sqlx::query_scalar(
        "select extract(epoch from clock_timestamp() - min(created_at))::float8
           from outbox
          where subscriber = $1 and subject = $2",
    )
    .bind(subscriber)
    .bind(subject)
    .fetch_one(pool)
    .await?;
    Ok(Duration::from_secs_f64(seconds.unwrap_or_default().max(0.0)))
}
