//! The table `phone_number`.

use brazil::{AreaCode, LineId, MobileNumber};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::NumberRange;

const QUARANTINE_BATCH: i64 = 1_000;

const TAKE_UNLOCKED: &str = "
    update phone_number
       set state = 'assigned', line_id = $2, updated_at = $3
     where number = (
               select number
                 from phone_number
                where area_code = $1 and state = 'free'
                order by updated_at, number
                limit 1
                  for update skip locked
           )
    returning number";

const TAKE_OR_WAIT: &str = "
    update phone_number
       set state = 'assigned', line_id = $2, updated_at = $3
     where number = (
               select number
                 from phone_number
                where area_code = $1 and state = 'free'
                order by updated_at, number
                limit 1
                  for update
           )
    returning number";

const ENDS_OF_FREE: &str = "
    select min(number), max(number)
      from phone_number
     where area_code = $1 and state = 'free'";

const DRAW_FROM: &str = "
    update phone_number
       set state = 'assigned', line_id = $2, updated_at = $3
     where number = (
               select number
                 from phone_number
                where area_code = $1 and state = 'free' and number >= $4
                order by number
                limit 1
                  for update skip locked
           )
    returning number";

/// Adds the numbers of a range that are not there yet; tells how many.
pub(crate) async fn add_range(
    tx: &mut PgConnection,
    range: NumberRange,
    now: OffsetDateTime,
) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "with created as (
             insert into phone_number (number, area_code, state, created_at, updated_at)
             select '+55' || $1::text || subscriber, $1, 'free', $4, $4
               from generate_series($2, $3) as subscriber
             on conflict (number) do nothing
             returning 1
         )
         select count(*) from created",
    )
    .bind(i16::from(u8::from(range.area_code)))
    .bind(i64::from(range.first))
    .bind(i64::from(range.last))
    .bind(now)
    .fetch_one(tx)
    .await
}

/// Takes the number of an area that has been free longest for a line; none when none is free.
///
/// Numbers that others are just taking are passed over. When nothing else is left they are waited
/// for, since a transaction that fails gives its number back.
pub(crate) async fn take(
    tx: &mut PgConnection,
    area_code: AreaCode,
    line_id: LineId,
    now: OffsetDateTime,
) -> sqlx::Result<Option<MobileNumber>> {
    for statement in [TAKE_UNLOCKED, TAKE_OR_WAIT] {
        let taken: Option<String> = sqlx::query_scalar(statement)
            .bind(i16::from(u8::from(area_code)))
            .bind(line_id.0)
            .bind(now)
            .fetch_optional(&mut *tx)
            .await?;
        if let Some(number) = taken {
            return read(&number).map(Some);
        }
    }
    Ok(None)
}

/// Draws a free number of an area for a line, by chance; none when none is free. As with
/// [`take`], what others are just taking is waited for when nothing else is left.
pub(crate) async fn draw(
    tx: &mut PgConnection,
    area_code: AreaCode,
    line_id: LineId,
    now: OffsetDateTime,
) -> sqlx::Result<Option<MobileNumber>> {
    let area = i16::from(u8::from(area_code));
    let ends: (Option<String>, Option<String>) =
        sqlx::query_as(ENDS_OF_FREE).bind(area).fetch_one(&mut *tx).await?;
    let (Some(lowest), Some(highest)) = ends else { return Ok(None) };
    let (lowest, highest) = (read(&lowest)?, read(&highest)?);
    let drawn = rand::random_range(lowest.subscriber()..=highest.subscriber());
    let drawn = MobileNumber::from_parts(area_code, drawn)
        .map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
    for from in [&drawn, &lowest] {
        let taken: Option<String> = sqlx::query_scalar(DRAW_FROM)
            .bind(area)
            .bind(line_id.0)
            .bind(now)
            .bind(from.as_str())
            .fetch_optional(&mut *tx)
            .await?;
        if let Some(number) = taken {
            return read(&number).map(Some);
        }
    }
    take(tx, area_code, line_id, now).await
}

/// Takes the numbers of lines away, and keeps them back until `free_from`; those that were ported
/// in do not come back to us at all.
pub(crate) async fn release_of_lines(
    tx: &mut PgConnection,
    line_ids: &[Uuid],
    free_from: OffsetDateTime,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "update phone_number
            set state = case state when 'ported_in' then state else 'quarantined' end,
                free_from = case state when 'ported_in' then null else $2 end,
                line_id = null, updated_at = $3
          where line_id = any($1)",
    )
    .bind(line_ids)
    .bind(free_from)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// Takes a number in that a line brings along from another operator.
///
/// # Errors
/// The constraint `phone_number_line_id_key` when the line has not released its number.
pub(crate) async fn port_in(
    tx: &mut PgConnection,
    number: &MobileNumber,
    line_id: LineId,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into phone_number (number, area_code, state, line_id, created_at, updated_at)
         values ($1, $2, 'ported_in', $3, $4, $4)
         on conflict (number) do update
            set state = 'ported_in', free_from = null, line_id = $3, updated_at = $4",
    )
    .bind(number.as_str())
    .bind(i16::from(u8::from(number.area_code())))
    .bind(line_id.0)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

fn read(number: &str) -> sqlx::Result<MobileNumber> {
    number.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

/// Frees a batch of numbers whose quarantine is over; tells of which areas they are.
pub(crate) async fn end_quarantines(
    tx: &mut PgConnection,
    now: OffsetDateTime,
) -> sqlx::Result<Vec<AreaCode>> {
    let areas: Vec<i16> = sqlx::query_scalar(
        "with freed as (
             update phone_number
                set state = 'free', free_from = null, updated_at = $1
              where number in (
                        select number
                          from phone_number
                         where state = 'quarantined' and free_from <= $1
                         order by free_from
                         limit $2
                           for update skip locked
                    )
             returning area_code
         )
         select distinct area_code from freed",
    )
    .bind(now)
    .bind(QUARANTINE_BATCH)
    .fetch_all(tx)
    .await?;
    areas
        .into_iter()
        .map(|code| AreaCode::try_from(code).map_err(|error| sqlx::Error::Decode(Box::new(error))))
        .collect()
}

#[cfg(test)]
mod tests;
