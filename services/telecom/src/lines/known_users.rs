//! The table `known_user`: what identity said of people. Whoever ties a line to somebody looks
//! here in the same transaction, since identity may have told of them a moment before.

use brazil::UserId;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

/// Notes that a person's e-mail is proven. Those who are tying a line to them are waited for.
pub(super) async fn note_proof(
    tx: &mut PgConnection,
    user_id: UserId,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    lock(tx, user_id).await?;
    sqlx::query(
        "insert into known_user (user_id, proven_at)
         values ($1, $2)
         on conflict (user_id) do update set proven_at = $2",
    )
    .bind(user_id.0)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// Notes that an account made way for its owner's; tells whether the owner's e-mail is known to
/// be proven. Those who are tying a line to the account are waited for.
pub(super) async fn note_replacement(
    tx: &mut PgConnection,
    replaced: UserId,
    owner: UserId,
) -> sqlx::Result<bool> {
    lock(tx, replaced).await?;
    sqlx::query(
        "insert into known_user (user_id, replaced_by)
         values ($1, $2)
         on conflict (user_id) do update set replaced_by = $2",
    )
    .bind(replaced.0)
    .bind(owner.0)
    .execute(&mut *tx)
    .await?;
    Ok(look_up(tx, owner).await?.1)
}

/// Who a person is by now, and whether their e-mail is known to be proven. That stays so until
/// the transaction ends.
pub(super) async fn look_up(
    tx: &mut PgConnection,
    user_id: UserId,
) -> sqlx::Result<(UserId, bool)> {
    sqlx::query("select pg_advisory_xact_lock_shared(hashtextextended('user:' || $1::text, 0))")
        .bind(user_id.0)
        .execute(&mut *tx)
        .await?;
    let known: Option<(Uuid, bool)> = sqlx::query_as(
        "select coalesce(owner.user_id, account.replaced_by, account.user_id),
                coalesce(owner.proven_at, account.proven_at) is not null
           from known_user as account
           left join known_user as owner on owner.user_id = account.replaced_by
          where account.user_id = $1",
    )
    .bind(user_id.0)
    .fetch_optional(tx)
    .await?;
    Ok(known.map_or((user_id, false), |(user_id, proven)| (UserId(user_id), proven)))
}

async fn lock(tx: &mut PgConnection, user_id: UserId) -> sqlx::Result<()> {
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('user:' || $1::text, 0))")
        .bind(user_id.0)
        .execute(tx)
        .await?;
    Ok(())
}
