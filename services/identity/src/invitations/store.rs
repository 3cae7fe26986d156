//! Rows of invitation and email_proof.

use brazil::{Email, InvitationId, UserId};
use chassis::db::{parsed, parsed_optional};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgExecutor, Row};
use time::OffsetDateTime;

use super::{EmailProofId, Link};

/// A proof that is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Proof {
    pub(crate) user_id: UserId,
    pub(crate) email: Email,
    pub(crate) link: Link,
}

/// An invitation that is out.
#[derive(Clone, Debug)]
pub(crate) struct Invitation {
    pub(crate) user_id: UserId,
    /// What becomes the login of somebody who has none.
    pub(crate) email: Option<Email>,
    pub(crate) link: Link,
}

impl FromRow<'_, PgRow> for Link {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self { token_hash: row.try_get("token_hash")?, expires_at: row.try_get("expires_at")? })
    }
}

impl FromRow<'_, PgRow> for Proof {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            user_id: UserId(row.try_get("user_id")?),
            email: parsed(row, "email")?,
            link: Link::from_row(row)?,
        })
    }
}

impl FromRow<'_, PgRow> for Invitation {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            user_id: UserId(row.try_get("user_id")?),
            email: parsed_optional(row, "email")?,
            link: Link::from_row(row)?,
        })
    }
}

pub(crate) async fn insert_proof(
    tx: &mut PgConnection,
    proof_id: EmailProofId,
    user_id: UserId,
    email: &Email,
    link: &Link,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into email_proof (proof_id, user_id, email, token_hash, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(proof_id.0)
    .bind(user_id.0)
    .bind(email.as_str())
    .bind(&link.token_hash)
    .bind(now)
    .bind(link.expires_at)
    .execute(tx)
    .await?;
    Ok(())
}

/// Locks a proof until the transaction ends.
pub(crate) async fn lock_proof(
    tx: &mut PgConnection,
    proof_id: EmailProofId,
) -> sqlx::Result<Option<Proof>> {
    sqlx::query_as(
        "select user_id, email, token_hash, expires_at
           from email_proof
          where proof_id = $1
            for update",
    )
    .bind(proof_id.0)
    .fetch_optional(tx)
    .await
}

/// Voids all links that would prove an address of the user.
pub(crate) async fn delete_proofs(tx: &mut PgConnection, user_id: UserId) -> sqlx::Result<()> {
    sqlx::query("delete from email_proof where user_id = $1").bind(user_id.0).execute(tx).await?;
    Ok(())
}

/// Puts an invitation in the place of the one that the user may have.
pub(crate) async fn put_invitation(
    tx: &mut PgConnection,
    invitation_id: InvitationId,
    user_id: UserId,
    email: Option<&Email>,
    link: &Link,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into invitation
             (invitation_id, user_id, token_hash, created_at, expires_at, email)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (user_id) do update
            set invitation_id = excluded.invitation_id,
                email = excluded.email,
                token_hash = excluded.token_hash,
                created_at = excluded.created_at,
                expires_at = excluded.expires_at",
    )
    .bind(invitation_id.0)
    .bind(user_id.0)
    .bind(&link.token_hash)
    .bind(now)
    .bind(link.expires_at)
    .bind(email.map(Email::as_str))
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether the user has an invitation that can be accepted.
pub(crate) async fn is_invited(
    tx: &mut PgConnection,
    user_id: UserId,
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "select exists (select from invitation where user_id = $1 and expires_at > $2)",
    )
    .bind(user_id.0)
    .bind(now)
    .fetch_one(tx)
    .await
}

/// Locks an invitation until the transaction ends.
pub(crate) async fn lock_invitation(
    tx: &mut PgConnection,
    invitation_id: InvitationId,
) -> sqlx::Result<Option<Invitation>> {
    sqlx::query_as(
        "select user_id, email, token_hash, expires_at
           from invitation
          where invitation_id = $1
            for update",
    )
    .bind(invitation_id.0)
    .fetch_optional(tx)
    .await
}

/// Voids the user's invitation.
pub(crate) async fn delete_invitation(tx: &mut PgConnection, user_id: UserId) -> sqlx::Result<()> {
    sqlx::query("delete from invitation where user_id = $1").bind(user_id.0).execute(tx).await?;
    Ok(())
}

/// Forgets links that are too old.
pub(crate) async fn delete_expired(
    db: impl PgExecutor<'_>,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "with old_proofs as (delete from email_proof where expires_at <= $1)
         delete from invitation where expires_at <= $1",
    )
    .bind(now)
    .execute(db)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
