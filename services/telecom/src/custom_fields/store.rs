//! The column `custom_fields` of the table `line`.

use brazil::{CompanyId, LineId};
use sqlx::PgConnection;
use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::CustomFields;
use crate::error::Error;

/// Writes the fields of a line that the transaction has locked.
pub(super) async fn save(
    tx: &mut PgConnection,
    line_id: LineId,
    fields: &CustomFields,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query("update line set custom_fields = $2, updated_at = $3 where line_id = $1")
        .bind(line_id.0)
        .bind(Json(fields))
        .bind(now)
        .execute(tx)
        .await?;
    Ok(())
}

/// Renames a field on all lines of a company; tells of which.
///
/// # Errors
/// [`Error::CustomFieldNotFound`] when no line of the company has it, [`Error::CustomFieldExists`]
/// when one has a field of the new name.
pub(super) async fn rename(
    tx: &mut PgConnection,
    company_id: CompanyId,
    current: &str,
    new: &str,
    now: OffsetDateTime,
) -> Result<Vec<Uuid>, Error> {
    // All lines are locked, so that none gets the new name meanwhile.
    let (found, exists): (bool, bool) = sqlx::query_as(
        "with locked as (
             select custom_fields from line where company_id = $1 order by line_id for update
         )
         select coalesce(bool_or(custom_fields ? $2), false),
                coalesce(bool_or(custom_fields ? $3), false)
           from locked",
    )
    .bind(company_id.0)
    .bind(current)
    .bind(new)
    .fetch_one(&mut *tx)
    .await?;
    match (found, exists) {
        (false, _) => return Err(Error::CustomFieldNotFound),
        (true, true) => return Err(Error::CustomFieldExists),
        (true, false) => {}
    }
    let renamed = sqlx::query_scalar(
        "update line
            set custom_fields = (custom_fields - $2)
                                || jsonb_build_object($3::text, custom_fields -> $2),
                updated_at = $4
          where company_id = $1 and custom_fields ? $2
         returning line_id",
    )
    .bind(company_id.0)
    .bind(current)
    .bind(new)
    .bind(now)
    .fetch_all(tx)
    .await?;
    Ok(renamed)
}
