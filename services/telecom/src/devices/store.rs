//! The tables `device` and `vehicle`.

use brazil::CompanyId;
use chassis::db::{parsed, parsed_optional};
use chassis::holds;
use chassis::page::{Page, counted};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, FromRow, PgConnection, PgExecutor, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Device, Vehicle};
use crate::error::Error;

/// Where a list goes on.
pub(super) type After = (OffsetDateTime, String);

impl FromRow<'_, PgRow> for Device {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            device_id: parsed(row, "device_id")?,
            company_id: CompanyId(row.try_get("company_id")?),
            name: row.try_get("name")?,
            imei: parsed_optional(row, "imei")?,
            code: row.try_get("code")?,
            created_at: row.try_get("created_at")?,
        })
    }
}

impl FromRow<'_, PgRow> for Vehicle {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            vehicle_id: parsed(row, "vehicle_id")?,
            company_id: CompanyId(row.try_get("company_id")?),
            name: row.try_get("name")?,
            plate: row.try_get("plate")?,
            created_at: row.try_get("created_at")?,
        })
    }
}

/// Adds a device.
///
/// # Errors
/// [`Error::CompanyHeld`].
pub(super) async fn add_device(tx: &mut PgConnection, device: &Device) -> Result<(), Error> {
    if !holds::admit(tx, device.company_id).await? {
        return Err(Error::CompanyHeld(device.company_id));
    }
    sqlx::query(
        "insert into device (company_id, device_id, name, imei, code, created_at)
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(device.company_id.0)
    .bind(device.device_id.as_str())
    .bind(&device.name)
    .bind(device.imei.as_ref().map(|imei| imei.as_str()))
    .bind(&device.code)
    .bind(device.created_at)
    .execute(tx)
    .await?;
    Ok(())
}

/// Adds a vehicle.
///
/// # Errors
/// [`Error::CompanyHeld`].
pub(super) async fn add_vehicle(tx: &mut PgConnection, vehicle: &Vehicle) -> Result<(), Error> {
    if !holds::admit(tx, vehicle.company_id).await? {
        return Err(Error::CompanyHeld(vehicle.company_id));
    }
    sqlx::query(
        "insert into vehicle (company_id, vehicle_id, name, plate, created_at)
         values ($1, $2, $3, $4, $5)",
    )
    .bind(vehicle.company_id.0)
    .bind(vehicle.vehicle_id.as_str())
    .bind(&vehicle.name)
    .bind(&vehicle.plate)
    .bind(vehicle.created_at)
    .execute(tx)
    .await?;
    Ok(())
}

/// Reads a device and locks it until the transaction ends.
///
/// # Errors
/// [`Error::DeviceNotFound`].
pub(super) async fn lock_device(
    tx: &mut PgConnection,
    company_id: CompanyId,
    device_id: &str,
) -> Result<Device, Error> {
    sqlx::query_as(
        "select company_id, device_id, name, imei, code, created_at
           from device
          where company_id = $1 and device_id = $2
            for update",
    )
    .bind(company_id.0)
    .bind(device_id)
    .fetch_optional(tx)
    .await?
    .ok_or(Error::DeviceNotFound)
}

/// Reads a vehicle and locks it until the transaction ends.
///
/// # Errors
/// [`Error::VehicleNotFound`].
pub(super) async fn lock_vehicle(
    tx: &mut PgConnection,
    company_id: CompanyId,
    vehicle_id: &str,
) -> Result<Vehicle, Error> {
    sqlx::query_as(
        "select company_id, vehicle_id, name, plate, created_at
           from vehicle
          where company_id = $1 and vehicle_id = $2
            for update",
    )
    .bind(company_id.0)
    .bind(vehicle_id)
    .fetch_optional(tx)
    .await?
    .ok_or(Error::VehicleNotFound)
}

/// Stores what a locked device is called.
pub(super) async fn save_device(tx: &mut PgConnection, device: &Device) -> sqlx::Result<()> {
    sqlx::query(
        "update device set name = $3, imei = $4, code = $5
          where company_id = $1 and device_id = $2",
    )
    .bind(device.company_id.0)
    .bind(device.device_id.as_str())
    .bind(&device.name)
    .bind(device.imei.as_ref().map(|imei| imei.as_str()))
    .bind(&device.code)
    .execute(tx)
    .await?;
    Ok(())
}

/// Stores what a locked vehicle is called.
pub(super) async fn save_vehicle(tx: &mut PgConnection, vehicle: &Vehicle) -> sqlx::Result<()> {
    sqlx::query(
        "update vehicle set name = $3, plate = $4
          where company_id = $1 and vehicle_id = $2",
    )
    .bind(vehicle.company_id.0)
    .bind(vehicle.vehicle_id.as_str())
    .bind(&vehicle.name)
    .bind(&vehicle.plate)
    .execute(tx)
    .await?;
    Ok(())
}

/// Removes a device.
///
/// # Errors
/// [`Error::DeviceNotFound`].
pub(super) async fn remove_device(
    tx: &mut PgConnection,
    company_id: CompanyId,
    device_id: &str,
) -> Result<(), Error> {
    let removed = sqlx::query("delete from device where company_id = $1 and device_id = $2")
        .bind(company_id.0)
        .bind(device_id)
        .execute(tx)
        .await?;
    if removed.rows_affected() == 1 { Ok(()) } else { Err(Error::DeviceNotFound) }
}

/// Removes a vehicle.
///
/// # Errors
/// [`Error::VehicleNotFound`].
pub(super) async fn remove_vehicle(
    tx: &mut PgConnection,
    company_id: CompanyId,
    vehicle_id: &str,
) -> Result<(), Error> {
    let removed = sqlx::query("delete from vehicle where company_id = $1 and vehicle_id = $2")
        .bind(company_id.0)
        .bind(vehicle_id)
        .execute(tx)
        .await?;
    if removed.rows_affected() == 1 { Ok(()) } else { Err(Error::VehicleNotFound) }
}

/// A page of a company's devices, oldest first, and how many there are in all.
pub(super) async fn devices(
    db: impl PgExecutor<'_>,
    company_id: CompanyId,
    page: &Page<After>,
) -> sqlx::Result<(Vec<Device>, i64)> {
    list(db, ("device", "device_id", "name, imei, code"), company_id, page).await
}

/// A page of a company's vehicles, oldest first, and how many there are in all.
pub(super) async fn vehicles(
    db: impl PgExecutor<'_>,
    company_id: CompanyId,
    page: &Page<After>,
) -> sqlx::Result<(Vec<Vehicle>, i64)> {
    list(db, ("vehicle", "vehicle_id", "name, plate"), company_id, page).await
}

/// A page of what a company has in a table that has an id and these columns.
async fn list<T>(
    db: impl PgExecutor<'_>,
    (table, id, columns): (&'static str, &'static str, &'static str),
    company_id: CompanyId,
    page: &Page<After>,
) -> sqlx::Result<(Vec<T>, i64)>
where
    T: for<'r> FromRow<'r, PgRow>,
{
    let rows = sqlx::query(AssertSqlSafe(format!(
        "select known.total, page.*
           from (select count(*) as total from {table} where company_id = $1) as known
           left join (
                    select company_id, {id}, {columns}, created_at
                      from {table}
                     where company_id = $1
                       and ($2::timestamptz is null or (created_at, {id}) > ($2, $3))
                     order by created_at, {id}
                    offset $4
                     limit $5
                ) as page on true
          order by page.created_at, page.{id}"
    )))
    .bind(company_id.0)
    .bind(page.after.as_ref().map(|(created_at, _)| *created_at))
    .bind(page.after.as_ref().map(|(_, id)| id.as_str()))
    .bind(page.skip)
    .bind(page.limit())
    .fetch_all(db)
    .await?;
    counted(&rows, id)
}

/// Devices of each of the companies, oldest first, at most `each`.
pub(super) async fn batch_devices(
    db: impl PgExecutor<'_>,
    company_ids: &[Uuid],
    each: i64,
) -> sqlx::Result<Vec<Device>> {
    sqlx::query_as(
        "select d.*
           from unnest($1::uuid[]) as c (company_id)
           join lateral (
                    select company_id, device_id, name, imei, code, created_at
                      from device
                     where company_id = c.company_id
                     order by created_at, device_id
                     limit $2
                ) as d on true
          order by d.company_id, d.created_at, d.device_id",
    )
    .bind(company_ids)
    .bind(each)
    .fetch_all(db)
    .await
}

#[cfg(test)]
mod tests;
