//! The way that events take to other contexts.

use std::collections::HashMap;

use clap::{Args, ValueEnum};
use proto::events::v1::event_sink_service_client::EventSinkServiceClient;
use proto::events::v1::{CloudEvent, DeliverEventRequest};
use tonic::{Code, Status};

use crate::client::Upstream;

/// Hands events over. OK means that the other side has taken care of it for good.
#[tonic::async_trait]
pub trait Bus: Send + Sync {
    /// Hands one event to one subscriber.
    async fn deliver(&self, subscriber: &str, event: CloudEvent) -> Result<(), Status>;
}

/// By which way events go.
#[derive(Clone, Debug, Args)]
pub struct BusConfig {
    /// By which way events go to other services. The same for all of them.
    #[arg(long, env = "LINHA_BUS", value_name = "LINHA_BUS", value_enum, default_value_t)]
    pub bus: BusKind,

    /// Where the NATS servers are, for the way over them.
    #[arg(
        long,
        env = "LINHA_NATS_URL",
        value_name = "LINHA_NATS_URL",
        default_value_t = Self::default().nats_url
    )]
    pub nats_url: String,

    /// On how many NATS servers each event is kept.
    #[arg(
        long,
        env = "LINHA_NATS_REPLICAS",
        value_name = "LINHA_NATS_REPLICAS",
        default_value_t = Self::default().nats_replicas
    )]
    pub nats_replicas: usize,
}

impl Default for BusConfig {
    fn default() -> Self {
        Self {
            bus: BusKind::default(),
            nats_url: "nats://127.0.0.1:4222".to_owned(),
            nats_replicas: 1,
        }
    }
}

/// A way for events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum BusKind {
    /// Straight from service to service.
    #[default]
    Direct,
    /// Over JetStream of NATS, which keeps them while a service is away.
    Nats,
}

/// Pushes events straight into the subscribers' sinks over gRPC.
pub struct DirectBus {
    sinks: HashMap<&'static str, Upstream>,
}

impl DirectBus {
    /// `sinks` are the subscribers by name.
    pub fn new(sinks: impl IntoIterator<Item = (&'static str, Upstream)>) -> Self {
        Self { sinks: sinks.into_iter().collect() }
    }
}

#[tonic::async_trait]
impl Bus for DirectBus {
    async fn deliver(&self, subscriber: &str, event: CloudEvent) -> Result<(), Status> {
        let sink = self.sinks.get(subscriber).ok_or_else(|| {
            Status::new(Code::Internal, format!("no address of the subscriber {subscriber}"))
        })?;
        let request = DeliverEventRequest { event: Some(event) };
        EventSinkServiceClient::new(sink.clone()).deliver_event(request).await?;
        Ok(())
    }
}
