//! What is charged for data on top of a plan.

pub(crate) mod rpc;
mod store;

use brazil::{Cents, LineId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::line_charges::Payer;

/// A top-up, to be charged once by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DataCharge {
    pub(crate) top_up_id: Uuid,
    pub(crate) line_id: LineId,
    pub(crate) payer: Payer,
    pub(crate) quantity_mb: i64,
    /// Of a gigabyte.
    pub(crate) unit_price: Cents,
    pub(crate) total: Cents,
    pub(crate) given_at: OffsetDateTime,
}
