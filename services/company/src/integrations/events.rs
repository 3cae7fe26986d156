//! Hears of calls, and takes down whom to tell.

use std::sync::Arc;

use chassis::events::{EventHandlers, HandlerError};
use chassis::refusal::invalid;
use chassis::timestamp;
use proto::events::v1::{Call, CallAnswered, CallCreated, CallEnded, CloudEvent};
use serde_json::{Map, Value};
use sqlx::PgConnection;
use uuid::Uuid;

use super::payload::{CHANNEL_ANSWER, CHANNEL_CREATE, CHANNEL_HANGUP, body};
use super::store;
use crate::webhooks::delivery::{Deliveries, Message};

/// What it takes to turn what happens to calls into deliveries. Clones share it.
#[derive(Clone)]
pub(crate) struct CallHearing {
    deliveries: Deliveries,
    /// Where recordings can be heard.
    public_url: Arc<str>,
}

impl CallHearing {
    /// Hands what it takes down to `deliveries`. The API is at `public_url`.
    pub(crate) fn new(deliveries: Deliveries, public_url: &http::Uri) -> Self {
        Self { deliveries, public_url: public_url.to_string().trim_end_matches('/').into() }
    }

    async fn take_down(
        &self,
        tx: &mut PgConnection,
        event_type: &'static str,
        envelope: &CloudEvent,
        call: Option<Call>,
    ) -> Result<(), HandlerError> {
        let unreadable = || invalid("event.data", "is not a call");
        let event_id: Uuid =
            envelope.id.parse().map_err(|_| invalid("event.id", "is not a UUID"))?;
        let call = call.ok_or_else(unreadable)?;
        let company_id = call.company_id.parse().map_err(|_| unreadable())?;
        let metadata: Map<String, Value> =
            serde_json::from_str(&call.metadata_json).map_err(|_| unreadable())?;

        let hearers = store::hearers(tx, company_id, event_type).await?;
        let endpoint_ids: Vec<Uuid> = hearers
            .into_iter()
            .filter(|hearer| {
                hearer.constraint.as_ref().is_none_or(|wanted| wanted.is_fulfilled_by(&metadata))
            })
            .map(|hearer| hearer.endpoint_id)
            .collect();
        let body = body(event_type, &call, &metadata, &self.public_url)
            .map_err(|error| sqlx::Error::Encode(error.into()))?;
        let now = self.deliveries.service.clock.now();
        let happened_at = envelope.time.as_ref().and_then(timestamp::from_proto).unwrap_or(now);
        let message = Message { event_id, event_type, body: &body, happened_at };
        self.deliveries.take_down(tx, &message, &endpoint_ids).await?;
        Ok(())
    }
}

/// Adds to `handlers` that of every call is told how it rings, is answered and ends.
pub(crate) fn hear_calls(handlers: EventHandlers, hearing: &CallHearing) -> EventHandlers {
    let (created, answered, ended) = (hearing.clone(), hearing.clone(), hearing.clone());
    handlers
        .on::<CallCreated, _>(move |tx, received| {
            let (hearing, call) = (created.clone(), received.event.call);
            Box::pin(async move {
                hearing.take_down(tx, CHANNEL_CREATE, &received.envelope, call).await
            })
        })
        .on::<CallAnswered, _>(move |tx, received| {
            let (hearing, call) = (answered.clone(), received.event.call);
            Box::pin(async move {
                hearing.take_down(tx, CHANNEL_ANSWER, &received.envelope, call).await
            })
        })
        .on::<CallEnded, _>(move |tx, received| {
            let (hearing, call) = (ended.clone(), received.event.call);
            Box::pin(async move {
                hearing.take_down(tx, CHANNEL_HANGUP, &received.envelope, call).await
            })
        })
}

#[cfg(test)]
mod tests;
