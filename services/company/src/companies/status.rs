//! Whether companies of any kind are served.

use brazil::CompanyId;
use chassis::{Service, timestamp};
use proto::events::v1::CompanyStatusChanged;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::Status;
use crate::error::Error;

/// Serves a company, or stops that, and tells the other contexts; false when it was so before.
/// Call [`Service::handed_over`] with the company after the transaction.
///
/// # Errors
/// [`Error::CompanyNotFound`].
pub(crate) async fn set(
    service: &Service,
    tx: &mut PgConnection,
    company_id: CompanyId,
    is_active: bool,
    now: OffsetDateTime,
) -> Result<bool, Error> {
    let before: Option<Status> = sqlx::query_scalar(
        "select status from company where company_id = $1 and deleted_at is null for no key update",
    )
    .bind(company_id.0)
    .fetch_optional(&mut *tx)
    .await?;
    let before = before.ok_or(Error::CompanyNotFound(company_id))?;
    let status = if is_active { Status::Active } else { Status::Inactive };
    if before == status {
        return Ok(false);
    }
    sqlx::query("update company set status = $2, updated_at = $3 where company_id = $1")
        .bind(company_id.0)
        .bind(status)
        .bind(now)
        .execute(&mut *tx)
        .await?;
    sqlx::query("update enterprise set deactivated_at = $2 where company_id = $1")
        .bind(company_id.0)
        .bind((!is_active).then_some(now))
        .execute(&mut *tx)
        .await?;
    let changed = CompanyStatusChanged {
        company_id: company_id.to_string(),
        is_active,
        changed_at: Some(timestamp::to_proto(now)),
    };
    service.outbox.publish(tx, company_id, &changed).await?;
    Ok(true)
}
