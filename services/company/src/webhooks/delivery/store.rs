//! The table `webhook_delivery`, and what of `webhook_endpoint` it takes to deliver.

use std::time::Duration;

use chassis::page::{Page, counted};
use chassis::refusal::invalid;
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgExecutor, PgPool};
use time::OffsetDateTime;
use uuid::Uuid;

use super::sender::Answer;
use super::{Delivery, Kind, Message, Next, State};
use crate::error::Error;

/// A message that a job has in hand.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Outgoing {
    pub(super) delivery_id: Uuid,
    pub(super) endpoint_id: Uuid,
    pub(super) kind: Kind,
    pub(super) url: String,
    /// Newest first.
    pub(super) secrets_sealed: Vec<Vec<u8>>,
    pub(super) body: String,
    /// Attempts of this round so far.
    #[sqlx(try_from = "i32")]
    pub(super) step: u32,
}

/// Place of a delivery in its endpoint's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    pub(crate) happened_at: OffsetDateTime,
    pub(crate) delivery_id: Uuid,
}

/// Addresses a message to those of the endpoints that are not disabled; tells to which it was not
/// before. Its id there is made of the event's and the endpoint's: a UUIDv7 with the event's time,
/// and the same however often this is done.
pub(crate) async fn address(
    tx: &mut PgConnection,
    message: &Message<'_>,
    endpoint_ids: &[Uuid],
    now: OffsetDateTime,
) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar(
        "with hearer as (
             select endpoint_id
               from webhook_endpoint
              where endpoint_id = any($2) and disabled_at is null
              order by endpoint_id
                for no key update
         )
         insert into webhook_delivery
             (delivery_id, endpoint_id, event_type, body, state, attempts, step, due_at, queued,
              happened_at)
         select (left($1, 20) || right(md5($1 || endpoint_id::text), 15))::uuid, endpoint_id, $3,
                $4, 'pending', 0, 0, $6, false, $5
           from hearer
             on conflict do nothing
         returning endpoint_id",
    )
    .bind(message.event_id.to_string())
    .bind(endpoint_ids)
    .bind(message.event_type)
    .bind(message.body)
    .bind(message.happened_at)
    .bind(now)
    .fetch_all(tx)
    .await
}

/// Locks endpoints until the transaction ends, always in the same order: whoever counts or marks
/// what is in hand at an endpoint does it alone.
pub(crate) async fn lock_endpoints(
    tx: &mut PgConnection,
    endpoint_ids: &[Uuid],
) -> sqlx::Result<()> {
    sqlx::query(
        "select from webhook_endpoint
          where endpoint_id = any($1)
          order by endpoint_id
            for no key update",
    )
    .bind(endpoint_ids)
    .execute(tx)
    .await?;
    Ok(())
}

/// Marks what is due at locked endpoints as in hand, oldest first, up to `window` at each: one at
/// an endpoint that fails.
pub(super) async fn mark_due(
    tx: &mut PgConnection,
    endpoint_ids: &[Uuid],
    window: i64,
    now: OffsetDateTime,
) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar(
        "update webhook_delivery as delivery
            set queued = true
           from (select due.delivery_id
                   from webhook_endpoint as endpoint
                  cross join lateral (
                        select delivery_id
                          from webhook_delivery as waiting
                         where waiting.endpoint_id = endpoint.endpoint_id
                           and state = 'pending' and not queued and due_at <= $3
                         order by due_at
                         limit greatest(0,
                               case when endpoint.failing then 1 else $2 end
                               - (select count(*)
                                    from webhook_delivery as in_hand
                                   where in_hand.endpoint_id = endpoint.endpoint_id and queued))
                        ) as due
                  where endpoint.endpoint_id = any($1) and endpoint.disabled_at is null
                ) as next
          where delivery.delivery_id = next.delivery_id
         returning delivery.delivery_id",
    )
    .bind(endpoint_ids)
    .bind(window)
    .bind(now)
    .fetch_all(tx)
    .await
}

/// Endpoints where something is due that nobody has in hand, in the order of their ids.
pub(super) async fn due_endpoints(
    db: &PgPool,
    after: Uuid,
    now: OffsetDateTime,
    limit: i64,
) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar(
        "select endpoint_id
           from webhook_endpoint as endpoint
          where endpoint_id > $1
            and disabled_at is null
            and exists (
                select from webhook_delivery as delivery
                 where delivery.endpoint_id = endpoint.endpoint_id
                   and state = 'pending' and not queued and due_at <= $2)
          order by endpoint_id
          limit $3",
    )
    .bind(after)
    .bind(now)
    .bind(limit)
    .fetch_all(db)
    .await
}

/// Reads a message that is in hand, with every secret that signs now.
pub(super) async fn find_queued(
    db: &PgPool,
    delivery_id: Uuid,
    now: OffsetDateTime,
) -> sqlx::Result<Option<Outgoing>> {
    sqlx::query_as(
        "select delivery_id, endpoint_id, kind, url, body, step,
                case when previous_secret_until > $2
                     then array[secret_sealed, previous_secret_sealed]
                     else array[secret_sealed] end as secrets_sealed
           from webhook_delivery
           join webhook_endpoint using (endpoint_id)
          where delivery_id = $1 and queued and url is not null",
    )
    .bind(delivery_id)
    .bind(now)
    .fetch_optional(db)
    .await
}

/// Writes an attempt down; the message is in hand no more.
pub(super) async fn record(
    tx: &mut PgConnection,
    delivery_id: Uuid,
    answer: &Answer,
    next: &Next,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    let (state, pause): (State, Option<Duration>) = match next {
        Next::Delivered => (State::Delivered, None),
        Next::Again(pause) => (State::Pending, Some(*pause)),
        Next::GivenUp => (State::Failed, None),
    };
    sqlx::query(
        "update webhook_delivery
            set state = $2, attempts = attempts + 1, step = step + 1, last_status = $3,
                last_error = $4, due_at = $5, delivered_at = $6, queued = false
          where delivery_id = $1 and queued",
    )
    .bind(delivery_id)
    .bind(state)
    .bind(answer.status.map(i32::from))
    .bind(&answer.error)
    .bind(pause.map(|pause| now + pause))
    .bind((state == State::Delivered).then_some(now))
    .execute(tx)
    .await?;
    Ok(())
}

/// Notes whether an endpoint fails.
pub(super) async fn note_health(
    tx: &mut PgConnection,
    endpoint_id: Uuid,
    failing: bool,
) -> sqlx::Result<()> {
    sqlx::query(
        "update webhook_endpoint set failing = $2 where endpoint_id = $1 and failing <> $2",
    )
    .bind(endpoint_id)
    .bind(failing)
    .execute(tx)
    .await?;
    Ok(())
}

/// Ends deliveries to an endpoint that is gone, and gives up what was on its way; unless it has
/// been somewhere else since the message was sent.
pub(super) async fn disable(
    tx: &mut PgConnection,
    sent: &Outgoing,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    let disabled = sqlx::query(
        "update webhook_endpoint
            set disabled_at = $3
          where endpoint_id = $1 and url = $2 and disabled_at is null",
    )
    .bind(sent.endpoint_id)
    .bind(&sent.url)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    if disabled.rows_affected() == 0 {
        return Ok(());
    }
    give_up(tx, sent.endpoint_id, "the endpoint is gone").await
}

/// Gives up what is on its way to an endpoint, be it in hand or not. The endpoint is locked.
pub(crate) async fn give_up(
    tx: &mut PgConnection,
    endpoint_id: Uuid,
    why: &str,
) -> sqlx::Result<()> {
    sqlx::query(
        "update webhook_delivery
            set state = 'failed', due_at = null, queued = false, last_error = $2
          where endpoint_id = $1 and state = 'pending'",
    )
    .bind(endpoint_id)
    .bind(why)
    .execute(tx)
    .await?;
    Ok(())
}

/// A page of an endpoint's deliveries, newest first, and how many there are in all.
pub(crate) async fn list(
    db: impl PgExecutor<'_>,
    endpoint_id: Uuid,
    page: &Page<Position>,
) -> sqlx::Result<(Vec<Delivery>, i64)> {
    let rows = sqlx::query(
        "with page as (
             select delivery_id, event_type, state, attempts, last_status, last_error, due_at,
                    happened_at, delivered_at
               from webhook_delivery
              where endpoint_id = $1
                and ($2::timestamptz is null or (happened_at, delivery_id) < ($2, $3))
              order by happened_at desc, delivery_id desc
             offset $4
              limit $5
         )
         select (select count(*) from webhook_delivery where endpoint_id = $1) as total, page.*
           from (select) as one
           left join page on true
          order by happened_at desc, delivery_id desc",
    )
    .bind(endpoint_id)
    .bind(page.after.map(|position| position.happened_at))
    .bind(page.after.map(|position| position.delivery_id))
    .bind(page.skip)
    .bind(page.limit())
    .fetch_all(db)
    .await?;
    counted(&rows, "delivery_id")
}

/// Makes due again what happened from `from` until before `to`, the schedule beginning anew; tells
/// how many that are. What is in hand right now is on its way already. The endpoint is locked.
///
/// # Errors
/// INVALID_ARGUMENT when there are more than `limit`.
pub(crate) async fn replay(
    tx: &mut PgConnection,
    endpoint_id: Uuid,
    (from, to): (OffsetDateTime, OffsetDateTime),
    now: OffsetDateTime,
    limit: i64,
) -> Result<i64, Error> {
    let replayed = sqlx::query(
        "update webhook_delivery
            set state = 'pending', step = 0, due_at = $4, delivered_at = null
          where delivery_id in (
                select delivery_id
                  from webhook_delivery
                 where endpoint_id = $1 and happened_at >= $2 and happened_at < $3 and not queued
                 limit $5)",
    )
    .bind(endpoint_id)
    .bind(from)
    .bind(to)
    .bind(now)
    .bind(limit + 1)
    .execute(tx)
    .await?;
    i64::try_from(replayed.rows_affected())
        .ok()
        .filter(|count| *count <= limit)
        .ok_or_else(|| invalid("to", format!("leaves more than {limit} messages")).into())
}

/// Forgets up to `limit` messages that happened before `before` and are on no way any more; tells
/// how many.
pub(super) async fn forget(db: &PgPool, before: OffsetDateTime, limit: i64) -> sqlx::Result<i64> {
    let forgotten = sqlx::query(
        "delete from webhook_delivery
          where delivery_id in (
                select delivery_id
                  from webhook_delivery
                 where state <> 'pending' and happened_at < $1
                 order by happened_at
                 limit $2
                   for update skip locked)",
    )
    .bind(before)
    .bind(limit)
    .execute(db)
    .await?;
    Ok(i64::try_from(forgotten.rows_affected()).unwrap_or(limit))
}

#[cfg(test)]
mod tests;
