//! The table `location`.

use brazil::CompanyId;
use chassis::page::{Page, counted};
use sqlx::{PgConnection, PgExecutor, PgPool};

use super::{LOCATIONS_MAX, Location};
use crate::error::Error;
use crate::organizations::refusals::{location_not_found, too_many_locations};
use crate::organizations::store::has_room;

/// A page of an organization's locations, by id, and how many there are in all.
pub(super) async fn list(
    db: impl PgExecutor<'_>,
    company_id: CompanyId,
    page: &Page<i64>,
) -> sqlx::Result<(Vec<Location>, i64)> {
    let rows = sqlx::query(
        "with page as (
             select location_id
               from location
              where company_id = $1
              order by location_id
             offset $2
              limit $3
         )
         select found.total, location.*
           from (select count(*) as total from location where company_id = $1) as found
           left join (page join location using (location_id)) on true
          order by location_id",
    )
    .bind(company_id.0)
    .bind(page.skip)
    .bind(page.size)
    .fetch_all(db)
    .await?;
    counted(&rows, "location_id")
}

/// Reads a location of an organization.
///
/// # Errors
/// NOT_FOUND / LOCATION_NOT_FOUND.
pub(super) async fn find(
    db: &PgPool,
    company_id: CompanyId,
    location_id: i64,
) -> Result<Location, Error> {
    sqlx::query_as(
        "select location_id, name, office_open_hour, office_close_hour
           from location
          where company_id = $1 and location_id = $2",
    )
    .bind(company_id.0)
    .bind(location_id)
    .fetch_optional(db)
    .await?
    .ok_or_else(|| location_not_found().into())
}

/// Locks a location of an organization until the transaction ends, and reads it.
///
/// # Errors
/// NOT_FOUND / LOCATION_NOT_FOUND.
pub(super) async fn lock(
    tx: &mut PgConnection,
    company_id: CompanyId,
    location_id: i64,
) -> Result<Location, Error> {
    sqlx::query_as(
        "select location_id, name, office_open_hour, office_close_hour
           from location
          where company_id = $1 and location_id = $2
            for update",
    )
    .bind(company_id.0)
    .bind(location_id)
    .fetch_optional(tx)
    .await?
    .ok_or_else(|| location_not_found().into())
}

/// Stores a new location, whose id comes from here.
///
/// # Errors
/// FAILED_PRECONDITION / TOO_MANY_LOCATIONS.
pub(super) async fn insert(
    tx: &mut PgConnection,
    company_id: CompanyId,
    location: &Location,
) -> Result<i64, Error> {
    let count = "select count(*) from location where company_id = $1";
    if !has_room(tx, company_id, count, LOCATIONS_MAX).await? {
        return Err(too_many_locations().into());
    }
    let location_id = sqlx::query_scalar(
        "insert into location (company_id, name, office_open_hour, office_close_hour)
         values ($1, $2, $3, $4)
         returning location_id",
    )
    .bind(company_id.0)
    .bind(&location.name)
    .bind(location.office_open_hour)
    .bind(location.office_close_hour)
    .fetch_one(tx)
    .await?;
    Ok(location_id)
}

/// Stores what a locked location says now.
pub(super) async fn save(tx: &mut PgConnection, location: &Location) -> sqlx::Result<()> {
    sqlx::query(
        "update location
            set name = $2, office_open_hour = $3, office_close_hour = $4
          where location_id = $1",
    )
    .bind(location.location_id)
    .bind(&location.name)
    .bind(location.office_open_hour)
    .bind(location.office_close_hour)
    .execute(tx)
    .await?;
    Ok(())
}
