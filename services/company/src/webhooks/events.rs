//! Hears of the other contexts' public events, and takes down whom to tell.

use std::sync::Arc;

use chassis::events::{EventHandlers, HandlerError};
use chassis::refusal::invalid;
use chassis::timestamp;
use proto::events::v1::CloudEvent;
use sqlx::PgConnection;
use uuid::Uuid;

use super::catalogue::Catalogue;
use super::delivery::{Deliveries, Message};
use super::store;

/// What it takes to turn events into deliveries. Clones share it.
#[derive(Clone)]
pub(crate) struct Hearing {
    catalogue: Arc<Catalogue>,
    deliveries: Deliveries,
}

impl Hearing {
    /// Hands what it takes down to `deliveries`.
    ///
    /// # Errors
    /// When the contracts cannot be read.
    pub(crate) fn new(deliveries: Deliveries) -> anyhow::Result<Self> {
        Ok(Self { catalogue: Arc::new(Catalogue::of_the_contracts()?), deliveries })
    }

    async fn take_down(
        &self,
        tx: &mut PgConnection,
        event: &CloudEvent,
    ) -> Result<(), HandlerError> {
        let event_id: Uuid = event.id.parse().map_err(|_| invalid("event.id", "is not a UUID"))?;
        let now = self.deliveries.service.clock.now();
        let happened_at = event.time.as_ref().and_then(timestamp::from_proto).unwrap_or(now);
        let data = event.data.as_ref().map(|data| data.value.as_slice()).unwrap_or_default();
        let announcement = self
            .catalogue
            .announce(&event.r#type, data, happened_at)
            .map_err(|untold| invalid("event.data", untold.to_string()))?;
        if announcement.company_ids.is_empty() {
            return Ok(());
        }
        let endpoint_ids = store::hearers(tx, &announcement).await?;
        let message = Message {
            event_id,
            event_type: announcement.event_type,
            body: &announcement.body,
            happened_at,
        };
        self.deliveries.take_down(tx, &message, &endpoint_ids).await?;
        Ok(())
    }
}

/// Takes every public event down.
pub(crate) fn event_handlers(hearing: &Hearing) -> EventHandlers {
    hearing.catalogue.full_names().fold(EventHandlers::new(), |handlers, full_name| {
        let hearing = hearing.clone();
        handlers.on_any(full_name.to_owned(), move |tx, event| {
            let hearing = hearing.clone();
            Box::pin(async move { hearing.take_down(tx, &event).await })
        })
    })
}

#[cfg(test)]
mod tests;
