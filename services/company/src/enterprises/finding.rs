//! Which enterprises are on a page. What this service knows is asked in one statement. Of chips and
//! devices telecom knows. Where there are few enterprises it is asked about all of them. Else a
//! page must not take the longer the more they are: it names the companies that have such chips or
//! devices where these are few, or the first in the order that is asked for; and where many have
//! such, a page is full before all enterprises were asked about. Only where that does not do it is
//! asked about all.

use std::collections::HashSet;

use brazil::CompanyId;
use chassis::Service;
use sqlx::PgExecutor;
use tonic::Status;
use uuid::Uuid;

use super::asking::Asked;
use super::list::{Key, Matched, Part, Question};
use super::telecom::{self, Answer};
use crate::error::Error;

/// Enterprises that telecom is asked about at first.
const FIRST_LOOK: i64 = 1_000;
/// By how much more it is asked about each time.
const LOOK_GROWTH: i64 = 10;

/// So many companies are named where a page may be full without them.
const SOME: u32 = 5_000;
/// So many where all enterprises would have to be asked about instead.
const MANY: u32 = 50_000;

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// In order.
    pub(super) page: Vec<Uuid>,
    /// How many there are in all, if that was wanted.
    pub(super) total: Option<i64>,
}

/// Finds what was asked for among the enterprises that `own` sees.
///
/// # Errors
/// UNAVAILABLE while telecom is needed and does not answer.
pub(super) async fn find(
    service: &Service,
    db: impl PgExecutor<'_> + Copy,
    own: CompanyId,
    asked: &Asked,
    wants_total: bool,
) -> Result<Found, Status> {
    let question = asked.question(own);
    if !asked.has_conditions() && !asked.sorts_by_chips() {
        return whole(db, &question, wants_total).await;
    }
    let first = look(db, &question, 0, FIRST_LOOK).await?;
    let is_all = is_last(&first, FIRST_LOOK);
    if is_all {
        let Answer { matched, .. } = telecom::matched(service, &first, 0, asked).await?;
        return among(db, question, matched, wants_total).await;
    }
    if asked.has_conditions() {
        let needed = question.skip.saturating_add(question.limit);
        let is_short = !wants_total && !asked.sorts_by_chips() && needed <= FIRST_LOOK;
        let anywhere_max = if is_short { SOME } else { MANY };
        let Answer { matched, is_anywhere } =
            telecom::matched(service, &first, anywhere_max, asked).await?;
        if is_anywhere {
            return among(db, question, matched, wants_total).await;
        }
        if !wants_total && !asked.sorts_by_chips() {
            let page = walked(service, db, &question, asked, first, matched).await?;
            return Ok(Found { page, total: None });
        }
    } else if let Some(found) = ranked(service, db, &question, asked, wants_total).await? {
        return Ok(found);
    }
    let all = question.all(db).await.map_err(Error::from)?;
    let Answer { matched, .. } = telecom::matched(service, &all, 0, asked).await?;
    among(db, question, matched, wants_total).await
}

/// Those that telecom named, as far as they are meant.
async fn among(
    db: impl PgExecutor<'_> + Copy,
    question: Question,
    matched: Matched,
    wants_total: bool,
) -> Result<Found, Status> {
    whole(db, &Question { part: Part::Only(matched), ..question }, wants_total).await
}

/// What one statement finds, and another counts.
async fn whole(
    db: impl PgExecutor<'_> + Copy,
    question: &Question,
    wants_total: bool,
) -> Result<Found, Status> {
    let total = async { if wants_total { question.total(db).await.map(Some) } else { Ok(None) } };
    let (page, total) = tokio::try_join!(question.page(db), total).map_err(Error::from)?;
    Ok(Found { page, total })
}

/// A page of all enterprises, sorted by their chips, of which telecom names those that come first
/// anywhere; none where that does not do.
async fn ranked(
    service: &Service,
    db: impl PgExecutor<'_> + Copy,
    question: &Question,
    asked: &Asked,
    wants_total: bool,
) -> Result<Option<Found>, Status> {
    let keys = asked.order_by_chips();
    let rest = &question.order[keys.len()..];
    if keys.is_empty() || rest.iter().any(|(key, _)| key.is_of_chips()) {
        return Ok(None);
    }
    let total = async { if wants_total { question.total(db).await.map(Some) } else { Ok(None) } };
    for max in [SOME, MANY] {
        let Answer { matched, is_anywhere } = telecom::first(service, max, asked).await?;
        let page = ranked_page(db, question, keys, matched, is_anywhere).await;
        if let Some(page) = page.map_err(Error::from)? {
            return Ok(Some(Found { page, total: total.await.map_err(Error::from)? }));
        }
    }
    Ok(None)
}

/// A page of all enterprises, of which those with chips come first, and the others after them, in
/// the order of what else is sorted by. None where that needs more of those with chips.
async fn ranked_page(
    db: impl PgExecutor<'_> + Copy,
    question: &Question,
    keys: &[(Key, bool)],
    matched: Matched,
    are_all: bool,
) -> sqlx::Result<Option<Vec<Uuid>>> {
    let matched = with_any(matched, keys);
    let matched = if are_all { matched } else { before_last(matched) };
    let others = Part::Without(matched.company_ids.clone());
    let first = Question { part: Part::Only(matched), ..question.clone() };
    let mut page = first.page(db).await?;
    let missing = question.limit - i64::try_from(page.len()).unwrap_or(question.limit);
    if missing == 0 {
        return Ok(Some(page));
    }
    if !are_all {
        return Ok(None);
    }
    let skip = (question.skip - first.total(db).await?).max(0);
    let order = question.order[keys.len()..].to_vec();
    let rest = Question { part: others, order, skip, limit: missing, ..first };
    page.extend(rest.page(db).await?);
    Ok(Some(page))
}

/// Those that have anything to be sorted by one of the keys.
fn with_any(matched: Matched, keys: &[(Key, bool)]) -> Matched {
    let Matched { company_ids, numbers, serials } = matched;
    let mut some = Matched::default();
    for (place, company_id) in company_ids.into_iter().enumerate() {
        let number = numbers.get(place).cloned().flatten();
        let serial = serials.get(place).cloned().flatten();
        let has = |key: Key| if key == Key::Number { number.is_some() } else { serial.is_some() };
        if keys.iter().any(|(key, _)| has(*key)) {
            some.company_ids.push(company_id);
            some.numbers.push(number);
            some.serials.push(serial);
        }
    }
    some
}

/// Without the last, and those who sort as it does: of these there may be more.
fn before_last(matched: Matched) -> Matched {
    let Matched { mut company_ids, mut numbers, mut serials } = matched;
    let ties = numbers.iter().zip(&serials).rev();
    let last = numbers.last().zip(serials.last());
    let ties = ties.take_while(|keys| Some(*keys) == last).count();
    let kept = company_ids.len().saturating_sub(ties);
    company_ids.truncate(kept);
    numbers.truncate(kept);
    serials.truncate(kept);
    Matched { company_ids, numbers, serials }
}

/// Goes through the enterprises in order until there are enough that telecom knows such chips and
/// devices of; of the first ones it has said so already.
async fn walked(
    service: &Service,
    db: impl PgExecutor<'_> + Copy,
    question: &Question,
    asked: &Asked,
    first: Vec<Uuid>,
    matched: Matched,
) -> Result<Vec<Uuid>, Status> {
    let mut found = in_order(&first, &matched);
    let (mut looked_at, mut size) = (FIRST_LOOK, FIRST_LOOK * LOOK_GROWTH);
    let [skip, limit] =
        [question.skip, question.limit].map(|number| usize::try_from(number).unwrap_or(usize::MAX));
    while found.len() < skip.saturating_add(limit) {
        let next = look(db, question, looked_at, size).await?;
        let Answer { matched, .. } = telecom::matched(service, &next, 0, asked).await?;
        found.extend(in_order(&next, &matched));
        if is_last(&next, size) {
            break;
        }
        looked_at += size;
        size = size.saturating_mul(LOOK_GROWTH);
    }
    Ok(found.into_iter().skip(skip).take(limit).collect())
}

/// A stretch of all enterprises that this service's own knowledge leaves, in its own order.
async fn look(
    db: impl PgExecutor<'_> + Copy,
    question: &Question,
    skip: i64,
    limit: i64,
) -> Result<Vec<Uuid>, Status> {
    let own = question.order.iter().copied().filter(|(key, _)| !key.is_of_chips());
    let mut order: Vec<(Key, bool)> = own.collect();
    if order.is_empty() {
        // Any will do; this one has an index.
        order.push((Key::Name, false));
    }
    let question = Question { order, skip, limit, ..question.clone() };
    Ok(question.page(db).await.map_err(Error::from)?)
}

fn is_last(stretch: &[Uuid], size: i64) -> bool {
    i64::try_from(stretch.len()).is_ok_and(|length| length < size)
}

fn in_order(stretch: &[Uuid], matched: &Matched) -> Vec<Uuid> {
    let matched: HashSet<&Uuid> = matched.company_ids.iter().collect();
    stretch.iter().filter(|company_id| matched.contains(company_id)).copied().collect()
}

#[cfg(test)]
mod tests;
