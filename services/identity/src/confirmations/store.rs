//! Rows of confirmation.

use brazil::{Email, UserId};
use chassis::db::parsed;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgExecutor, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::invitations::Link;

/// A link that was mailed.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) user_id: UserId,
    pub(crate) email: Email,
    pub(crate) expires_at: OffsetDateTime,
    pub(crate) is_used: bool,
}

impl FromRow<'_, PgRow> for Known {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            user_id: UserId(row.try_get("user_id")?),
            email: parsed(row, "email")?,
            expires_at: row.try_get("expires_at")?,
            is_used: row.try_get("is_used")?,
        })
    }
}

/// Keeps a link; false when there is one of this id.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    confirmation_id: Uuid,
    user_id: UserId,
    email: &Email,
    link: &Link,
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let inserted = sqlx::query(
        "insert into confirmation
             (confirmation_id, user_id, email, token_hash, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (confirmation_id) do nothing",
    )
    .bind(confirmation_id)
    .bind(user_id.0)
    .bind(email.as_str())
    .bind(&link.token_hash)
    .bind(now)
    .bind(link.expires_at)
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Locks a link until the transaction ends.
pub(crate) async fn lock(tx: &mut PgConnection, token_hash: &[u8]) -> sqlx::Result<Option<Known>> {
    sqlx::query_as(
        "select user_id, email, expires_at, used_at is not null as is_used
           from confirmation
          where token_hash = $1
            for update",
    )
    .bind(token_hash)
    .fetch_optional(tx)
    .await
}

/// A locked link has done what it is for.
pub(crate) async fn use_up(
    tx: &mut PgConnection,
    token_hash: &[u8],
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query("update confirmation set used_at = $2 where token_hash = $1")
        .bind(token_hash)
        .bind(now)
        .execute(tx)
        .await?;
    Ok(())
}

/// Voids a user's unused links to other addresses than these.
pub(crate) async fn delete_others(
    tx: &mut PgConnection,
    user_id: UserId,
    emails: &[&Email],
) -> sqlx::Result<()> {
    let emails: Vec<&str> = emails.iter().map(|email| email.as_str()).collect();
    sqlx::query(
        "delete from confirmation where user_id = $1 and used_at is null and email <> all($2)",
    )
    .bind(user_id.0)
    .bind(emails)
    .execute(tx)
    .await?;
    Ok(())
}

/// Who last wanted to change to an address, and may still confirm it.
pub(crate) async fn who_wants(
    db: impl PgExecutor<'_>,
    email: &Email,
    now: OffsetDateTime,
) -> sqlx::Result<Option<UserId>> {
    let user_id: Option<Uuid> = sqlx::query_scalar(
        "select c.user_id
           from confirmation c
           join app_user u using (user_id)
          where c.email = $1 and c.used_at is null and c.expires_at > $2 and u.state = 'active'
          order by c.created_at desc
          limit 1",
    )
    .bind(email.as_str())
    .bind(now)
    .fetch_optional(db)
    .await?;
    Ok(user_id.map(UserId))
}

/// Forgets links that are too old.
pub(crate) async fn delete_expired(
    db: impl PgExecutor<'_>,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query("delete from confirmation where expires_at <= $1").bind(now).execute(db).await?;
    Ok(())
}
