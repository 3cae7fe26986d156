//! Webhooks: which events a company wants to hear of, and where.

mod catalogue;
mod config;
pub(crate) mod delivery;
mod events;
pub(crate) mod rpc;
mod store;
#[cfg(test)]
pub(crate) mod testing;

use brazil::CompanyId;
use time::OffsetDateTime;

pub use config::WebhookConfig;
pub(crate) use events::{Hearing, event_handlers};
pub(crate) use store::lock_company;

brazil::id!(
    /// Somewhere that a company hears of what happens.
    WebhookEndpointId
);

/// The most endpoints that a company has.
const ENDPOINTS_MAX: i64 = 20;
/// The most event types that an endpoint names.
const EVENT_TYPES_MAX: usize = 50;
const DESCRIPTION_MAX: usize = 200;
/// The most messages that are delivered again at once.
const REPLAY_MAX: i64 = 10_000;

/// Somewhere that a company hears of what happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) endpoint_id: WebhookEndpointId,
    pub(crate) company_id: CompanyId,
    pub(crate) url: String,
    pub(crate) event_types: Vec<String>,
    pub(crate) description: Option<String>,
    pub(crate) disabled_at: Option<OffsetDateTime>,
    pub(crate) created_at: OffsetDateTime,
}
