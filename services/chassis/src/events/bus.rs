//! The way that events take to other contexts.

use std::collections::HashMap;

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
