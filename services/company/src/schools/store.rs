//! Reading schools and what they are made of. What somebody sees is decided here, in SQL.

mod putting;
#[cfg(test)]
mod tests;

use sqlx::{PgExecutor, PgPool};
use uuid::Uuid;

pub(super) use putting::{lock, put, references};

use super::{Class, School, Sighted, Tenant, Term, TermKind, Viewer};
use crate::error::Error;

/// The most rows that are read at a time.
pub(super) const PAGE: i64 = 500;

/// Whether the database has no such text, so that nothing can be called so.
fn cannot_be_kept(text: &str) -> bool {
    text.contains('\0')
}

/// Reads a tenant that has a school in sight.
///
/// # Errors
/// [`Error::TenantNotFound`].
pub(super) async fn tenant(db: &PgPool, viewer: &Viewer, tenant_id: Uuid) -> Result<Tenant, Error> {
    sqlx::query_as(
        "select t.company_id as tenant_id, t.official_name as name, t.trading_name as brand
           from company t
          where t.company_id = $4 and t.kind = 'school_group' and t.status = 'active'
            and exists (
                select from company s
                 where s.parent_id = t.company_id and s.kind = 'school' and s.status = 'active'
                   and ($1 or s.company_id = any($2) or exists (
                       select from school_integration i
                        where i.school_id = s.company_id and i.client_id = $3 and i.active)))",
    )
    .bind(viewer.everything)
    .bind(&viewer.school_ids)
    .bind(&viewer.client_id)
    .bind(tenant_id)
    .fetch_optional(db)
    .await?
    .ok_or(Error::TenantNotFound)
}

/// Reads a school in sight, with what the viewer's program, or else the oldest one, calls it.
///
/// # Errors
/// [`Error::SchoolNotFound`].
pub(super) async fn school(db: &PgPool, viewer: &Viewer, school_id: Uuid) -> Result<School, Error> {
    sqlx::query_as(
        "select s.company_id as school_id, t.company_id as tenant_id,
                t.official_name as tenant_name, s.trading_name as trade_name,
                s.official_name as company_name, x.document_type, x.document_value, x.addresses,
                (select i.school_external_id
                   from school_integration i
                  where i.school_id = s.company_id and i.active
                    and ($3::text is null or i.client_id = $3)
                  order by i.integration_id
                  limit 1) as external_id
           from company s
           join company t on t.company_id = s.parent_id
           join school x on x.company_id = s.company_id
          where s.company_id = $4 and s.status = 'active' and t.status = 'active'
            and ($1 or s.company_id = any($2) or exists (
                select from school_integration i
                 where i.school_id = s.company_id and i.client_id = $3 and i.active))",
    )
    .bind(viewer.everything)
    .bind(&viewer.school_ids)
    .bind(&viewer.client_id)
    .bind(school_id)
    .fetch_optional(db)
    .await?
    .ok_or(Error::SchoolNotFound)
}

/// The schools in sight among those of a list, oldest first.
pub(super) async fn sighted(
    db: &PgPool,
    viewer: &Viewer,
    school_ids: &[Uuid],
) -> sqlx::Result<Vec<Sighted>> {
    sqlx::query_as(
        "select s.company_id as school_id, t.company_id as tenant_id,
                (select i.school_external_id
                   from school_integration i
                  where i.school_id = s.company_id and i.active
                    and ($3::text is null or i.client_id = $3)
                  order by i.integration_id
                  limit 1) as external_id
           from company s
           join company t on t.company_id = s.parent_id
          where s.company_id = any($4) and s.kind = 'school'
            and s.status = 'active' and t.status = 'active'
            and ($1 or s.company_id = any($2) or exists (
                select from school_integration i
                 where i.school_id = s.company_id and i.client_id = $3 and i.active))
          order by s.company_id",
    )
    .bind(viewer.everything)
    .bind(&viewer.school_ids)
    .bind(&viewer.client_id)
    .bind(school_ids)
    .fetch_all(db)
    .await
}

/// The one school in sight that is called so; none when there are two.
pub(super) async fn called(
    db: &PgPool,
    viewer: &Viewer,
    school_external_id: &str,
) -> sqlx::Result<Option<Sighted>> {
    if cannot_be_kept(school_external_id) {
        return Ok(None);
    }
    let found: Vec<Sighted> = sqlx::query_as(
        "select s.company_id as school_id, t.company_id as tenant_id, $4 as external_id
           from school_integration i
           join company s on s.company_id = i.school_id
           join company t on t.company_id = s.parent_id
          where i.school_external_id = $4 and i.active
            and s.status = 'active' and t.status = 'active'
            and ($1 or s.company_id = any($2) or i.client_id = $3)
          group by s.company_id, t.company_id
          limit 2",
    )
    .bind(viewer.everything)
    .bind(&viewer.school_ids)
    .bind(&viewer.client_id)
    .bind(school_external_id)
    .fetch_all(db)
    .await?;
    match <[Sighted; 1]>::try_from(found) {
        Ok([school]) => Ok(Some(school)),
        Err(_) => Ok(None),
    }
}

/// The next schools in sight by name; those that hold an integration if one is named.
pub(super) async fn schools(
    db: &PgPool,
    viewer: &Viewer,
    external_integration_id: Option<&str>,
    after: Option<(&str, Uuid)>,
) -> sqlx::Result<Vec<School>> {
    if external_integration_id.is_some_and(cannot_be_kept) {
        return Ok(vec![]);
    }
    let (name, id) = after.unzip();
    sqlx::query_as(
        "select s.company_id as school_id, t.company_id as tenant_id,
                t.official_name as tenant_name, s.trading_name as trade_name,
                s.official_name as company_name, x.document_type, x.document_value,
                '[]'::jsonb as addresses, held.school_external_id as external_id
           from company s
           join company t on t.company_id = s.parent_id
           join school x on x.company_id = s.company_id
           left join lateral (
               select i.school_external_id
                 from school_integration i
                where i.school_id = s.company_id and i.active
                  and ($3::text is null or i.client_id = $3)
                  and ($4::text is null or i.external_integration_id = $4)
                order by i.integration_id
                limit 1) held on true
          where s.status = 'active' and t.status = 'active'
            and ($1 or s.company_id = any($2) or ($3 is not null and s.company_id in (
                select i.school_id
                  from school_integration i
                 where i.client_id = $3 and i.active)))
            and (held.school_external_id is not null or ($3 is null and $4 is null))
            and ($5::text is null or (s.trading_name, s.company_id) > ($5, $6))
          order by s.trading_name, s.company_id
          limit $7",
    )
    .bind(viewer.everything)
    .bind(&viewer.school_ids)
    .bind(&viewer.client_id)
    .bind(external_integration_id)
    .bind(name)
    .bind(id)
    .bind(PAGE)
    .fetch_all(db)
    .await
}

/// The next shifts or stages of a school by name.
pub(super) async fn terms(
    db: impl PgExecutor<'_>,
    kind: TermKind,
    school_id: Uuid,
    after: Option<&str>,
) -> sqlx::Result<Vec<Term>> {
    let sql = match kind {
        TermKind::Shift => {
            "select name, description
               from school_shift
              where school_id = $1 and active and ($2::text is null or name > $2)
              order by name
              limit $3"
        }
        TermKind::Stage => {
            "select name, description
               from school_stage
              where school_id = $1 and active and ($2::text is null or name > $2)
              order by name
              limit $3"
        }
    };
    sqlx::query_as(sql).bind(school_id).bind(after).bind(PAGE).fetch_all(db).await
}

/// The next shifts or stages of all schools in sight by name, each name and description once.
pub(super) async fn all_terms(
    db: &PgPool,
    kind: TermKind,
    viewer: &Viewer,
    after: Option<(&str, &str)>,
) -> sqlx::Result<Vec<Term>> {
    let sql = match kind {
        TermKind::Shift => {
            "select distinct x.name, x.description
               from school_shift x
               join company s on s.company_id = x.school_id
               join company t on t.company_id = s.parent_id
              where x.active and s.status = 'active' and t.status = 'active'
                and ($1 or s.company_id = any($2) or ($3::text is not null and s.company_id in (
                    select i.school_id
                      from school_integration i
                     where i.client_id = $3 and i.active)))
                and ($4::text is null or (x.name, x.description) > ($4, $5))
              order by x.name, x.description
              limit $6"
        }
        TermKind::Stage => {
            "select distinct x.name, x.description
               from school_stage x
               join company s on s.company_id = x.school_id
               join company t on t.company_id = s.parent_id
              where x.active and s.status = 'active' and t.status = 'active'
                and ($1 or s.company_id = any($2) or ($3::text is not null and s.company_id in (
                    select i.school_id
                      from school_integration i
                     where i.client_id = $3 and i.active)))
                and ($4::text is null or (x.name, x.description) > ($4, $5))
              order by x.name, x.description
              limit $6"
        }
    };
    let (name, description) = after.unzip();
    sqlx::query_as(sql)
        .bind(viewer.everything)
        .bind(&viewer.school_ids)
        .bind(&viewer.client_id)
        .bind(name)
        .bind(description)
        .bind(PAGE)
        .fetch_all(db)
        .await
}

/// The next classes of a school by name, open and closed.
pub(super) async fn classes(
    db: impl PgExecutor<'_>,
    school_id: Uuid,
    after: Option<(&str, Uuid)>,
) -> sqlx::Result<Vec<Class>> {
    let (name, id) = after.unzip();
    sqlx::query_as(
        "select c.class_id, c.external_id, c.name, c.educational_stage, g.description as grade,
                c.open, c.shift_name as shift
           from school_class c
           join school_stage g on g.school_id = c.school_id and g.name = c.stage_name
          where c.school_id = $1 and ($2::text is null or (c.name, c.class_id) > ($2, $3))
          order by c.name, c.class_id
          limit $4",
    )
    .bind(school_id)
    .bind(name)
    .bind(id)
    .bind(PAGE)
    .fetch_all(db)
    .await
}
