//! The tables `voice_account` and `extension`.

use brazil::{CompanyId, MobileNumber};
use chassis::db::{broken_constraint, parsed};
use chassis::query::{Column, Kind, Sql, Table};
use chassis::refusal::internal;
use proto::common::v1::Query;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgExecutor, PgPool, Row};
use time::OffsetDateTime;
use tonic::Status;

use super::{Extension, ExtensionNumber, Profile, View, VoiceAccount};
use crate::error::Error;

/// Numbers that are given out lie between these.
const NUMBER_MIN: i32 = 1_000;
const NUMBER_MAX: i32 = 999_999;

impl FromRow<'_, PgRow> for Extension {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let caller_id: Option<&str> = row.try_get("caller_id")?;
        Ok(Self {
            extension_id: row.try_get("extension_id")?,
            company_id: CompanyId(row.try_get("company_id")?),
            domain: row.try_get("domain")?,
            number: parsed(row, "number")?,
            profile: Profile {
                caller_id: caller_id.and_then(mobile),
                first_name: row.try_get("first_name")?,
                last_name: row.try_get("last_name")?,
                email: row.try_get("email")?,
                record_audio: row.try_get("record_audio")?,
            },
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
        })
    }
}

/// The number with these national digits.
pub(crate) fn mobile(national: &str) -> Option<MobileNumber> {
    format!("+55{national}").parse().ok()
}

/// The national digits of a number.
pub(crate) fn national(number: &MobileNumber) -> &str {
    number.as_str().strip_prefix("+55").unwrap_or(number.as_str())
}

/// An account that was named before.
pub(crate) async fn find_account(
    db: &PgPool,
    company_id: CompanyId,
) -> sqlx::Result<Option<VoiceAccount>> {
    let domain: Option<String> =
        sqlx::query_scalar("select domain from voice_account where company_id = $1")
            .bind(company_id.0)
            .fetch_optional(db)
            .await?;
    Ok(domain.map(|domain| VoiceAccount { company_id, domain }))
}

/// Remembers an account.
pub(crate) async fn keep_account(
    db: &PgPool,
    account: &VoiceAccount,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into voice_account (company_id, domain, created_at)
         values ($1, $2, $3)
             on conflict do nothing",
    )
    .bind(account.company_id.0)
    .bind(&account.domain)
    .bind(now)
    .execute(db)
    .await?;
    Ok(())
}

/// Locks an account until the transaction ends, so that its numbers and dials are counted by one
/// at a time.
pub(crate) async fn lock_account(tx: &mut PgConnection, company_id: CompanyId) -> sqlx::Result<()> {
    sqlx::query("select from voice_account where company_id = $1 for no key update")
        .bind(company_id.0)
        .execute(tx)
        .await?;
    Ok(())
}

/// The lowest free number from 1000 on. Who is going to take it has locked the account.
///
/// # Errors
/// [`Error::NoFreeExtension`].
pub(super) async fn next_number(
    connection: &mut PgConnection,
    company_id: CompanyId,
) -> Result<ExtensionNumber, Error> {
    let number: Option<i32> = sqlx::query_scalar(
        "select min(candidate)
           from (select $2 as candidate
                  where not exists (select from extension where company_id = $1 and rank = $2)
                 union all
                (select taken.rank + 1
                   from extension as taken
                  where company_id = $1 and rank between $2 and $3 - 1
                    and not exists (select
                                      from extension as next
                                     where next.company_id = $1 and next.rank = taken.rank + 1)
                  order by taken.rank
                  limit 1)) as free",
    )
    .bind(company_id.0)
    .bind(NUMBER_MIN)
    .bind(NUMBER_MAX)
    .fetch_one(connection)
    .await?;
    number.and_then(|number| number.to_string().parse().ok()).ok_or(Error::NoFreeExtension)
}

/// A new extension.
pub(super) struct NewExtension<'a> {
    pub(super) account: &'a VoiceAccount,
    pub(super) number: ExtensionNumber,
    pub(super) secret_sealed: &'a [u8],
    pub(super) profile: &'a Profile,
}

/// Adds an extension.
///
/// # Errors
/// [`Error::ExtensionNumberTaken`].
pub(super) async fn insert(
    tx: &mut PgConnection,
    new: &NewExtension<'_>,
    now: OffsetDateTime,
) -> Result<Extension, Error> {
    sqlx::query_as(
        "insert into extension (
             company_id, domain, number, secret_sealed, caller_id, first_name, last_name, email,
             record_audio, created_at, updated_at
         )
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
         returning *",
    )
    .bind(new.account.company_id.0)
    .bind(&new.account.domain)
    .bind(new.number.as_str())
    .bind(new.secret_sealed)
    .bind(new.profile.caller_id.as_ref().map(national))
    .bind(&new.profile.first_name)
    .bind(&new.profile.last_name)
    .bind(&new.profile.email)
    .bind(new.profile.record_audio)
    .bind(now)
    .fetch_one(tx)
    .await
    .map_err(|error| refusal(error, &new.number))
}

/// Reads an extension of an account.
pub(crate) async fn find(
    db: &PgPool,
    company_id: CompanyId,
    extension_id: i64,
) -> sqlx::Result<Option<Extension>> {
    sqlx::query_as("select * from extension where extension_id = $1 and company_id = $2")
        .bind(extension_id)
        .bind(company_id.0)
        .fetch_optional(db)
        .await
}

/// Reads the extension of an account with a number.
pub(crate) async fn find_by_number(
    db: &PgPool,
    company_id: CompanyId,
    number: &ExtensionNumber,
) -> sqlx::Result<Option<Extension>> {
    sqlx::query_as("select * from extension where company_id = $1 and number = $2")
        .bind(company_id.0)
        .bind(number.as_str())
        .fetch_optional(db)
        .await
}

static EXTENSIONS: Table = Table {
    columns: &[
        Column::new("id", "extension_id", Kind::Integer),
        Column::new("domain", "domain", Kind::Text),
        Column::new("number", "number", Kind::Text),
        Column::new("caller_id", "caller_id", Kind::Text).nullable(),
        Column::new("first_name", "first_name", Kind::Text),
        Column::new("last_name", "last_name", Kind::Text).nullable(),
        Column::new("email", "email", Kind::Text).nullable(),
        Column::new("record_audio", "record_audio::integer", Kind::Integer),
    ],
    order: "extension_id",
    limit: 1_000,
};

/// The extensions of an account that somebody may see.
///
/// # Errors
/// INVALID_ARGUMENT for a question that makes no sense.
pub(super) async fn list(
    db: impl PgExecutor<'_> + Copy,
    company_id: CompanyId,
    view: &View,
    query: Option<Query>,
) -> Result<Vec<Extension>, Status> {
    let own = |sql: &mut Sql| {
        sql.push("extension where company_id = ").push_bind(company_id.0);
        if let View::Own(email) = view {
            let email = email.as_ref().map(ToString::to_string);
            sql.push(" and lower(email) = lower(").push_bind(email).push(")");
        }
    };
    let question = EXTENSIONS.ask(db, query, own).await?;
    question
        .select("*", own)
        .build_query_as()
        .persistent(false)
        .fetch_all(db)
        .await
        .map_err(|error| internal(&error))
}

/// Ids of the extensions that bear an e-mail.
pub(crate) async fn ids_with_email(
    db: &PgPool,
    company_id: CompanyId,
    email: &str,
) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar(
        "select extension_id from extension where company_id = $1 and lower(email) = lower($2)",
    )
    .bind(company_id.0)
    .bind(email)
    .fetch_all(db)
    .await
}

/// Reads an extension and locks it until the transaction ends.
///
/// # Errors
/// [`Error::ExtensionNotFound`].
pub(crate) async fn lock(
    tx: &mut PgConnection,
    company_id: CompanyId,
    extension_id: i64,
) -> Result<Extension, Error> {
    sqlx::query_as("select * from extension where extension_id = $1 and company_id = $2 for update")
        .bind(extension_id)
        .bind(company_id.0)
        .fetch_optional(tx)
        .await?
        .ok_or(Error::ExtensionNotFound)
}

/// Keeps an extension from being changed or removed until the transaction ends.
///
/// # Errors
/// [`Error::ExtensionNotFound`].
pub(crate) async fn hold(
    tx: &mut PgConnection,
    company_id: CompanyId,
    extension_id: i64,
) -> Result<Extension, Error> {
    sqlx::query_as("select * from extension where extension_id = $1 and company_id = $2 for share")
        .bind(extension_id)
        .bind(company_id.0)
        .fetch_optional(tx)
        .await?
        .ok_or(Error::ExtensionNotFound)
}

/// Writes what was changed; the secret stays when there is no new one.
///
/// # Errors
/// [`Error::ExtensionNumberTaken`].
pub(super) async fn save(
    tx: &mut PgConnection,
    extension: &Extension,
    secret_sealed: Option<&[u8]>,
) -> Result<(), Error> {
    sqlx::query(
        "update extension
            set number = $2, caller_id = $3, first_name = $4, last_name = $5, email = $6,
                record_audio = $7, secret_sealed = coalesce($8, secret_sealed), updated_at = $9
          where extension_id = $1",
    )
    .bind(extension.extension_id)
    .bind(extension.number.as_str())
    .bind(extension.profile.caller_id.as_ref().map(national))
    .bind(&extension.profile.first_name)
    .bind(&extension.profile.last_name)
    .bind(&extension.profile.email)
    .bind(extension.profile.record_audio)
    .bind(secret_sealed)
    .bind(extension.updated_at)
    .execute(tx)
    .await
    .map_err(|error| refusal(error, &extension.number))?;
    Ok(())
}

/// Removes an extension.
pub(super) async fn delete(tx: &mut PgConnection, extension_id: i64) -> sqlx::Result<()> {
    sqlx::query("delete from extension where extension_id = $1")
        .bind(extension_id)
        .execute(tx)
        .await?;
    Ok(())
}

/// Whether a company has an active line with this number: it alone may be shown to others.
pub(crate) async fn is_own_number(
    connection: &mut PgConnection,
    company_id: CompanyId,
    number: &MobileNumber,
) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "select exists (
             select
               from line
              where phone_number = $2 and company_id = $1 and status = 'active'
         )",
    )
    .bind(company_id.0)
    .bind(number.as_str())
    .fetch_one(connection)
    .await
}

fn refusal(error: sqlx::Error, number: &ExtensionNumber) -> Error {
    match broken_constraint(&error) {
        Some("extension_number") => Error::ExtensionNumberTaken(number.to_string()),
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests;
