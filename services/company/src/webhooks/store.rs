//! The table `webhook_endpoint`, and which messages go where.

use brazil::CompanyId;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgExecutor, PgPool, Row};
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

/// Locks a company until the transaction ends: nobody else adds somewhere that it hears.
///
/// # Errors
/// [`Error::CompanyNotFound`].
pub(crate) async fn lock_company(
    tx: &mut PgConnection,
    company_id: CompanyId,
) -> Result<(), Error> {
    let locked: Option<i32> =
        sqlx::query_scalar("select 1 from company where company_id = $1 for no key update")
            .bind(company_id.0)
            .fetch_optional(tx)
            .await?;
    locked.map(|_| ()).ok_or(Error::CompanyNotFound(company_id))
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
    lock_company(tx, company_id).await?;
    Ok(sqlx::query_scalar(
        "select count(*) from webhook_endpoint where company_id = $1 and kind = 'company'",
    )
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
          where endpoint_id = $1 and kind = 'company'",
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
pub(super) async fn list(
    db: impl PgExecutor<'_>,
    company_id: CompanyId,
) -> Result<Vec<Endpoint>, Error> {
    let rows = sqlx::query(
        "select company.company_id, endpoint_id, url, event_types, description, disabled_at,
                endpoint.created_at
           from company
           left join webhook_endpoint as endpoint
                on endpoint.company_id = company.company_id and endpoint.kind = 'company'
          where company.company_id = $1
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

/// Endpoints that want to hear of an event.
pub(super) async fn hearers(
    tx: &mut PgConnection,
    announcement: &Announcement,
) -> sqlx::Result<Vec<Uuid>> {
    let company_ids: Vec<Uuid> = announcement.company_ids.iter().map(|id| id.0).collect();
    sqlx::query_scalar(
        "select endpoint_id
           from webhook_endpoint
          where company_id = any($1) and kind = 'company' and $2 = any(event_types)
            and disabled_at is null",
    )
    .bind(company_ids)
    .bind(announcement.event_type)
    .fetch_all(tx)
    .await
}

#[cfg(test)]
mod tests;
