//! The table `closed_company`.

use brazil::CompanyId;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

/// Waits for those who are getting tokens for a company, and keeps others from it until the
/// transaction ends.
pub(super) async fn lock(tx: &mut PgConnection, company_id: CompanyId) -> sqlx::Result<()> {
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('served ' || $1::text, 0))")
        .bind(company_id.0)
        .execute(tx)
        .await?;
    Ok(())
}

/// Notes that a company is not served.
pub(super) async fn close(
    tx: &mut PgConnection,
    company_id: CompanyId,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into closed_company (company_id, closed_at) values ($1, $2) on conflict do nothing",
    )
    .bind(company_id.0)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// Notes that a company is served again.
pub(super) async fn reopen(tx: &mut PgConnection, company_id: CompanyId) -> sqlx::Result<()> {
    sqlx::query("delete from closed_company where company_id = $1")
        .bind(company_id.0)
        .execute(tx)
        .await?;
    Ok(())
}

/// Those of the companies that are not served. That stays so until the transaction ends.
pub(super) async fn closed_among(
    tx: &mut PgConnection,
    company_ids: &[Uuid],
) -> sqlx::Result<Vec<Uuid>> {
    if company_ids.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query(
        "select pg_advisory_xact_lock_shared(hashtextextended('served ' || id, 0))
           from unnest($1::uuid[]::text[]) as id
          order by id",
    )
    .bind(company_ids)
    .execute(&mut *tx)
    .await?;
    // A statement of its own, because it must see what was committed before the locks were had.
    sqlx::query_scalar("select company_id from closed_company where company_id = any($1)")
        .bind(company_ids)
        .fetch_all(tx)
        .await
}

/// How many people have a role in a company.
pub(super) async fn count_people(
    tx: &mut PgConnection,
    company_id: CompanyId,
) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "select count(distinct g.user_id)
           from grant_ g
           join app_user u using (user_id)
          where g.company_id = $1 and u.state <> 'replaced'",
    )
    .bind(company_id.0)
    .fetch_one(tx)
    .await
}
