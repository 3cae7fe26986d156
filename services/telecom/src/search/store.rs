//! The tables `person` and `line_search`.

use brazil::{CompanyId, LineId, UserId};
use chassis::page::{Page, counted};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection, PgPool, Row};
use uuid::Uuid;

use super::{FoundLine, Person, Term};
use crate::lines::Line;

/// A page of what is found, and how it was counted.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) lines: Vec<FoundLine>,
    /// Of the whole list.
    pub(super) total: i64,
    /// Lines of the company at the time of the last count; none when there was no count yet.
    pub(super) lines_counted: Option<i64>,
    /// What has changed since then.
    pub(super) changes: i64,
}

impl FromRow<'_, PgRow> for FoundLine {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let email: Option<String> = row.try_get("email")?;
        let user = match email {
            Some(email) => Some(Person {
                email,
                full_name: row.try_get("full_name")?,
                social_name: row.try_get("social_name")?,
            }),
            None => None,
        };
        let Json(custom_fields) = row.try_get("custom_fields")?;
        Ok(Self { line: Line::from_row(row)?, custom_fields, user })
    }
}

/// Terms with a count, and all that are short in a company that is counted, are found by it: the
/// stretches that the page lies in are read, and nothing else. Other terms are rare, or the
/// company is small: what has them is listed whole. `strpos` keeps the index of rare terms out of
/// the walk through a stretch.
const SEARCH: &str = "
    with base as materialized (
        select base.bounds, coalesce(count.stretches, '{}') as stretches,
               coalesce(count.counts, '{}') as counts
          from search_count_base as base
          left join search_count_term as term
                 on term.company_id = base.company_id and term.term = $2
          left join search_count as count
                 on count.company_id = term.company_id and count.count_id = term.count_id
         where base.company_id = $1 and (term.term is not null or $3 <= base.complete)
    ),
    listed as materialized (
        select line_id
          from line_search
         where not exists (select from base)
           and company_id = $1 and (text like $5 or text like $6)
    ),
    stretch as materialized (
        select stretch, sum(lines)::integer as lines
          from (select unnest(stretches) as stretch, unnest(counts) as lines
                  from base
                 union all
                select width_bucket(change.line_id, base.bounds),
                       coalesce(strpos(after, $2) > 0 or strpos(after, $4) > 0, false)::integer
                           - coalesce(strpos(before, $2) > 0 or strpos(before, $4) > 0, false)
                               ::integer
                  from base, search_change as change
                 where change.company_id = $1) as part
         group by stretch
        having sum(lines) > 0
    ),
    -- What a page token leaves of it.
    rest as (
        select stretch, lines
          from stretch, base
         where $7::uuid is null or stretch < width_bucket($7, bounds)
         union all
        select width_bucket($7, bounds),
               (select count(*)::integer
                  from line_search
                 where company_id = $1
                   and line_id >= bounds[width_bucket($7, bounds)] and line_id < $7
                   and (strpos(text, $2) > 0 or strpos(text, $4) > 0))
          from base
         where $7 is not null
    ),
    ranked as (
        select stretch, lines, sum(lines) over (order by stretch desc) - lines as newer from rest
    ),
    needed as materialized (
        select newer, bounds[stretch] as first,
               least(bounds[stretch + 1], $7, 'ffffffff-ffff-ffff-ffff-ffffffffffff') as past
          from ranked, base
         where newer < $8 + $9 and newer + lines > $8
    ),
    page as (
        (select found.line_id
           from needed
          cross join lateral (
                    select line_id
                      from line_search
                     where company_id = $1 and line_id >= first and line_id < past
                       and (strpos(text, $2) > 0 or strpos(text, $4) > 0)
                    offset 0
                ) as found
          order by found.line_id desc
         offset $8 - (select coalesce(min(newer), 0) from needed)
          limit $9)
        union all
        (select line_id
           from listed
          where $7 is null or line_id < $7
          order by line_id desc
         offset $8
          limit $9)
    )
    select case when exists (select from base)
                then (select coalesce(sum(lines), 0) from stretch)
                else (select count(*) from listed) end::bigint as total,
           (select lines from search_count_base where company_id = $1 and complete >= 0)
               as lines_counted,
           (select count(*) from search_change where company_id = $1) as changes,
           line.*, person.email, person.full_name, person.social_name
      from (select) as answer
      left join page on true
      left join line on line.line_id = page.line_id
      left join person on person.user_id = line.user_id
     order by page.line_id desc";

/// A page of the company's lines that have the term, newest first.
pub(super) async fn search(
    db: &PgPool,
    company_id: CompanyId,
    term: &Term,
    page: &Page<LineId>,
) -> sqlx::Result<Found> {
    let rows = sqlx::query(SEARCH)
        .bind(company_id.0)
        .bind(term.text())
        .bind(term.length())
        .bind(term.card_text())
        .bind(term.pattern())
        .bind(term.card_pattern())
        .bind(page.after.map(Uuid::from))
        .bind(page.skip)
        .bind(page.limit())
        // A plan for each term: of a short one the index knows nothing.
        .persistent(false)
        .fetch_all(db)
        .await?;
    let (lines, total) = counted(&rows, "line_id")?;
    let first = rows.first();
    let lines_counted = first.map(|row| row.try_get("lines_counted")).transpose()?.flatten();
    let changes = first.map(|row| row.try_get("changes")).transpose()?.unwrap_or_default();
    Ok(Found { lines, total, lines_counted, changes })
}

/// Takes what a person is called now, unless that is older than what is known. The lines are
/// locked before the person, as by whoever changes a line.
pub(super) async fn change_person(
    tx: &mut PgConnection,
    user_id: UserId,
    person: &Person,
    sequence: i64,
) -> sqlx::Result<()> {
    sqlx::query(
        "select
           from line
          where line_id in (
                    select line_id from line where user_id = $1 and visible_to_user
                     union all
                    select line_id from line where user_id = $1 and not visible_to_user
                )
          order by line_id
            for share",
    )
    .bind(user_id.0)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "insert into person (user_id, email, full_name, social_name, sequence)
         values ($1, $2, $3, $4, $5)
             on conflict (user_id) do update
            set email = $2, full_name = $3, social_name = $4, sequence = $5
          where person.sequence < $5",
    )
    .bind(user_id.0)
    .bind(&person.email)
    .bind(&person.full_name)
    .bind(&person.social_name)
    .bind(sequence)
    .execute(&mut *tx)
    .await?;
    // Lines that were given to the person while their row was waited for are there now.
    sqlx::query(
        "select refresh_line_search(array(
             select line_id from line where user_id = $1 and visible_to_user
              union all
             select line_id from line where user_id = $1 and not visible_to_user
         ))",
    )
    .bind(user_id.0)
    .execute(tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
