//! The table `timeline_entry`.

use std::collections::BTreeMap;

use brazil::LineId;
use chassis::page::{Page, counted};
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{ActorKind, AlikeEntry, Entry, Facts};

const LIST: &str = "
    select entry.*, history.total
      from (select count(*) as total from timeline_entry where line_id = $1) as history
      left join (
               select entry_id, at, actor_kind, actor_id, action, before, after, reason
                 from timeline_entry
                where line_id = $1 and ($2::bigint is null or entry_id < $2)
                order by entry_id desc
               offset $3
                limit $4
           ) as entry on true
     order by entry.entry_id desc";

/// An entry as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Recorded {
    pub(super) entry_id: i64,
    pub(super) at: OffsetDateTime,
    pub(super) actor_kind: String,
    pub(super) actor_id: String,
    pub(super) action: String,
    pub(super) before: Json<BTreeMap<String, String>>,
    pub(super) after: Json<BTreeMap<String, String>>,
    pub(super) reason: Option<String>,
}

/// Adds entries, in this order.
pub(super) async fn insert(tx: &mut PgConnection, entries: &[Entry]) -> sqlx::Result<()> {
    let lines: Vec<Uuid> = entries.iter().map(|entry| entry.line_id.0).collect();
    let companies: Vec<Option<Uuid>> =
        entries.iter().map(|entry| entry.company_id.map(Uuid::from)).collect();
    let times: Vec<OffsetDateTime> = entries.iter().map(|entry| entry.at).collect();
    let actor_kinds: Vec<ActorKind> = entries.iter().map(|entry| entry.actor.kind).collect();
    let actor_ids: Vec<&str> = entries.iter().map(|entry| entry.actor.id.as_str()).collect();
    let actions: Vec<&str> = entries.iter().map(|entry| entry.action).collect();
    let before: Vec<Json<&Facts>> = entries.iter().map(|entry| Json(&entry.before)).collect();
    let after: Vec<Json<&Facts>> = entries.iter().map(|entry| Json(&entry.after)).collect();
    let reasons: Vec<Option<&str>> = entries.iter().map(|entry| entry.reason.as_deref()).collect();
    sqlx::query(
        "insert into timeline_entry (
             line_id, company_id, at, actor_kind, actor_id, action, before, after, reason
         )
         select line_id, company_id, at, actor_kind, actor_id, action, before, after, reason
           from unnest(
                    $1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[],
                    $6::text[], $7::jsonb[], $8::jsonb[], $9::text[]
                ) with ordinality as entry (
                    line_id, company_id, at, actor_kind, actor_id, action, before, after, reason,
                    position
                )
          order by position",
    )
    .bind(lines)
    .bind(companies)
    .bind(times)
    .bind(actor_kinds)
    .bind(actor_ids)
    .bind(actions)
    .bind(before)
    .bind(after)
    .bind(reasons)
    .execute(tx)
    .await?;
    Ok(())
}

/// Adds an entry for each of the lines.
pub(super) async fn insert_alike(
    tx: &mut PgConnection,
    lines: &[Uuid],
    entry: &AlikeEntry,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into timeline_entry (
             line_id, company_id, at, actor_kind, actor_id, action, before, after
         )
         select line_id, $2, $3, $4, $5, $6, $7, $8 from unnest($1::uuid[]) as line_id",
    )
    .bind(lines)
    .bind(entry.company_id.0)
    .bind(entry.at)
    .bind(entry.actor.kind)
    .bind(&entry.actor.id)
    .bind(entry.action)
    .bind(Json(&entry.before))
    .bind(Json(&entry.after))
    .execute(tx)
    .await?;
    Ok(())
}

/// Lists what happened to a line, newest first, with how much there is in all.
pub(super) async fn list(
    pool: impl PgExecutor<'_>,
    line_id: LineId,
    page: &Page<i64>,
) -> sqlx::Result<(Vec<Recorded>, i64)> {
    let rows = sqlx::query(LIST)
        .bind(line_id.0)
        .bind(page.after)
        .bind(page.skip)
        .bind(page.limit())
        .fetch_all(pool)
        .await?;
    counted(&rows, "entry_id")
}

#[cfg(test)]
mod tests;
