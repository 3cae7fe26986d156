//! The tables `port_in` and `port_in_message`.

use brazil::{CompanyId, LineId, MobileNumber, UserId};
use chassis::db::{broken_constraint, parsed};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgPool, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{PortIn, PortInId, Refusal};
use crate::error::Error;

const DUE: &str = "
    select port_in_id
      from port_in
     where due_at <= $1
     order by due_at
     limit $2";

impl FromRow<'_, PgRow> for PortIn {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            port_in_id: PortInId(row.try_get("port_in_id")?),
            line_id: LineId(row.try_get("line_id")?),
            company_id: row.try_get::<Option<Uuid>, _>("company_id")?.map(CompanyId),
            user_id: row.try_get::<Option<Uuid>, _>("user_id")?.map(UserId),
            number: parsed(row, "phone_number")?,
            holder_kind: row.try_get("holder_kind")?,
            document_sealed: row.try_get("document_sealed")?,
            protocol: row.try_get("protocol")?,
            status: row.try_get("status")?,
            status_reason: row.try_get("status_reason")?,
            since: row.try_get("since")?,
            asked_at: row.try_get("asked_at")?,
            asks: row.try_get("asks")?,
            submitted_at: row.try_get("submitted_at")?,
            window_on: row.try_get("window_on")?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
        })
    }
}

/// Adds a request.
///
/// # Errors
/// [`Refusal::InProgress`] when its line or its number has an open one.
pub(super) async fn insert(tx: &mut PgConnection, port_in: &PortIn) -> Result<(), Error> {
    sqlx::query(
        "insert into port_in (
             port_in_id, line_id, company_id, user_id, phone_number, holder_kind,
             document_sealed, protocol, status, since, asked_at, asks, created_at, updated_at
         )
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(port_in.port_in_id.0)
    .bind(port_in.line_id.0)
    .bind(port_in.company_id.map(Uuid::from))
    .bind(port_in.user_id.map(Uuid::from))
    .bind(port_in.number.as_str())
    .bind(port_in.holder_kind)
    .bind(&port_in.document_sealed)
    .bind(&port_in.protocol)
    .bind(port_in.status)
    .bind(port_in.since)
    .bind(port_in.asked_at)
    .bind(port_in.asks)
    .bind(port_in.created_at)
    .bind(port_in.updated_at)
    .execute(tx)
    .await
    .map_err(|error| match broken_constraint(&error) {
        Some("port_in_open_number" | "port_in_open_line") => Refusal::InProgress.into(),
        _ => Error::Database(error),
    })?;
    Ok(())
}

/// Writes how far a request has come, and when it is to be looked at again.
pub(super) async fn save(
    tx: &mut PgConnection,
    port_in: &PortIn,
    due_at: Option<OffsetDateTime>,
) -> sqlx::Result<()> {
    sqlx::query(
        "update port_in
            set status = $2, status_reason = $3, since = $4, asked_at = $5, asks = $6,
                submitted_at = $7, window_on = $8, due_at = $9, updated_at = $10
          where port_in_id = $1 and ($11::uuid is null or company_id = $11)",
    )
    .bind(port_in.port_in_id.0)
    .bind(port_in.status)
    .bind(port_in.status_reason.as_deref())
    .bind(port_in.since)
    .bind(port_in.asked_at)
    .bind(port_in.asks)
    .bind(port_in.submitted_at)
    .bind(port_in.window_on)
    .bind(due_at)
    .bind(port_in.updated_at)
    .bind(port_in.company_id.map(Uuid::from))
    .execute(tx)
    .await?;
    Ok(())
}

/// Reads a request.
pub(super) async fn find(pool: &PgPool, port_in_id: PortInId) -> sqlx::Result<Option<PortIn>> {
    sqlx::query_as("select * from port_in where port_in_id = $1")
        .bind(port_in_id.0)
        .fetch_optional(pool)
        .await
}

/// Reads the newest request of a line.
pub(super) async fn newest_of_line(pool: &PgPool, line_id: LineId) -> sqlx::Result<Option<PortIn>> {
    sqlx::query_as(
        "select *
           from port_in
          where line_id = $1
          order by port_in_id desc
          limit 1",
    )
    .bind(line_id.0)
    .fetch_optional(pool)
    .await
}

/// Finds whom a message is about: the request that it names, or else the newest of the number.
/// There is at most one open request of a number, and that is the newest.
pub(super) async fn meant(
    pool: &PgPool,
    number: &MobileNumber,
    port_in_id: Option<PortInId>,
) -> sqlx::Result<Option<PortIn>> {
    sqlx::query_as(
        "select *
           from port_in
          where phone_number = $1 and ($2::uuid is null or port_in_id = $2)
          order by port_in_id desc
          limit 1",
    )
    .bind(number.as_str())
    .bind(port_in_id.map(Uuid::from))
    .fetch_optional(pool)
    .await
}

/// Reads a request anew and locks it until the transaction ends. Its line is locked before.
pub(super) async fn lock(tx: &mut PgConnection, known: &PortIn) -> sqlx::Result<Option<PortIn>> {
    sqlx::query_as(
        "select *
           from port_in
          where port_in_id = $1 and ($2::uuid is null or company_id = $2)
            for update",
    )
    .bind(known.port_in_id.0)
    .bind(known.company_id.map(Uuid::from))
    .fetch_optional(tx)
    .await
}

/// Reads a line's newest request and locks it until the transaction ends.
pub(super) async fn lock_newest_of_line(
    tx: &mut PgConnection,
    line_id: LineId,
) -> sqlx::Result<Option<PortIn>> {
    sqlx::query_as(
        "select *
           from port_in
          where line_id = $1
          order by port_in_id desc
          limit 1
            for update",
    )
    .bind(line_id.0)
    .fetch_optional(tx)
    .await
}

/// Reads a line's open request and locks it until the transaction ends.
pub(super) async fn lock_open_of_line(
    tx: &mut PgConnection,
    line_id: LineId,
) -> sqlx::Result<Option<PortIn>> {
    sqlx::query_as(
        "select *
           from port_in
          where line_id = $1 and status not in ('successful', 'denied', 'cancelled', 'failed')
            for update",
    )
    .bind(line_id.0)
    .fetch_optional(tx)
    .await
}

/// Which of these lines have an open request.
pub(super) async fn with_open(
    tx: &mut PgConnection,
    line_ids: &[Uuid],
) -> sqlx::Result<Vec<LineId>> {
    let line_ids: Vec<Uuid> = sqlx::query_scalar(
        "select line_id
           from port_in
          where line_id = any($1)
            and status not in ('successful', 'denied', 'cancelled', 'failed')",
    )
    .bind(line_ids)
    .fetch_all(tx)
    .await?;
    Ok(line_ids.into_iter().map(LineId).collect())
}

/// Names requests whose time has come, the longest overdue first.
pub(super) async fn due(
    pool: &PgPool,
    now: OffsetDateTime,
    limit: i64,
) -> sqlx::Result<Vec<PortInId>> {
    let ids: Vec<Uuid> = sqlx::query_scalar(DUE).bind(now).bind(limit).fetch_all(pool).await?;
    Ok(ids.into_iter().map(PortInId).collect())
}

/// Notes that a message was taken in; false when it was before.
pub(super) async fn take_in(
    tx: &mut PgConnection,
    message_id: &str,
    port_in_id: PortInId,
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let taken = sqlx::query(
        "insert into port_in_message (message_id, port_in_id, taken_at)
         values ($1, $2, $3)
         on conflict (message_id) do nothing",
    )
    .bind(message_id)
    .bind(port_in_id.0)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// Forgets some messages that were taken in before a moment and whose requests have ended; false
/// when none is left, or others are at the rest.
pub(super) async fn forget_messages(
    pool: &PgPool,
    before: OffsetDateTime,
    limit: i64,
) -> sqlx::Result<bool> {
    let forgotten = sqlx::query(
        "delete from port_in_message
          where message_id in (
                select message_id
                  from port_in_message as message
                 where taken_at < $1
                   and not exists (
                       select from port_in
                        where port_in.port_in_id = message.port_in_id
                          and status not in ('successful', 'denied', 'cancelled', 'failed'))
                 order by taken_at
                 limit $2
                   for update skip locked)",
    )
    .bind(before)
    .bind(limit)
    .execute(pool)
    .await?;
    Ok(forgotten.rows_affected() > 0)
}

/// Whether a number is ours: of our own stock, or brought along by a line that still has it.
pub(super) async fn is_ours(tx: &mut PgConnection, number: &MobileNumber) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "select exists (
             select from phone_number
              where number = $1 and (state <> 'ported_in' or line_id is not null)
         )",
    )
    .bind(number.as_str())
    .fetch_one(tx)
    .await
}

#[cfg(test)]
mod tests;
