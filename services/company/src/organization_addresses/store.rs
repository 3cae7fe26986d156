//! The table `organization_address`.

use brazil::CompanyId;
use chassis::auth::Scope;
use chassis::db::broken_constraint;
use chassis::page::{Page, counted};
use sqlx::{PgConnection, PgExecutor, PgPool};

use super::{ADDRESSES_MAX, AddressId, OrganizationAddress};
use crate::error::Error;
use crate::organizations::refusals::{address_not_found, reference_not_found, too_many_addresses};
use crate::organizations::store::has_room;

/// A page of the addresses in the scope, by id, and how many there are in all.
pub(super) async fn list(
    db: impl PgExecutor<'_>,
    scope: &Scope,
    page: &Page<AddressId>,
) -> sqlx::Result<(Vec<OrganizationAddress>, i64)> {
    let rows = sqlx::query(
        "with page as (
             select address_id, organization_id, street, number, complement, neighborhood, city,
                    state, postal_code, country, created_at, updated_at
               from organization_address
               join workspace using (company_id)
              where company_id = any($1)
              order by address_id
             offset $2
              limit $3
         )
         select found.total, page.*
           from (select count(*) as total
                   from organization_address where company_id = any($1)) as found
           left join page on true
          order by page.address_id",
    )
    .bind(&scope.company_ids)
    .bind(page.skip)
    .bind(page.size)
    .fetch_all(db)
    .await?;
    counted(&rows, "address_id")
}

/// Reads an address, with the company that has it.
///
/// # Errors
/// NOT_FOUND / ORGANIZATION_ADDRESS_NOT_FOUND.
pub(super) async fn find(db: &PgPool, address_id: AddressId) -> Result<OrganizationAddress, Error> {
    sqlx::query_as(
        "select address_id, organization_id, street, number, complement, neighborhood, city,
                state, postal_code, country, created_at, updated_at
           from organization_address
           join workspace using (company_id)
          where address_id = $1",
    )
    .bind(address_id.0)
    .fetch_optional(db)
    .await?
    .ok_or_else(|| address_not_found().into())
}

/// Locks an address until the transaction ends, and reads it.
///
/// # Errors
/// NOT_FOUND / ORGANIZATION_ADDRESS_NOT_FOUND.
pub(super) async fn lock(
    tx: &mut PgConnection,
    address_id: AddressId,
) -> Result<OrganizationAddress, Error> {
    sqlx::query_as(
        "select address_id, organization_id, street, number, complement, neighborhood, city,
                state, postal_code, country, created_at, updated_at
           from organization_address
           join workspace using (company_id)
          where address_id = $1
            for update of organization_address",
    )
    .bind(address_id.0)
    .fetch_optional(tx)
    .await?
    .ok_or_else(|| address_not_found().into())
}

/// Stores a new address.
///
/// # Errors
/// FAILED_PRECONDITION / TOO_MANY_ADDRESSES; INVALID_ARGUMENT / REFERENCE_NOT_FOUND for a country
/// that does not exist.
pub(super) async fn insert(
    tx: &mut PgConnection,
    company_id: CompanyId,
    address: &OrganizationAddress,
) -> Result<(), Error> {
    let count = "select count(*) from organization_address where company_id = $1";
    if !has_room(tx, company_id, count, ADDRESSES_MAX).await? {
        return Err(too_many_addresses().into());
    }
    sqlx::query(
        "insert into organization_address
             (address_id, company_id, street, number, complement, neighborhood, city, state,
              postal_code, country, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(address.address_id.0)
    .bind(company_id.0)
    .bind(&address.street)
    .bind(&address.number)
    .bind(&address.complement)
    .bind(&address.neighborhood)
    .bind(&address.city)
    .bind(&address.state)
    .bind(&address.postal_code)
    .bind(&address.country)
    .bind(address.created_at)
    .bind(address.updated_at)
    .execute(tx)
    .await
    .map_err(name_the_refusal)?;
    Ok(())
}

/// Stores what a locked address says now.
///
/// # Errors
/// INVALID_ARGUMENT / REFERENCE_NOT_FOUND for a country that does not exist.
pub(super) async fn save(
    tx: &mut PgConnection,
    address: &OrganizationAddress,
) -> Result<(), Error> {
    sqlx::query(
        "update organization_address
            set street = $2, number = $3, complement = $4, neighborhood = $5, city = $6,
                state = $7, postal_code = $8, country = $9, updated_at = $10
          where address_id = $1",
    )
    .bind(address.address_id.0)
    .bind(&address.street)
    .bind(&address.number)
    .bind(&address.complement)
    .bind(&address.neighborhood)
    .bind(&address.city)
    .bind(&address.state)
    .bind(&address.postal_code)
    .bind(&address.country)
    .bind(address.updated_at)
    .execute(tx)
    .await
    .map_err(name_the_refusal)?;
    Ok(())
}

fn name_the_refusal(error: sqlx::Error) -> Error {
    match broken_constraint(&error) {
        Some("organization_address_country") => reference_not_found("country").into(),
        _ => Error::Database(error),
    }
}

#[cfg(test)]
mod tests;
