//! Devices and vehicles as requests give them.

use chassis::refusal::Fields;
use proto::telecom::v1 as pb;

use super::{DeviceChanges, VehicleChanges};

const NAME_MAX: usize = 100;
const CODE_MAX: usize = 100;
const PLATE_MAX: usize = 20;

/// The fields of a device, by their names in the contract.
pub(super) const DEVICE_FIELDS: [&str; 3] = ["name", "imei", "code"];
/// The fields of a vehicle, likewise.
pub(super) const VEHICLE_FIELDS: [&str; 2] = ["name", "plate"];

/// The values of the named fields of a device; what is wrong is noted in `fields`.
pub(super) fn device<'a>(
    fields: &mut Fields,
    given: &pb::Device,
    names: impl IntoIterator<Item = &'a str>,
) -> DeviceChanges {
    let mut changes = DeviceChanges::default();
    for name in names {
        let path = &format!("device.{name}");
        match name {
            "name" => changes.name = fields.text(path, &given.name, 1, NAME_MAX),
            "imei" => changes.imei = Some(fields.optional(path, given.imei.as_deref())),
            "code" => {
                changes.code = Some(fields.optional_text(path, given.code.as_deref(), CODE_MAX));
            }
            _ => fields.refuse("update_mask", "names what cannot be changed"),
        }
    }
    changes
}

/// The values of the named fields of a vehicle; what is wrong is noted in `fields`.
pub(super) fn vehicle<'a>(
    fields: &mut Fields,
    given: &pb::Vehicle,
    names: impl IntoIterator<Item = &'a str>,
) -> VehicleChanges {
    let mut changes = VehicleChanges::default();
    for name in names {
        let path = &format!("vehicle.{name}");
        match name {
            "name" => changes.name = fields.text(path, &given.name, 1, NAME_MAX),
            "plate" => {
                changes.plate = Some(fields.optional_text(path, given.plate.as_deref(), PLATE_MAX));
            }
            _ => fields.refuse("update_mask", "names what cannot be changed"),
        }
    }
    changes
}
