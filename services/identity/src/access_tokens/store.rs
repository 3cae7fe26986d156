//! Rows of access_token.

use brazil::{CompanyId, Email, UserId};
use chassis::db::parsed;
use chassis::query::{Column, Kind, Sql, Table};
use proto::common::v1::Query;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgExecutor, PgPool, Row};
use time::OffsetDateTime;

use super::{Secret, Shown, Ttl};
use crate::error::Error;

/// What may be asked about tokens.
static TOKENS: Table = Table {
    columns: &[
        Column::new("ttl", "ttl", Kind::Integer),
        // Compared as exactly as it is shown.
        Column::new("created", "date_trunc('second', created_at)", Kind::Time)
            .ordered_by("created_at"),
    ],
    order: "created_at, prefix",
    limit: 1_000,
};

/// A live token of somebody who still belongs to its account.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) user_id: UserId,
    pub(crate) company_id: CompanyId,
    pub(crate) prefix: String,
    pub(crate) email: Email,
    pub(crate) epoch: i64,
    pub(crate) administers: bool,
    pub(crate) expires_at: Option<OffsetDateTime>,
}

impl FromRow<'_, PgRow> for Found {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            user_id: UserId(row.try_get("user_id")?),
            company_id: CompanyId(row.try_get("company_id")?),
            prefix: row.try_get("prefix")?,
            email: parsed(row, "email")?,
            epoch: row.try_get("epoch")?,
            administers: row.try_get("administers")?,
            expires_at: row.try_get("expires_at")?,
        })
    }
}

/// Keeps a token; false when another one of the person begins like it.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    secret: &Secret,
    user_id: UserId,
    company_id: CompanyId,
    ttl: Ttl,
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let inserted = sqlx::query(
        "insert into access_token
             (token_hash, user_id, company_id, prefix, ttl, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (user_id, prefix) do nothing",
    )
    .bind(secret.hash())
    .bind(user_id.0)
    .bind(company_id.0)
    .bind(secret.prefix())
    .bind(ttl.number())
    .bind(now)
    .bind(ttl.end(now))
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Whose token it is now, and what they are in its account.
pub(crate) async fn find(
    db: impl PgExecutor<'_>,
    token_hash: &[u8],
    now: OffsetDateTime,
) -> sqlx::Result<Option<Found>> {
    sqlx::query_as(
        "select t.user_id, t.company_id, t.prefix, u.email, u.epoch, t.expires_at,
                bool_or(g.role = 'manager') as administers
           from access_token t
           join app_user u using (user_id)
           join grant_ g on g.user_id = t.user_id and g.company_id = t.company_id
          where t.token_hash = $1 and (t.expires_at > $2 or t.expires_at is null)
            and u.state = 'active' and u.email_proven_at is not null
            and not exists (select from closed_company c where c.company_id = t.company_id)
          group by t.token_hash, u.user_id",
    )
    .bind(token_hash)
    .bind(now)
    .fetch_optional(db)
    .await
}

/// A person's live tokens in an account.
///
/// # Errors
/// INVALID_ARGUMENT for a question that cannot be answered.
pub(crate) async fn list(
    db: &PgPool,
    query: Option<Query>,
    user_id: UserId,
    company_id: CompanyId,
    now: OffsetDateTime,
) -> Result<Vec<Shown>, Error> {
    let own = |sql: &mut Sql| {
        sql.push("access_token where user_id = ").push_bind(user_id.0);
        sql.push(" and company_id = ").push_bind(company_id.0);
        sql.push(" and (expires_at is null or expires_at > ").push_bind(now).push(")");
    };
    let asked = TOKENS.ask(db, query, own).await?;
    let mut sql = asked.select("prefix, ttl, created_at", own);
    Ok(sql.build_query_as().fetch_all(db).await?)
}

/// Ends a live token; false when the person has none that begins so in the account.
pub(crate) async fn delete(
    tx: &mut PgConnection,
    user_id: UserId,
    company_id: CompanyId,
    prefix: &str,
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let deleted = sqlx::query(
        "delete from access_token
          where user_id = $1 and company_id = $2 and prefix = $3
            and (expires_at is null or expires_at > $4)",
    )
    .bind(user_id.0)
    .bind(company_id.0)
    .bind(prefix)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(deleted.rows_affected() == 1)
}

/// Ends all tokens of a person but the one that begins so.
pub(crate) async fn delete_all_but(
    tx: &mut PgConnection,
    user_id: UserId,
    prefix: &str,
) -> sqlx::Result<()> {
    sqlx::query("delete from access_token where user_id = $1 and prefix <> $2")
        .bind(user_id.0)
        .bind(prefix)
        .execute(tx)
        .await?;
    Ok(())
}

/// Ends a person's tokens in an account.
pub(crate) async fn delete_in(
    tx: &mut PgConnection,
    user_id: UserId,
    company_id: CompanyId,
) -> sqlx::Result<()> {
    sqlx::query("delete from access_token where user_id = $1 and company_id = $2")
        .bind(user_id.0)
        .bind(company_id.0)
        .execute(tx)
        .await?;
    Ok(())
}

/// Ends a person's permanent tokens in an account.
pub(crate) async fn delete_permanent(
    tx: &mut PgConnection,
    user_id: UserId,
    company_id: CompanyId,
) -> sqlx::Result<()> {
    sqlx::query(
        "delete from access_token where user_id = $1 and company_id = $2 and expires_at is null",
    )
    .bind(user_id.0)
    .bind(company_id.0)
    .execute(tx)
    .await?;
    Ok(())
}

/// Forgets tokens that are dead.
pub(crate) async fn delete_expired(
    db: impl PgExecutor<'_>,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query("delete from access_token where expires_at <= $1").bind(now).execute(db).await?;
    Ok(())
}
