//! The table `integration`, and its endpoints in `webhook_endpoint`.

use brazil::CompanyId;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgExecutor, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::metadata::{Constraint, Metadata};
use super::{INTEGRATIONS_MAX, Integration, ROTATION};
use crate::error::Error;
use crate::webhooks::delivery;

/// Who may want to hear of a call.
#[derive(Debug)]
pub(super) struct Hearer {
    pub(super) endpoint_id: Uuid,
    pub(super) constraint: Option<Constraint>,
}

impl FromRow<'_, PgRow> for Integration {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let disabled_at: Option<OffsetDateTime> = row.try_get("disabled_at")?;
        let metadata = Metadata::parse(row.try_get("metadata_json")?)
            .map_err(|_| sqlx::Error::Decode("kept metadata is not such".into()))?;
        Ok(Self {
            integration_id: row.try_get("integration_id")?,
            company_id: CompanyId(row.try_get("company_id")?),
            gateway: row.try_get("gateway")?,
            endpoint_id: row.try_get("endpoint_id")?,
            is_webhook: disabled_at.is_none(),
            constraint: constraint(row)?,
            metadata,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
        })
    }
}

impl FromRow<'_, PgRow> for Hearer {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self { endpoint_id: row.try_get("endpoint_id")?, constraint: constraint(row)? })
    }
}

fn constraint(row: &PgRow) -> sqlx::Result<Option<Constraint>> {
    let text: Option<&str> = row.try_get("constraint_json")?;
    let constraint = text.map(Constraint::parse).transpose();
    let constraint =
        constraint.map_err(|_| sqlx::Error::Decode("a kept constraint is not such".into()))?;
    Ok(constraint.flatten())
}

/// How many integrations an account has.
pub(super) async fn count(tx: &mut PgConnection, company_id: CompanyId) -> sqlx::Result<i64> {
    sqlx::query_scalar("select count(*) from integration where company_id = $1")
        .bind(company_id.0)
        .fetch_one(tx)
        .await
}

/// Reads an account's integration of a gateway, and locks it until the transaction ends.
pub(super) async fn lock(
    tx: &mut PgConnection,
    company_id: CompanyId,
    gateway: &str,
) -> sqlx::Result<Option<Integration>> {
    sqlx::query_as(
        "select integration_id, integration.company_id, gateway, endpoint_id, constraint_json,
                metadata_json, integration.created_at, updated_at, disabled_at
           from integration
           join webhook_endpoint using (endpoint_id)
          where integration.company_id = $1 and gateway = $2
            for no key update",
    )
    .bind(company_id.0)
    .bind(gateway)
    .fetch_optional(tx)
    .await
}

/// Adds an integration with its endpoint; its id is given by the database.
pub(super) async fn insert(
    tx: &mut PgConnection,
    mut integration: Integration,
    secret_sealed: &[u8],
) -> sqlx::Result<Integration> {
    sqlx::query(
        "insert into webhook_endpoint
             (endpoint_id, company_id, kind, url, event_types, secret_sealed, disabled_at,
              created_at)
         values ($1, $2, 'integration', $3, $4, $5, $6, $7)",
    )
    .bind(integration.endpoint_id)
    .bind(integration.company_id.0)
    .bind(integration.metadata.url())
    .bind(integration.metadata.types())
    .bind(secret_sealed)
    .bind((!integration.is_webhook).then_some(integration.created_at))
    .bind(integration.created_at)
    .execute(&mut *tx)
    .await?;
    integration.integration_id = sqlx::query_scalar(
        "insert into integration
             (company_id, gateway, endpoint_id, constraint_json, metadata_json, created_at,
              updated_at)
         values ($1, $2, $3, $4, $5, $6, $6)
         returning integration_id",
    )
    .bind(integration.company_id.0)
    .bind(&integration.gateway)
    .bind(integration.endpoint_id)
    .bind(integration.constraint.as_ref().map(Constraint::json))
    .bind(integration.metadata.json())
    .bind(integration.created_at)
    .fetch_one(tx)
    .await?;
    Ok(integration)
}

/// Keeps what became of a locked integration. What was on its way to one that delivers nothing
/// any more is given up.
pub(super) async fn save(tx: &mut PgConnection, integration: &Integration) -> sqlx::Result<()> {
    sqlx::query(
        "update integration
            set constraint_json = $2, metadata_json = $3, updated_at = $4
          where integration_id = $1",
    )
    .bind(integration.integration_id)
    .bind(integration.constraint.as_ref().map(Constraint::json))
    .bind(integration.metadata.json())
    .bind(integration.updated_at)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "update webhook_endpoint
            set event_types = $3,
                failing = failing and url is not distinct from $2 and disabled_at is null,
                url = $2,
                disabled_at = case when $4 then null else coalesce(disabled_at, $5) end
          where endpoint_id = $1",
    )
    .bind(integration.endpoint_id)
    .bind(integration.metadata.url())
    .bind(integration.metadata.types())
    .bind(integration.is_webhook)
    .bind(integration.updated_at)
    .execute(&mut *tx)
    .await?;
    if !integration.delivers() {
        delivery::give_up(tx, integration.endpoint_id, "the integration is switched off").await?;
    }
    Ok(())
}

/// Gives an integration a new secret; the old one signs beside it for a while.
pub(super) async fn rotate(
    tx: &mut PgConnection,
    endpoint_id: Uuid,
    secret_sealed: &[u8],
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "update webhook_endpoint
            set previous_secret_sealed = secret_sealed, previous_secret_until = $3,
                secret_sealed = $2
          where endpoint_id = $1",
    )
    .bind(endpoint_id)
    .bind(secret_sealed)
    .bind(now + ROTATION)
    .execute(tx)
    .await?;
    Ok(())
}

/// Reads an integration of an account.
///
/// # Errors
/// [`Error::IntegrationNotFound`].
pub(super) async fn find(
    db: impl PgExecutor<'_>,
    company_id: CompanyId,
    integration_id: i64,
) -> Result<Integration, Error> {
    sqlx::query_as(
        "select integration_id, integration.company_id, gateway, endpoint_id, constraint_json,
                metadata_json, integration.created_at, updated_at, disabled_at
           from integration
           join webhook_endpoint using (endpoint_id)
          where integration.company_id = $1 and integration_id = $2",
    )
    .bind(company_id.0)
    .bind(integration_id)
    .fetch_optional(db)
    .await?
    .ok_or(Error::IntegrationNotFound(integration_id))
}

/// An account's integrations, oldest first.
///
/// # Errors
/// [`Error::CompanyNotFound`].
pub(super) async fn list(
    db: impl PgExecutor<'_>,
    company_id: CompanyId,
) -> Result<Vec<Integration>, Error> {
    let rows = sqlx::query(
        "select integration_id, company_id, gateway, endpoint_id, constraint_json, metadata_json,
                integration.created_at, integration.updated_at, disabled_at
           from company
           left join integration using (company_id)
           left join webhook_endpoint using (company_id, endpoint_id)
          where company_id = $1
          order by integration_id
          limit $2",
    )
    .bind(company_id.0)
    .bind(INTEGRATIONS_MAX)
    .fetch_all(db)
    .await?;
    if rows.is_empty() {
        return Err(Error::CompanyNotFound(company_id));
    }
    let mut integrations = Vec::with_capacity(rows.len());
    for row in &rows {
        let integration_id: Option<i64> = row.try_get("integration_id")?;
        if integration_id.is_some() {
            integrations.push(Integration::from_row(row)?);
        }
    }
    Ok(integrations)
}

/// Removes an integration of an account, with its endpoint and deliveries.
///
/// # Errors
/// [`Error::IntegrationNotFound`].
pub(super) async fn delete(
    tx: &mut PgConnection,
    company_id: CompanyId,
    integration_id: i64,
) -> Result<(), Error> {
    let deleted = sqlx::query(
        "delete from webhook_endpoint
          where endpoint_id = (
                select endpoint_id
                  from integration
                 where company_id = $1 and integration_id = $2)",
    )
    .bind(company_id.0)
    .bind(integration_id)
    .execute(tx)
    .await?;
    if deleted.rows_affected() == 0 {
        return Err(Error::IntegrationNotFound(integration_id));
    }
    Ok(())
}

/// Integrations of an account that deliver events of a type, whatever call they are about.
pub(super) async fn hearers(
    tx: &mut PgConnection,
    company_id: CompanyId,
    event_type: &str,
) -> sqlx::Result<Vec<Hearer>> {
    sqlx::query_as(
        "select endpoint_id, constraint_json
           from webhook_endpoint as endpoint
           join integration using (endpoint_id)
          where endpoint.company_id = $1 and kind = 'integration' and $2 = any(event_types)
            and url is not null and disabled_at is null",
    )
    .bind(company_id.0)
    .bind(event_type)
    .fetch_all(tx)
    .await
}

#[cfg(test)]
mod tests;
