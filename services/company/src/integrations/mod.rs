//! Where voice accounts hear of their calls: one integration for each gateway that an account
//! names. An integration is a webhook endpoint of another kind; its messages go the way of all
//! webhooks.

mod events;
mod matching;
mod metadata;
mod payload;
pub(crate) mod rpc;
mod store;

use brazil::CompanyId;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

pub(crate) use events::{CallHearing, hear_calls};
use metadata::{Constraint, Metadata};

/// The most integrations of an account.
const INTEGRATIONS_MAX: i64 = 100;
/// How long a secret that was replaced signs beside the new one.
const ROTATION: Duration = Duration::hours(24);
/// Deliveries that are listed.
const DELIVERIES_MAX: i64 = 100;

/// Where an account hears of its calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Integration {
    /// Rises from 1.
    integration_id: i64,
    company_id: CompanyId,
    gateway: String,
    endpoint_id: Uuid,
    /// Whether anything is delivered.
    is_webhook: bool,
    constraint: Option<Constraint>,
    metadata: Metadata,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

/// What an account wants of an integration; what is absent stays as it is.
#[derive(Clone, Debug)]
struct Change {
    company_id: CompanyId,
    gateway: String,
    is_webhook: Option<bool>,
    constraint: Option<Option<Constraint>>,
    metadata: Option<Metadata>,
    rotate_secret: bool,
}

impl Integration {
    /// The integration after a change.
    fn changed(self, change: &Change, now: OffsetDateTime) -> Self {
        Self {
            is_webhook: change.is_webhook.unwrap_or(self.is_webhook),
            constraint: change.constraint.clone().unwrap_or(self.constraint),
            metadata: change.metadata.clone().unwrap_or(self.metadata),
            updated_at: now,
            ..self
        }
    }

    /// Whether there is anywhere that messages can go.
    fn delivers(&self) -> bool {
        self.is_webhook && self.metadata.url().is_some()
    }
}
