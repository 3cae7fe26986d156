//! The table `language`.

use brazil::CompanyId;
use chassis::db::broken_constraint;
use chassis::page::Page;
use sqlx::{PgConnection, PgExecutor, PgPool};

use super::{LANGUAGES_MAX, LanguageTag};
use crate::error::Error;
use crate::organizations::refusals::{language_exists, too_many_languages};
use crate::organizations::store::lock_for_adding;

/// A page of the tags of an organization's languages, and how many there are in all.
pub(super) async fn list(
    db: impl PgExecutor<'_>,
    company_id: CompanyId,
    page: &Page<String>,
) -> sqlx::Result<(Vec<String>, i64)> {
    let (tags, total): (Vec<String>, i64) = sqlx::query_as(
        "select array(select tag from language
                       where company_id = $1
                       order by tag
                      offset $2
                       limit $3),
                (select count(*) from language where company_id = $1)",
    )
    .bind(company_id.0)
    .bind(page.skip)
    .bind(page.size)
    .fetch_one(db)
    .await?;
    Ok((tags, total))
}

/// Whether an organization speaks a language.
pub(super) async fn exists(db: &PgPool, company_id: CompanyId, tag: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar("select exists (select from language where company_id = $1 and tag = $2)")
        .bind(company_id.0)
        .bind(tag)
        .fetch_one(db)
        .await
}

/// Adds a language.
///
/// # Errors
/// ALREADY_EXISTS / LANGUAGE_EXISTS; FAILED_PRECONDITION / TOO_MANY_LANGUAGES.
pub(super) async fn insert(
    tx: &mut PgConnection,
    company_id: CompanyId,
    tag: &LanguageTag,
) -> Result<(), Error> {
    lock_for_adding(tx, company_id).await?;
    sqlx::query("insert into language (company_id, tag) values ($1, $2)")
        .bind(company_id.0)
        .bind(tag.as_str())
        .execute(&mut *tx)
        .await
        .map_err(|error| match broken_constraint(&error) {
            Some("language_once") => language_exists().into(),
            _ => Error::Database(error),
        })?;
    let stored: i64 = sqlx::query_scalar("select count(*) from language where company_id = $1")
        .bind(company_id.0)
        .fetch_one(tx)
        .await?;
    if stored > LANGUAGES_MAX {
        return Err(too_many_languages().into());
    }
    Ok(())
}
