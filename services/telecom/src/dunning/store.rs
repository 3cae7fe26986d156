//! The table `company_standing`.

use brazil::CompanyId;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::Standing;

/// Writes how a company stands. Those who bring it a line at the same moment are waited for.
pub(super) async fn put(
    tx: &mut PgConnection,
    company_id: CompanyId,
    standing: Standing,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('company:' || $1::text, 0))")
        .bind(company_id.0)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "insert into company_standing (company_id, standing, changed_at)
         values ($1, $2, $3)
         on conflict (company_id) do update set standing = $2, changed_at = $3",
    )
    .bind(company_id.0)
    .bind(standing)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// How a company stands, and will stand until the transaction ends.
pub(super) async fn share(tx: &mut PgConnection, company_id: CompanyId) -> sqlx::Result<Standing> {
    // There may be no row to lock.
    sqlx::query("select pg_advisory_xact_lock_shared(hashtextextended('company:' || $1::text, 0))")
        .bind(company_id.0)
        .execute(&mut *tx)
        .await?;
    let standing =
        sqlx::query_scalar("select standing from company_standing where company_id = $1")
            .bind(company_id.0)
            .fetch_optional(tx)
            .await?;
    Ok(standing.unwrap_or(Standing::Good))
}

/// Whether a company's lines are barred because it does not pay, and will be until the
/// transaction ends.
pub(crate) async fn is_unpaid(tx: &mut PgConnection, company_id: CompanyId) -> sqlx::Result<bool> {
    Ok(share(tx, company_id).await? != Standing::Good)
}
