//! Devices and vehicles of companies, and what is asked about chips and devices of many companies
//! at once.

mod matching;
mod parse;
mod ranking;
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

/// New values of a device: those that are not given stay, those that are null are cleared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DeviceChanges {
    pub(crate) name: Option<String>,
    pub(crate) imei: Option<Option<Imei>>,
    pub(crate) code: Option<Option<String>>,
}

/// New values of a vehicle, likewise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct VehicleChanges {
    pub(crate) name: Option<String>,
    pub(crate) plate: Option<Option<String>>,
}

impl Device {
    /// The same device with new values.
    pub(crate) fn changed(self, changes: DeviceChanges) -> Self {
        Self {
            name: changes.name.unwrap_or(self.name),
            imei: changes.imei.unwrap_or(self.imei),
            code: changes.code.unwrap_or(self.code),
            ..self
        }
    }
}

impl Vehicle {
    /// The same vehicle with new values.
    pub(crate) fn changed(self, changes: VehicleChanges) -> Self {
        Self {
            name: changes.name.unwrap_or(self.name),
            plate: changes.plate.unwrap_or(self.plate),
            ..self
        }
    }
}
