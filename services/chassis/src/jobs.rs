//! Work that must not be lost: jobs in the service's own durable queue, enqueued by the
//! transaction that makes them necessary, and tried until they succeed.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use graphile_worker::{
    Database, IntoTaskHandlerResult, TaskHandler, WorkerContext, WorkerOptions,
    WorkerRecoveryConfig, WorkerUtils,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, PgConnection, PgPool};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::service::Service;
use crate::telemetry;
use crate::telemetry::metrics::JOB_FAILURES;

mod ear;
mod waking;

use waking::OwnQueue;

const DOUBLINGS_MAX: u32 = 16;
/// How long nobody works at a queue whose worker failed.
const PAUSE: Duration = Duration::from_secs(1);

/// A piece of work for the queue. It may be run more than once, and must then do nothing twice.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Stable name in the queue.
    const NAME: &'static str;
    /// What the work needs besides its own data.
    type Context: Clone + Send + Sync + 'static;

    /// Does the work. An error means: later again.
    fn run(self, context: Self::Context) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// How long a job that gets no answer waits before it asks again: `min`, doubled with each of the
/// `failures` before this one, and at most `max`. Chance takes up to a half of it away, so that
/// what failed together does not come back together.
pub fn retry_pause(failures: u32, min: Duration, max: Duration) -> Duration {
    let pause = min.saturating_mul(1 << failures.min(DOUBLINGS_MAX)).min(max);
    pause.mul_f64(rand::random_range(0.5..=1.0))
}

/// The service's queue.
#[derive(Clone, Debug)]
pub struct Jobs {
    schema: String,
    done: Arc<AtomicU64>,
}

impl Jobs {
    pub(crate) fn new(service: &str) -> Self {
        Self { schema: format!("{service}_jobs"), done: Arc::default() }
    }

    /// Creates or migrates the queue's own schema, which its library looks after.
    pub(crate) async fn migrate(&self, pool: &PgPool) -> anyhow::Result<()> {
        WorkerUtils::new(pool.clone(), self.schema.clone()).migrate().await?;
        Ok(())
    }

    /// Enqueues a job with the transaction `tx`. Of jobs with one `key` that wait at the same
    /// time only the latest stays.
    ///
    /// # Errors
    /// The database's.
    pub async fn enqueue<J: Job>(
        &self,
        tx: &mut PgConnection,
        job: &J,
        key: &str,
    ) -> sqlx::Result<()> {
        self.enqueue_after(tx, job, key, Duration::ZERO).await
    }

    /// Enqueues a job that is to wait a while first.
    ///
    /// # Errors
    /// The database's.
    pub async fn enqueue_after<J: Job>(
        &self,
        tx: &mut PgConnection,
        job: &J,
        key: &str,
        pause: Duration,
    ) -> sqlx::Result<()> {
        let envelope = Envelope { traceparent: telemetry::traceparent(), job };
        let payload =
            serde_json::to_value(envelope).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
        // Postgres counts in microseconds, and sqlx refuses to cut.
        let pause = Duration::new(pause.as_secs(), pause.subsec_micros() * 1_000);
        let sql = format!(
            "select pg_notify($5, '')
               from {}.add_job($1, $2::json, run_at => now() + $3, job_key => $4)",
            self.schema
        );
        sqlx::query(AssertSqlSafe(sql))
            .bind(J::NAME)
            .bind(payload)
            .bind(pause)
            .bind(format!("{}:{key}", J::NAME))
            .bind(self.channel())
            .execute(tx)
            .await?;
        Ok(())
    }

    /// Enqueues many jobs at once, each with its key, as [`Jobs::enqueue`] does.
    ///
    /// # Errors
    /// The database's.
    pub async fn enqueue_all<J: Job>(
        &self,
        tx: &mut PgConnection,
        jobs: &[(J, String)],
    ) -> sqlx::Result<()> {
        let traceparent = telemetry::traceparent();
        let mut payloads = Vec::with_capacity(jobs.len());
        for (job, _) in jobs {
            let envelope = Envelope { traceparent: traceparent.clone(), job };
            payloads.push(
                serde_json::to_string(&envelope)
                    .map_err(|error| sqlx::Error::Encode(Box::new(error)))?,
            );
        }
        let keys: Vec<String> = jobs.iter().map(|(_, key)| format!("{}:{key}", J::NAME)).collect();
        let sql = format!(
            "select pg_notify($4, ''), count(*)
               from unnest($2::text[], $3::text[]) as job (payload, key),
                    {}.add_job($1, job.payload::json, run_at => now(), job_key => job.key)",
            self.schema
        );
        sqlx::query(AssertSqlSafe(sql))
            .bind(J::NAME)
            .bind(payloads)
            .bind(keys)
            .bind(self.channel())
            .execute(tx)
            .await?;
        Ok(())
    }

    /// Where the queue is.
    pub(crate) fn schema(&self) -> &str {
        &self.schema
    }

    /// What the queue's workers listen on.
    fn channel(&self) -> String {
        format!("{}:insert", self.schema)
    }

    /// How many jobs this process has run, whatever came of it.
    pub(crate) fn done(&self) -> u64 {
        self.done.load(Ordering::SeqCst)
    }

    /// How many jobs are due or in work; those that wait for their next attempt do not count.
    ///
    /// # Errors
    /// The database's.
    pub async fn due(&self, pool: &PgPool) -> sqlx::Result<i64> {
        let sql = format!(
            "select count(*) from {}._private_jobs
              where attempts < max_attempts and (run_at <= now() or locked_at is not null)",
            self.schema
        );
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(pool).await
    }
}

/// What stands in the queue: the job, and the trace it belongs to.
#[derive(Serialize, Deserialize)]
struct Envelope<J> {
    traceparent: String,
    job: J,
}

struct Context<T>(T);

impl<T: Clone> Clone for Context<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> fmt::Debug for Context<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::any::type_name::<T>())
    }
}

/// Counts the jobs that were run, and says how long one may take.
#[derive(Clone, Debug)]
struct Supervision {
    done: Arc<AtomicU64>,
    patience: Duration,
}

impl<J: Job> TaskHandler for Envelope<J> {
    const IDENTIFIER: &'static str = J::NAME;

    async fn run(self, worker: WorkerContext) -> impl IntoTaskHandlerResult {
        let span = tracing::info_span!("job", otel.name = J::NAME);
        telemetry::set_parent(&span, &self.traceparent);
        async move {
            let (Some(Context(context)), Some(Supervision { done, patience })) =
                (worker.get_ext::<Context<J::Context>>().cloned(), worker.get_ext())
            else {
                return Err(anyhow::anyhow!("job {} has no context", J::NAME));
            };
            let outcome = tokio::time::timeout(*patience, self.job.run(context))
                .await
                .unwrap_or_else(|_| Err(anyhow::anyhow!("not done after {patience:?}")));
            done.fetch_add(1, Ordering::SeqCst);
            if let Err(error) = &outcome {
                metrics::counter!(JOB_FAILURES, "job" => J::NAME).increment(1);
                tracing::warn!(job = J::NAME, error = format!("{error:#}"), "job failed for now");
            }
            outcome
        }
        .instrument(span)
        .await
    }
}

/// The jobs that a service knows how to do.
pub struct JobHandlers(Vec<Define>);

/// Tells a worker one kind of job.
type Define = Box<dyn Fn(WorkerOptions) -> WorkerOptions + Send + Sync>;

impl JobHandlers {
    pub(crate) fn new() -> Self {
        Self(vec![])
    }

    /// Does jobs of kind `J` with `context`.
    #[must_use]
    pub fn job<J: Job>(mut self, context: J::Context) -> Self {
        // So that the first failure is seen to be one more.
        metrics::counter!(JOB_FAILURES, "job" => J::NAME).increment(0);
        self.0.push(Box::new(move |worker| {
            worker.define_job::<Envelope<J>>().add_extension(Context(context.clone()))
        }));
        self
    }

    /// Works at a queue, `concurrency` jobs at a time.
    pub(crate) fn at(self, service: &Service, concurrency: usize) -> Workplace {
        Workplace { handlers: self, service: service.clone(), concurrency }
    }
}

/// Where jobs of some kinds are done.
pub(crate) struct Workplace {
    handlers: JobHandlers,
    service: Service,
    concurrency: usize,
}

impl Workplace {
    /// Does jobs until `shutdown`. When the database goes away a worker ends, and cannot go on: it
    /// has asked itself to end, and the jobs that it lost are locked under its name. So there is a
    /// new one then.
    pub(crate) async fn work(self, shutdown: CancellationToken) {
        loop {
            let outcome = self.work_once(&shutdown).await;
            if shutdown.is_cancelled() {
                if let Err(error) = outcome {
                    tracing::warn!(error = format!("{error:#}"), "jobs ended with an error");
                }
                return;
            }
            let error = outcome.err().map(|error| format!("{error:#}"));
            tracing::error!(error, "jobs stopped, starting them again");
            let _ = tokio::time::timeout(PAUSE, shutdown.cancelled()).await;
        }
    }

    /// Does jobs until `shutdown`, or something goes wrong.
    async fn work_once(&self, shutdown: &CancellationToken) -> anyhow::Result<()> {
        let Service { jobs, db, limits, .. } = &self.service;
        let queue = OwnQueue::new(db.clone(), jobs.channel(), limits.request_timeout());
        let lost_after = limits.worker_lost_after();
        let recovery = WorkerRecoveryConfig::default()
            .heartbeat_interval(lost_after / 5)
            .sweep_interval(lost_after / 2)
            .sweep_threshold(lost_after)
            .recovery_delay(Duration::ZERO);
        let (done, patience) = (jobs.done.clone(), limits.background_timeout());
        let supervision = Supervision { done, patience };
        let options = WorkerOptions::default()
            .schema(jobs.schema.clone())
            .add_extension(supervision)
            .database(Database::new(queue))
            .concurrency(self.concurrency)
            .listen_os_shutdown_signals(false)
            .shutdown_signal(shutdown.clone().cancelled_owned())
            .shutdown_grace_period(limits.drain())
            .worker_recovery(recovery);
        let options = self.handlers.0.iter().fold(options, |options, define| define(options));
        let worker = options.init().await.context("cannot prepare the queue")?;
        Ok(worker.run().await?)
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests;

#[cfg(test)]
mod pauses {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pauses_double_up_to_their_limit(failures in 0_u32..100) {
            let (min, max) = (Duration::from_millis(250), Duration::from_secs(60));
            let whole = min.saturating_mul(2_u32.saturating_pow(failures)).min(max);
            let pause = retry_pause(failures, min, max);
            prop_assert!(whole / 2 <= pause && pause <= whole, "{pause:?} of {whole:?}");
        }
    }
}
