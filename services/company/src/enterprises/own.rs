//! In whose name somebody asks.

use brazil::{CompanyId, PublicId};
use chassis::auth::{Caller, Role};
use proto::common::v1::Permission;
use sqlx::{PgExecutor, PgPool};
use uuid::Uuid;

use super::{Own, Refusal};
use crate::error::Error;

/// The enterprise that a request names as the caller's own; without a name, the one that they have
/// belonged to the longest, if they belong to any.
///
/// # Errors
/// [`Refusal::NotOwn`].
pub(super) async fn own(db: &PgPool, caller: &Caller, named: &str) -> Result<Option<Own>, Error> {
    let memberships: Vec<Uuid> = caller.company_ids().collect();
    let company_id = if named.is_empty() {
        match oldest(db, &memberships).await? {
            Some(company_id) => company_id,
            None => return Ok(None),
        }
    } else {
        let company_id = find(db, named).await?.ok_or(Refusal::NotOwn)?;
        if !memberships.contains(&company_id.0) && !caller.is(Role::Operator) {
            return Err(Refusal::NotOwn.into());
        }
        company_id
    };
    Ok(Some(Own {
        company_id,
        may_manage: caller.scope_of(Permission::EnterprisesManage).reaches(company_id),
        is_operator: !memberships.contains(&company_id.0),
    }))
}

/// The enterprise with this id, be it the public one or that of its company.
pub(super) async fn find(db: impl PgExecutor<'_>, id: &str) -> sqlx::Result<Option<CompanyId>> {
    let public_id: Option<PublicId> = id.parse().ok();
    let company_id: Option<CompanyId> = id.parse().ok();
    let found: Option<Uuid> = sqlx::query_scalar(
        "select e.company_id
           from enterprise e
           join company c on c.company_id = e.company_id
          where (e.public_id = $1 or e.company_id = $2) and c.deleted_at is null",
    )
    .bind(public_id.as_ref().map(PublicId::as_str))
    .bind(company_id.map(|id| id.0))
    .fetch_optional(db)
    .await?;
    Ok(found.map(CompanyId))
}

/// The first of the companies, which are in the order of their memberships, that is an enterprise.
async fn oldest(db: impl PgExecutor<'_>, memberships: &[Uuid]) -> sqlx::Result<Option<CompanyId>> {
    let found: Option<Uuid> = sqlx::query_scalar(
        "select e.company_id
           from unnest($1::uuid[]) with ordinality as m (company_id, place)
           join enterprise e on e.company_id = m.company_id
           join company c on c.company_id = e.company_id
          where c.deleted_at is null
          order by m.place
          limit 1",
    )
    .bind(memberships)
    .fetch_optional(db)
    .await?;
    Ok(found.map(CompanyId))
}
