//! Companies that get nothing new, because the company service is about to delete them or has done
//! so. A service that has things of companies keeps the holds in its own table `company_hold`.
//!
//! Whoever adds something asks [`admit`] in the same transaction, and whoever counts what there is
//! does that after [`hold`] in the same transaction: so nothing is added that was not counted.

use brazil::CompanyId;
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};
use tonic::Status;
use uuid::Uuid;

use crate::refusal::Fields;

/// How long a lifted hold is remembered: longer than any request for it can be late.
const MEMORY: Duration = Duration::days(1);

/// The company and the hold that a request for one names.
///
/// # Errors
/// INVALID_ARGUMENT on `company_id` and `hold_id`.
pub fn parse(company_id: &str, hold_id: &str) -> Result<(CompanyId, Uuid), Status> {
    let mut fields = Fields::new();
    let company_id = fields.required("company_id", company_id);
    let hold_id = fields.required("hold_id", hold_id);
    match (company_id, hold_id) {
        (Some(company_id), Some(hold_id)) => Ok((company_id, hold_id)),
        _ => Err(fields.into_status()),
    }
}

/// Whether a company may get something new. The answer holds until the transaction ends.
///
/// # Errors
/// The database's.
pub async fn admit(tx: &mut PgConnection, company_id: CompanyId) -> sqlx::Result<bool> {
    sqlx::query("select pg_advisory_xact_lock_shared(hashtextextended('hold ' || $1::text, 0))")
        .bind(company_id.0)
        .execute(&mut *tx)
        .await?;
    // A statement of its own, because it must see what was committed before the lock was had.
    let is_held: bool = sqlx::query_scalar(
        "select exists (select from company_hold where company_id = $1 and lifted_at is null)",
    )
    .bind(company_id.0)
    .fetch_one(tx)
    .await?;
    Ok(!is_held)
}

/// Keeps a company from getting anything new once the transaction is committed; false when this
/// hold was lifted before. Waits for those who are adding something.
///
/// # Errors
/// The database's.
pub async fn hold(
    tx: &mut PgConnection,
    company_id: CompanyId,
    hold_id: Uuid,
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    lock(tx, company_id).await?;
    sqlx::query(
        "insert into company_hold (company_id, hold_id, held_at)
         values ($1, $2, $3)
         on conflict do nothing",
    )
    .bind(company_id.0)
    .bind(hold_id)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    sqlx::query_scalar(
        "select lifted_at is null from company_hold where company_id = $1 and hold_id = $2",
    )
    .bind(company_id.0)
    .bind(hold_id)
    .fetch_one(tx)
    .await
}

/// Lifts a hold, also one that has not arrived yet.
///
/// # Errors
/// The database's.
pub async fn lift(
    tx: &mut PgConnection,
    company_id: CompanyId,
    hold_id: Uuid,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    lock(tx, company_id).await?;
    sqlx::query(
        "insert into company_hold as h (company_id, hold_id, held_at, lifted_at)
         values ($1, $2, $3, $3)
         on conflict (company_id, hold_id) do update
            set lifted_at = coalesce(h.lifted_at, excluded.lifted_at)",
    )
    .bind(company_id.0)
    .bind(hold_id)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    sqlx::query("delete from company_hold where company_id = $1 and lifted_at < $2")
        .bind(company_id.0)
        .bind(now - MEMORY)
        .execute(tx)
        .await?;
    Ok(())
}

async fn lock(tx: &mut PgConnection, company_id: CompanyId) -> sqlx::Result<()> {
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('hold ' || $1::text, 0))")
        .bind(company_id.0)
        .execute(tx)
        .await?;
    Ok(())
}
