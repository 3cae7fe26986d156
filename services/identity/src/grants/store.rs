//! Rows of grant_ and client_app.

use brazil::UserId;
use chassis::auth::{Grant, Role};
use chassis::holds;
use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Seat;
use crate::error::Error;

/// What a user may do, oldest first: what they were given, and what their profiles in schools
/// bring.
pub(crate) async fn of_user(db: impl PgExecutor<'_>, user_id: UserId) -> sqlx::Result<Vec<Grant>> {
    let rows: Vec<(String, Option<Uuid>)> = sqlx::query_as(
        "select role, company_id
           from (
               select role, company_id, created_at
                 from grant_
                where user_id = $1
               union all
               select case when exists (
                          select from school_profile
                           where code = any(p.profiles) and is_staff)
                      then 'school_staff' else 'school_person' end,
                      p.school_id, p.created_at
                 from school_person p
                where p.user_id = $1 and p.active) held
          order by created_at, company_id, role",
    )
    .bind(user_id.0)
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|(role, company_id)| Some(Grant { role: role_of(&role)?, company_id }))
        .collect())
}

fn role_of(text: &str) -> Option<Role> {
    match text {
        "operator" => Some(Role::Operator),
        "manager" => Some(Role::Manager),
        "member" => Some(Role::Member),
        "school_staff" => Some(Role::SchoolStaff),
        "school_person" => Some(Role::SchoolPerson),
        _ => None,
    }
}

/// Gives a role; false when the user has it already.
///
/// # Errors
/// [`Error::CompanyHeld`].
pub(crate) async fn put(
    tx: &mut PgConnection,
    user_id: UserId,
    seat: Seat,
    granted_by: &str,
    now: OffsetDateTime,
) -> Result<bool, Error> {
    if !holds::admit(tx, seat.company_id).await? {
        return Err(Error::CompanyHeld);
    }
    let put = sqlx::query(
        "insert into grant_ (user_id, role, company_id, granted_by, created_at)
         values ($1, $2, $3, $4, $5)
         on conflict do nothing",
    )
    .bind(user_id.0)
    .bind(seat.role)
    .bind(seat.company_id.0)
    .bind(granted_by)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(put.rows_affected() == 1)
}

/// Makes a user an operator.
pub(crate) async fn put_operator(
    tx: &mut PgConnection,
    user_id: UserId,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into grant_ (user_id, role, granted_by, created_at)
         values ($1, 'operator', 'service:identity', $2)
         on conflict do nothing",
    )
    .bind(user_id.0)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// Takes a role away; false when the user did not have it.
pub(crate) async fn delete(
    tx: &mut PgConnection,
    user_id: UserId,
    seat: Seat,
) -> sqlx::Result<bool> {
    let deleted =
        sqlx::query("delete from grant_ where user_id = $1 and role = $2 and company_id = $3")
            .bind(user_id.0)
            .bind(seat.role)
            .bind(seat.company_id.0)
            .execute(tx)
            .await?;
    Ok(deleted.rows_affected() == 1)
}

/// Gives one user the roles that another has, who loses them: they belong to the address.
pub(crate) async fn pass_on(tx: &mut PgConnection, from: UserId, to: UserId) -> sqlx::Result<()> {
    sqlx::query(
        "with passed as (
             delete from grant_ where user_id = $1
             returning grant_id, role, company_id, is_owner, granted_by, created_at
         )
         insert into grant_
                (grant_id, user_id, role, company_id, is_owner, granted_by, created_at)
         select grant_id, $2, role, company_id, is_owner, granted_by, created_at from passed
         on conflict do nothing",
    )
    .bind(from.0)
    .bind(to.0)
    .execute(tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
