//! The tables `search_count_base`, `search_count`, `search_count_term` and `search_change`.

use brazil::CompanyId;
use futures::TryStreamExt;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::Counting;
use super::grams::{Counter, Counts, common_terms};

/// Terms are looked for in so many percent of the lines that they must have in the end, since a
/// sample may have fewer of them than all lines.
const SAMPLE_PERCENT: i64 = 75;
const LINES_BETWEEN_BREATHS: usize = 1_000;

/// Sees to it that from now on changes in the company are noted. Whoever is writing search texts
/// at this moment does not know yet, so they are waited for.
pub(super) async fn note_changes(db: &PgPool, company_id: CompanyId) -> sqlx::Result<()> {
    let mut tx = db.begin().await?;
    let noted: bool =
        sqlx::query_scalar("select exists (select from search_count_base where company_id = $1)")
            .bind(company_id.0)
            .fetch_one(&mut *tx)
            .await?;
    if noted {
        return Ok(());
    }
    // Writers queue behind the lock, so it gives up soon; the job is run again.
    sqlx::query("set local lock_timeout = '2s'").execute(&mut *tx).await?;
    sqlx::query("lock table line_search in share mode").execute(&mut *tx).await?;
    sqlx::query("insert into search_count_base (company_id) values ($1) on conflict do nothing")
        .bind(company_id.0)
        .execute(&mut *tx)
        .await?;
    tx.commit().await
}

/// Counts the terms of the company as it is at one moment, and forgets the changes that are in
/// the counts. Changes that are not to be seen at that moment stay.
pub(super) async fn count(
    db: &PgPool,
    company_id: CompanyId,
    counting: &Counting,
) -> sqlx::Result<()> {
    let mut tx = db.begin().await?;
    sqlx::query("set transaction isolation level repeatable read").execute(&mut *tx).await?;
    if !is_mine(&mut tx, company_id).await? || !is_outdated(&mut tx, company_id, counting).await? {
        return Ok(());
    }
    let lines: i64 = sqlx::query_scalar("select count(*) from line_search where company_id = $1")
        .bind(company_id.0)
        .fetch_one(&mut *tx)
        .await?;
    let lines_min = counting.term_lines_min.max(lines / counting.term_share);
    let terms = look_for_terms(&mut tx, company_id, lines, lines_min, counting).await?;
    let (counter, bounds) = go_through(&mut tx, company_id, terms, counting).await?;
    write(&mut tx, company_id, &counter.finish(lines_min), bounds, lines).await?;
    sqlx::query("delete from search_change where company_id = $1")
        .bind(company_id.0)
        .execute(&mut *tx)
        .await?;
    tx.commit().await
}

/// Whether nobody else counts the company at this moment. It is the caller's until the end of the
/// transaction.
async fn is_mine(tx: &mut PgConnection, company_id: CompanyId) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "select pg_try_advisory_xact_lock(hashtextextended('count_terms ' || $1, 0))",
    )
    .bind(company_id.to_string())
    .fetch_one(tx)
    .await
}

async fn is_outdated(
    tx: &mut PgConnection,
    company_id: CompanyId,
    counting: &Counting,
) -> sqlx::Result<bool> {
    let (complete, lines, changes): (i32, i64, i64) = sqlx::query_as(
        "select complete, lines,
                (select count(*) from search_change where company_id = $1)
           from search_count_base
          where company_id = $1",
    )
    .bind(company_id.0)
    .fetch_one(tx)
    .await?;
    Ok(complete < 0 || counting.is_outdated(lines, changes))
}

/// Learns from some of the lines which terms may be in `lines_min` of all `lines`.
async fn look_for_terms(
    tx: &mut PgConnection,
    company_id: CompanyId,
    lines: i64,
    lines_min: i64,
    counting: &Counting,
) -> sqlx::Result<Vec<String>> {
    let one_in = (lines / counting.sample_lines.max(1)).max(1);
    // The last bytes of an id are random.
    let sample: Vec<String> = sqlx::query_scalar(
        "select text
           from line_search
          where company_id = $1
            and (get_byte(uuid_send(line_id), 14) * 256 + get_byte(uuid_send(line_id), 15)) % $2
                = 0",
    )
    .bind(company_id.0)
    .bind(one_in)
    .fetch_all(tx)
    .await?;
    let sample_min = (lines_min / one_in * SAMPLE_PERCENT / 100).max(1);
    let sample_min = u32::try_from(sample_min).unwrap_or(u32::MAX);
    let looking = tokio::task::spawn_blocking(move || common_terms(&sample, sample_min));
    Ok(looking.await.unwrap_or_default())
}

/// Counts the lines, oldest first, and tells where stretches begin.
async fn go_through(
    tx: &mut PgConnection,
    company_id: CompanyId,
    terms: Vec<String>,
    counting: &Counting,
) -> sqlx::Result<(Counter, Vec<Uuid>)> {
    let mut counter = Counter::new(terms);
    let mut bounds = vec![];
    let mut lines = sqlx::query_as(
        "select line_id, text from line_search where company_id = $1 order by line_id",
    )
    .bind(company_id.0)
    .fetch(tx);
    let mut read = 0;
    while let Some((line_id, text)) = lines.try_next().await? {
        let line_id: Uuid = line_id;
        let text: String = text;
        if read % counting.stretch_lines == 0 {
            counter.begin_stretch();
            // Lines may come that are older than the oldest.
            bounds.push(if read == 0 { Uuid::nil() } else { line_id });
        }
        counter.add(&text);
        read += 1;
        if read % LINES_BETWEEN_BREATHS == 0 {
            tokio::task::yield_now().await;
        }
    }
    drop(lines);
    if bounds.is_empty() {
        bounds.push(Uuid::nil());
    }
    Ok((counter, bounds))
}

/// Replaces what was counted before.
async fn write(
    tx: &mut PgConnection,
    company_id: CompanyId,
    counts: &Counts,
    bounds: Vec<Uuid>,
    lines: i64,
) -> sqlx::Result<()> {
    for table in [
        "delete from search_count_term where company_id = $1",
        "delete from search_count where company_id = $1",
    ] {
        sqlx::query(table).bind(company_id.0).execute(&mut *tx).await?;
    }
    for (count_id, count) in counts.counts.iter().enumerate() {
        sqlx::query(
            "insert into search_count (company_id, count_id, lines, stretches, counts)
             values ($1, $2, $3, $4, $5)",
        )
        .bind(company_id.0)
        .bind(i32::try_from(count_id).unwrap_or(i32::MAX))
        .bind(count.lines)
        .bind(&count.stretches)
        .bind(&count.counts)
        .execute(&mut *tx)
        .await?;
    }
    let (terms, count_ids): (Vec<&str>, Vec<i32>) = counts
        .terms
        .iter()
        .map(|(term, count_id)| (term.as_str(), i32::try_from(*count_id).unwrap_or(i32::MAX)))
        .unzip();
    sqlx::query(
        "insert into search_count_term (company_id, term, count_id)
         select $1, term, count_id from unnest($2::text[], $3::integer[]) as t (term, count_id)",
    )
    .bind(company_id.0)
    .bind(terms)
    .bind(count_ids)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "update search_count_base set bounds = $2, complete = $3, lines = $4
          where company_id = $1",
    )
    .bind(company_id.0)
    .bind(bounds)
    .bind(counts.complete)
    .bind(lines)
    .execute(tx)
    .await?;
    Ok(())
}
