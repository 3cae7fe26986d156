//! Reads from a replica, such as never hide from callers what they have just written.
//!
//! Before a change is acknowledged, the end of the primary's log is noted beside the caller, on the
//! primary ([`memory`]). A replica serves a caller if it has replayed that much, and what everybody
//! did until some seconds ago; it is asked on the very connection that then reads, since behind one
//! address there may be several replicas. Otherwise the primary serves. So the promise holds
//! whichever gateway, replica of a service and replica of the database a call comes to.

mod layer;
mod memory;
mod reader;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::{PgConnection, PgPool, Postgres, pool::PoolConnection};
use tonic::{Request, Status};

pub(crate) use self::layer::NoteWrites;
pub(crate) use self::memory::keep_up;
pub use self::reader::Reader;
use crate::auth::Caller;
use crate::config::DatabaseConfig;
use crate::db;
use crate::refusal::internal;
use crate::service::Service;
use crate::telemetry::metrics::READS;

/// Longer than a replica that is well takes to say how far it is; the primary waits meanwhile.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long a replica that did not answer is left alone.
const PAUSE: Duration = Duration::from_secs(2);

/// The replicas of a service's database. Clones share connections.
#[derive(Clone)]
pub(crate) struct Replica {
    pool: PgPool,
    /// Since it did not answer: when it is worth another try.
    try_again_at: Arc<Mutex<Option<Instant>>>,
}

impl Replica {
    /// Connects on first use, if there is an address: a service is well without its replicas.
    pub(crate) fn open(
        config: &DatabaseConfig,
        schema: &'static str,
    ) -> anyhow::Result<Option<Self>> {
        let Some(url) = &config.database_read_only_url else { return Ok(None) };
        let options = db::options(url, "LINHA_DATABASE_READ_ONLY_URL", schema)?;
        let pool = db::pool(config.database_connections_max, PATIENCE).connect_lazy_with(options);
        Ok(Some(Self { pool, try_again_at: Arc::default() }))
    }

    /// Its connections.
    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }

    /// A connection to a replica that shows `caller` what they wrote.
    async fn reader(&self, primary: &PgPool, caller: &str) -> sqlx::Result<Option<Reader>> {
        if self.is_busy() || !self.is_worth_a_try() {
            return Ok(None);
        }
        let (wanted, found) = tokio::join!(memory::wanted(primary, caller), self.connect());
        let wanted = wanted?;
        Ok(found
            .filter(|(_, replayed)| wanted.is_some_and(|wanted| wanted <= *replayed))
            .map(|(connection, _)| Reader::replica(connection)))
    }

    /// A connection, and how far its replica is.
    async fn connect(&self) -> Option<(PoolConnection<Postgres>, i64)> {
        let found = match self.pool.acquire().await {
            Ok(mut connection) => {
                match tokio::time::timeout(PATIENCE, replayed(&mut connection)).await {
                    Ok(Ok(position)) => Ok((connection, position)),
                    failed => {
                        connection.close_on_drop();
                        Err(failed.map_or(sqlx::Error::PoolTimedOut, |done| {
                            done.err().unwrap_or(sqlx::Error::PoolTimedOut)
                        }))
                    }
                }
            }
            Err(error) => Err(error),
        };
        match found {
            Ok(found) => {
                if self.note(None).is_some() {
                    tracing::info!("the replica answers again");
                }
                Some(found)
            }
            Err(error) => {
                if self.note(Some(Instant::now() + PAUSE)).is_none() {
                    tracing::warn!(%error, "the replica does not answer, the primary serves alone");
                }
                None
            }
        }
    }

    /// Nobody waits for a connection while the primary has some.
    fn is_busy(&self) -> bool {
        self.pool.num_idle() == 0 && self.pool.size() >= self.pool.options().get_max_connections()
    }

    /// Of those that come while the replica is away, one at a time looks whether it still is.
    fn is_worth_a_try(&self) -> bool {
        let mut try_again_at = self.try_again_at.lock().unwrap_or_else(PoisonError::into_inner);
        match *try_again_at {
            None => true,
            Some(at) if at <= Instant::now() => {
                *try_again_at = Some(Instant::now() + PAUSE);
                true
            }
            Some(_) => false,
        }
    }

    fn note(&self, try_again_at: Option<Instant>) -> Option<Instant> {
        let mut noted = self.try_again_at.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut noted, try_again_at)
    }
}

impl Service {
    /// Where a list or a search is read for the caller of `request`: a replica, if there is one
    /// that shows them what they wrote, or else the primary. Nothing may be read there that decides
    /// a change or a right. Services ask each other for what they decide by, so the primary answers
    /// them.
    ///
    /// # Errors
    /// UNAVAILABLE while the primary is away.
    pub async fn reader<T>(&self, request: &Request<T>) -> Result<Reader, Status> {
        let caller = request.extensions().get::<Caller>().and_then(Caller::outside_key);
        let reader = match (&self.replica, caller) {
            (Some(replica), Some(caller)) => {
                replica.reader(&self.db, &caller).await.map_err(|error| internal(&error))?
            }
            _ => None,
        };
        let from = if reader.is_some() { "replica" } else { "primary" };
        metrics::counter!(READS, "service" => self.name, "from" => from).increment(1);
        Ok(reader.unwrap_or_else(|| Reader::primary(self.db.clone())))
    }
}

/// How far the server at the other end has replayed the log. What has become a primary is as far as
/// it has written.
async fn replayed(connection: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "select (case when pg_is_in_recovery() then pg_last_wal_replay_lsn()
                      else pg_current_wal_insert_lsn() end - '0/0')::bigint",
    )
    .fetch_one(connection)
    .await
}

#[cfg(all(test, feature = "testing"))]
mod tests;
