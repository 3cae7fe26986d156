//! Rows of voice_account.

use brazil::{CompanyId, UserId};
use chassis::db::parsed;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgExecutor, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Opening;

impl FromRow<'_, PgRow> for Opening {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            company_id: CompanyId(row.try_get("company_id")?),
            user_id: UserId(row.try_get("user_id")?),
            state: row.try_get("state")?,
            name: row.try_get("full_name")?,
            email: parsed(row, "email")?,
            phone: row.try_get("phone")?,
            domain: parsed(row, "domain")?,
        })
    }
}

/// Inserts an account that is to be opened; false when another one has the domain, after which the
/// transaction can go on.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    opening: &Opening,
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let inserted = sqlx::query(
        "insert into voice_account (company_id, domain, user_id, state, created_at)
         values ($1, $2, $3, $4, $5)
         on conflict (domain) where state <> 'refused' do nothing",
    )
    .bind(opening.company_id.0)
    .bind(opening.domain.as_str())
    .bind(opening.user_id.0)
    .bind(opening.state)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Reads an account that is open or being opened, with its first administrator.
pub(crate) async fn find(
    db: impl PgExecutor<'_>,
    company_id: CompanyId,
) -> sqlx::Result<Option<Opening>> {
    sqlx::query_as(
        "select a.company_id, a.user_id, a.state, a.domain,
                coalesce(u.full_name, '') as full_name, u.email, coalesce(p.phone, '') as phone
           from voice_account a
           join app_user u using (user_id)
           left join account_user p using (user_id)
          where a.company_id = $1 and a.state <> 'refused'",
    )
    .bind(company_id.0)
    .fetch_optional(db)
    .await
}

/// Locks an account that is being opened until the transaction ends; its first administrator.
pub(crate) async fn lock_opening(
    tx: &mut PgConnection,
    company_id: CompanyId,
) -> sqlx::Result<Option<UserId>> {
    let user_id: Option<Uuid> = sqlx::query_scalar(
        "select user_id
           from voice_account
          where company_id = $1 and state = 'opening'
            for update",
    )
    .bind(company_id.0)
    .fetch_optional(tx)
    .await?;
    Ok(user_id.map(UserId))
}

/// Locks an open account until the transaction ends, so that its roles change one after the other;
/// false when the company is no voice account.
pub(crate) async fn lock(tx: &mut PgConnection, company_id: CompanyId) -> sqlx::Result<bool> {
    let found = sqlx::query(
        "select from voice_account where company_id = $1 and state = 'open' for update",
    )
    .bind(company_id.0)
    .fetch_optional(tx)
    .await?;
    Ok(found.is_some())
}

/// Whether the company is a voice account.
pub(crate) async fn is_open(db: impl PgExecutor<'_>, company_id: CompanyId) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "select exists (select from voice_account where company_id = $1 and state = 'open')",
    )
    .bind(company_id.0)
    .fetch_one(db)
    .await
}

/// A locked account is open now.
pub(crate) async fn set_open(
    tx: &mut PgConnection,
    company_id: CompanyId,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query("update voice_account set state = 'open', opened_at = $2 where company_id = $1")
        .bind(company_id.0)
        .bind(now)
        .execute(tx)
        .await?;
    Ok(())
}

/// A locked account will not be opened.
pub(crate) async fn set_refused(tx: &mut PgConnection, company_id: CompanyId) -> sqlx::Result<()> {
    sqlx::query("update voice_account set state = 'refused' where company_id = $1")
        .bind(company_id.0)
        .execute(tx)
        .await?;
    Ok(())
}

/// Forgets refused accounts that were asked for before `moment`.
pub(crate) async fn delete_refused(
    db: impl PgExecutor<'_>,
    moment: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query("delete from voice_account where state = 'refused' and created_at < $1")
        .bind(moment)
        .execute(db)
        .await?;
    Ok(())
}

/// What a user is in open voice accounts, which are served, among some companies: whether they
/// administer it, oldest membership first.
pub(crate) async fn memberships(
    db: impl PgExecutor<'_>,
    user_id: UserId,
    company_ids: &[Uuid],
) -> sqlx::Result<Vec<(CompanyId, bool)>> {
    let rows: Vec<(Uuid, bool)> = sqlx::query_as(
        "select g.company_id, bool_or(g.role = 'manager') as administers
           from grant_ g
           join voice_account a using (company_id)
          where g.user_id = $1 and a.state = 'open' and g.company_id = any($2)
            and not exists (select from closed_company c where c.company_id = g.company_id)
          group by g.company_id
          order by min(g.created_at), g.company_id",
    )
    .bind(user_id.0)
    .bind(company_ids)
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(company_id, administers)| (CompanyId(company_id), administers))
        .collect())
}

/// The voice account that a user has belonged to the longest of those that are served, and whether
/// they administer it.
pub(crate) async fn oldest_membership(
    db: impl PgExecutor<'_>,
    user_id: UserId,
) -> sqlx::Result<Option<(CompanyId, bool)>> {
    let row: Option<(Uuid, bool)> = sqlx::query_as(
        "select g.company_id, bool_or(g.role = 'manager') as administers
           from grant_ g
           join voice_account a using (company_id)
          where g.user_id = $1 and a.state = 'open'
            and not exists (select from closed_company c where c.company_id = g.company_id)
          group by g.company_id
          order by min(g.created_at), g.company_id
          limit 1",
    )
    .bind(user_id.0)
    .fetch_optional(db)
    .await?;
    Ok(row.map(|(company_id, administers)| (CompanyId(company_id), administers)))
}
