//! Who wrote until where in the primary's log.

use std::time::Duration;

use sqlx::PgPool;

use crate::service::Service;
use crate::sweeps::Sweep;

/// A replica that lags by more than this, or at most twice as much, serves nobody.
const LAG_MAX: Duration = Duration::from_secs(10);

/// Remembers that `caller` has changed something that is committed by now.
pub(super) async fn note(primary: &PgPool, caller: &str) -> sqlx::Result<()> {
    sqlx::query(
        "insert into last_write as known (caller, position)
         values ($1, (pg_current_wal_insert_lsn() - '0/0')::bigint)
         on conflict (caller) do update
            set position = greatest(known.position, excluded.position)",
    )
    .bind(caller)
    .execute(primary)
    .await?;
    Ok(())
}

/// How far a replica must be to serve `caller`. Absent when what was noted has been lost.
pub(super) async fn wanted(primary: &PgPool, caller: &str) -> sqlx::Result<Option<i64>> {
    let wanted = sqlx::query_scalar(
        "select greatest(floor.position, own.position)
           from replay_floor as floor left join last_write as own on own.caller = $1",
    )
    .bind(caller)
    .fetch_optional(primary)
    .await?;
    if wanted.is_none() {
        // From here on, everybody counts as having written just now.
        sqlx::query(
            "insert into replay_floor (position, next_position)
             select position, position
               from (select (pg_current_wal_insert_lsn() - '0/0')::bigint as position) as now
             on conflict do nothing",
        )
        .execute(primary)
        .await?;
    }
    Ok(wanted)
}

/// Moves the floor up and forgets what lies below it; whichever replica of the service comes first.
pub(super) async fn move_floor(primary: &PgPool, every: Duration) -> sqlx::Result<()> {
    sqlx::query(
        "with floor as (
             update replay_floor
                set position = next_position,
                    next_position = (pg_current_wal_insert_lsn() - '0/0')::bigint,
                    moved_at = clock_timestamp()
              where moved_at <= clock_timestamp() - make_interval(secs => $1)
             returning position
         )
         delete from last_write using floor where last_write.position <= floor.position",
    )
    .bind(every.as_secs_f64())
    .execute(primary)
    .await?;
    Ok(())
}

/// Keeps the memory small, and what replicas show young.
pub(crate) fn keep_up(service: &Service) -> Sweep {
    let primary = service.db.clone();
    Sweep::new("replay_floor", LAG_MAX / 5, move || {
        let primary = primary.clone();
        async move {
            move_floor(&primary, LAG_MAX).await?;
            Ok(false)
        }
    })
}
