//! Rows of attempt.

use std::time::Duration as Pause;

use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;

use super::{Count, Subject};

/// How long to wait before the next attempt on any of the subjects; None when it may be made now.
pub(crate) async fn pause(
    db: impl PgExecutor<'_>,
    subjects: &[Subject],
    now: OffsetDateTime,
) -> sqlx::Result<Option<Pause>> {
    let fingerprints: Vec<&[u8]> = subjects.iter().map(|s| s.fingerprint.as_slice()).collect();
    let rows: Vec<(Vec<u8>, i32, OffsetDateTime)> =
        sqlx::query_as("select subject, count, started_at from attempt where subject = any($1)")
            .bind(fingerprints)
            .fetch_all(db)
            .await?;
    let pause_of = |(fingerprint, count, started_at): (Vec<u8>, i32, OffsetDateTime)| {
        let subject = subjects.iter().find(|subject| subject.fingerprint == fingerprint)?;
        let attempts = u32::try_from(count).unwrap_or_default();
        subject.limit.pause(Count { attempts, started_at }, now)
    };
    Ok(rows.into_iter().filter_map(pause_of).max())
}

/// Counts an attempt of each subject, unless one of them has to wait: then for how long.
/// Concurrent attempts on one subject are counted one after the other.
pub(crate) async fn count(
    tx: &mut PgConnection,
    subjects: &[Subject],
    now: OffsetDateTime,
) -> sqlx::Result<Option<Pause>> {
    // In one order for everybody, so that nobody waits in a circle.
    let mut subjects: Vec<&Subject> = subjects.iter().collect();
    subjects.sort_by(|one, other| one.fingerprint.cmp(&other.fingerprint));
    let mut counts = Vec::new();
    for subject in subjects {
        let count = lock(tx, subject, now).await?;
        if let Some(pause) = subject.limit.pause(count, now) {
            return Ok(Some(pause));
        }
        counts.push((subject, subject.limit.add(count, now)));
    }
    for (subject, count) in counts {
        save(tx, subject, count).await?;
    }
    Ok(None)
}

/// Forgets a subject's attempts.
pub(crate) async fn forget(tx: &mut PgConnection, subject: &Subject) -> sqlx::Result<()> {
    sqlx::query("delete from attempt where subject = $1")
        .bind(&subject.fingerprint)
        .execute(tx)
        .await?;
    Ok(())
}

/// Forgets counts whose window has closed.
pub(crate) async fn delete_ended(db: impl PgExecutor<'_>, now: OffsetDateTime) -> sqlx::Result<()> {
    sqlx::query("delete from attempt where ends_at <= $1").bind(now).execute(db).await?;
    Ok(())
}

/// The subject's count, locked; makes the row that is locked where there is none.
async fn lock(
    tx: &mut PgConnection,
    subject: &Subject,
    now: OffsetDateTime,
) -> sqlx::Result<Count> {
    let (count, started_at): (i32, OffsetDateTime) = sqlx::query_as(
        "insert into attempt as a (subject, count, started_at, ends_at)
         values ($1, 0, $2, $3)
         on conflict (subject) do update set count = a.count
         returning count, started_at",
    )
    .bind(&subject.fingerprint)
    .bind(now)
    .bind(now + subject.limit.window)
    .fetch_one(tx)
    .await?;
    Ok(Count { attempts: u32::try_from(count).unwrap_or_default(), started_at })
}

async fn save(tx: &mut PgConnection, subject: &Subject, count: Count) -> sqlx::Result<()> {
    sqlx::query("update attempt set count = $2, started_at = $3, ends_at = $4 where subject = $1")
        .bind(&subject.fingerprint)
        .bind(i32::try_from(count.attempts).unwrap_or(i32::MAX))
        .bind(count.started_at)
        .bind(count.started_at + subject.limit.window)
        .execute(tx)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
