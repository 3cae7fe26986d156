//! Rows of password_reset.

use brazil::UserId;
use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::invitations::Link;

/// Keeps a reset; false when the request made one already.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    request_id: Uuid,
    user_id: UserId,
    link: &Link,
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let inserted = sqlx::query(
        "insert into password_reset (request_id, user_id, secret_hash, created_at, expires_at)
         values ($1, $2, $3, $4, $5)
         on conflict (request_id) do nothing",
    )
    .bind(request_id)
    .bind(user_id.0)
    .bind(&link.token_hash)
    .bind(now)
    .bind(link.expires_at)
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Makes a user's resets void: they were mailed to an address that is no longer theirs.
pub(crate) async fn delete_of_user(tx: &mut PgConnection, user_id: UserId) -> sqlx::Result<()> {
    sqlx::query("delete from password_reset where user_id = $1")
        .bind(user_id.0)
        .execute(tx)
        .await?;
    Ok(())
}

/// Whose password a secret resets now.
pub(crate) async fn find(
    db: impl PgExecutor<'_>,
    secret_hash: &[u8],
    now: OffsetDateTime,
) -> sqlx::Result<Option<UserId>> {
    let user_id: Option<Uuid> = sqlx::query_scalar(
        "select r.user_id
           from password_reset r
           join app_user u using (user_id)
          where r.secret_hash = $1 and r.expires_at > $2 and u.state = 'active'",
    )
    .bind(secret_hash)
    .bind(now)
    .fetch_optional(db)
    .await?;
    Ok(user_id.map(UserId))
}

/// Uses a secret up, and voids all others of its user; tells whose it was.
pub(crate) async fn take(
    tx: &mut PgConnection,
    secret_hash: &[u8],
    now: OffsetDateTime,
) -> sqlx::Result<Option<UserId>> {
    let user_id: Option<Uuid> = sqlx::query_scalar(
        "delete from password_reset where secret_hash = $1 and expires_at > $2 returning user_id",
    )
    .bind(secret_hash)
    .bind(now)
    .fetch_optional(&mut *tx)
    .await?;
    if let Some(user_id) = user_id {
        sqlx::query("delete from password_reset where user_id = $1")
            .bind(user_id)
            .execute(tx)
            .await?;
    }
    Ok(user_id.map(UserId))
}

/// Forgets resets that are too old.
pub(crate) async fn delete_expired(
    db: impl PgExecutor<'_>,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query("delete from password_reset where expires_at <= $1").bind(now).execute(db).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
