//! The tables `call`, `call_count` and `call_recording`.

use brazil::{Cents, CompanyId};
use chassis::db::{broken_constraint, parsed, parsed_optional};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgPool, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Call, Course};
use crate::error::Error;
use crate::switch::{CallId, HangupCause};

impl FromRow<'_, PgRow> for Call {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let ended_at: Option<OffsetDateTime> = row.try_get("ended_at")?;
        let cause: Option<HangupCause> = parsed_optional(row, "hangup_cause")?;
        Ok(Self {
            call_id: CallId(row.try_get("call_id")?),
            company_id: CompanyId(row.try_get("company_id")?),
            extension_id: row.try_get("extension_id")?,
            domain: row.try_get("domain")?,
            direction: row.try_get("direction")?,
            extension: parsed(row, "extension")?,
            phone: parsed(row, "phone")?,
            caller_id: row.try_get("caller_id")?,
            email: row.try_get("email")?,
            first_name: row.try_get("first_name")?,
            last_name: row.try_get("last_name")?,
            metadata: row.try_get("metadata")?,
            record_audio: row.try_get("record_audio")?,
            course: Course {
                state: row.try_get("state")?,
                started_at: row.try_get("started_at")?,
                answered_at: row.try_get("answered_at")?,
                end: ended_at.zip(cause),
            },
            minutes_reserved: row.try_get("minutes_reserved")?,
            minute_price: Cents::new(row.try_get("minute_price_cents")?),
            minute_at: row.try_get("minute_at")?,
            minute_refused: row.try_get("minute_refused")?,
            check_at: row.try_get("check_at")?,
            seen_at: row.try_get("seen_at")?,
            lost_at: row.try_get("lost_at")?,
        })
    }
}

/// Adds a call that begins.
///
/// # Errors
/// [`Error::ExtensionBusy`] when its extension has another one.
pub(super) async fn insert(tx: &mut PgConnection, call: &Call) -> Result<(), Error> {
    sqlx::query(
        "insert into call (
             call_id, company_id, extension_id, domain, direction, extension, phone, caller_id,
             email, first_name, last_name, metadata, record_audio, state, started_at, check_at,
             seen_at
         )
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
    )
    .bind(call.call_id.0)
    .bind(call.company_id.0)
    .bind(call.extension_id)
    .bind(&call.domain)
    .bind(call.direction)
    .bind(call.extension.as_str())
    .bind(call.phone.national())
    .bind(&call.caller_id)
    .bind(&call.email)
    .bind(&call.first_name)
    .bind(&call.last_name)
    .bind(&call.metadata)
    .bind(call.record_audio)
    .bind(call.course.state)
    .bind(call.course.started_at)
    .bind(call.check_at)
    .bind(call.seen_at)
    .execute(tx)
    .await
    .map_err(|error| match broken_constraint(&error) {
        Some("call_live") => Error::ExtensionBusy,
        _ => error.into(),
    })?;
    Ok(())
}

/// The oldest of the last `limit` calls that an account has made since a moment, if it made so
/// many.
pub(super) async fn dialled_since(
    tx: &mut PgConnection,
    company_id: CompanyId,
    since: OffsetDateTime,
    limit: u32,
) -> sqlx::Result<Option<OffsetDateTime>> {
    sqlx::query_scalar(
        "select started_at
           from call
          where company_id = $1 and direction = 'outbound' and started_at > $2
          order by started_at desc
         offset $3
          limit 1",
    )
    .bind(company_id.0)
    .bind(since)
    .bind(i64::from(limit) - 1)
    .fetch_optional(tx)
    .await
}

/// Reads a call.
pub(super) async fn find(db: &PgPool, call_id: CallId) -> sqlx::Result<Option<Call>> {
    sqlx::query_as("select * from call where call_id = $1").bind(call_id.0).fetch_optional(db).await
}

/// Reads a call and locks it until the transaction ends.
pub(super) async fn lock(tx: &mut PgConnection, call_id: CallId) -> sqlx::Result<Option<Call>> {
    sqlx::query_as("select * from call where call_id = $1 for update")
        .bind(call_id.0)
        .fetch_optional(tx)
        .await
}

/// Writes what became of a call. One that was lost and is found again stays lost while its
/// extension has another.
pub(super) async fn save(tx: &mut PgConnection, call: &Call) -> sqlx::Result<()> {
    let (ended_at, cause) = call.course.end.unzip();
    sqlx::query(
        "update call
            set state = $2, answered_at = $3, ended_at = $4, hangup_cause = $5,
                duration_seconds = $6, minutes_reserved = $7, minute_price_cents = $8,
                minute_at = $9, minute_refused = $10, check_at = $11, seen_at = $12,
                lost_at = case
                    when $13 is null and exists (
                             select
                               from call as other
                              where other.extension_id = call.extension_id
                                and other.state <> 'ended' and other.lost_at is null
                                and other.call_id <> call.call_id)
                    then lost_at else $13 end
          where call_id = $1",
    )
    .bind(call.call_id.0)
    .bind(call.course.state)
    .bind(call.course.answered_at)
    .bind(ended_at)
    .bind(cause.map(HangupCause::as_str))
    .bind(call.course.duration_seconds())
    .bind(call.minutes_reserved)
    .bind(call.minute_price.get())
    .bind(call.minute_at)
    .bind(call.minute_refused)
    .bind(call.check_at)
    .bind(call.seen_at)
    .bind(call.lost_at)
    .execute(tx)
    .await?;
    Ok(())
}

/// Counts a call that has ended, once, and writes what it costs by what is known here.
pub(super) async fn count_ended(tx: &mut PgConnection, call: &Call) -> sqlx::Result<()> {
    sqlx::query(
        "with ended as (
             update call
                set call_price_cents = $2 * minute_price_cents
              where call_id = $1
             returning *
         )
         insert into call_count (
             company_id, day, extension_id, extension, direction, hangup_cause, email, calls
         )
         select company_id, (started_at at time zone 'UTC')::date, extension_id, extension,
                direction, hangup_cause, email, 1
           from ended
             on conflict on constraint call_count_cell do update
            set calls = call_count.calls + 1",
    )
    .bind(call.call_id.0)
    .bind(call.charged_minutes())
    .execute(tx)
    .await?;
    Ok(())
}

/// Removes a request that did not become a call.
pub(super) async fn delete_request(tx: &mut PgConnection, call_id: CallId) -> sqlx::Result<()> {
    sqlx::query("delete from call where call_id = $1 and state = 'requested'")
        .bind(call_id.0)
        .execute(tx)
        .await?;
    Ok(())
}

/// Notes what billing charged.
pub(super) async fn settled(
    db: &PgPool,
    call_id: CallId,
    price: Cents,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "update call set call_price_cents = $2, settled_at = $3
          where call_id = $1 and settled_at is null",
    )
    .bind(call_id.0)
    .bind(price.get())
    .bind(now)
    .execute(db)
    .await?;
    Ok(())
}

/// Calls whose next minute is to be paid for, the most urgent first, and whether they were to be
/// looked after before that.
pub(super) async fn minutes_due(
    db: &PgPool,
    now: OffsetDateTime,
    limit: i64,
) -> sqlx::Result<Vec<(CallId, bool)>> {
    let due: Vec<(Uuid, bool)> = sqlx::query_as(
        "select call_id, check_at <= minute_at
           from call
          where minute_at <= $1
          order by minute_at
          limit $2",
    )
    .bind(now)
    .bind(limit)
    .fetch_all(db)
    .await?;
    Ok(due.into_iter().map(|(call_id, check_first)| (CallId(call_id), check_first)).collect())
}

/// Calls that are to be looked after, the oldest first.
pub(super) async fn checks_due(
    db: &PgPool,
    now: OffsetDateTime,
    limit: i64,
) -> sqlx::Result<Vec<CallId>> {
    let due: Vec<Uuid> = sqlx::query_scalar(
        "select call_id from call where check_at <= $1 order by check_at limit $2",
    )
    .bind(now)
    .bind(limit)
    .fetch_all(db)
    .await?;
    Ok(due.into_iter().map(CallId).collect())
}

/// Whether an extension has a call.
pub(crate) async fn is_in_call(
    connection: &mut PgConnection,
    extension_id: i64,
) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "select exists (
             select
               from call
              where extension_id = $1 and state <> 'ended' and lost_at is null
         )",
    )
    .bind(extension_id)
    .fetch_one(connection)
    .await
}

/// Keeps the sound of a call.
pub(super) async fn keep_recording(
    tx: &mut PgConnection,
    call: &Call,
    content: &[u8],
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into call_recording (call_id, company_id, content, created_at)
         values ($1, $2, $3, $4)
             on conflict do nothing",
    )
    .bind(call.call_id.0)
    .bind(call.company_id.0)
    .bind(content)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    sqlx::query("update call set is_recorded = true where call_id = $1")
        .bind(call.call_id.0)
        .execute(tx)
        .await?;
    Ok(())
}

/// Reads the sound of a call of an account.
pub(super) async fn find_recording(
    db: &PgPool,
    company_id: CompanyId,
    call_id: CallId,
) -> sqlx::Result<Option<(i64, Vec<u8>)>> {
    sqlx::query_as(
        "select call.extension_id, recording.content
           from call_recording as recording
           join call using (call_id)
          where recording.call_id = $1 and recording.company_id = $2",
    )
    .bind(call_id.0)
    .bind(company_id.0)
    .fetch_optional(db)
    .await
}
