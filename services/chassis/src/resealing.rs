//! Sealing anew what older keys sealed, so that they can be given up.
//!
//! Rows are taken in the order of their primary key, some hundreds in a transaction that locks
//! them: whoever writes one at the same time comes before or after, and loses nothing. What was
//! done stays done, so that another run goes on where one broke off.

use std::collections::BTreeMap;

use anyhow::Context;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Row};

use crate::crypto::Keyring;
use crate::idempotency;

const BATCH: i64 = 500;
/// How long a row may be somebody else's before the run is given up.
const LOCK_PATIENCE: &str = "10s";

/// A column that holds what the keyring sealed.
#[derive(Clone, Copy, Debug)]
pub struct SealedColumn {
    /// Its table, which has a primary key.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// What it is sealed as.
    pub context: &'static str,
    /// Where its fingerprint is, if it has one.
    pub fingerprint: Option<FingerprintColumn>,
}

/// A column with the fingerprint of what is sealed beside it.
#[derive(Clone, Copy, Debug)]
pub struct FingerprintColumn {
    /// The column.
    pub column: &'static str,
    /// The fingerprint of an opened value, if that value has one.
    pub of: fn(&Keyring, &[u8]) -> Option<Vec<u8>>,
}

impl SealedColumn {
    /// A column without a fingerprint.
    pub const fn new(table: &'static str, column: &'static str, context: &'static str) -> Self {
        Self { table, column, context, fingerprint: None }
    }

    /// The same with a fingerprint beside it.
    pub const fn with_fingerprint(
        self,
        column: &'static str,
        of: fn(&Keyring, &[u8]) -> Option<Vec<u8>>,
    ) -> Self {
        Self { fingerprint: Some(FingerprintColumn { column, of }), ..self }
    }
}

/// What every service seals.
const OF_THE_CHASSIS: [SealedColumn; 1] =
    [SealedColumn::new("idempotency_key", "answer", idempotency::CONTEXT)];

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Values that were sealed anew, or whose fingerprint was made anew.
    pub values: u64,
    /// Values that no key of the keyring opens.
    pub lost: u64,
    /// By the id of an older key, how many values it still seals.
    pub left: BTreeMap<String, i64>,
    /// By the id of an older key, how many jobs in the queue hold what it sealed.
    pub waiting: BTreeMap<String, i64>,
}

impl Resealed {
    /// Whether nothing needs the older keys any more.
    pub fn is_complete(&self) -> bool {
        self.lost == 0 && self.left.is_empty() && self.waiting.is_empty()
    }
}

/// Seals with the newest key what older ones sealed in `columns` and in what every service has,
/// makes fingerprints anew where the keyring has older keys for them, and tells what is left.
///
/// # Errors
/// The database's, and when a row is locked by somebody else for long. What was done stays.
pub async fn reseal(
    db: &PgPool,
    service: &str,
    keyring: &Keyring,
    columns: &[SealedColumn],
) -> anyhow::Result<Resealed> {
    let mut resealed = Resealed::default();
    for column in columns.iter().chain(&OF_THE_CHASSIS) {
        let walk = Walk::new(db, service, keyring, column).await?;
        let (values, lost) = walk.to_the_end().await?;
        resealed.values += values;
        resealed.lost += lost;
        let SealedColumn { table, column, .. } = column;
        tracing::info!(table, column, values, lost, "sealed anew");
        add(&mut resealed.left, walk.left().await?);
    }
    add(&mut resealed.waiting, waiting(db, service, keyring).await?);
    Ok(resealed)
}

fn add(to: &mut BTreeMap<String, i64>, counts: Vec<(String, i64)>) {
    for (key_id, count) in counts {
        *to.entry(key_id).or_default() += count;
    }
}

/// Jobs whose data is sealed cannot be changed while they may be at work. They end by themselves.
async fn waiting(
    db: &PgPool,
    service: &str,
    keyring: &Keyring,
) -> sqlx::Result<Vec<(String, i64)>> {
    let sql = format!(
        "select convert_from(substring(sealed from 2 for get_byte(sealed, 0)), 'UTF8') as key_id,
                count(*)
           from {service}_jobs._private_jobs as job,
                lateral jsonb_each_text(
                    case when jsonb_typeof(job.payload::jsonb -> 'job') = 'object'
                         then job.payload::jsonb -> 'job' else '{{}}' end) as field,
                lateral decode(field.value, 'base64') as sealed
          where field.key in ('sealed', 'email_sealed')
            and substring(sealed for octet_length($1)) <> $1
          group by 1"
    );
    sqlx::query_as(AssertSqlSafe(sql)).bind(keyring.newest_prefix()).fetch_all(db).await
}

/// A way through a table, by its primary key.
struct Walk<'a> {
    db: &'a PgPool,
    keyring: &'a Keyring,
    column: &'a SealedColumn,
    /// Names and types of the primary key's columns.
    key: Vec<(String, String)>,
}

/// A row, with its primary key as texts.
struct Found {
    key: Vec<String>,
    sealed: Vec<u8>,
    fingerprint: Option<Vec<u8>>,
}

/// What a row is to hold.
struct Renewed {
    key: Vec<String>,
    sealed: Vec<u8>,
    fingerprint: Option<Vec<u8>>,
}

impl<'a> Walk<'a> {
    async fn new(
        db: &'a PgPool,
        service: &str,
        keyring: &'a Keyring,
        column: &'a SealedColumn,
    ) -> anyhow::Result<Self> {
        let key: Vec<(String, String)> = sqlx::query_as(
            "select quote_ident(a.attname), format_type(a.atttypid, a.atttypmod)
               from pg_index x
              cross join unnest(x.indkey::smallint[]) with ordinality as k (attribute, position)
               join pg_attribute a on a.attrelid = x.indrelid and a.attnum = k.attribute
              where x.indrelid = to_regclass(quote_ident($1) || '.' || quote_ident($2))
                and x.indisprimary
              order by k.position",
        )
        .bind(service)
        .bind(column.table)
        .fetch_all(db)
        .await?;
        anyhow::ensure!(!key.is_empty(), "{} has no primary key", column.table);
        Ok(Self { db, keyring, column, key })
    }

    /// Tells how many values were changed, and how many could not be opened.
    async fn to_the_end(&self) -> anyhow::Result<(u64, u64)> {
        let (mut changed, mut lost) = (0, 0);
        let mut after = None;
        loop {
            let mut tx = self.db.begin().await?;
            let found = self.lock_batch(&mut tx, after.as_deref()).await?;
            let Some(last) = found.last() else { return Ok((changed, lost)) };
            after = Some(last.key.clone());
            let mut renewed = Vec::with_capacity(found.len());
            for row in found {
                match self.renew(row) {
                    Ok(None) => {}
                    Ok(Some(row)) => renewed.push(row),
                    Err(key) => {
                        lost += 1;
                        let SealedColumn { table, column, .. } = self.column;
                        tracing::error!(table, column, ?key, "sealed data cannot be opened");
                    }
                }
            }
            changed += renewed.len() as u64;
            self.write(&mut tx, renewed).await?;
            tx.commit().await?;
        }
    }

    /// None when the row is as it should be; its key when it cannot be opened.
    fn renew(&self, row: Found) -> Result<Option<Renewed>, Vec<String>> {
        let Found { key, sealed, fingerprint } = row;
        let Ok(plain) = self.keyring.open(self.column.context, &sealed) else { return Err(key) };
        let new_fingerprint =
            self.column.fingerprint.and_then(|column| (column.of)(self.keyring, &plain));
        let is_newest = sealed.starts_with(&self.keyring.newest_prefix());
        if is_newest && new_fingerprint == fingerprint {
            return Ok(None);
        }
        let sealed =
            if is_newest { sealed } else { self.keyring.seal(self.column.context, &plain) };
        Ok(Some(Renewed { key, sealed, fingerprint: new_fingerprint }))
    }

    async fn lock_batch(
        &self,
        tx: &mut PgConnection,
        after: Option<&[String]>,
    ) -> anyhow::Result<Vec<Found>> {
        let SealedColumn { table, column, fingerprint, .. } = self.column;
        let names: Vec<&str> = self.key.iter().map(|(name, _)| name.as_str()).collect();
        let names = names.join(", ");
        let texts: Vec<String> = self.key.iter().map(|(name, _)| format!("{name}::text")).collect();
        let beyond: Vec<String> = (3..)
            .zip(&self.key)
            .map(|(place, (_, type_name))| format!("${place}::text::{type_name}"))
            .collect();
        let beyond = match after {
            Some(_) => format!("and ({names}) > ({})", beyond.join(", ")),
            None => String::new(),
        };
        // What has a fingerprint is looked at as a whole: it does not tell who made it.
        let any_key = fingerprint.is_some() && self.keyring.has_older_lookups();
        let sql = format!(
            "select array[{}] as key, {column} as sealed, {} as fingerprint
               from {table}
              where {column} is not null
                and ({any_key} or substring({column} for octet_length($1)) <> $1)
                {beyond}
              order by {names}
              limit $2
                for update",
            texts.join(", "),
            fingerprint.map_or("null::bytea", |fingerprint| fingerprint.column),
        );
        let patience = format!("set local lock_timeout = '{LOCK_PATIENCE}'");
        sqlx::query(AssertSqlSafe(patience)).execute(&mut *tx).await?;
        let mut query =
            sqlx::query(AssertSqlSafe(sql)).bind(self.keyring.newest_prefix()).bind(BATCH);
        for part in after.unwrap_or_default() {
            query = query.bind(part);
        }
        let rows = query.fetch_all(tx).await.with_context(|| format!("{table}.{column}"))?;
        rows.iter().map(|row| Ok(found(row)?)).collect()
    }

    async fn write(&self, tx: &mut PgConnection, rows: Vec<Renewed>) -> sqlx::Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let SealedColumn { table, column, fingerprint, .. } = self.column;
        let places: Vec<usize> = (3..3 + self.key.len()).collect();
        let arrays: Vec<String> = places.iter().map(|place| format!("${place}::text[]")).collect();
        let names: Vec<String> = places.iter().map(|place| format!("k{place}")).collect();
        let same: Vec<String> = self
            .key
            .iter()
            .zip(&names)
            .map(|((name, type_name), new)| format!("t.{name} = n.{new}::{type_name}"))
            .collect();
        let set_fingerprint = fingerprint
            .map(|fingerprint| format!(", {} = n.fingerprint", fingerprint.column))
            .unwrap_or_default();
        let sql = format!(
            "update {table} as t
                set {column} = n.sealed{set_fingerprint}
               from unnest($1::bytea[], $2::bytea[], {})
                    as n (sealed, fingerprint, {})
              where {}",
            arrays.join(", "),
            names.join(", "),
            same.join(" and "),
        );
        let (sealed, fingerprints): (Vec<&[u8]>, Vec<Option<&[u8]>>) =
            rows.iter().map(|row| (row.sealed.as_slice(), row.fingerprint.as_deref())).unzip();
        let mut query = sqlx::query(AssertSqlSafe(sql)).bind(sealed).bind(fingerprints);
        for place in 0..self.key.len() {
            let parts: Vec<&str> = rows.iter().map(|row| row.key[place].as_str()).collect();
            query = query.bind(parts);
        }
        query.execute(tx).await?;
        Ok(())
    }

    /// What older keys still seal, by their ids.
    async fn left(&self) -> sqlx::Result<Vec<(String, i64)>> {
        let SealedColumn { table, column, .. } = self.column;
        let sql = format!(
            "select convert_from(substring({column} from 2 for get_byte({column}, 0)), 'UTF8'),
                    count(*)
               from {table}
              where {column} is not null and substring({column} for octet_length($1)) <> $1
              group by 1"
        );
        let prefix = self.keyring.newest_prefix();
        sqlx::query_as(AssertSqlSafe(sql)).bind(prefix).fetch_all(self.db).await
    }
}

fn found(row: &PgRow) -> sqlx::Result<Found> {
    Ok(Found {
        key: row.try_get("key")?,
        sealed: row.try_get("sealed")?,
        fingerprint: row.try_get("fingerprint")?,
    })
}

#[cfg(all(test, feature = "testing"))]
mod tests;
