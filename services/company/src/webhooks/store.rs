//! The table `webhook_endpoint`, and which messages go where.

use brazil::CompanyId;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgPool, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::catalogue::Announcement;
use super::{ENDPOINTS_MAX, Endpoint, WebhookEndpointId};
use crate::error::Error;

impl FromRow<'_, PgRow> for Endpoint {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            endpoint_id: WebhookEndpointId(row.try_get("endpoint_id")?),
            company_id: CompanyId(row.try_get("company_id")?),
            url: row.try_get("url")?,
            event_types: row.try_get("event_types")?,
            description: row.try_get("description")?,
            disabled_at: row.try_get("disabled_at")?,
            created_at: row.try_get("created_at")?,
        })
    }
}

/// How many endpoints a company has; the company is locked until the transaction ends, so that
/// the number stands.
///
/// # Errors
/// [`Error::CompanyNotFound`].
pub(super) async fn count_locked(
    tx: &mut PgConnection,
    company_id: CompanyId,
) -> Result<i64, Error> {
    let locked: Option<i32> =
        sqlx::query_scalar("select 1 from company where company_id = $1 for no key update")
            .bind(company_id.0)
            .fetch_optional(&mut *tx)
            .await?;
    locked.ok_or(Error::CompanyNotFound(company_id))?;
    Ok(sqlx::query_scalar("select count(*) from webhook_endpoint where company_id = $1")
        .bind(company_id.0)
        .fetch_one(tx)
        .await?)
}

/// Stores a new endpoint.
pub(super) async fn insert(
    tx: &mut PgConnection,
    endpoint: &Endpoint,
    secret_sealed: &[u8],
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into webhook_endpoint
             (endpoint_id, company_id, url, event_types, description, secret_sealed, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(endpoint.endpoint_id.0)
    .bind(endpoint.company_id.0)
    .bind(&endpoint.url)
    .bind(&endpoint.event_types)
    .bind(&endpoint.description)
    .bind(secret_sealed)
    .bind(endpoint.created_at)
    .execute(tx)
    .await?;
    Ok(())
}

/// Reads an endpoint.
///
/// # Errors
/// [`Error::WebhookEndpointNotFound`].
pub(super) async fn find(db: &PgPool, endpoint_id: WebhookEndpointId) -> Result<Endpoint, Error> {
    sqlx::query_as(
        "select endpoint_id, company_id, url, event_types, description, disabled_at, created_at
           from webhook_endpoint
          where endpoint_id = $1",
    )
    .bind(endpoint_id.0)
    .fetch_optional(db)
    .await?
    .ok_or(Error::WebhookEndpointNotFound(endpoint_id))
}

/// A company's endpoints, oldest first.
///
/// # Errors
/// [`Error::CompanyNotFound`].
pub(super) async fn list(db: &PgPool, company_id: CompanyId) -> Result<Vec<Endpoint>, Error> {
    let rows = sqlx::query(
        "select company_id, endpoint_id, url, event_types, description, disabled_at,
                endpoint.created_at
           from company
           left join webhook_endpoint as endpoint using (company_id)
          where company_id = $1
          order by endpoint_id
          limit $2",
    )
    .bind(company_id.0)
    .bind(ENDPOINTS_MAX)
    .fetch_all(db)
    .await?;
    if rows.is_empty() {
        return Err(Error::CompanyNotFound(company_id));
    }
    let mut endpoints = Vec::with_capacity(rows.len());
    for row in &rows {
        let endpoint_id: Option<Uuid> = row.try_get("endpoint_id")?;
        if endpoint_id.is_some() {
            endpoints.push(Endpoint::from_row(row)?);
        }
    }
    Ok(endpoints)
}

/// Removes an endpoint with its deliveries.
///
/// # Errors
/// [`Error::WebhookEndpointNotFound`].
pub(super) async fn delete(
    tx: &mut PgConnection,
    endpoint_id: WebhookEndpointId,
) -> Result<(), Error> {
    let deleted = sqlx::query("delete from webhook_endpoint where endpoint_id = $1")
        .bind(endpoint_id.0)
        .execute(tx)
        .await?;
    if deleted.rows_affected() == 0 {
        return Err(Error::WebhookEndpointNotFound(endpoint_id));
    }
    Ok(())
}

/// Addresses an event to every endpoint that wants to hear of it; tells which. A message's id is
/// made of the event's and the endpoint's: a UUIDv7 with the event's time, and the same however
/// often this is done.
pub(super) async fn address(
    tx: &mut PgConnection,
    event_id: Uuid,
    announcement: &Announcement,
    happened_at: OffsetDateTime,
    now: OffsetDateTime,
) -> sqlx::Result<Vec<Uuid>> {
    let company_ids: Vec<Uuid> = announcement.company_ids.iter().map(|id| id.0).collect();
    sqlx::query_scalar(
        "with hearer as (
             select endpoint_id
               from webhook_endpoint
              where company_id = any($2) and $3 = any(event_types) and disabled_at is null
              order by endpoint_id
                for no key update
         )
         insert into webhook_delivery
             (delivery_id, endpoint_id, event_type, body, state, attempts, step, due_at, queued,
              happened_at)
         select (left($1, 20) || right(md5($1 || endpoint_id::text), 15))::uuid, endpoint_id, $3,
                $4, 'pending', 0, 0, $6, false, $5
           from hearer
             on conflict do nothing
         returning endpoint_id",
    )
    .bind(event_id.to_string())
    .bind(company_ids)
    .bind(announcement.event_type)
    .bind(&announcement.body)
    .bind(happened_at)
    .bind(now)
    .fetch_all(tx)
    .await
}

#[cfg(test)]
mod tests;
