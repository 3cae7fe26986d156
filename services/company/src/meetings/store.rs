//! The table `meeting`.

use brazil::{CompanyId, EmployeeId, UserId};
use chassis::page::{Page, counted};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgExecutor, PgPool, Row};
use uuid::Uuid;

use super::{Filter, MEETINGS_MAX, Meeting};
use crate::error::Error;
use crate::organizations::refusals::{meeting_not_found, too_many_meetings};
use crate::organizations::store::has_room;

impl FromRow<'_, PgRow> for Meeting {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            meeting_id: row.try_get("meeting_id")?,
            employee_id: row.try_get::<Option<Uuid>, _>("employee_id")?.map(EmployeeId),
            date_from: row.try_get("date_from")?,
            date_to: row.try_get("date_to")?,
            notes: row.try_get("notes")?,
            time: row.try_get("time")?,
        })
    }
}

/// Whose meetings of an organization are meant: everybody's, or those of one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct View {
    pub(super) company_id: CompanyId,
    /// None for everybody's.
    pub(super) user_id: Option<UserId>,
}

impl View {
    fn user(self) -> Option<Uuid> {
        self.user_id.map(Uuid::from)
    }
}

/// A page of the meetings, by when they begin, and how many there are in all.
pub(super) async fn list(
    db: impl PgExecutor<'_>,
    view: View,
    filter: &Filter,
    page: &Page<i64>,
) -> sqlx::Result<(Vec<Meeting>, i64)> {
    let rows = sqlx::query(
        "with found as not materialized (
             select meeting_id, date_from
               from meeting
              where company_id = $1
                and ($2::uuid is null
                     or employee_id in (select employee_id from employee
                                         where user_id = $2 and company_id = $1))
                and ($3::uuid is null or employee_id = $3)
                and ($4::timestamptz is null or date_from >= $4)
                and ($5::timestamptz is null or date_from <= $5)
                and ($6::timestamptz is null or date_to >= $6)
                and ($7::timestamptz is null or date_to <= $7)
         ), page as (
             select meeting_id from found order by date_from, meeting_id offset $8 limit $9
         )
         select counted.total, meeting.*
           from (select count(*) as total from found) as counted
           left join (page join meeting using (meeting_id)) on true
          order by date_from, meeting_id",
    )
    .bind(view.company_id.0)
    .bind(view.user())
    .bind(filter.employee_id.map(|id| id.0))
    .bind(filter.date_from_after)
    .bind(filter.date_from_before)
    .bind(filter.date_to_after)
    .bind(filter.date_to_before)
    .bind(page.skip)
    .bind(page.size)
    // A plan for each question: what is not asked for costs nothing then.
    .persistent(false)
    .fetch_all(db)
    .await?;
    counted(&rows, "meeting_id")
}

/// Reads a meeting.
///
/// # Errors
/// NOT_FOUND / MEETING_NOT_FOUND, also for one that is out of view.
pub(super) async fn find(db: &PgPool, view: View, meeting_id: i64) -> Result<Meeting, Error> {
    sqlx::query_as(
        "select meeting_id, employee_id, date_from, date_to, notes, time
           from meeting
          where company_id = $1 and meeting_id = $3
            and ($2::uuid is null
                 or employee_id in (select employee_id from employee
                                     where user_id = $2 and company_id = $1))",
    )
    .bind(view.company_id.0)
    .bind(view.user())
    .bind(meeting_id)
    .fetch_optional(db)
    .await?
    .ok_or_else(|| meeting_not_found().into())
}

/// Locks a meeting until the transaction ends, and reads it.
///
/// # Errors
/// As [`find`].
pub(super) async fn lock(
    tx: &mut PgConnection,
    view: View,
    meeting_id: i64,
) -> Result<Meeting, Error> {
    sqlx::query_as(
        "select meeting_id, employee_id, date_from, date_to, notes, time
           from meeting
          where company_id = $1 and meeting_id = $3
            and ($2::uuid is null
                 or employee_id in (select employee_id from employee
                                     where user_id = $2 and company_id = $1))
            for update",
    )
    .bind(view.company_id.0)
    .bind(view.user())
    .bind(meeting_id)
    .fetch_optional(tx)
    .await?
    .ok_or_else(|| meeting_not_found().into())
}

/// Whether the organization has the employee; and who that is, if the file says so.
pub(super) async fn employee(
    db: impl PgExecutor<'_>,
    company_id: CompanyId,
    employee_id: EmployeeId,
) -> sqlx::Result<Option<Option<UserId>>> {
    let found: Option<Option<Uuid>> = sqlx::query_scalar(
        "select user_id from employee where employee_id = $1 and company_id = $2",
    )
    .bind(employee_id.0)
    .bind(company_id.0)
    .fetch_optional(db)
    .await?;
    Ok(found.map(|user_id| user_id.map(UserId)))
}

/// Stores a new meeting, whose id comes from here.
///
/// # Errors
/// FAILED_PRECONDITION / TOO_MANY_MEETINGS.
pub(super) async fn insert(
    tx: &mut PgConnection,
    company_id: CompanyId,
    meeting: &Meeting,
) -> Result<i64, Error> {
    let count = "select count(*) from meeting where company_id = $1";
    if !has_room(tx, company_id, count, MEETINGS_MAX).await? {
        return Err(too_many_meetings().into());
    }
    let meeting_id = sqlx::query_scalar(
        "insert into meeting (company_id, employee_id, date_from, date_to, notes, time)
         values ($1, $2, $3, $4, $5, $6)
         returning meeting_id",
    )
    .bind(company_id.0)
    .bind(meeting.employee_id.map(|id| id.0))
    .bind(meeting.date_from)
    .bind(meeting.date_to)
    .bind(&meeting.notes)
    .bind(meeting.time)
    .fetch_one(tx)
    .await?;
    Ok(meeting_id)
}

/// Stores what a locked meeting says now.
pub(super) async fn save(tx: &mut PgConnection, meeting: &Meeting) -> sqlx::Result<()> {
    sqlx::query(
        "update meeting
            set employee_id = $2, date_from = $3, date_to = $4, notes = $5, time = $6
          where meeting_id = $1",
    )
    .bind(meeting.meeting_id)
    .bind(meeting.employee_id.map(|id| id.0))
    .bind(meeting.date_from)
    .bind(meeting.date_to)
    .bind(&meeting.notes)
    .bind(meeting.time)
    .execute(tx)
    .await?;
    Ok(())
}
