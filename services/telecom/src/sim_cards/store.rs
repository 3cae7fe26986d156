//! The table `sim_card`.

use std::collections::{HashMap, HashSet};

use brazil::{CompanyId, Iccid, LineId};
use chassis::db::parsed;
use chassis::page::{Page, counted};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgExecutor, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Origin, Rejection, SimCard, SimCardName, Status};
use crate::error::Error;

const LIST: &str = "
    select card.*, stock.total
      from (select count(*) as total from sim_card where company_id = $1) as stock
      left join (
               select iccid, status, line_id
                 from sim_card
                where company_id = $1 and iccid > $2
                order by iccid
               offset $3
                limit $4
           ) as card on true
     order by card.iccid";

const LOCK_BY_ICCID: &str = "
    select iccid, status, line_id
      from sim_card
     where company_id = $1 and iccid = $2 and status <> 'retired'
       for update";

const LOCK_BY_LAST_SEVEN: &str = "
    select iccid, status, line_id
      from sim_card
     where company_id = $1 and last_seven = $2 and status <> 'retired'
     order by iccid
     limit 2
       for update";

impl FromRow<'_, PgRow> for SimCard {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            iccid: parsed(row, "iccid")?,
            status: row.try_get("status")?,
            line_id: row.try_get::<Option<Uuid>, _>("line_id")?.map(LineId),
        })
    }
}

/// Adds cards to a company's stock; tells what speaks against those that did not join.
pub(crate) async fn add(
    tx: &mut PgConnection,
    company_id: CompanyId,
    origin: Origin<'_>,
    iccids: &[&str],
    now: OffsetDateTime,
) -> sqlx::Result<HashMap<Iccid, Rejection>> {
    // In one order, so that two deliveries of the same cards do not block each other.
    let created: Vec<String> = sqlx::query_scalar(
        "insert into sim_card (iccid, company_id, provider, service_provider, batch, status,
                               created_at, updated_at)
         select iccid, $1, $2, $5, $6, 'available', $4, $4
           from unnest($3::text[]) as iccid
          order by iccid
         on conflict (iccid) do nothing
         returning iccid",
    )
    .bind(company_id.0)
    .bind(origin.provider)
    .bind(iccids)
    .bind(now)
    .bind(origin.service_provider)
    .bind(origin.batch)
    .fetch_all(&mut *tx)
    .await?;
    let created: HashSet<&str> = created.iter().map(String::as_str).collect();
    let refused: Vec<&str> =
        iccids.iter().copied().filter(|iccid| !created.contains(iccid)).collect();
    if refused.is_empty() {
        return Ok(HashMap::new());
    }
    let owners = sqlx::query("select iccid, company_id from sim_card where iccid = any($1)")
        .bind(refused)
        .fetch_all(tx)
        .await?;
    let rejection = |row: &PgRow| {
        let owner = CompanyId(row.try_get("company_id")?);
        let rejection =
            if owner == company_id { Rejection::Duplicate } else { Rejection::OtherCompany };
        Ok((parsed(row, "iccid")?, rejection))
    };
    owners.iter().map(rejection).collect()
}

/// Lists a company's cards by number, with how many there are in all.
pub(crate) async fn list(
    pool: impl PgExecutor<'_>,
    company_id: CompanyId,
    page: &Page<String>,
) -> sqlx::Result<(Vec<SimCard>, i64)> {
    let rows = sqlx::query(LIST)
        .bind(company_id.0)
        .bind(page.after.as_deref().unwrap_or_default())
        .bind(page.skip)
        .bind(page.limit())
        .fetch_all(pool)
        .await?;
    counted(&rows, "iccid")
}

/// Finds a card in a company's stock, and locks it until the transaction ends. Retired cards are
/// not in stock any more.
///
/// # Errors
/// [`Error::SimCardNotFound`], [`Error::AmbiguousSimCard`].
pub(crate) async fn lock(
    tx: &mut PgConnection,
    company_id: CompanyId,
    name: &SimCardName,
) -> Result<SimCard, Error> {
    let (statement, text) = match name {
        SimCardName::Iccid(iccid) => (LOCK_BY_ICCID, iccid.as_str()),
        SimCardName::LastSeven(digits) => (LOCK_BY_LAST_SEVEN, digits.as_str()),
    };
    let found: Vec<SimCard> =
        sqlx::query_as(statement).bind(company_id.0).bind(text).fetch_all(tx).await?;
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (None, _) => Err(Error::SimCardNotFound),
        (Some(_), Some(_)) => Err(Error::AmbiguousSimCard),
        (Some(card), None) => Ok(card),
    }
}

/// Puts a card that the transaction has locked into a line.
///
/// # Errors
/// [`Error::SimCardInUse`].
pub(crate) async fn put(
    tx: &mut PgConnection,
    card: SimCard,
    line_id: LineId,
    now: OffsetDateTime,
) -> Result<Iccid, Error> {
    if card.status != Status::Available {
        return Err(Error::SimCardInUse);
    }
    sqlx::query(
        "update sim_card
            set status = 'in_use', line_id = $2, updated_at = $3
          where iccid = $1",
    )
    .bind(card.iccid.as_str())
    .bind(line_id.0)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(card.iccid)
}

/// Takes the cards out of lines, never to be used again.
pub(crate) async fn retire_of_lines(
    tx: &mut PgConnection,
    line_ids: &[Uuid],
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "update sim_card
            set status = 'retired', line_id = null, updated_at = $2
          where line_id = any($1)",
    )
    .bind(line_ids)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// Moves the card of a line to another company's stock.
pub(crate) async fn move_with_line(
    tx: &mut PgConnection,
    line_id: LineId,
    company_id: CompanyId,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query("update sim_card set company_id = $2, updated_at = $3 where line_id = $1")
        .bind(line_id.0)
        .bind(company_id.0)
        .bind(now)
        .execute(tx)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
