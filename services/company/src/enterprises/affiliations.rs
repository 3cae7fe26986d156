//! Who is below whom, and who sees whom because of that: the tables `affiliation` and
//! `enterprise_reach`.

use brazil::CompanyId;
use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;

use super::{AffiliationState, Refusal, Standing};
use crate::error::Error;

// Whoever changes who is below whom is alone with that; new enterprises, which are below others and
// above nobody, are made at the same time as others of them.
const LOCK: i64 = 0x656e_7465_7270_7269;

/// Keeps others from changing who is below whom until the transaction ends.
pub(super) async fn lock(tx: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("select pg_advisory_xact_lock($1)").bind(LOCK).execute(tx).await?;
    Ok(())
}

/// The same, for who only adds what has nothing below it, or takes that away.
pub(super) async fn share(tx: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("select pg_advisory_xact_lock_shared($1)").bind(LOCK).execute(tx).await?;
    Ok(())
}

/// How an enterprise stands to `own`.
pub(super) async fn standing(
    db: impl PgExecutor<'_>,
    own: CompanyId,
    company_id: CompanyId,
) -> sqlx::Result<Standing> {
    let (affiliation, has_others) = sqlx::query_as(
        "select (select state from affiliation where parent_id = $1 and child_id = $2),
                exists (select from affiliation
                         where parent_id = $2 or (child_id = $2 and parent_id <> $1))",
    )
    .bind(own.0)
    .bind(company_id.0)
    .fetch_one(db)
    .await?;
    Ok(Standing { affiliation, has_others })
}

/// Puts an enterprise below another; false when it is there already. The lock must be held.
///
/// # Errors
/// [`Refusal::AffiliationCircular`].
pub(super) async fn add(
    tx: &mut PgConnection,
    parent: CompanyId,
    child: CompanyId,
    now: OffsetDateTime,
) -> Result<bool, Error> {
    let is_circular: bool = sqlx::query_scalar(
        "select exists (select from enterprise_reach where top_id = $2 and company_id = $1)",
    )
    .bind(parent.0)
    .bind(child.0)
    .fetch_one(&mut *tx)
    .await?;
    if is_circular {
        return Err(Refusal::AffiliationCircular.into());
    }
    let added = sqlx::query(
        "insert into affiliation (parent_id, child_id, state, created_at)
         values ($1, $2, 'active', $3)
         on conflict do nothing",
    )
    .bind(parent.0)
    .bind(child.0)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "insert into enterprise_reach (top_id, company_id, sort_name, public_id, created_at)
         select above.top_id, below.company_id, below.sort_name, below.public_id, below.created_at
           from enterprise_reach above, enterprise_reach below
          where above.company_id = $1 and below.top_id = $2
         on conflict do nothing",
    )
    .bind(parent.0)
    .bind(child.0)
    .execute(tx)
    .await?;
    Ok(added.rows_affected() == 1)
}

/// Lets an affiliation count, or not.
///
/// # Errors
/// [`Refusal::AffiliationNotFound`].
pub(super) async fn set_state(
    tx: &mut PgConnection,
    parent: CompanyId,
    child: CompanyId,
    state: AffiliationState,
) -> Result<(), Error> {
    let set =
        sqlx::query("update affiliation set state = $3 where parent_id = $1 and child_id = $2")
            .bind(parent.0)
            .bind(child.0)
            .bind(state)
            .execute(tx)
            .await?;
    if set.rows_affected() == 1 { Ok(()) } else { Err(Refusal::AffiliationNotFound.into()) }
}

/// Ends an affiliation. The lock must be held. Who saw something through it alone sees it no more.
///
/// # Errors
/// [`Refusal::AffiliationNotFound`].
pub(super) async fn end(
    tx: &mut PgConnection,
    parent: CompanyId,
    child: CompanyId,
) -> Result<(), Error> {
    let ended = sqlx::query("delete from affiliation where parent_id = $1 and child_id = $2")
        .bind(parent.0)
        .bind(child.0)
        .execute(&mut *tx)
        .await?;
    if ended.rows_affected() == 0 {
        return Err(Refusal::AffiliationNotFound.into());
    }
    sqlx::query(
        "with recursive tops as (
             select top_id from enterprise_reach where company_id = $1
         ), seen as (
             select top_id, top_id as company_id from tops
             union
             select seen.top_id, a.child_id
               from seen
               join affiliation a on a.parent_id = seen.company_id
         )
         delete from enterprise_reach r
          using tops, enterprise_reach below
          where r.top_id = tops.top_id and below.top_id = $2 and r.company_id = below.company_id
            and not exists (
                select from seen
                 where seen.top_id = r.top_id and seen.company_id = r.company_id)",
    )
    .bind(parent.0)
    .bind(child.0)
    .execute(tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
