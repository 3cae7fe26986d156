//! Events by way of JetStream: what it has taken it keeps, on as many servers as it was told to,
//! until the subscriber has applied it.
//!
//! Each subscriber has a few partitions. All events about one subject are in one of them, which
//! gives out one event at a time, so that they are applied in order whichever replica does it.

use std::time::Duration;

use async_nats::header::{HeaderMap, NATS_MESSAGE_ID};
use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::context::Context;
use async_nats::jetstream::stream::{self, DiscardPolicy, RetentionPolicy, StorageType, Stream};
use async_nats::jetstream::{AckKind, Message as Taken};
use async_nats::{ConnectOptions, jetstream};
use futures::StreamExt;
use prost::Message;
use proto::events::v1::CloudEvent;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tracing::Instrument;
use uuid::Uuid;

use super::bus::{Bus, BusConfig};
use super::inbox::{HandlerError, Sink};
use crate::telemetry;
use crate::tls::TlsConfig;

const STREAM: &str = "LINHA";
const PARTITIONS: u8 = 8;
/// A full stream takes no more, and events wait with their publishers.
const STREAM_BYTES_MAX: i64 = 1 << 30;
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// After how long an event that a replica has taken, and said nothing about, is given to another.
const SILENCE_MAX: Duration = Duration::from_secs(5);
const AGAIN_MIN: Duration = Duration::from_millis(250);
const AGAIN_MAX: Duration = Duration::from_secs(15);
const RECONNECT_PAUSE: Duration = Duration::from_secs(1);

/// A connection to the NATS servers, which need not be up. Clones share it.
#[derive(Clone)]
pub(crate) struct Nats {
    context: Context,
    replicas: usize,
}

impl Nats {
    /// Connects in the background, as often as it takes.
    pub(crate) async fn connect(
        name: &str,
        config: &BusConfig,
        tls: &TlsConfig,
    ) -> anyhow::Result<Self> {
        let mut options = ConnectOptions::new().name(name).retry_on_initial_connect();
        if let TlsConfig { tls_certificate: Some(chain), tls_key: Some(key), tls_ca: Some(ca) } =
            tls
        {
            options = options
                .require_tls(true)
                .add_root_certificates(ca.clone())
                .add_client_certificate(chain.clone(), key.clone());
        }
        let client = options.connect(config.nats_url.as_str()).await?;
        let mut context = jetstream::new(client);
        context.set_timeout(ANSWER_TIMEOUT);
        Ok(Self { context, replicas: config.nats_replicas })
    }

    async fn stream(&self) -> anyhow::Result<Stream> {
        let config = stream::Config {
            name: STREAM.to_owned(),
            subjects: vec![format!("{STREAM}.>")],
            storage: StorageType::File,
            num_replicas: self.replicas,
            retention: RetentionPolicy::WorkQueue,
            discard: DiscardPolicy::New,
            max_bytes: STREAM_BYTES_MAX,
            ..stream::Config::default()
        };
        Ok(self.context.get_or_create_stream(config).await?)
    }

    async fn publish(&self, subscriber: &str, event: &CloudEvent) -> anyhow::Result<()> {
        let subject = format!("{STREAM}.{subscriber}.{}", partition(event));
        let mut headers = HeaderMap::new();
        headers.insert(NATS_MESSAGE_ID, format!("{subscriber}:{}", event.id));
        let payload = event.encode_to_vec().into();
        self.context.publish_with_headers(subject, headers, payload).await?.await?;
        Ok(())
    }

    /// Gives `sink` what is for `subscriber`, until `shutdown`.
    pub(crate) async fn subscribe(
        self,
        subscriber: &'static str,
        sink: Sink,
        shutdown: CancellationToken,
    ) {
        let mut partitions = JoinSet::new();
        for partition in 0..PARTITIONS {
            let (nats, sink, shutdown) = (self.clone(), sink.clone(), shutdown.clone());
            partitions
                .spawn(async move { nats.follow(subscriber, partition, &sink, &shutdown).await });
        }
        partitions.join_all().await;
    }

    async fn follow(
        &self,
        subscriber: &'static str,
        partition: u8,
        sink: &Sink,
        shutdown: &CancellationToken,
    ) {
        while !shutdown.is_cancelled() {
            if let Err(error) = self.take(subscriber, partition, sink, shutdown).await {
                tracing::warn!(partition, error = format!("{error:#}"), "no events from NATS");
                let _ = tokio::time::timeout(RECONNECT_PAUSE, shutdown.cancelled()).await;
            }
        }
    }

    async fn take(
        &self,
        subscriber: &'static str,
        partition: u8,
        sink: &Sink,
        shutdown: &CancellationToken,
    ) -> anyhow::Result<()> {
        let prepared = async {
            let consumer = self.consumer(subscriber, partition).await?;
            anyhow::Ok(consumer.messages().await?)
        };
        let mut messages = tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            messages = prepared => messages?,
        };
        loop {
            // What is being applied is finished; only the wait for more is given up.
            let message = tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                message = messages.next() => message,
            };
            let Some(message) = message else { return Ok(()) };
            settle(sink, &message?).await?;
        }
    }

    async fn consumer(
        &self,
        subscriber: &'static str,
        partition: u8,
    ) -> anyhow::Result<PullConsumer> {
        let name = format!("{subscriber}-{partition}");
        let config = pull::Config {
            durable_name: Some(name.clone()),
            filter_subject: format!("{STREAM}.{subscriber}.{partition}"),
            ack_policy: AckPolicy::Explicit,
            ack_wait: SILENCE_MAX,
            max_ack_pending: 1,
            num_replicas: self.replicas,
            ..pull::Config::default()
        };
        Ok(self.stream().await?.get_or_create_consumer(&name, config).await?)
    }
}

/// Applies an event and says so; one that cannot be applied comes again, before those after it.
async fn settle(sink: &Sink, message: &Taken) -> anyhow::Result<()> {
    let acknowledged = match apply(sink, message).await {
        Ok(()) => message.double_ack().await,
        Err(error) => {
            let attempts = message.info().map_or(1, |info| info.delivered);
            let doublings = u32::try_from(attempts.clamp(1, 16) - 1).unwrap_or_default();
            let pause = AGAIN_MIN.saturating_mul(1 << doublings).min(AGAIN_MAX);
            tracing::warn!(attempts, error = error.to_string(), "event not applied, trying again");
            message.ack_with(AckKind::Nak(Some(pause))).await
        }
    };
    acknowledged.map_err(|error| anyhow::anyhow!(error))
}

async fn apply(sink: &Sink, message: &Taken) -> Result<(), HandlerError> {
    let event = CloudEvent::decode(message.payload.clone())
        .map_err(|error| Status::invalid_argument(format!("no event: {error}")))?;
    let span = tracing::info_span!("event", otel.name = format!("apply {}", event.r#type));
    telemetry::set_parent(&span, &event.traceparent);
    sink.apply(event).instrument(span).await
}

/// Ids are random at their end.
fn partition(event: &CloudEvent) -> u8 {
    let subject: Uuid = event.subject.parse().unwrap_or_default();
    subject.as_bytes()[15] % PARTITIONS
}

#[tonic::async_trait]
impl Bus for Nats {
    async fn deliver(&self, subscriber: &str, event: CloudEvent) -> Result<(), Status> {
        let Err(error) = self.publish(subscriber, &event).await else { return Ok(()) };
        // The first event of all finds no stream.
        let again = async {
            self.stream().await?;
            self.publish(subscriber, &event).await
        };
        again.await.map_err(|_| Status::unavailable(format!("NATS does not take it: {error:#}")))
    }
}
