//! Rows of signing_key and revocation.

use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;

/// A signing key as it is kept.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Key {
    pub(crate) key_id: String,
    pub(crate) private_key_sealed: Vec<u8>,
    pub(crate) public_key: Vec<u8>,
    pub(crate) activates_at: OffsetDateTime,
}

/// The end of a subject's older tokens.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Revocation {
    pub(crate) subject: String,
    pub(crate) epoch_min: i64,
}

/// All keys, newest first.
pub(crate) async fn keys(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<Key>> {
    sqlx::query_as(
        "select key_id, private_key_sealed, public_key, activates_at
           from signing_key
          order by activates_at desc",
    )
    .fetch_all(db)
    .await
}

/// Keeps others from rotating, and nobody from reading, until the transaction ends.
pub(crate) async fn lock_keys(tx: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("lock table signing_key in share row exclusive mode").execute(tx).await?;
    Ok(())
}

pub(crate) async fn insert_key(
    tx: &mut PgConnection,
    key: &Key,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into signing_key
             (key_id, private_key_sealed, public_key, created_at, activates_at)
         values ($1, $2, $3, $4, $5)",
    )
    .bind(&key.key_id)
    .bind(&key.private_key_sealed)
    .bind(&key.public_key)
    .bind(now)
    .bind(key.activates_at)
    .execute(tx)
    .await?;
    Ok(())
}

pub(crate) async fn delete_key(tx: &mut PgConnection, key_id: &str) -> sqlx::Result<()> {
    sqlx::query("delete from signing_key where key_id = $1").bind(key_id).execute(tx).await?;
    Ok(())
}

/// Ends the tokens of a subject that are older than `epoch_min`.
pub(crate) async fn revoke(
    tx: &mut PgConnection,
    subject: &str,
    epoch_min: i64,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into revocation as r (subject, epoch_min, revoked_at)
         values ($1, $2, $3)
         on conflict (subject) do update
            set epoch_min = greatest(r.epoch_min, excluded.epoch_min),
                revoked_at = greatest(r.revoked_at, excluded.revoked_at)",
    )
    .bind(subject)
    .bind(epoch_min)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// Revocations made at `since` or later.
pub(crate) async fn revocations(
    db: impl PgExecutor<'_>,
    since: OffsetDateTime,
) -> sqlx::Result<Vec<Revocation>> {
    sqlx::query_as("select subject, epoch_min from revocation where revoked_at >= $1")
        .bind(since)
        .fetch_all(db)
        .await
}

/// The largest `epoch_min` of the subjects' revocations, 0 without any.
pub(crate) async fn epoch_min(db: impl PgExecutor<'_>, subjects: &[String]) -> sqlx::Result<i64> {
    sqlx::query_scalar("select coalesce(max(epoch_min), 0) from revocation where subject = any($1)")
        .bind(subjects)
        .fetch_one(db)
        .await
}

/// Forgets revocations made before `moment`.
pub(crate) async fn delete_revocations(
    db: impl PgExecutor<'_>,
    moment: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query("delete from revocation where revoked_at < $1").bind(moment).execute(db).await?;
    Ok(())
}
