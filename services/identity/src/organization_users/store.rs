//! Rows of organization_invitation, and those of grant_ that are about organizations.

use brazil::{CompanyId, Email, UserId};
use chassis::db::parsed;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgExecutor, PgPool, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Invitation, OrganizationInvitationId, OrganizationRole, OrganizationUser};

impl FromRow<'_, PgRow> for OrganizationUser {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            grant_id: row.try_get("grant_id")?,
            company_id: CompanyId(row.try_get("company_id")?),
            user_id: UserId(row.try_get("user_id")?),
            email: parsed(row, "email")?,
            name: row.try_get("full_name")?,
            role: row.try_get("organization_role")?,
            is_active: row.try_get("is_active")?,
            created_at: row.try_get("created_at")?,
        })
    }
}

impl FromRow<'_, PgRow> for Invitation {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            invitation_id: OrganizationInvitationId(row.try_get("invitation_id")?),
            company_id: CompanyId(row.try_get("company_id")?),
            email: parsed(row, "email")?,
            role: row.try_get("role")?,
            created_at: row.try_get("created_at")?,
            expires_at: row.try_get("expires_at")?,
            accepted_at: row.try_get("accepted_at")?,
        })
    }
}

/// Who is in these organizations, oldest first. Somebody with two roles is there once, with the
/// greater one.
pub(super) async fn people(
    db: impl PgExecutor<'_>,
    company_ids: &[Uuid],
) -> sqlx::Result<Vec<OrganizationUser>> {
    sqlx::query_as(
        "select * from (
             select distinct on (company_id, user_id)
                    grant_id, company_id, user_id, email, full_name, g.created_at,
                    case when is_owner then 'owner' when role = 'manager' then 'admin'
                         else 'member' end as organization_role,
                    state = 'active' as is_active
               from grant_ g
               join app_user u using (user_id)
              where company_id = any($1) and state in ('active', 'disabled')
              order by company_id, user_id, role
         ) as people
          order by created_at, grant_id",
    )
    .bind(company_ids)
    .fetch_all(db)
    .await
}

/// Who is or was invited to these organizations, oldest first.
pub(super) async fn invitations(
    db: impl PgExecutor<'_>,
    company_ids: &[Uuid],
) -> sqlx::Result<Vec<Invitation>> {
    sqlx::query_as(
        "select invitation_id, company_id, email, role, created_at, expires_at, accepted_at
           from organization_invitation
          where company_id = any($1)
          order by created_at, invitation_id",
    )
    .bind(company_ids)
    .fetch_all(db)
    .await
}

/// Whether the owner of an address is in an organization.
pub(super) async fn is_in(
    tx: &mut PgConnection,
    company_id: CompanyId,
    email: &Email,
) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "select exists (
             select from grant_ join app_user using (user_id)
              where company_id = $1 and email = $2 and state <> 'replaced')",
    )
    .bind(company_id.0)
    .bind(email.as_str())
    .fetch_one(tx)
    .await
}

/// Whether somebody owns an organization.
pub(super) async fn is_owner(
    db: impl PgExecutor<'_>,
    company_id: CompanyId,
    user_id: UserId,
) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "select exists (
             select from grant_ where company_id = $1 and user_id = $2 and is_owner)",
    )
    .bind(company_id.0)
    .bind(user_id.0)
    .fetch_one(db)
    .await
}

/// Puts an invitation in the place of the one that waits for the address.
pub(super) async fn invite(
    tx: &mut PgConnection,
    invitation: &Invitation,
    token_hash: &[u8],
    invited_by: &str,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into organization_invitation
             (invitation_id, company_id, email, role, token_hash, invited_by, created_at,
              expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (company_id, email) where accepted_at is null do update
            set invitation_id = excluded.invitation_id, role = excluded.role,
                token_hash = excluded.token_hash, invited_by = excluded.invited_by,
                created_at = excluded.created_at, expires_at = excluded.expires_at",
    )
    .bind(invitation.invitation_id.0)
    .bind(invitation.company_id.0)
    .bind(invitation.email.as_str())
    .bind(invitation.role)
    .bind(token_hash)
    .bind(invited_by)
    .bind(invitation.created_at)
    .bind(invitation.expires_at)
    .execute(tx)
    .await?;
    Ok(())
}

/// Where a link leads that can be used.
pub(super) async fn leads_to(
    db: &PgPool,
    token_hash: &[u8],
    now: OffsetDateTime,
) -> sqlx::Result<Option<CompanyId>> {
    let company_id: Option<Uuid> = sqlx::query_scalar(
        "select company_id from organization_invitation
          where token_hash = $1 and accepted_at is null and expires_at > $2",
    )
    .bind(token_hash)
    .bind(now)
    .fetch_optional(db)
    .await?;
    Ok(company_id.map(CompanyId))
}

/// How many others wait to be let into an organization. Nobody else invites there until the
/// transaction ends.
pub(super) async fn count_waiting(
    tx: &mut PgConnection,
    company_id: CompanyId,
    email: &Email,
    now: OffsetDateTime,
) -> sqlx::Result<i64> {
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('inviter:' || $1::text, 0))")
        .bind(company_id.0)
        .execute(&mut *tx)
        .await?;
    sqlx::query_scalar(
        "select count(*) from organization_invitation
          where company_id = $1 and email <> $2 and accepted_at is null and expires_at > $3",
    )
    .bind(company_id.0)
    .bind(email.as_str())
    .bind(now)
    .fetch_one(tx)
    .await
}

/// Uses a link, which nobody can after the transaction.
pub(super) async fn accept(
    tx: &mut PgConnection,
    token_hash: &[u8],
    now: OffsetDateTime,
) -> sqlx::Result<Option<Invitation>> {
    sqlx::query_as(
        "update organization_invitation
            set accepted_at = $2
          where token_hash = $1 and accepted_at is null and expires_at > $2
         returning invitation_id, company_id, email, role, created_at, expires_at, accepted_at",
    )
    .bind(token_hash)
    .bind(now)
    .fetch_optional(tx)
    .await
}

/// Gives somebody a role in an organization; who has that role already keeps its age.
pub(crate) async fn join(
    tx: &mut PgConnection,
    user_id: UserId,
    company_id: CompanyId,
    role: OrganizationRole,
    granted_by: &str,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into grant_ (user_id, role, company_id, is_owner, granted_by, created_at)
         select user_id, $2, $3, $4, $5, $6 from app_user where user_id = $1
         on conflict (user_id, role,
                      coalesce(company_id, '00000000-0000-0000-0000-000000000000'))
         do update set is_owner = grant_.is_owner or excluded.is_owner",
    )
    .bind(user_id.0)
    .bind(role.company_role())
    .bind(company_id.0)
    .bind(role == OrganizationRole::Owner)
    .bind(granted_by)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// Whose membership this is, and where.
pub(super) async fn find(
    db: impl PgExecutor<'_>,
    grant_id: Uuid,
) -> sqlx::Result<Option<(CompanyId, UserId)>> {
    let found: Option<(Option<Uuid>, Uuid)> =
        sqlx::query_as("select company_id, user_id from grant_ where grant_id = $1")
            .bind(grant_id)
            .fetch_optional(db)
            .await?;
    Ok(found.and_then(|(company_id, user_id)| Some((CompanyId(company_id?), UserId(user_id)))))
}

/// Locks who owns an organization until the transaction ends.
pub(crate) async fn lock_owners(
    tx: &mut PgConnection,
    company_id: CompanyId,
) -> sqlx::Result<Vec<UserId>> {
    let owners: Vec<Uuid> = sqlx::query_scalar(
        "select user_id from grant_ where company_id = $1 and is_owner
          order by user_id
            for update",
    )
    .bind(company_id.0)
    .fetch_all(tx)
    .await?;
    Ok(owners.into_iter().map(UserId).collect())
}

/// Takes all of somebody's roles in an organization away; false when they had none.
pub(super) async fn leave(
    tx: &mut PgConnection,
    company_id: CompanyId,
    user_id: UserId,
) -> sqlx::Result<bool> {
    let left = sqlx::query("delete from grant_ where company_id = $1 and user_id = $2")
        .bind(company_id.0)
        .bind(user_id.0)
        .execute(tx)
        .await?;
    Ok(left.rows_affected() > 0)
}
