//! The tables `person` and `line_search`.

use brazil::{CompanyId, LineId, UserId};
use chassis::page::{Page, counted};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgExecutor, Row};
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
        Ok(Self { line: Line::from_row(row)?, user })
    }
}

const SEARCH: &str = include_str!("search.sql");

/// A page of the company's lines that have the term, newest first.
pub(super) async fn search(
    db: impl PgExecutor<'_>,
    company_id: CompanyId,
    term: &Term,
    page: &Page<LineId>,
) -> sqlx::Result<Found> {
    let rows = sqlx::query(SEARCH)
        .bind(company_id.0)
        .bind(term.text())
        .bind(term.length())
        .bind(term.card_text())
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
