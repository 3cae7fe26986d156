//! Whether a service's tables may be spread over many machines by company: what the catalogue of
//! Postgres says of their keys.

use std::collections::BTreeSet;

use super::statements::across_companies;
use crate::service::Service;

const COMPANY: &str = "company_id";
/// What every service has stays where the service is: queues and records of its own work.
const OF_THE_CHASSIS: [&str; 8] = [
    "_chassis_migrations",
    "_sqlx_migrations",
    "event_sequence",
    "idempotency_key",
    "inbox",
    "last_write",
    "outbox",
    "replay_floor",
];

/// What is not by company, each with the reason why that is right.
pub struct Exceptions {
    /// Tables without a company: copied to every machine, or kept on one.
    pub tables: &'static [(&'static str, &'static str)],
    /// Unique keys that hold across companies.
    pub keys: &'static [(&'static str, &'static str)],
}

#[derive(sqlx::FromRow)]
struct Key {
    table: String,
    name: String,
    columns: Vec<String>,
    /// One of the columns is an id that a service made up: no two machines make the same.
    has_id: bool,
}

/// Checks that every table has a company, and that every unique key can be held by one machine
/// alone: it contains the company, or an id whose rows are all of one company. What is neither
/// must be among `exceptions`, and these must exist.
///
/// # Panics
/// When that is not so, naming what is wrong.
pub async fn check(service: &Service, exceptions: &Exceptions) {
    let mut wrong = Vec::new();
    let tables: Vec<(String, bool)> = sqlx::query_as(
        "select c.relname::text, exists (select from pg_attribute a
                                    where a.attrelid = c.oid and a.attname = $2
                                      and not a.attisdropped)
           from pg_class c
          where c.relnamespace = $1::text::regnamespace and c.relkind = 'r'
          order by 1",
    )
    .bind(service.name)
    .bind(COMPANY)
    .fetch_all(&service.db)
    .await
    .expect("the catalogue tells the tables");
    let mut unused: BTreeSet<&str> =
        exceptions.tables.iter().chain(exceptions.keys).map(|(name, _)| *name).collect();
    for (table, has_company) in &tables {
        let excepted = unused.remove(table.as_str());
        if !OF_THE_CHASSIS.contains(&table.as_str()) && *has_company == excepted {
            wrong.push(format!(
                "table {table}: has a company: {has_company}, but is said otherwise"
            ));
        }
    }
    for key in keys(service).await {
        if OF_THE_CHASSIS.contains(&key.table.as_str()) {
            continue;
        }
        let local = key.has_id || key.columns.iter().any(|column| column == COMPANY);
        if !local && !unused.remove(key.name.as_str()) {
            let Key { table, name, columns, .. } = key;
            wrong.push(format!("key {name} of {table} ({}) spans companies", columns.join(", ")));
        }
    }
    wrong.extend(unused.iter().map(|name| format!("{name} is no exception, or is not there")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A busy rpc, and the tables with a company that it reads or changes across companies, each with
/// the reason why that is right.
pub struct Hot {
    /// Its name.
    pub rpc: &'static str,
    /// The tables.
    pub across: &'static [(&'static str, &'static str)],
}

/// Checks that what each rpc was seen to ask the database names a company wherever a table has
/// one: so it is asked of one machine. What is not must be said with the rpc, and must be so.
///
/// # Panics
/// When that is not so, naming what is wrong; and when an rpc was not seen to ask for anything.
pub async fn check_hot(service: &Service, asked: impl Iterator<Item = (&Hot, &Vec<String>)>) {
    let mut wrong = Vec::new();
    for (Hot { rpc, across }, statements) in asked {
        assert!(!statements.is_empty(), "{rpc} asks for nothing");
        let found = across_companies(service, statements).await;
        let said: BTreeSet<String> = across.iter().map(|(table, _)| (*table).to_owned()).collect();
        for table in found.difference(&said) {
            wrong.push(format!("{rpc} looks for {table} in all companies"));
        }
        for table in said.difference(&found) {
            wrong.push(format!("{rpc} does not look for {table} in all companies"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn keys(service: &Service) -> Vec<Key> {
    sqlx::query_as(
        "select c.relname::text as table, i.relname::text as name,
                array_agg(a.attname::text order by k.position) as columns,
                bool_or(a.atttypid = 'uuid'::regtype) as has_id
           from pg_index x
           join pg_class c on c.oid = x.indrelid
           join pg_class i on i.oid = x.indexrelid
          cross join unnest(x.indkey::smallint[]) with ordinality as k (attribute, position)
           join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attribute
          where x.indisunique and c.relnamespace = $1::text::regnamespace
          group by 1, 2
          order by 1, 2",
    )
    .bind(service.name)
    .fetch_all(&service.db)
    .await
    .expect("the catalogue tells the keys")
}
