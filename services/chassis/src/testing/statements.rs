//! What work asks the database, and which of it Postgres must look for in more than one company.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use tracing::instrument::WithSubscriber;
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::{Layer, Registry};

use crate::service::Service;
use crate::telemetry::sql::{Statement, TARGET};

const COMPANY: &str = "company_id";
/// Verbs of statements that have a plan.
const PLANNED: [&str; 5] = ["select", "insert", "update", "delete", "with"];

/// Keeps every statement that sqlx tells of.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Heard {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == TARGET {
            let mut statement = Statement::default();
            event.record(&mut statement);
            let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            heard.push(statement.text().to_owned());
        }
    }
}

/// Does work, and tells which statements it made, apart from those that tasks of its own made.
pub async fn statements_of<T>(work: impl Future<Output = T>) -> (T, Vec<String>) {
    let heard = Heard::default();
    let done = work.with_subscriber(Registry::default().with(heard.clone())).await;
    let statements = heard.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    (done, statements)
}

/// The tables with a company that statements read or change without naming one: what Postgres
/// plans for them, whatever the parameters, looks there for more than a company's rows.
///
/// # Panics
/// When Postgres cannot plan one of them.
pub async fn across_companies(service: &Service, statements: &[String]) -> BTreeSet<String> {
    let tables: BTreeSet<String> = sqlx::query_scalar(
        "select c.relname::text
           from pg_class c
           join pg_attribute a on a.attrelid = c.oid and a.attname = $2
          where c.relnamespace = $1::text::regnamespace and c.relkind in ('r', 'p')",
    )
    .bind(service.name)
    .bind(COMPANY)
    .fetch_all(&service.db)
    .await
    .expect("the catalogue tells the tables")
    .into_iter()
    .collect();
    let mut connections = Vec::new();
    while connections.len() < usize::try_from(service.db.size()).unwrap_or(usize::MAX) {
        connections.push(service.db.acquire().await.expect("a connection"));
    }
    let mut found = BTreeSet::new();
    for statement in statements.iter().collect::<BTreeSet<_>>() {
        let verb = statement.split_whitespace().next().unwrap_or_default().to_lowercase();
        // What sqlx asks for itself, about types, is about the catalogue.
        if !PLANNED.contains(&verb.as_str()) || statement.contains("pg_catalog.") {
            continue;
        }
        let mut plans = vec![];
        for connection in &mut connections {
            plans.extend(plan(connection, statement).await.expect("Postgres plans"));
        }
        let plan = match plans.pop() {
            Some(plan) => plan,
            None => plan_of_once(&mut connections[0], statement).await.expect("Postgres plans"),
        };
        look(&plan[0]["Plan"], &tables, &mut vec![], &mut found);
    }
    found
}

/// The plan that is made for any parameters, where sqlx has prepared the statement on this
/// connection.
async fn plan(connection: &mut PgConnection, statement: &str) -> sqlx::Result<Option<Value>> {
    let prepared: Option<(String, i64)> = sqlx::query_as(
        "select name, coalesce(cardinality(parameter_types), 0)::bigint
           from pg_prepared_statements
          where btrim(statement, E' \\n\\t') = $1",
    )
    .bind(statement)
    .fetch_optional(&mut *connection)
    .await?;
    let Some((name, parameters)) = prepared else { return Ok(None) };
    explained(connection, &name, parameters).await.map(Some)
}

/// The same of a statement that is made anew each time, whose parameters' types Postgres guesses.
async fn plan_of_once(connection: &mut PgConnection, statement: &str) -> sqlx::Result<Value> {
    let prepare = format!("prepare made_once as {statement}");
    sqlx::raw_sql(AssertSqlSafe(prepare)).execute(&mut *connection).await?;
    let parameters: i64 = sqlx::query_scalar(
        "select coalesce(cardinality(parameter_types), 0)::bigint
           from pg_prepared_statements
          where name = 'made_once'",
    )
    .fetch_one(&mut *connection)
    .await?;
    let plan = explained(connection, "made_once", parameters).await?;
    sqlx::raw_sql("deallocate made_once").execute(connection).await?;
    Ok(plan)
}

async fn explained(
    connection: &mut PgConnection,
    name: &str,
    parameters: i64,
) -> sqlx::Result<Value> {
    let nulls = vec!["null"; usize::try_from(parameters).unwrap_or_default()].join(", ");
    let given = if nulls.is_empty() { nulls } else { format!("({nulls})") };
    let mut tx = connection.begin().await?;
    sqlx::raw_sql("set local plan_cache_mode = force_generic_plan").execute(&mut *tx).await?;
    let explain = format!("explain (verbose, format json) execute {name}{given}");
    let explained = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_one(&mut *tx).await?;
    tx.rollback().await?;
    explained.try_get(0)
}

/// Looks for scans of tables with a company that no condition of theirs, or of a join around
/// them, ties to one.
fn look<'a>(
    node: &'a Value,
    tables: &BTreeSet<String>,
    around: &mut Vec<&'a str>,
    found: &mut BTreeSet<String>,
) {
    let depth = around.len();
    let text = |name: &str| node[name].as_str();
    for (name, condition) in node.as_object().into_iter().flatten() {
        if (name.ends_with("Cond") || name.ends_with("Filter"))
            && let Some(condition) = condition.as_str()
        {
            around.push(condition);
        }
    }
    if let (Some(table), Some(alias)) = (text("Relation Name"), text("Alias"))
        && text("Node Type") != Some("ModifyTable")
        && tables.contains(table)
    {
        let named = format!("{alias}.{COMPANY}");
        if !around.iter().any(|condition| condition.contains(&named)) {
            found.insert(table.to_owned());
        }
    }
    for child in node["Plans"].as_array().into_iter().flatten() {
        look(child, tables, around, found);
    }
    around.truncate(depth);
}
