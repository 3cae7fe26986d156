//! Rows of domain_signup.

use brazil::Email;
use chassis::db::parsed;
use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::invitations::Link;

/// Keeps a link; false when the request made one already.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    request_id: Uuid,
    email: &Email,
    link: &Link,
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let inserted = sqlx::query(
        "insert into domain_signup (request_id, email, secret_hash, created_at, expires_at)
         values ($1, $2, $3, $4, $5)
         on conflict (request_id) do nothing",
    )
    .bind(request_id)
    .bind(email.as_str())
    .bind(&link.token_hash)
    .bind(now)
    .bind(link.expires_at)
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Whose address a link was mailed to, used or not.
pub(crate) async fn find(
    db: impl PgExecutor<'_>,
    secret_hash: &[u8],
) -> sqlx::Result<Option<Email>> {
    let row = sqlx::query("select email from domain_signup where secret_hash = $1")
        .bind(secret_hash)
        .fetch_optional(db)
        .await?;
    row.map(|row| parsed(&row, "email")).transpose()
}

/// Uses a link up; false when it was used, or is too old.
pub(crate) async fn take(
    tx: &mut PgConnection,
    secret_hash: &[u8],
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let taken = sqlx::query(
        "update domain_signup
            set used_at = $2
          where secret_hash = $1 and used_at is null and expires_at > $2",
    )
    .bind(secret_hash)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// Forgets links that are too old.
pub(crate) async fn delete_expired(
    db: impl PgExecutor<'_>,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query("delete from domain_signup where expires_at <= $1").bind(now).execute(db).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;
    use crate::links;
    use crate::testing::{connection, email, identity};

    #[tokio::test]
    async fn a_link_is_used_once_and_in_time() {
        let (identity, _database) = identity().await;
        let tx = &mut *connection(&identity).await;
        let (now, ana) = (identity.now(), email("ana@x.example"));
        let link = Link { token_hash: links::hash("secret"), expires_at: now + Duration::HOUR };
        let request_id = Uuid::now_v7();
        assert!(insert(tx, request_id, &ana, &link, now).await.unwrap());
        assert!(!insert(tx, request_id, &ana, &link, now).await.unwrap());
        let hash = &link.token_hash;
        assert_eq!(find(&mut *tx, hash).await.unwrap(), Some(ana.clone()));
        assert_eq!(find(&mut *tx, b"other").await.unwrap(), None);

        assert!(!take(tx, hash, now + Duration::HOUR).await.unwrap(), "too late");
        assert!(take(tx, hash, now).await.unwrap());
        assert!(!take(tx, hash, now).await.unwrap(), "used");
        assert_eq!(find(&mut *tx, hash).await.unwrap(), Some(ana), "a repeat finds it");
        delete_expired(&mut *tx, now + Duration::HOUR).await.unwrap();
        assert_eq!(find(&mut *tx, hash).await.unwrap(), None);
    }
}
