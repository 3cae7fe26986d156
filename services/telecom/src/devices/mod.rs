//! Devices and vehicles of companies, and what is asked about chips and devices of many companies
//! at once.

mod matching;
pub(crate) mod rpc;
mod store;
#[cfg(test)]
pub(crate) mod testing;

use brazil::{CompanyId, Imei, PublicId};
use time::OffsetDateTime;

/// Longest request and answer: the ids of a million companies, with a number and an ICCID each.
pub(crate) const MESSAGE_BYTES_MAX: usize = 128 * 1024 * 1024;

/// A thing with a SIM card in it, such as a tracker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) device_id: PublicId,
    pub(crate) company_id: CompanyId,
    pub(crate) name: String,
    pub(crate) imei: Option<Imei>,
    pub(crate) code: Option<String>,
    pub(crate) created_at: OffsetDateTime,
}

/// What devices are built into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Vehicle {
    pub(crate) vehicle_id: PublicId,
    pub(crate) company_id: CompanyId,
    pub(crate) name: String,
    pub(crate) plate: Option<String>,
    pub(crate) created_at: OffsetDateTime,
}
