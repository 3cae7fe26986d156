//! The table `phone_number`.

use brazil::{AreaCode, LineId, MobileNumber};
use sqlx::PgConnection;
use time::OffsetDateTime;

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
            let number = number.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
            return Ok(Some(number));
        }
    }
    Ok(None)
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
