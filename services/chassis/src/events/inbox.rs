//! The subscribing side.

use std::collections::HashMap;
use std::sync::Arc;

use futures::future::BoxFuture;
use prost::{Message, Name};
use proto::events::v1::event_sink_service_server::EventSinkService;
use proto::events::v1::{CloudEvent, DeliverEventRequest, DeliverEventResponse};
use sqlx::{PgConnection, PgPool};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::db::{self, WorkError};
use crate::refusal::{internal, invalid};
use crate::{crash, refusal};

/// An event as its handler gets it.
#[derive(Clone, Debug)]
pub struct Received<M> {
    /// Where it came from, and when it happened.
    pub envelope: CloudEvent,
    /// What happened.
    pub event: M,
}

/// How a handler fails: the event stays with its publisher, and comes again.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// The database failed.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// The event cannot be applied.
    #[error("{0}")]
    Refused(Box<Status>),
}

impl From<Status> for HandlerError {
    fn from(status: Status) -> Self {
        Self::Refused(Box::new(status))
    }
}

impl WorkError for HandlerError {
    fn database(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Database(error) => Some(error),
            Self::Refused(_) => None,
        }
    }
}

type Apply = Arc<
    dyn for<'a> Fn(&'a mut PgConnection, CloudEvent) -> BoxFuture<'a, Result<(), HandlerError>>
        + Send
        + Sync,
>;

/// What a service does about other contexts' events.
#[derive(Clone, Default)]
pub struct EventHandlers {
    by_type: HashMap<String, Apply>,
}

impl EventHandlers {
    /// Hears of nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Applies events of type `M` with `handler`, in the transaction that records that they were
    /// applied.
    #[must_use]
    pub fn on<M, H>(self, handler: H) -> Self
    where
        M: Message + Name + Default,
        H: for<'a> Fn(&'a mut PgConnection, Received<M>) -> BoxFuture<'a, Result<(), HandlerError>>
            + Send
            + Sync
            + 'static,
    {
        self.on_any(M::full_name(), move |tx, envelope| {
            let data = envelope.data.as_ref().map(|data| M::decode(data.value.as_slice()));
            match data {
                Some(Ok(event)) => handler(tx, Received { envelope, event }),
                _ => Box::pin(async { Err(invalid("event.data", "cannot be read").into()) }),
            }
        })
    }

    /// Applies events of the type with this full name, whose data `handler` reads for itself, in
    /// the transaction that records that they were applied.
    #[must_use]
    pub fn on_any<H>(mut self, full_name: String, handler: H) -> Self
    where
        H: for<'a> Fn(&'a mut PgConnection, CloudEvent) -> BoxFuture<'a, Result<(), HandlerError>>
            + Send
            + Sync
            + 'static,
    {
        self.by_type.insert(full_name, Arc::new(handler));
        self
    }
}

/// Takes other contexts' events in.
#[derive(Clone)]
pub(crate) struct Sink {
    service: &'static str,
    pool: PgPool,
    handlers: EventHandlers,
}

impl Sink {
    pub(crate) fn new(service: &'static str, pool: PgPool, handlers: EventHandlers) -> Self {
        Self { service, pool, handlers }
    }

    /// Applies an event, unless that was done before.
    pub(super) async fn apply(&self, event: CloudEvent) -> Result<(), HandlerError> {
        let event_id: Uuid = event.id.parse().map_err(|_| invalid("event.id", "is not a UUID"))?;
        let apply = self
            .handlers
            .by_type
            .get(&event.r#type)
            .ok_or_else(|| invalid("event.type", "is not one that this service hears of"))?;
        let event = &event;
        db::transaction(&self.pool, |mut tx| {
            Box::pin(async move {
                if record(&mut tx, event_id).await? {
                    apply(&mut tx, event.clone()).await?;
                }
                crash::point(&format!("{}.inbox.before_commit", self.service)).await;
                Ok::<_, HandlerError>(())
            })
        })
        .await?;
        crash::point(&format!("{}.inbox.committed", self.service)).await;
        Ok(())
    }
}

#[tonic::async_trait]
impl EventSinkService for Sink {
    async fn deliver_event(
        &self,
        request: Request<DeliverEventRequest>,
    ) -> Result<Response<DeliverEventResponse>, Status> {
        let event =
            request.into_inner().event.ok_or_else(|| refusal::invalid("event", "is required"))?;
        match self.apply(event).await {
            Ok(()) => Ok(Response::new(DeliverEventResponse {})),
            Err(HandlerError::Refused(status)) => Err(*status),
            Err(HandlerError::Database(error)) => Err(internal(&error)),
        }
    }
}

/// Notes that an event is being applied; false when it was before. A concurrent delivery of the
/// same event waits here until the first one is through.
async fn record(tx: &mut PgConnection, event_id: Uuid) -> sqlx::Result<bool> {
    let recorded = sqlx::query("insert into inbox (event_id) values ($1) on conflict do nothing")
        .bind(event_id)
        .execute(tx)
        .await?;
    Ok(recorded.rows_affected() == 1)
}
