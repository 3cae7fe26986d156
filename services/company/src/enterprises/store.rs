//! The tables `enterprise` and `enterprise_change`, with the rows of `company` that they extend.

use brazil::{Cnpj, CompanyId, Email, PublicId};
use chassis::db::{parsed, parsed_optional};
use chassis::page::{Page, counted};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgExecutor, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Enterprise, FreeCnpj, Refusal, Values};
use crate::error::Error;

impl FromRow<'_, PgRow> for Enterprise {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            company_id: CompanyId(row.try_get("company_id")?),
            public_id: parsed(row, "public_id")?,
            values: Values {
                name: row.try_get("official_name")?,
                cnpj: FreeCnpj { text: row.try_get("cnpj")?, key: row.try_get("cnpj_key")? },
                timezone: parsed_optional(row, "timezone")?,
                phone1: row.try_get("phone1")?,
                phone2: row.try_get("phone2")?,
                email: row.try_get("email")?,
                contact_name: row.try_get("contact_name")?,
                webpage: row.try_get("webpage")?,
                assistance_emergency_tel: row.try_get("assistance_emergency_tel")?,
                theft_emergency_tel: row.try_get("theft_emergency_tel")?,
                fantasy_name: row.try_get("trading_name")?,
                country_id: parsed_optional(row, "country_id")?,
            },
            is_main_client: row.try_get("is_main_client")?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
            deactivated_at: row.try_get("deactivated_at")?,
        })
    }
}

/// Reads enterprises, in no particular order.
pub(super) async fn batch_find(
    db: impl PgExecutor<'_>,
    company_ids: &[Uuid],
) -> sqlx::Result<Vec<Enterprise>> {
    sqlx::query_as(
        "select e.*, c.official_name, c.trading_name, c.created_at, c.updated_at
           from enterprise e
           join company c on c.company_id = e.company_id
          where e.company_id = any($1) and c.deleted_at is null",
    )
    .bind(company_ids)
    .fetch_all(db)
    .await
}

/// The enterprise with this id, if `own` sees it.
///
/// # Errors
/// [`Refusal::NotFound`].
pub(super) async fn find_seen(
    db: impl PgExecutor<'_>,
    own: CompanyId,
    public_id: &PublicId,
) -> Result<Enterprise, Error> {
    sqlx::query_as(
        "select e.*, c.official_name, c.trading_name, c.created_at, c.updated_at
           from enterprise e
           join company c on c.company_id = e.company_id
           join enterprise_reach r on r.top_id = $1 and r.company_id = e.company_id
          where e.public_id = $2 and c.deleted_at is null",
    )
    .bind(own.0)
    .bind(public_id.as_str())
    .fetch_optional(db)
    .await?
    .ok_or(Refusal::NotFound.into())
}

/// Reads an enterprise and locks it until the transaction ends: what is affiliated to it, and what
/// it is called, stays.
///
/// # Errors
/// [`Refusal::NotFound`].
pub(super) async fn lock(
    tx: &mut PgConnection,
    company_id: CompanyId,
) -> Result<Enterprise, Error> {
    sqlx::query_as(
        "select e.*, c.official_name, c.trading_name, c.created_at, c.updated_at
           from enterprise e
           join company c on c.company_id = e.company_id
          where e.company_id = $1 and c.deleted_at is null
            for no key update",
    )
    .bind(company_id.0)
    .fetch_optional(tx)
    .await?
    .ok_or(Refusal::NotFound.into())
}

/// Whether there is a country with this id.
pub(super) async fn country_exists(
    db: impl PgExecutor<'_>,
    country_id: &PublicId,
) -> sqlx::Result<bool> {
    sqlx::query_scalar("select exists (select from country where public_id = $1)")
        .bind(country_id.as_str())
        .fetch_one(db)
        .await
}

/// Whether another enterprise than `but`, `own` or one directly affiliated to it, has the CNPJ.
pub(super) async fn is_cnpj_taken(
    db: impl PgExecutor<'_>,
    own: CompanyId,
    cnpj: &FreeCnpj,
    but: CompanyId,
) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "select exists (
             select from enterprise e
               join company c on c.company_id = e.company_id
              where e.cnpj_key = $2 and e.company_id <> $3 and c.deleted_at is null
                and (e.company_id = $1 or exists (
                        select from affiliation a
                         where a.parent_id = $1 and a.child_id = e.company_id)))",
    )
    .bind(own.0)
    .bind(&cnpj.key)
    .bind(but.0)
    .fetch_one(db)
    .await
}

/// Stores a new enterprise, which sees itself.
pub(super) async fn insert(tx: &mut PgConnection, enterprise: &Enterprise) -> sqlx::Result<()> {
    let values = &enterprise.values;
    sqlx::query(
        "insert into company
             (company_id, kind, official_name, trading_name, cnpj, email, status, search,
              created_at, updated_at)
         values ($1, 'enterprise', $2, $3, $4, $5, 'active', $6, $7, $7)",
    )
    .bind(enterprise.company_id.0)
    .bind(&values.name)
    .bind(&values.fantasy_name)
    .bind(values.registered_cnpj().as_ref().map(Cnpj::as_str))
    .bind(values.billing_email().as_ref().map(Email::as_str))
    .bind(values.company_search())
    .bind(enterprise.created_at)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "insert into enterprise
             (company_id, public_id, cnpj, cnpj_key, timezone, phone1, phone2, email, contact_name,
              webpage, assistance_emergency_tel, theft_emergency_tel, country_id, is_main_client,
              name_lower, sort_name, search_lower)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
    )
    .bind(enterprise.company_id.0)
    .bind(enterprise.public_id.as_str())
    .bind(&values.cnpj.text)
    .bind(&values.cnpj.key)
    .bind(values.timezone.as_ref().map(|zone| zone.as_str()))
    .bind(&values.phone1)
    .bind(&values.phone2)
    .bind(&values.email)
    .bind(&values.contact_name)
    .bind(&values.webpage)
    .bind(&values.assistance_emergency_tel)
    .bind(&values.theft_emergency_tel)
    .bind(values.country_id.as_ref().map(PublicId::as_str))
    .bind(enterprise.is_main_client)
    .bind(values.name.to_lowercase())
    .bind(values.sort_name())
    .bind(values.search_lower())
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "insert into enterprise_reach (top_id, company_id, sort_name, public_id, created_at)
         values ($1, $1, $2, $3, $4)",
    )
    .bind(enterprise.company_id.0)
    .bind(values.sort_name())
    .bind(enterprise.public_id.as_str())
    .bind(enterprise.created_at)
    .execute(tx)
    .await?;
    Ok(())
}

/// Stores the values of a locked enterprise.
pub(super) async fn save(tx: &mut PgConnection, enterprise: &Enterprise) -> sqlx::Result<()> {
    let values = &enterprise.values;
    sqlx::query(
        "update company
            set official_name = $2, trading_name = $3, cnpj = $4, email = $5, search = $6,
                updated_at = $7
          where company_id = $1",
    )
    .bind(enterprise.company_id.0)
    .bind(&values.name)
    .bind(&values.fantasy_name)
    .bind(values.registered_cnpj().as_ref().map(Cnpj::as_str))
    .bind(values.billing_email().as_ref().map(Email::as_str))
    .bind(values.company_search())
    .bind(enterprise.updated_at)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "update enterprise
            set cnpj = $2, cnpj_key = $3, timezone = $4, phone1 = $5, phone2 = $6, email = $7,
                contact_name = $8, webpage = $9, assistance_emergency_tel = $10,
                theft_emergency_tel = $11, country_id = $12, is_main_client = $13,
                name_lower = $14, sort_name = $15, search_lower = $16
          where company_id = $1",
    )
    .bind(enterprise.company_id.0)
    .bind(&values.cnpj.text)
    .bind(&values.cnpj.key)
    .bind(values.timezone.as_ref().map(|zone| zone.as_str()))
    .bind(&values.phone1)
    .bind(&values.phone2)
    .bind(&values.email)
    .bind(&values.contact_name)
    .bind(&values.webpage)
    .bind(&values.assistance_emergency_tel)
    .bind(&values.theft_emergency_tel)
    .bind(values.country_id.as_ref().map(PublicId::as_str))
    .bind(enterprise.is_main_client)
    .bind(values.name.to_lowercase())
    .bind(values.sort_name())
    .bind(values.search_lower())
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "update enterprise_reach set sort_name = $2 where company_id = $1 and sort_name <> $2",
    )
    .bind(enterprise.company_id.0)
    .bind(values.sort_name())
    .execute(tx)
    .await?;
    Ok(())
}

/// Hides a locked enterprise from everybody, and ends its affiliations. Its row stays, for what
/// refers to it.
pub(super) async fn delete(
    tx: &mut PgConnection,
    company_id: CompanyId,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    for statement in [
        "delete from enterprise_reach where company_id = $1 or top_id = $1",
        "delete from affiliation where child_id = $1 or parent_id = $1",
        "delete from enterprise_closing where company_id = $1",
    ] {
        sqlx::query(statement).bind(company_id.0).execute(&mut *tx).await?;
    }
    sqlx::query(
        "update company set status = 'inactive', deleted_at = $2, updated_at = $2
          where company_id = $1",
    )
    .bind(company_id.0)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// Something that somebody did to an enterprise.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub(super) struct Change {
    pub(super) change_id: Uuid,
    pub(super) actor: String,
    pub(super) action: String,
    pub(super) fields: Vec<String>,
    pub(super) happened_at: OffsetDateTime,
}

/// Takes down who did what.
pub(super) async fn note_change(
    tx: &mut PgConnection,
    company_id: CompanyId,
    actor: &str,
    action: &'static str,
    fields: &[&str],
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into enterprise_change (change_id, company_id, actor, action, fields, happened_at)
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(Uuid::now_v7())
    .bind(company_id.0)
    .bind(actor)
    .bind(action)
    .bind(fields)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// A page of what was done to an enterprise, newest first, and how much that is in all. It may
/// have been deleted since.
///
/// # Errors
/// [`Refusal::NotFound`].
pub(super) async fn changes(
    db: impl PgExecutor<'_> + Copy,
    id: &str,
    page: &Page<Uuid>,
) -> Result<(Vec<Change>, i64), Error> {
    let (public_id, company_id) = (id.parse::<PublicId>().ok(), id.parse::<Uuid>().ok());
    let company_id: Option<Uuid> = sqlx::query_scalar(
        "select company_id from enterprise where public_id = $1 or company_id = $2",
    )
    .bind(public_id.as_ref().map(PublicId::as_str))
    .bind(company_id)
    .fetch_optional(db)
    .await?;
    let company_id = company_id.ok_or(Refusal::NotFound)?;
    let rows = sqlx::query(
        "select known.total, page.*
           from (select count(*) as total from enterprise_change where company_id = $1) as known
           left join (
                    select change_id, actor, action, fields, happened_at
                      from enterprise_change
                     where company_id = $1 and ($2::uuid is null or change_id < $2)
                     order by change_id desc
                    offset $3
                     limit $4
                ) as page on true
          order by page.change_id desc",
    )
    .bind(company_id)
    .bind(page.after)
    .bind(page.skip)
    .bind(page.limit())
    .fetch_all(db)
    .await?;
    Ok(counted(&rows, "change_id")?)
}

#[cfg(test)]
mod tests;
