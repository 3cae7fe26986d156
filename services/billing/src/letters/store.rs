//! The table `letter`.

use brazil::CompanyId;
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Letter;

/// A letter that waits.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Waiting {
    #[sqlx(try_from = "Uuid")]
    pub(super) company_id: CompanyId,
    #[sqlx(json)]
    pub(super) content: Letter,
}

/// Keeps a letter to a company with the transaction `tx`.
pub(crate) async fn keep(
    tx: &mut PgConnection,
    company_id: CompanyId,
    letter: Letter,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    keep_all(tx, vec![(company_id, letter)], now).await
}

/// Keeps letters to many companies with the transaction `tx`.
pub(crate) async fn keep_all(
    tx: &mut PgConnection,
    letters: Vec<(CompanyId, Letter)>,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    let ids: Vec<Uuid> = letters.iter().map(|_| Uuid::now_v7()).collect();
    let (companies, contents): (Vec<Uuid>, Vec<Json<Letter>>) = letters
        .into_iter()
        .map(|(company_id, letter)| (Uuid::from(company_id), Json(letter)))
        .unzip();
    sqlx::query(
        "insert into letter (letter_id, company_id, content, leaves_at)
         select letter_id, company_id, content, $4
           from unnest($1::uuid[], $2::uuid[], $3::jsonb[]) as l (letter_id, company_id, content)",
    )
    .bind(ids)
    .bind(companies)
    .bind(contents)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// The companies of up to `limit` letters that are to leave, oldest letters first.
pub(super) async fn companies_waiting(
    db: &PgPool,
    now: OffsetDateTime,
    limit: i64,
) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar(
        "select distinct company_id
           from (select company_id from letter
                  where leaves_at <= $1 order by leaves_at, letter_id limit $2) as oldest",
    )
    .bind(now)
    .bind(limit)
    .fetch_all(db)
    .await
}

/// Takes up to `limit` letters to these companies that are to leave, oldest first, but those that
/// somebody else is taking.
pub(super) async fn take(
    tx: &mut PgConnection,
    companies: &[Uuid],
    now: OffsetDateTime,
    limit: i64,
) -> sqlx::Result<Vec<Waiting>> {
    sqlx::query_as(
        "with taken as (
             delete from letter
              where letter_id in (
                    select letter_id from letter
                     where leaves_at <= $1 and company_id = any($2)
                     order by leaves_at, letter_id
                     limit $3
                       for update skip locked)
             returning letter_id, company_id, content
         )
         select company_id, content from taken order by letter_id",
    )
    .bind(now)
    .bind(companies)
    .bind(limit)
    .fetch_all(tx)
    .await
}

/// Lets the letters to companies that have no address wait.
pub(super) async fn postpone(
    db: &PgPool,
    companies: &[Uuid],
    until: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query("update letter set leaves_at = $2 where company_id = any($1) and leaves_at < $2")
        .bind(companies)
        .bind(until)
        .execute(db)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
