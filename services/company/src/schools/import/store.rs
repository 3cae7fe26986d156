//! Rows of school_import, school_import_refusal and school_import_row.

use chassis::crypto::Keyring;
use prost::Message;
use proto::company::v1 as pb;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use uuid::Uuid;

use super::rows::Phase;
use super::{PART_MAX, Refused, Report};
use crate::error::Error;

pub(crate) const SEALED_AS: &str = "company.school_import_row";

/// Keeps rows until they are put.
pub(super) async fn keep(
    db: &PgPool,
    keyring: &Keyring,
    attempt_id: Uuid,
    rows: &[(Phase, pb::ImportRow)],
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    let phases: Vec<i16> = rows.iter().map(|(phase, _)| *phase as i16).collect();
    let numbers: Vec<i64> = rows.iter().map(|(_, row)| row.row_number.into()).collect();
    let sealed: Vec<Vec<u8>> =
        rows.iter().map(|(_, row)| keyring.seal(SEALED_AS, &row.encode_to_vec())).collect();
    sqlx::query(
        "insert into school_import_row (attempt_id, phase, row_number, row_sealed, received_at)
         select $1, phase, row_number, row_sealed, $5
           from unnest($2::smallint[], $3::bigint[], $4::bytea[])
                as kept (phase, row_number, row_sealed)",
    )
    .bind(attempt_id)
    .bind(phases)
    .bind(numbers)
    .bind(sealed)
    .bind(now)
    .execute(db)
    .await?;
    Ok(())
}

/// The next kept rows of a phase, and those of later phases up to `last`.
pub(super) async fn kept(
    db: &mut PgConnection,
    keyring: &Keyring,
    attempt_id: Uuid,
    after: (i16, i64),
    last: Phase,
) -> Result<Vec<(i16, pb::ImportRow)>, Error> {
    let rows: Vec<(i16, Vec<u8>)> = sqlx::query_as(
        "select phase, row_sealed
           from school_import_row
          where attempt_id = $1 and (phase, row_number) > ($2, $3) and phase <= $4
          order by phase, row_number
          limit $5",
    )
    .bind(attempt_id)
    .bind(after.0)
    .bind(after.1)
    .bind(last as i16)
    .bind(i64::try_from(PART_MAX).unwrap_or(i64::MAX))
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|(phase, sealed)| {
            let plain = keyring.open(SEALED_AS, &sealed)?;
            let row = pb::ImportRow::decode(plain.as_slice())
                .map_err(|error| sqlx::Error::Decode(error.into()))?;
            Ok((phase, row))
        })
        .collect()
}

/// Forgets the rows of an attempt.
pub(super) async fn forget(db: &PgPool, attempt_id: Uuid) -> sqlx::Result<()> {
    sqlx::query("delete from school_import_row where attempt_id = $1")
        .bind(attempt_id)
        .execute(db)
        .await?;
    Ok(())
}

/// Forgets rows that came before a moment.
pub(super) async fn forget_old(db: &PgPool, before: OffsetDateTime) -> sqlx::Result<()> {
    sqlx::query("delete from school_import_row where received_at < $1")
        .bind(before)
        .execute(db)
        .await?;
    Ok(())
}

/// Claims an import for as long as the connection lives; false when another one has it.
pub(super) async fn claim(connection: &mut PgConnection, import_id: Uuid) -> sqlx::Result<bool> {
    sqlx::query_scalar("select pg_try_advisory_lock(hashtextextended($1::text, 0))")
        .bind(import_id)
        .fetch_one(connection)
        .await
}

/// Gives a claim back.
pub(super) async fn unclaim(connection: &mut PgConnection, import_id: Uuid) -> sqlx::Result<()> {
    sqlx::query("select pg_advisory_unlock(hashtextextended($1::text, 0))")
        .bind(import_id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Notes what became of an import.
pub(super) async fn finish(
    tx: &mut PgConnection,
    import_id: Uuid,
    imported_by: &str,
    report: &Report,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    let count = |rows: usize| i32::try_from(rows).unwrap_or(i32::MAX);
    sqlx::query(
        "insert into school_import
             (import_id, imported_by, row_count, applied, refused, finished_at)
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(import_id)
    .bind(imported_by)
    .bind(count(report.rows))
    .bind(count(report.rows.saturating_sub(report.refused.len())))
    .bind(count(report.refused.len()))
    .bind(now)
    .execute(&mut *tx)
    .await?;
    for refused in report.refused.chunks(PART_MAX) {
        let numbers: Vec<i64> = refused.iter().map(|row| row.row_number.into()).collect();
        let fields: Vec<&str> = refused.iter().map(|row| row.field.as_str()).collect();
        let reasons: Vec<&str> = refused.iter().map(|row| row.reason.as_str()).collect();
        sqlx::query(
            "insert into school_import_refusal (import_id, row_number, field, reason)
             select $1, row_number, field, reason
               from unnest($2::bigint[], $3::text[], $4::text[])
                    as refused (row_number, field, reason)",
        )
        .bind(import_id)
        .bind(numbers)
        .bind(fields)
        .bind(reasons)
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

/// What became of an import that is done.
pub(super) async fn report(db: &PgPool, import_id: Uuid) -> sqlx::Result<Option<Report>> {
    let rows: Option<i32> =
        sqlx::query_scalar("select row_count from school_import where import_id = $1")
            .bind(import_id)
            .fetch_optional(db)
            .await?;
    let Some(rows) = rows else { return Ok(None) };
    let refused: Vec<(i64, String, String)> = sqlx::query_as(
        "select row_number, field, reason
           from school_import_refusal
          where import_id = $1
          order by row_number",
    )
    .bind(import_id)
    .fetch_all(db)
    .await?;
    let refused = refused
        .into_iter()
        .map(|(row_number, field, reason)| Refused {
            row_number: u32::try_from(row_number).unwrap_or_default(),
            field,
            reason,
        })
        .collect();
    Ok(Some(Report { rows: usize::try_from(rows).unwrap_or_default(), refused, replayed: true }))
}
