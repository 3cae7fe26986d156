//! Regular expressions: tried here, by an engine whose time is linear, on the values of the rows
//! that the rest of the question leaves, and never in the database.

use std::time::{Duration, Instant};

use regex::Regex;
use sqlx::{PgExecutor, Row};
use tokio::task::spawn_blocking;
use tonic::Status;

use super::sql::{Node, push_text};
use super::{Column, FIELD, Question, SCANNED_MAX, Sql};
use crate::refusal::{internal, invalid};

// What is linear in pattern times text can still be long: no question's patterns get more time.
const PATIENCE: Duration = Duration::from_secs(2);

/// Replaces each pattern by the values that it matches.
pub(super) async fn resolve(
    question: &mut Question,
    db: impl PgExecutor<'_> + Copy,
    own: impl Fn(&mut Sql),
) -> Result<(), Status> {
    let Some(condition) = &mut question.condition else { return Ok(()) };
    let patterns: Vec<(&'static Column, Regex)> = condition
        .patterns()
        .into_iter()
        .map(|(column, regex, _)| (column, regex.clone()))
        .collect();
    if patterns.is_empty() {
        return Ok(());
    }
    let mut statements = Vec::with_capacity(patterns.len());
    for (column, _) in &patterns {
        statements.push(scan(column, condition, &own));
    }
    let patience = PATIENCE / u32::try_from(patterns.len()).unwrap_or(u32::MAX);
    let mut found = Vec::with_capacity(patterns.len());
    for ((_, regex), mut statement) in patterns.into_iter().zip(statements) {
        let rows = statement.build().fetch_all(db).await.map_err(|error| internal(&error))?;
        let mut texts = Vec::with_capacity(rows.len());
        let mut scanned = 0;
        for row in &rows {
            scanned += row.try_get::<i64, _>(1).map_err(|error| internal(&error))?;
            texts.extend(row.try_get::<Option<String>, _>(0).map_err(|error| internal(&error))?);
        }
        if scanned > SCANNED_MAX {
            return Err(invalid(
                FIELD,
                format!("has a regular expression over more than {SCANNED_MAX} items"),
            ));
        }
        found.push(matching(regex, texts, patience).await?);
    }
    for ((_, _, values), found) in condition.patterns().into_iter().zip(found) {
        *values = Some(found);
    }
    Ok(())
}

/// The distinct values of a column among the rows that the rest of the question leaves, and how
/// many rows have each.
fn scan(column: &Column, condition: &Node, own: &impl Fn(&mut Sql)) -> Sql {
    let mut sql = Sql::new("select value, count(*) from (select ");
    push_text(column, &mut sql);
    sql.push(" as value from ");
    own(&mut sql);
    sql.push(" and ");
    condition.push(&mut sql, false);
    sql.push(" limit ").push_bind(SCANNED_MAX + 1).push(") scanned group by value");
    sql
}

async fn matching(
    regex: Regex,
    texts: Vec<String>,
    patience: Duration,
) -> Result<Vec<String>, Status> {
    spawn_blocking(move || {
        let started = Instant::now();
        let mut found = Vec::new();
        for text in texts {
            if started.elapsed() > patience {
                return Err(invalid(FIELD, "has a regular expression that takes too long"));
            }
            if regex.is_match(&text) {
                found.push(text);
            }
        }
        Ok(found)
    })
    .await
    .map_err(|error| internal(&error))?
}
