//! When workers look for jobs. The queue's library wakes every worker in a database, whosever
//! queue it works at; each of a worker's places then asks for one job, found or not, and goes back
//! to sleep. Here a queue wakes its own workers, a place that found a job has the others look
//! again, and what was found empty is not asked for again before something wakes the worker.

use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use graphile_worker::{
    BoxFuture, Database, DatabaseDriver, DbError, DbExecutor, DbParams, DbRow, DbTransaction,
    Notification, NotificationStream,
};
use sqlx::PgPool;
use tokio::sync::Notify;

use super::ear::Ear;

/// Jobs also come due by themselves, and are looked for every second.
const EMPTY_FOR_MAX: Duration = Duration::from_millis(500);
/// What only the statement that fetches a job does.
const FETCHES_JOB: &str = "skip locked";

/// A service's database, as a worker of its queue sees it.
#[derive(Debug)]
pub(super) struct OwnQueue {
    database: Database,
    pool: PgPool,
    channel: String,
    /// Longest that a statement may take: on a connection whose other end is lost, it would wait
    /// for ever.
    patience: Duration,
    wakes: Arc<Wakes>,
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Wakes {
    state: Mutex<State>,
    again: Notify,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// How often the worker was woken.
    woken: u64,
    /// How often it had been when it last began to look and found nothing, and when that was.
    empty: Option<(u64, Instant)>,
}

impl OwnQueue {
    pub(super) fn new(pool: PgPool, channel: String, patience: Duration) -> Self {
        let (wakes, turn) = (Arc::default(), tokio::sync::Mutex::default());
        Self { database: pool.clone().into(), pool, channel, patience, wakes, turn }
    }

    /// What comes of a statement, unless it takes too long.
    async fn within<T>(
        &self,
        statement: impl Future<Output = Result<T, DbError>>,
    ) -> Result<T, DbError> {
        let outcome = tokio::time::timeout(self.patience, statement).await;
        outcome.unwrap_or_else(|_| Err(DbError::new("the database does not answer")))
    }

    async fn fetch_job(&self, sql: &str, params: DbParams) -> Result<Vec<DbRow>, DbError> {
        // One after the other, so that the first who finds nothing spares the others the way.
        let _turn = self.turn.lock().await;
        let (woken, began) = (self.wakes.state().woken, Instant::now());
        if self.wakes.are_in_vain(woken, began) {
            return Ok(vec![]);
        }
        let found = self.within(self.database.fetch_all(sql, params)).await?;
        if found.is_empty() {
            self.wakes.note_empty(woken, began);
        } else {
            self.wakes.again.notify_one();
        }
        Ok(found)
    }
}

impl Wakes {
    fn state(&self) -> State {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).woken += 1;
    }

    fn note_empty(&self, woken: u64, began: Instant) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.empty = state.empty.max(Some((woken, began)));
    }

    /// Whether nothing was there since the worker was woken last.
    fn are_in_vain(&self, woken: u64, now: Instant) -> bool {
        self.state().empty.is_some_and(|(seen, at)| seen == woken && now - at < EMPTY_FOR_MAX)
    }
}

impl DbExecutor for OwnQueue {
    fn execute<'a>(
        &'a self,
        sql: &'a str,
        params: DbParams,
    ) -> BoxFuture<'a, Result<u64, DbError>> {
        Box::pin(self.within(self.database.execute(sql, params)))
    }

    fn fetch_all<'a>(
        &'a self,
        sql: &'a str,
        params: DbParams,
    ) -> BoxFuture<'a, Result<Vec<DbRow>, DbError>> {
        if sql.contains(FETCHES_JOB) {
            return Box::pin(self.fetch_job(sql, params));
        }
        Box::pin(self.within(self.database.fetch_all(sql, params)))
    }
}

impl DatabaseDriver for OwnQueue {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn begin<'a>(&'a self) -> BoxFuture<'a, Result<DbTransaction, DbError>> {
        Box::pin(self.within(self.database.begin()))
    }

    fn listen<'a>(
        &'a self,
        _everybody: &'a str,
    ) -> BoxFuture<'a, Result<Option<NotificationStream>, DbError>> {
        Box::pin(async move {
            let ear = Ear::open(self.pool.clone(), self.channel.clone(), self.patience).await?;
            let heard = stream::unfold(ear, async |mut ear| {
                ear.hear().await;
                Some(((), ear))
            });
            let (wakes, channel) = (self.wakes.clone(), self.channel.clone());
            let again = stream::unfold(wakes.clone(), async |wakes| {
                wakes.again.notified().await;
                Some(((), wakes))
            });
            let both = stream::select(heard, again).map(move |()| {
                wakes.wake();
                Ok(Notification { channel: channel.clone(), payload: String::new() })
            });
            Ok(Some(Box::pin(both) as NotificationStream))
        })
    }
}
