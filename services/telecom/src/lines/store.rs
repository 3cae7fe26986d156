//! The table `line`.

use std::collections::BTreeSet;

use brazil::{AreaCode, CompanyId, LineId, UserId};
use chassis::auth::Scope;
use chassis::db::parsed_optional;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection, PgExecutor, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::at_carrier::AtCarrier;
use super::life::InvalidBlockReason;
use super::{BlockReason, Line, Status};

const LINES_MAX: i64 = 200;

const LIST_OF_USER: &str = "
    select line_id, company_id, user_id, owned_by_user, visible_to_user, provider, phone_number,
           is_portability, iccid, status, blocks, plan_id, area_code, tag, custom_fields,
           awaiting_approval, activation_refused, number_assigned_at, activated_at,
           created_at, updated_at
      from line
     where user_id = $1 and visible_to_user
     order by line_id desc
     limit $2";

const LOCK_OLDEST_WAITING: &str = "
    select line_id
      from line
     where area_code = $1 and status = 'ordered'
     order by created_at, line_id
     limit 1
       for update";

const LOCK_BATCH_OF_COMPANY: &str = "
    select line_id, company_id, user_id, owned_by_user, visible_to_user, provider, phone_number,
           is_portability, iccid, status, blocks, plan_id, area_code, tag, custom_fields,
           awaiting_approval, activation_refused, number_assigned_at, activated_at,
           created_at, updated_at
      from line
     where company_id = $1 and line_id > $2 and status = any($3)
       and ($4::bool is null or ('no-pay' = any(blocks)) = $4)
     order by line_id
     limit $5
       for update";

impl FromRow<'_, PgRow> for Line {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let area_code: i16 = row.try_get("area_code")?;
        Ok(Self {
            line_id: LineId(row.try_get("line_id")?),
            company_id: row.try_get::<Option<Uuid>, _>("company_id")?.map(CompanyId),
            user_id: row.try_get::<Option<Uuid>, _>("user_id")?.map(UserId),
            owned_by_user: row.try_get("owned_by_user")?,
            visible_to_user: row.try_get("visible_to_user")?,
            provider: row.try_get("provider")?,
            phone_number: parsed_optional(row, "phone_number")?,
            is_portability: row.try_get("is_portability")?,
            iccid: parsed_optional(row, "iccid")?,
            status: row.try_get("status")?,
            blocks: blocks(row)?,
            tag: row.try_get("tag")?,
            custom_fields: row.try_get::<Json<_>, _>("custom_fields")?.0,
            plan_id: row.try_get::<Uuid, _>("plan_id")?.into(),
            area_code: AreaCode::try_from(area_code)
                .map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
            awaiting_approval: row.try_get("awaiting_approval")?,
            activation_refused: row.try_get("activation_refused")?,
            number_assigned_at: row.try_get("number_assigned_at")?,
            activated_at: row.try_get("activated_at")?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
        })
    }
}

fn blocks(row: &PgRow) -> sqlx::Result<BTreeSet<BlockReason>> {
    let names: Vec<String> = row.try_get("blocks")?;
    let reasons = names.iter().map(|name| name.parse()).collect::<Result<_, InvalidBlockReason>>();
    reasons.map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

fn names(blocks: &BTreeSet<BlockReason>) -> Vec<&'static str> {
    blocks.iter().copied().map(BlockReason::as_str).collect()
}

/// Whether there is such a line.
pub(super) async fn exists(tx: &mut PgConnection, line_id: LineId) -> sqlx::Result<bool> {
    sqlx::query_scalar("select exists (select from line where line_id = $1)")
        .bind(line_id.0)
        .fetch_one(tx)
        .await
}

/// Adds a line.
pub(super) async fn insert(tx: &mut PgConnection, line: &Line) -> sqlx::Result<()> {
    sqlx::query(
        "insert into line (
             line_id, company_id, user_id, visible_to_user, provider, phone_number,
             is_portability, status, plan_id, area_code, awaiting_approval,
             number_assigned_at, created_at, updated_at
         )
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(line.line_id.0)
    .bind(line.company_id.map(Uuid::from))
    .bind(line.user_id.map(Uuid::from))
    .bind(line.visible_to_user)
    .bind(&line.provider)
    .bind(line.phone_number.as_ref().map(|number| number.as_str()))
    .bind(line.is_portability)
    .bind(line.status)
    .bind(line.plan_id.0)
    .bind(i16::from(u8::from(line.area_code)))
    .bind(line.awaiting_approval)
    .bind(line.number_assigned_at)
    .bind(line.created_at)
    .bind(line.updated_at)
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes everything about a line that can change.
pub(super) async fn save(tx: &mut PgConnection, line: &Line) -> sqlx::Result<()> {
    sqlx::query(
        "update line
            set company_id = $2, user_id = $3, visible_to_user = $4, phone_number = $5,
                is_portability = $6, iccid = $7, status = $8, blocks = $9, plan_id = $10,
                area_code = $11, tag = $12, awaiting_approval = $13, activation_refused = $14,
                number_assigned_at = $15, activated_at = $16, updated_at = $17,
                owned_by_user = $18
          where line_id = $1",
    )
    .bind(line.line_id.0)
    .bind(line.company_id.map(Uuid::from))
    .bind(line.user_id.map(Uuid::from))
    .bind(line.visible_to_user)
    .bind(line.phone_number.as_ref().map(|number| number.as_str()))
    .bind(line.is_portability)
    .bind(line.iccid.as_ref().map(|iccid| iccid.as_str()))
    .bind(line.status)
    .bind(names(&line.blocks))
    .bind(line.plan_id.0)
    .bind(i16::from(u8::from(line.area_code)))
    .bind(line.tag.as_deref())
    .bind(line.awaiting_approval)
    .bind(line.activation_refused.as_deref())
    .bind(line.number_assigned_at)
    .bind(line.activated_at)
    .bind(line.updated_at)
    .bind(line.owned_by_user)
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes where lines are in their life, and why they are barred: nothing else of them.
pub(super) async fn save_lives(tx: &mut PgConnection, lines: &[&Line]) -> sqlx::Result<()> {
    let line_ids: Vec<Uuid> = lines.iter().map(|line| line.line_id.0).collect();
    let statuses: Vec<&str> = lines.iter().map(|line| line.status.name()).collect();
    // Postgres has no lists of lists of different lengths.
    let blocks: Vec<String> = lines.iter().map(|line| names(&line.blocks).join(",")).collect();
    let awaiting: Vec<bool> = lines.iter().map(|line| line.awaiting_approval).collect();
    let refused: Vec<Option<&str>> =
        lines.iter().map(|line| line.activation_refused.as_deref()).collect();
    let updated: Vec<OffsetDateTime> = lines.iter().map(|line| line.updated_at).collect();
    sqlx::query(
        "update line
            set status = life.status, blocks = string_to_array(life.blocks, ','),
                awaiting_approval = life.awaiting_approval,
                activation_refused = life.activation_refused, updated_at = life.updated_at
           from unnest(
                    $1::uuid[], $2::text[], $3::text[], $4::bool[], $5::text[], $6::timestamptz[]
                ) as life (
                    line_id, status, blocks, awaiting_approval, activation_refused, updated_at
                )
          where line.line_id = life.line_id",
    )
    .bind(line_ids)
    .bind(statuses)
    .bind(blocks)
    .bind(awaiting)
    .bind(refused)
    .bind(updated)
    .execute(tx)
    .await?;
    Ok(())
}

/// Reads a line and what the carrier has of it, and locks it until the transaction ends.
pub(super) async fn lock_at_carrier(
    tx: &mut PgConnection,
    line_id: LineId,
) -> sqlx::Result<Option<(Line, AtCarrier)>> {
    let row = sqlx::query(
        "select line_id, company_id, user_id, owned_by_user, visible_to_user, provider, phone_number,
                is_portability, iccid, status, blocks, plan_id, area_code, tag, custom_fields,
                awaiting_approval, activation_refused, number_assigned_at, activated_at,
                created_at, updated_at,
                at_carrier
           from line
          where line_id = $1
            for update",
    )
    .bind(line_id.0)
    .fetch_optional(tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let Json(known) = row.try_get("at_carrier")?;
    Ok(Some((Line::from_row(&row)?, known)))
}

/// Writes what the carrier has of a line.
pub(super) async fn save_at_carrier(
    tx: &mut PgConnection,
    line_id: LineId,
    known: &AtCarrier,
) -> sqlx::Result<()> {
    sqlx::query("update line set at_carrier = $2 where line_id = $1")
        .bind(line_id.0)
        .bind(Json(known))
        .execute(tx)
        .await?;
    Ok(())
}

/// Reads a line.
#[cfg(test)]
pub(super) async fn find(pool: impl PgExecutor<'_>, line_id: LineId) -> sqlx::Result<Option<Line>> {
    find_in_scope(pool, line_id, &Scope::everywhere()).await
}

/// Reads a line if it is in scope: of one of the companies, or the person's own.
pub(super) async fn find_in_scope(
    executor: impl PgExecutor<'_>,
    line_id: LineId,
    scope: &Scope,
) -> sqlx::Result<Option<Line>> {
    sqlx::query_as(
        "select line_id, company_id, user_id, owned_by_user, visible_to_user, provider, phone_number,
                is_portability, iccid, status, blocks, plan_id, area_code, tag, custom_fields,
                awaiting_approval, activation_refused, number_assigned_at, activated_at,
                created_at, updated_at
           from line
          where line_id = $1
            and ($2 or company_id = any($3) or (user_id = $4 and visible_to_user))",
    )
    .bind(line_id.0)
    .bind(scope.everything)
    .bind(&scope.company_ids)
    .bind(scope.user_id)
    .fetch_optional(executor)
    .await
}

/// Reads a line and locks it until the transaction ends.
pub(super) async fn lock(tx: &mut PgConnection, line_id: LineId) -> sqlx::Result<Option<Line>> {
    lock_in_scope(tx, line_id, &Scope::everywhere()).await
}

/// Reads a line if it is in scope, and locks it until the transaction ends.
pub(super) async fn lock_in_scope(
    tx: &mut PgConnection,
    line_id: LineId,
    scope: &Scope,
) -> sqlx::Result<Option<Line>> {
    sqlx::query_as(
        "select line_id, company_id, user_id, owned_by_user, visible_to_user, provider, phone_number,
                is_portability, iccid, status, blocks, plan_id, area_code, tag, custom_fields,
                awaiting_approval, activation_refused, number_assigned_at, activated_at,
                created_at, updated_at
           from line
          where line_id = $1
            and ($2 or company_id = any($3) or (user_id = $4 and visible_to_user))
            for update",
    )
    .bind(line_id.0)
    .bind(scope.everything)
    .bind(&scope.company_ids)
    .bind(scope.user_id)
    .fetch_optional(tx)
    .await
}

/// Lists what a person uses and may know of, newest first.
pub(super) async fn list_of_user(
    pool: impl PgExecutor<'_>,
    user_id: UserId,
) -> sqlx::Result<Vec<Line>> {
    sqlx::query_as(LIST_OF_USER).bind(user_id.0).bind(LINES_MAX).fetch_all(pool).await
}

/// Locks the line of an area that has waited longest for a number.
pub(super) async fn lock_oldest_waiting(
    tx: &mut PgConnection,
    area_code: AreaCode,
) -> sqlx::Result<Option<LineId>> {
    let line_id: Option<Uuid> = sqlx::query_scalar(LOCK_OLDEST_WAITING)
        .bind(i16::from(u8::from(area_code)))
        .fetch_optional(tx)
        .await?;
    Ok(line_id.map(LineId))
}

/// Locks the lines that others tied to a person and that they may not know of, oldest first.
pub(super) async fn lock_hidden_of_user(
    tx: &mut PgConnection,
    user_id: UserId,
) -> sqlx::Result<Vec<Line>> {
    sqlx::query_as(
        "select line_id, company_id, user_id, owned_by_user, visible_to_user, provider, phone_number,
                is_portability, iccid, status, blocks, plan_id, area_code, tag, custom_fields,
                awaiting_approval, activation_refused, number_assigned_at, activated_at,
                created_at, updated_at
           from line
          where user_id = $1 and not visible_to_user
          order by line_id
            for update",
    )
    .bind(user_id.0)
    .fetch_all(tx)
    .await
}

/// Locks a batch of a company's lines with these statuses, barred for no-pay or not where that is
/// said, in the order of their ids, after one.
pub(super) async fn lock_batch_of_company(
    tx: &mut PgConnection,
    company_id: CompanyId,
    statuses: &[Status],
    no_pay: Option<bool>,
    after: Option<LineId>,
    limit: i64,
) -> sqlx::Result<Vec<Line>> {
    let statuses: Vec<&str> = statuses.iter().map(|status| status.name()).collect();
    sqlx::query_as(LOCK_BATCH_OF_COMPANY)
        .bind(company_id.0)
        .bind(after.map_or(Uuid::nil(), Uuid::from))
        .bind(statuses)
        .bind(no_pay)
        .bind(limit)
        .fetch_all(tx)
        .await
}

/// The lines of a person that wait for the approval of one of the companies, oldest first.
pub(super) async fn awaiting_approval(
    tx: &mut PgConnection,
    user_id: UserId,
    company_ids: &[CompanyId],
) -> sqlx::Result<Vec<LineId>> {
    let company_ids: Vec<Uuid> = company_ids.iter().copied().map(Uuid::from).collect();
    let line_ids: Vec<Uuid> = sqlx::query_scalar(
        "select line_id
           from line
          where user_id = $1 and awaiting_approval and company_id = any($2)
          order by created_at, line_id",
    )
    .bind(user_id.0)
    .bind(company_ids)
    .fetch_all(tx)
    .await?;
    Ok(line_ids.into_iter().map(LineId).collect())
}

#[cfg(test)]
mod tests;
