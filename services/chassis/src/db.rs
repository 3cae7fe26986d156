//! The service's own schema in Postgres: pool, migrations, transactions.

use std::error::Error;
use std::io;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::str::FromStr;
use std::time::Duration;

use anyhow::Context;
use futures::future::BoxFuture;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, PgPool, Row};

use crate::config::{DatabaseConfig, Secret};

const ATTEMPTS_MAX: u32 = 5;
// As long as a call may take: whoever still waits then has nobody left to answer.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
// A statement that nobody waits for any more may still be at its end when it is asked.
const PING_TIMEOUT: Duration = Duration::from_secs(2);
const BELIEVED_FOR: Duration = Duration::from_secs(1);
// Where a database that services share has its extensions; need not exist.
const SHARED_SCHEMA: &str = "extensions";
const SERIALIZATION_FAILURE: &str = "40001";
const DEADLOCK: &str = "40P01";

// Where sqlx notes what was migrated.
const RECORD: &str = "_sqlx_migrations";
const CHASSIS_RECORD: &str = "_chassis_migrations";
const MIGRATION_PATIENCE: Duration = Duration::from_secs(600);
const LOOK_AGAIN: Duration = Duration::from_millis(500);

static CHASSIS: Migrator = sqlx::migrate!("./migrations");

/// What a unit of work can fail with: a service's own error, or a status.
pub trait WorkError: From<sqlx::Error> {
    /// The database's error, if that is what it is.
    fn database(&self) -> Option<&sqlx::Error>;
}

/// Connects to `schema`, as soon as it is migrated: first what every service has, then the
/// service's own.
///
/// # Errors
/// When the database cannot be reached in time, or nobody migrates it.
pub async fn open(
    config: &DatabaseConfig,
    schema: &'static str,
    migrations: &Migrator,
) -> anyhow::Result<PgPool> {
    let pool = connect(config, schema).await?;
    let migrated = async {
        let mut waits = false;
        while let Some(version) = missing(&pool, migrations).await? {
            if !waits {
                tracing::info!(schema, version, "waiting until the database is migrated");
            }
            waits = true;
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(MIGRATION_PATIENCE, migrated)
        .await
        .with_context(|| format!("nobody migrates the schema {schema}"))??;
    Ok(pool)
}

/// Creates `schema` if need be, and migrates it. Several at the same time wait for each other.
///
/// # Errors
/// When a migration fails.
pub async fn migrate(
    pool: &PgPool,
    schema: &'static str,
    migrations: &Migrator,
) -> anyhow::Result<()> {
    sqlx::query(AssertSqlSafe(format!("create schema if not exists {schema}")))
        .execute(pool)
        .await
        .with_context(|| format!("cannot create the schema {schema}"))?;
    for (whose, migrator) in [("the chassis", chassis()), (schema, tolerant(migrations))] {
        migrator.run(pool).await.with_context(|| format!("cannot migrate {whose}"))?;
    }
    Ok(())
}

/// Connects to `schema`, which need not exist yet.
///
/// # Errors
/// When the database cannot be reached in time.
pub async fn connect(config: &DatabaseConfig, schema: &'static str) -> anyhow::Result<PgPool> {
    let options = options(&config.database_url, "LINHA_DATABASE_URL", schema)?;
    pool(config.database_connections_max, ACQUIRE_TIMEOUT)
        .connect_with(options)
        .await
        .with_context(|| format!("cannot connect to the database of {schema}"))
}

/// A pool of so many connections, for which nobody waits longer than `patience`. A connection whose
/// other end is gone without a word is ended, and keeps no place.
pub(crate) fn pool(connections_max: u32, patience: Duration) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections_max)
        .acquire_timeout(patience)
        .acquire_slow_level(log::LevelFilter::Debug)
        // As sqlx does it by itself, it waits for ever.
        .test_before_acquire(false)
        .before_acquire(|connection, metadata| {
            Box::pin(async move {
                // What came back just now was asked then.
                Ok(metadata.idle_for < BELIEVED_FOR || answers(connection).await?)
            })
        })
        .after_release(|connection, _| Box::pin(answers(connection)))
}

/// Whether the other end is there; an error has the connection ended at once. It is asked when a
/// statement that was given up is at its end, and not before: poolers older than PgBouncer 1.21
/// take who leaves between two answers for done, and give the second to whoever comes next.
async fn answers(connection: &mut PgConnection) -> sqlx::Result<bool> {
    let asked = async {
        connection.flush().await?;
        connection.ping().await
    };
    match tokio::time::timeout(PING_TIMEOUT, asked).await {
        Ok(answer) => answer.map(|()| true),
        Err(_) => Err(sqlx::Error::Io(io::ErrorKind::TimedOut.into())),
    }
}

/// How every connection to a service's database is made; `variable` says where the URL stands.
pub(crate) fn options(
    url: &Secret,
    variable: &'static str,
    schema: &'static str,
) -> anyhow::Result<PgConnectOptions> {
    let options = PgConnectOptions::from_str(url.expose())
        .with_context(|| format!("{variable} is not a Postgres URL"))?
        .options([("search_path", format!("{schema},{SHARED_SCHEMA}"))])
        // What takes milliseconds is not worth a compilation that takes a hundred of them.
        .options([("jit", "off")])
        // The processors are shared by many calls; helpers for one take longer to start than most
        // calls last.
        .options([("max_parallel_workers_per_gather", "0")])
        .application_name(schema)
        // Every statement becomes a span; see telemetry::sql.
        .log_statements(crate::telemetry::sql::STATEMENT_LEVEL);
    Ok(options)
}

/// What every service has, with a record of its own.
fn chassis() -> Migrator {
    let mut chassis = tolerant(&CHASSIS);
    chassis.dangerous_set_table_name(CHASSIS_RECORD);
    chassis
}

/// Two versions run side by side during an upgrade, and the older may start last.
fn tolerant(migrations: &Migrator) -> Migrator {
    let mut migrations = Migrator::with_migrations(migrations.migrations.to_vec());
    migrations.set_ignore_missing(true);
    migrations
}

/// The first version that the database lacks.
async fn missing(pool: &PgPool, migrations: &Migrator) -> sqlx::Result<Option<i64>> {
    for (record, wanted) in [(CHASSIS_RECORD, &CHASSIS), (RECORD, migrations)] {
        let exists: bool = sqlx::query_scalar("select to_regclass($1) is not null")
            .bind(record)
            .fetch_one(pool)
            .await?;
        let applied: Vec<i64> = match exists {
            true => {
                let sql = format!("select version from {record} where success");
                sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(pool).await?
            }
            false => vec![],
        };
        let lacks = wanted.iter().map(|migration| migration.version);
        if let Some(version) = lacks.filter(|version| !applied.contains(version)).min() {
            return Ok(Some(version));
        }
    }
    Ok(None)
}

/// An open transaction, as the work in it gets it. `'env` is what the work borrows from around.
pub struct Tx<'t, 'env> {
    connection: &'t mut PgConnection,
    // Says that what is borrowed outlives the transaction, for whatever lifetime that has.
    borrows: PhantomData<&'t &'env ()>,
}

impl Tx<'_, '_> {
    /// Lends the transaction to a part of the work that borrows from further around.
    pub(crate) fn lend<'t, 'env: 't>(&'t mut self) -> Tx<'t, 'env> {
        Tx { connection: self.connection, borrows: PhantomData }
    }
}

impl Deref for Tx<'_, '_> {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.connection
    }
}

impl DerefMut for Tx<'_, '_> {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.connection
    }
}

/// Runs `work` in one transaction: commits when it succeeds, rolls back when it fails, and runs
/// it again, whole, when Postgres gave it up for the sake of a concurrent one.
///
/// # Errors
/// Those of `work`, and of the commit.
pub async fn transaction<'env, T, E, W>(pool: &PgPool, work: W) -> Result<T, E>
where
    W: for<'t> Fn(Tx<'t, 'env>) -> BoxFuture<'t, Result<T, E>>,
    E: WorkError,
{
    let mut attempt = 1;
    loop {
        match attempt_once(pool, &work).await {
            Err(error) if attempt < ATTEMPTS_MAX && error.database().is_some_and(is_contention) => {
                attempt += 1;
            }
            outcome => return outcome,
        }
    }
}

async fn attempt_once<'env, T, E, W>(pool: &PgPool, work: &W) -> Result<T, E>
where
    W: for<'t> Fn(Tx<'t, 'env>) -> BoxFuture<'t, Result<T, E>>,
    E: WorkError,
{
    let mut tx = pool.begin().await?;
    let value = work(Tx { connection: &mut tx, borrows: PhantomData }).await?;
    tx.commit().await?;
    Ok(value)
}

/// Whether running the whole transaction again may help.
fn is_contention(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(code.as_deref(), Some(SERIALIZATION_FAILURE | DEADLOCK))
}

/// The name of the constraint that a statement broke.
pub fn broken_constraint(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error()?.constraint()
}

/// A text column as the value it holds.
///
/// # Errors
/// When the column is not there, or holds no such value.
pub fn parsed<T>(row: &PgRow, column: &str) -> sqlx::Result<T>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    parse(column, row.try_get(column)?)
}

/// A text column that may be null as the value it holds.
///
/// # Errors
/// When the column is not there, or holds no such value.
pub fn parsed_optional<T>(row: &PgRow, column: &str) -> sqlx::Result<Option<T>>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    let text: Option<&str> = row.try_get(column)?;
    text.map(|text| parse(column, text)).transpose()
}

fn parse<T>(column: &str, text: &str) -> sqlx::Result<T>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    text.parse().map_err(|error| sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source: Box::new(error),
    })
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use rustix::process::Signal;
    use sqlx::migrate::Migrator;
    use tokio::task::JoinHandle;

    use super::*;
    use crate::events::HandlerError;
    use crate::testing;
    use crate::testing::outage::{Backends, Primary};

    static NONE: Migrator = Migrator::DEFAULT;

    #[tokio::test]
    async fn work_that_postgres_gave_up_runs_again_whole() {
        let (service, _database) = testing::service("company", &NONE, vec![]).await;
        let (service, attempts) = (&service, &AtomicU32::new(0));
        service
            .transaction(|mut tx| {
                Box::pin(async move {
                    sqlx::query("insert into inbox (event_id) values (gen_random_uuid())")
                        .execute(&mut *tx)
                        .await?;
                    let code =
                        ["40001", "40P01", ""][attempts.fetch_add(1, Ordering::SeqCst) as usize];
                    if !code.is_empty() {
                        let give_up = format!("do $$ begin raise sqlstate '{code}'; end $$");
                        sqlx::query(AssertSqlSafe(give_up)).execute(&mut *tx).await?;
                    }
                    Ok::<_, HandlerError>(())
                })
            })
            .await
            .unwrap();
        assert_eq!(attempts.load(Ordering::SeqCst), 3);
        let rows: i64 =
            sqlx::query_scalar("select count(*) from inbox").fetch_one(&service.db).await.unwrap();
        assert_eq!(rows, 1, "what the given-up attempts wrote is gone");
    }

    #[tokio::test]
    async fn other_failures_are_not_repeated() {
        let (service, _database) = testing::service("company", &NONE, vec![]).await;
        let attempts = &AtomicU32::new(0);
        let outcome: Result<(), HandlerError> = service
            .transaction(|mut tx| {
                Box::pin(async move {
                    attempts.fetch_add(1, Ordering::SeqCst);
                    sqlx::query("select 1 / 0").execute(&mut *tx).await?;
                    Ok(())
                })
            })
            .await;
        assert!(outcome.is_err());
        assert_eq!(attempts.load(Ordering::SeqCst), 1);
    }

    /// As when a machine is gone: nobody says that the connections ended.
    #[tokio::test]
    async fn connections_that_never_answer_again_keep_no_place() {
        let primary = Primary::start().await;
        let mut visitor = PgConnection::connect(&primary.url()).await.unwrap();
        let pool = pool(4, ACQUIRE_TIMEOUT).connect(&primary.url()).await.unwrap();
        let busy = [(); 3].map(|()| {
            let pool = pool.clone();
            tokio::spawn(async move { sqlx::query("select pg_sleep(600)").execute(&pool).await })
        });
        let sleeping = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'";
        while sqlx::query_scalar::<_, i64>(sleeping).fetch_one(&mut visitor).await.unwrap() < 3 {}
        let ask = || sqlx::query("select").execute(&pool);
        ask().await.unwrap();
        tokio::time::sleep(BELIEVED_FOR).await;

        let backends = Backends::but_of(&mut visitor).await;
        backends.signal(Signal::STOP);
        busy.iter().for_each(JoinHandle::abort);
        tokio::try_join!(ask(), ask(), ask(), ask()).unwrap();
        backends.signal(Signal::CONT);
    }

    #[tokio::test]
    async fn a_service_waits_until_its_database_is_migrated() {
        let database = postgres_local::testing::database().await;
        let config = DatabaseConfig {
            database_url: database.role("company").await.parse().unwrap(),
            database_read_only_url: None,
            database_connections_max: 2,
            migrate_at_start: false,
        };
        let pool = connect(&config, "company").await.unwrap();
        assert_eq!(missing(&pool, &NONE).await.unwrap(), Some(1), "of the chassis' own");
        let (opened, migrated) =
            tokio::join!(open(&config, "company", &NONE), migrate(&pool, "company", &NONE));
        migrated.unwrap();
        opened.unwrap();

        let newer = "insert into _sqlx_migrations
                         (version, description, success, checksum, execution_time)
                     values (99, 'of the next version', true, '', 0)";
        sqlx::query(newer).execute(&pool).await.unwrap();
        migrate(&pool, "company", &NONE).await.unwrap();
        assert_eq!(missing(&pool, &NONE).await.unwrap(), None, "the older version runs on");
    }
}
