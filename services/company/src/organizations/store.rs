//! The tables `workspace`, `upload` and `workspace_picture`, and the view `organization`.

use brazil::CompanyId;
use chassis::auth::Scope;
use chassis::page::{Page, counted};
use sqlx::{PgConnection, PgExecutor, PgPool};
use time::OffsetDateTime;
use uuid::Uuid;

use super::pictures::Picture;
use super::{FIRST_LANGUAGES, OPENED_MAX, Opening, Organization, PictureKind, Status};
use super::{refusals, slug};
use crate::error::Error;

// How many numbers behind a name are tried one after the other.
const SLUGS_IN_ORDER: i32 = 20;

/// The organization with a public id.
pub(crate) async fn find_by_public_id(
    db: impl PgExecutor<'_>,
    organization_id: &str,
) -> sqlx::Result<Option<Organization>> {
    sqlx::query_as("select * from organization where organization_id = $1")
        .bind(organization_id)
        .fetch_optional(db)
        .await
}

/// The first of these companies that is an organization.
pub(super) async fn find_first(
    db: &PgPool,
    company_ids: &[Uuid],
) -> sqlx::Result<Option<Organization>> {
    sqlx::query_as(
        "select * from organization
          where company_id = any($1)
          order by array_position($1, company_id)
          limit 1",
    )
    .bind(company_ids)
    .fetch_optional(db)
    .await
}

/// Reads an organization.
pub(super) async fn read(
    tx: &mut PgConnection,
    company_id: CompanyId,
) -> sqlx::Result<Organization> {
    sqlx::query_as("select * from organization where company_id = $1")
        .bind(company_id.0)
        .fetch_one(tx)
        .await
}

/// A page of those companies that are organizations, by public id, and how many there are in all.
pub(super) async fn list(
    db: impl PgExecutor<'_>,
    company_ids: &[Uuid],
    page: &Page<String>,
) -> sqlx::Result<(Vec<Organization>, i64)> {
    let rows = sqlx::query(
        "with page as (
             select * from organization
              where company_id = any($1)
              order by organization_id
             offset $2
              limit $3
         )
         select found.total, page.*
           from (select count(*) as total from workspace where company_id = any($1)) as found
           left join page on true
          order by page.organization_id",
    )
    .bind(company_ids)
    .bind(page.skip)
    .bind(page.size)
    .fetch_all(db)
    .await?;
    counted(&rows, "company_id")
}

/// Those of the organizations, by company or public id, that are in the scope.
pub(super) async fn find_in_scope(
    db: &PgPool,
    company_ids: &[Uuid],
    organization_ids: &[String],
    scope: &Scope,
) -> sqlx::Result<Vec<Organization>> {
    sqlx::query_as(
        "select * from organization
          where (company_id = any($1) or organization_id = any($2))
            and ($3 or company_id = any($4))",
    )
    .bind(company_ids)
    .bind(organization_ids)
    .bind(scope.everything)
    .bind(&scope.company_ids)
    .fetch_all(db)
    .await
}

/// Opens an organization, with its first languages.
///
/// # Errors
/// FAILED_PRECONDITION / TOO_MANY_ORGANIZATIONS; ALREADY_EXISTS / SLUG_TAKEN.
pub(super) async fn open(
    tx: &mut PgConnection,
    opening: &Opening,
    search: &str,
) -> Result<Organization, Error> {
    // Whoever opens two at once is counted once for each.
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('opener:' || $1::text, 0))")
        .bind(opening.opened_by)
        .execute(&mut *tx)
        .await?;
    let opened: i64 = sqlx::query_scalar("select count(*) from workspace where opened_by = $1")
        .bind(opening.opened_by)
        .fetch_one(&mut *tx)
        .await?;
    if opened >= OPENED_MAX {
        return Err(refusals::too_many_organizations().into());
    }
    sqlx::query(
        "insert into company
             (company_id, kind, official_name, status, search, created_at, updated_at)
         values ($1, 'organization', $2, 'active', $3, $4, $4)",
    )
    .bind(opening.company_id.0)
    .bind(&opening.name)
    .bind(search)
    .bind(opening.opened_at)
    .execute(&mut *tx)
    .await?;
    let made = slug::of_name(&opening.name);
    let wanted = opening.slug.as_deref().or(made.as_deref()).unwrap_or(slug::NAMELESS);
    wait_for_alike(tx, wanted).await?;
    let slug = match &opening.slug {
        Some(chosen) => chosen.clone(),
        None => free_slug(tx, made).await?,
    };
    insert_workspace(tx, opening, &slug).await?;
    put_first_languages(tx, opening.company_id).await?;
    Ok(read(tx, opening.company_id).await?)
}

/// Stores the workspace of a new organization.
///
/// # Errors
/// ALREADY_EXISTS / SLUG_TAKEN.
async fn insert_workspace(
    tx: &mut PgConnection,
    opening: &Opening,
    slug: &str,
) -> Result<(), Error> {
    let inserted = sqlx::query(
        "insert into workspace (company_id, organization_id, type, status, slug, opened_by)
         values ($1, $2, $3, 'active', $4, $5)
         on conflict (slug) do nothing",
    )
    .bind(opening.company_id.0)
    .bind(&opening.organization_id)
    .bind(opening.purpose)
    .bind(slug)
    .bind(opening.opened_by)
    .execute(tx)
    .await?;
    if inserted.rows_affected() == 0 {
        return Err(refusals::slug_taken().into());
    }
    Ok(())
}

/// Organizations whose slugs could be the same are opened one after another, so that each sees what
/// the last one took: however many hurry, what a name makes is free still when it is stored.
async fn wait_for_alike(tx: &mut PgConnection, wanted: &str) -> sqlx::Result<()> {
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('slug:' || $1, 0))")
        .bind(slug::stem(wanted))
        .execute(tx)
        .await?;
    Ok(())
}

/// A slug that nobody has: made from the name, with a number if need be. The first numbers come in
/// their order; where they are taken the rest are drawn, so that the ten-thousandth of one name
/// finds a slug as soon as the twentieth.
async fn free_slug(tx: &mut PgConnection, made: Option<String>) -> sqlx::Result<String> {
    let is_made = made.is_some();
    let base = made.unwrap_or_else(|| slug::NAMELESS.to_owned());
    sqlx::query_scalar(
        "with recursive made (number, slug) as (
             select first, case when $2 then $1 else $1 || '-1' end from (values (1)) as of (first)
             union all
             select next, left($1, $3 - 1 - length(next::text)) || '-' || next
               from made,
                    lateral (select case when number < $4 then number + 1
                                         else $4 + 1 + (random() * 1e9)::int end) as of (next)
              where exists (select from workspace where workspace.slug = made.slug)
         )
         select slug from made
          where not exists (select from workspace where workspace.slug = made.slug)
          limit 1",
    )
    .bind(&base)
    .bind(is_made)
    .bind(i32::try_from(slug::LENGTH_MAX).unwrap_or(i32::MAX))
    .bind(SLUGS_IN_ORDER)
    .fetch_one(tx)
    .await
}

async fn put_first_languages(tx: &mut PgConnection, company_id: CompanyId) -> sqlx::Result<()> {
    let tags: Vec<String> = FIRST_LANGUAGES.map(str::to_owned).into();
    sqlx::query("insert into language (company_id, tag) select $1, unnest($2::text[])")
        .bind(company_id.0)
        .bind(tags)
        .execute(tx)
        .await?;
    Ok(())
}

/// Has all who add something to an organization wait for each other until the transaction ends, so
/// that whoever counts what is there counts all of it.
pub(crate) async fn lock_for_adding(
    tx: &mut PgConnection,
    company_id: CompanyId,
) -> sqlx::Result<()> {
    sqlx::query("select from workspace where company_id = $1 for no key update")
        .bind(company_id.0)
        .execute(tx)
        .await?;
    Ok(())
}

/// Whether an organization may have one thing more, of which it has at most `max`. `count` counts
/// those of company `$1`; none is added before the transaction ends.
pub(crate) async fn has_room(
    tx: &mut PgConnection,
    company_id: CompanyId,
    count: &'static str,
    max: i64,
) -> sqlx::Result<bool> {
    lock_for_adding(tx, company_id).await?;
    let stored: i64 = sqlx::query_scalar(count).bind(company_id.0).fetch_one(tx).await?;
    Ok(stored < max)
}

/// Makes an organization as good as new.
pub(super) async fn clear(
    tx: &mut PgConnection,
    company_id: CompanyId,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "with no_meetings as (delete from meeting where company_id = $1),
              no_locations as (delete from location where company_id = $1),
              no_languages as (delete from language where company_id = $1 and tag <> all($2))
         update workspace set mail_footer = null where company_id = $1",
    )
    .bind(company_id.0)
    .bind(FIRST_LANGUAGES.map(str::to_owned).to_vec())
    .execute(&mut *tx)
    .await?;
    for kind in [PictureKind::Icon, PictureKind::Logo] {
        remove_picture(tx, company_id, kind).await?;
    }
    touch(tx, company_id, now).await
}

/// Says what stands below an organization's mails.
pub(super) async fn set_footer(
    tx: &mut PgConnection,
    company_id: CompanyId,
    mail_footer: Option<&str>,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query("update workspace set mail_footer = $2 where company_id = $1")
        .bind(company_id.0)
        .bind(mail_footer)
        .execute(&mut *tx)
        .await?;
    touch(tx, company_id, now).await
}

/// Lets an organization work, or only read.
pub(super) async fn set_status(
    tx: &mut PgConnection,
    company_id: CompanyId,
    status: Status,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query("update workspace set status = $2 where company_id = $1")
        .bind(company_id.0)
        .bind(status)
        .execute(&mut *tx)
        .await?;
    touch(tx, company_id, now).await
}

/// Puts a picture in the place of the former one.
pub(super) async fn put_picture(
    tx: &mut PgConnection,
    company_id: CompanyId,
    kind: PictureKind,
    picture: &Picture,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    remove_picture(tx, company_id, kind).await?;
    let hash = picture.hash();
    lock_content(tx, &hash).await?;
    sqlx::query(
        "insert into upload (content_hash, media_type, content) values ($1, $2, $3)
         on conflict do nothing",
    )
    .bind(&hash)
    .bind(&picture.media_type)
    .bind(&picture.content)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "insert into workspace_picture (company_id, kind, name, content_hash)
         values ($1, $2, gen_random_uuid(), $3)",
    )
    .bind(company_id.0)
    .bind(kind.name())
    .bind(&hash)
    .execute(&mut *tx)
    .await?;
    touch(tx, company_id, now).await
}

/// Removes a picture, and its content if nobody else has it.
async fn remove_picture(
    tx: &mut PgConnection,
    company_id: CompanyId,
    kind: PictureKind,
) -> sqlx::Result<()> {
    // Two who put a picture at once come one after the other.
    sqlx::query("select from workspace where company_id = $1 for update")
        .bind(company_id.0)
        .execute(&mut *tx)
        .await?;
    let removed: Option<Vec<u8>> = sqlx::query_scalar(
        "delete from workspace_picture where company_id = $1 and kind = $2
         returning content_hash",
    )
    .bind(company_id.0)
    .bind(kind.name())
    .fetch_optional(&mut *tx)
    .await?;
    let Some(hash) = removed else { return Ok(()) };
    lock_content(tx, &hash).await?;
    sqlx::query(
        "delete from upload
          where content_hash = $1
            and not exists (select from workspace_picture where content_hash = $1)",
    )
    .bind(&hash)
    .execute(tx)
    .await?;
    Ok(())
}

/// Nobody else brings or takes this content until the transaction ends.
async fn lock_content(tx: &mut PgConnection, hash: &[u8]) -> sqlx::Result<()> {
    sqlx::query("select pg_advisory_xact_lock(hashtextextended(encode($1, 'hex'), 0))")
        .bind(hash)
        .execute(tx)
        .await?;
    Ok(())
}

/// Reads a picture: its media type and its content.
pub(super) async fn find_picture(
    db: &PgPool,
    company_id: CompanyId,
    kind: PictureKind,
) -> sqlx::Result<Option<(String, Vec<u8>)>> {
    sqlx::query_as(
        "select media_type, content
           from workspace_picture
           join upload using (content_hash)
          where company_id = $1 and kind = $2",
    )
    .bind(company_id.0)
    .bind(kind.name())
    .fetch_optional(db)
    .await
}

/// Notes that an organization has changed.
async fn touch(
    tx: &mut PgConnection,
    company_id: CompanyId,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query("update company set updated_at = $2 where company_id = $1")
        .bind(company_id.0)
        .bind(now)
        .execute(tx)
        .await?;
    Ok(())
}
