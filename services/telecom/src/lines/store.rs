//! The table `line`.

use brazil::{AreaCode, CompanyId, LineId, UserId};
use chassis::auth::Scope;
use chassis::db::parsed_optional;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgExecutor, PgPool, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Line;

const LINES_MAX: i64 = 200;

const LIST_OF_USER: &str = "
    select line_id, company_id, user_id, visible_to_user, provider, phone_number, is_portability,
           iccid, status, plan_id, area_code, awaiting_approval, activation_refused,
           number_assigned_at, activated_at, created_at, updated_at
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

/// The scope of the service's own work.
fn everywhere() -> Scope {
    Scope { everything: true, company_ids: vec![], user_id: None }
}

impl FromRow<'_, PgRow> for Line {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let area_code: i16 = row.try_get("area_code")?;
        Ok(Self {
            line_id: LineId(row.try_get("line_id")?),
            company_id: row.try_get::<Option<Uuid>, _>("company_id")?.map(CompanyId),
            user_id: row.try_get::<Option<Uuid>, _>("user_id")?.map(UserId),
            visible_to_user: row.try_get("visible_to_user")?,
            provider: row.try_get("provider")?,
            phone_number: parsed_optional(row, "phone_number")?,
            is_portability: row.try_get("is_portability")?,
            iccid: parsed_optional(row, "iccid")?,
            status: row.try_get("status")?,
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

/// Writes how far a line has come in its life.
pub(super) async fn save(tx: &mut PgConnection, line: &Line) -> sqlx::Result<()> {
    sqlx::query(
        "update line
            set status = $2, phone_number = $3, awaiting_approval = $4, activation_refused = $5,
                number_assigned_at = $6, activated_at = $7, iccid = $8, updated_at = $9,
                version = version + 1
          where line_id = $1",
    )
    .bind(line.line_id.0)
    .bind(line.status)
    .bind(line.phone_number.as_ref().map(|number| number.as_str()))
    .bind(line.awaiting_approval)
    .bind(line.activation_refused.as_deref())
    .bind(line.number_assigned_at)
    .bind(line.activated_at)
    .bind(line.iccid.as_ref().map(|iccid| iccid.as_str()))
    .bind(line.updated_at)
    .execute(tx)
    .await?;
    Ok(())
}

/// Reads a line.
pub(super) async fn find(pool: &PgPool, line_id: LineId) -> sqlx::Result<Option<Line>> {
    find_in_scope(pool, line_id, &everywhere()).await
}

/// Reads a line if it is in scope: of one of the companies, or the person's own.
pub(super) async fn find_in_scope(
    executor: impl PgExecutor<'_>,
    line_id: LineId,
    scope: &Scope,
) -> sqlx::Result<Option<Line>> {
    sqlx::query_as(
        "select line_id, company_id, user_id, visible_to_user, provider, phone_number,
                is_portability, iccid, status, plan_id, area_code, awaiting_approval,
                activation_refused, number_assigned_at, activated_at, created_at, updated_at
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
    lock_in_scope(tx, line_id, &everywhere()).await
}

/// Reads a line if it is in scope, and locks it until the transaction ends.
pub(super) async fn lock_in_scope(
    tx: &mut PgConnection,
    line_id: LineId,
    scope: &Scope,
) -> sqlx::Result<Option<Line>> {
    sqlx::query_as(
        "select line_id, company_id, user_id, visible_to_user, provider, phone_number,
                is_portability, iccid, status, plan_id, area_code, awaiting_approval,
                activation_refused, number_assigned_at, activated_at, created_at, updated_at
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
pub(super) async fn list_of_user(pool: &PgPool, user_id: UserId) -> sqlx::Result<Vec<Line>> {
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

/// Shows a person all lines that were tied to them.
pub(super) async fn show_to_user(
    tx: &mut PgConnection,
    user_id: UserId,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "update line
            set visible_to_user = true, updated_at = $2
          where user_id = $1 and not visible_to_user",
    )
    .bind(user_id.0)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// Gives the owner of an e-mail the lines that others tied to an account which had it unproven.
/// What that account made itself stays with it.
pub(super) async fn pass_on(
    tx: &mut PgConnection,
    replaced: UserId,
    owner: UserId,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "update line
            set user_id = $2, updated_at = $3
          where user_id = $1 and not visible_to_user",
    )
    .bind(replaced.0)
    .bind(owner.0)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
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
