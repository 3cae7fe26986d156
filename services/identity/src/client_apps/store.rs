//! Rows of client_app and client_secret.

use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{ClientApp, ClientSecretId, Kind, Secret};
use crate::links;

/// What a put came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// It is new.
    Made,
    /// It was there.
    Changed,
    /// It was there, and its tokens end: those of an epoch before this one.
    ShutOut(i64),
    /// A program of another kind has the id.
    Taken,
}

/// Whether the database has no such text, so that nothing can be called so.
fn cannot_be_kept(text: &str) -> bool {
    text.contains('\0')
}

/// Stores a program that cannot be there yet.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    app: &ClientApp,
    created_by: &str,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into client_app (client_id, kind, name, product, active, created_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&app.client_id)
    .bind(app.kind)
    .bind(&app.name)
    .bind(&app.product)
    .bind(app.active)
    .bind(created_by)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// Stores a program, or new values of one.
pub(crate) async fn put(
    tx: &mut PgConnection,
    app: &ClientApp,
    created_by: &str,
    now: OffsetDateTime,
) -> sqlx::Result<Put> {
    let known: Option<(Kind, bool)> =
        sqlx::query_as("select kind, active from client_app where client_id = $1 for update")
            .bind(&app.client_id)
            .fetch_optional(&mut *tx)
            .await?;
    match known {
        None => {
            insert(tx, app, created_by, now).await?;
            Ok(Put::Made)
        }
        Some((kind, _)) if kind != app.kind => Ok(Put::Taken),
        Some((_, was_active)) => {
            let ends = was_active && !app.active;
            let epoch: i64 = sqlx::query_scalar(
                "update client_app
                    set name = $2, product = $3, active = $4, epoch = epoch + $5::int
                  where client_id = $1
                 returning epoch",
            )
            .bind(&app.client_id)
            .bind(&app.name)
            .bind(&app.product)
            .bind(app.active)
            .bind(i32::from(ends))
            .fetch_one(tx)
            .await?;
            Ok(if ends { Put::ShutOut(epoch) } else { Put::Changed })
        }
    }
}

/// Locks a program that reads the data of schools; false when there is none.
pub(crate) async fn lock(tx: &mut PgConnection, client_id: &str) -> sqlx::Result<bool> {
    if cannot_be_kept(client_id) {
        return Ok(false);
    }
    let known: Option<i32> = sqlx::query_scalar(
        "select 1 from client_app where client_id = $1 and kind = 'schools' for update",
    )
    .bind(client_id)
    .fetch_optional(tx)
    .await?;
    Ok(known.is_some())
}

/// Those of the list that are programs which read the data of schools.
pub(crate) async fn known(
    db: impl PgExecutor<'_>,
    client_ids: &[String],
) -> sqlx::Result<Vec<String>> {
    let client_ids: Vec<&String> = client_ids.iter().filter(|id| !cannot_be_kept(id)).collect();
    sqlx::query_scalar(
        "select client_id from client_app where client_id = any($1) and kind = 'schools'",
    )
    .bind(client_ids)
    .fetch_all(db)
    .await
}

pub(crate) async fn insert_secret(
    tx: &mut PgConnection,
    client_id: &str,
    secret: &Secret,
    now: OffsetDateTime,
) -> sqlx::Result<ClientSecretId> {
    let secret_id = ClientSecretId::generate();
    sqlx::query(
        "insert into client_secret (secret_id, client_id, secret_hash, created_at)
         values ($1, $2, $3, $4)",
    )
    .bind(secret_id.0)
    .bind(client_id)
    .bind(secret.hash())
    .bind(now)
    .execute(tx)
    .await?;
    Ok(secret_id)
}

/// The secrets of a program, oldest first.
pub(crate) async fn secrets(
    db: impl PgExecutor<'_>,
    client_id: &str,
) -> sqlx::Result<Vec<(ClientSecretId, OffsetDateTime)>> {
    let rows: Vec<(Uuid, OffsetDateTime)> = sqlx::query_as(
        "select secret_id, created_at
           from client_secret
          where client_id = $1
          order by created_at, secret_id",
    )
    .bind(client_id)
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|(id, created_at)| (ClientSecretId(id), created_at)).collect())
}

/// How many secrets a locked program has.
pub(crate) async fn count_secrets(tx: &mut PgConnection, client_id: &str) -> sqlx::Result<i64> {
    sqlx::query_scalar("select count(*) from client_secret where client_id = $1")
        .bind(client_id)
        .fetch_one(tx)
        .await
}

/// Voids a secret; false when the program has no such one.
pub(crate) async fn delete_secret(
    tx: &mut PgConnection,
    client_id: &str,
    secret_id: ClientSecretId,
) -> sqlx::Result<bool> {
    let deleted = sqlx::query("delete from client_secret where client_id = $1 and secret_id = $2")
        .bind(client_id)
        .bind(secret_id.0)
        .execute(tx)
        .await?;
    Ok(deleted.rows_affected() == 1)
}

/// Kind and epoch of the active program whose secret this is.
pub(crate) async fn authenticate(
    db: impl PgExecutor<'_>,
    client_id: &str,
    secret: &str,
) -> sqlx::Result<Option<(Kind, i64)>> {
    if cannot_be_kept(client_id) {
        return Ok(None);
    }
    let rows: Vec<(Kind, i64, Vec<u8>)> = sqlx::query_as(
        "select a.kind, a.epoch, s.secret_hash
           from client_app a
           join client_secret s using (client_id)
          where a.client_id = $1 and a.active",
    )
    .bind(client_id)
    .fetch_all(db)
    .await?;
    let own = rows.into_iter().find(|(_, _, kept)| links::matches(secret, kept));
    Ok(own.map(|(kind, epoch, _)| (kind, epoch)))
}
