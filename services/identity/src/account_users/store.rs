//! Rows of account_user, and of those tables that say who belongs to an account.

use brazil::{CompanyId, UserId};
use chassis::db::parsed;
use chassis::query::{Column, Kind, Sql, Table};
use proto::common::v1::Query;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgExecutor, Row};
use time::OffsetDateTime;

use super::AccountUser;
use crate::error::Error;
use crate::grants::CompanyRole;

/// What may be asked about people.
static USERS: Table = Table {
    columns: &[
        Column::new("uuid", "user_id", Kind::Uuid),
        Column::new("name", "name", Kind::Text),
        Column::new("email", "email", Kind::Text),
        Column::new("phone", "phone", Kind::Text).nullable(),
        Column::new("role", "role", Kind::Text),
        Column::new("email_verified", "email_verified", Kind::Boolean),
        // Compared as exactly as they are shown.
        Column::new("created_at", "date_trunc('second', created_at)", Kind::Time)
            .ordered_by("created_at"),
        Column::new("updated_at", "date_trunc('second', updated_at)", Kind::Time)
            .ordered_by("updated_at"),
        Column::new("last_login_at", "date_trunc('second', last_login_at)", Kind::Time)
            .ordered_by("last_login_at")
            .nullable(),
    ],
    order: "created_at, user_id",
    limit: 1_000,
};

const COLUMNS: &str =
    "user_id, name, email, phone, role, email_verified, created_at, updated_at, last_login_at";

impl FromRow<'_, PgRow> for AccountUser {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let role: &str = row.try_get("role")?;
        Ok(Self {
            user_id: UserId(row.try_get("user_id")?),
            name: row.try_get("name")?,
            email: parsed(row, "email")?,
            phone: row.try_get("phone")?,
            role: if role == "ADMIN" { CompanyRole::Manager } else { CompanyRole::Member },
            is_email_verified: row.try_get("email_verified")?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
            last_login_at: row.try_get("last_login_at")?,
        })
    }
}

/// The people of an account, as a source of rows; those whose place somebody else took, or who are
/// not there yet, are none.
fn push_people(sql: &mut Sql, company_id: CompanyId) {
    sql.push(
        "(select u.user_id, coalesce(u.full_name, '') as name, u.email,
                 coalesce(p.phone, u.phone_number) as phone, g.role,
                 u.email_proven_at is not null as email_verified, u.created_at, u.updated_at,
                 u.last_login_at
            from (select user_id,
                         case when bool_or(role = 'manager') then 'ADMIN' else 'USER' end as role
                    from grant_
                   where company_id = ",
    );
    sql.push_bind(company_id.0);
    sql.push(
        " group by user_id) as g
            join app_user u using (user_id)
            left join account_user p using (user_id)
           where u.state in ('active', 'disabled')) as people",
    );
}

/// People of an account; only one of them where `only` is said.
///
/// # Errors
/// INVALID_ARGUMENT for a question that cannot be answered.
pub(crate) async fn list(
    db: impl PgExecutor<'_> + Copy,
    query: Option<Query>,
    company_id: CompanyId,
    only: Option<UserId>,
) -> Result<Vec<AccountUser>, Error> {
    let own = |sql: &mut Sql| {
        push_people(sql, company_id);
        sql.push(" where (").push_bind(only.is_none());
        sql.push(" or user_id = ").push_bind(only.map(|user_id| user_id.0)).push(")");
    };
    let asked = USERS.ask(db, query, own).await?;
    Ok(asked.select(COLUMNS, own).build_query_as().fetch_all(db).await?)
}

/// Somebody in an account.
pub(crate) async fn find(
    db: impl PgExecutor<'_>,
    company_id: CompanyId,
    user_id: UserId,
) -> sqlx::Result<Option<AccountUser>> {
    let mut sql = Sql::new("select ");
    sql.push(COLUMNS).push(" from ");
    push_people(&mut sql, company_id);
    sql.push(" where user_id = ").push_bind(user_id.0);
    sql.build_query_as().fetch_optional(db).await
}

/// Notes which account made a new user, and their number.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    user_id: UserId,
    made_by: CompanyId,
    phone: Option<&str>,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into account_user (user_id, made_by_company_id, phone) values ($1, $2, $3)",
    )
    .bind(user_id.0)
    .bind(made_by.0)
    .bind(phone)
    .execute(tx)
    .await?;
    Ok(())
}

/// Sets somebody's number.
pub(crate) async fn set_phone(
    tx: &mut PgConnection,
    user_id: UserId,
    phone: Option<&str>,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into account_user (user_id, phone) values ($1, $2)
         on conflict (user_id) do update set phone = excluded.phone",
    )
    .bind(user_id.0)
    .bind(phone)
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether an account made the person, who has no role anywhere else.
pub(crate) async fn is_only_in(
    db: impl PgExecutor<'_>,
    user_id: UserId,
    company_id: CompanyId,
) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "select exists (
                    select from account_user where user_id = $1 and made_by_company_id = $2)
            and not exists (
                    select from grant_ where user_id = $1 and company_id is distinct from $2)",
    )
    .bind(user_id.0)
    .bind(company_id.0)
    .fetch_one(db)
    .await
}

/// Whether somebody else who can log in administers the account too, which the transaction has
/// locked.
pub(crate) async fn has_other_administrator(
    tx: &mut PgConnection,
    company_id: CompanyId,
    user_id: UserId,
) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "select exists (
             select from grant_ g
               join app_user u using (user_id)
              where g.company_id = $1 and g.role = 'manager' and g.user_id <> $2
                and u.state = 'active' and u.email_proven_at is not null)",
    )
    .bind(company_id.0)
    .bind(user_id.0)
    .fetch_one(tx)
    .await
}

/// Gives somebody in an account one role there, in place of what they had.
pub(crate) async fn set_role(
    tx: &mut PgConnection,
    company_id: CompanyId,
    user_id: UserId,
    role: CompanyRole,
    granted_by: &str,
) -> sqlx::Result<()> {
    // The membership keeps its age.
    let since: Option<OffsetDateTime> = sqlx::query_scalar(
        "with old as (
             delete from grant_ where user_id = $1 and company_id = $2 returning created_at
         )
         select min(created_at) from old",
    )
    .bind(user_id.0)
    .bind(company_id.0)
    .fetch_one(&mut *tx)
    .await?;
    sqlx::query(
        "insert into grant_ (user_id, role, company_id, granted_by, created_at)
         values ($1, $2, $3, $4, $5)",
    )
    .bind(user_id.0)
    .bind(role)
    .bind(company_id.0)
    .bind(granted_by)
    .bind(since)
    .execute(tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
