//! Timers: due columns, read on the service's clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::jobs::retry_pause;
use crate::telemetry::metrics::SWEEP_FAILURES;

type Run = Box<dyn Fn() -> BoxFuture<'static, anyhow::Result<bool>> + Send + Sync>;

const ASKERS_MAX: usize = 16;
const RETRY_MIN: Duration = Duration::from_millis(200);

/// Work that is due when a column says so.
pub struct Sweep {
    name: &'static str,
    every: Duration,
    run: Run,
    found: Arc<AtomicU64>,
    asked: mpsc::Receiver<oneshot::Sender<Swept>>,
    ask: mpsc::Sender<oneshot::Sender<Swept>>,
}

/// What a sweep came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Swept {
    /// Nothing was due.
    Nothing,
    /// Something was due, and is done.
    Something,
    /// What is due is not done.
    Failed,
}

/// Asks a sweep of a running service to do what is due.
#[derive(Clone)]
pub(crate) struct Sweeper {
    found: Arc<AtomicU64>,
    ask: mpsc::Sender<oneshot::Sender<Swept>>,
}

impl Sweep {
    /// Looks for due work `every` so often, and whenever the clock is moved. `run` does all that
    /// is due, each piece once even if several replicas sweep, and tells whether anything was: a
    /// sandbox goes on until nothing is. Forgetting what is old does not count, since nothing
    /// follows from it.
    pub fn new<F>(
        name: &'static str,
        every: Duration,
        run: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = anyhow::Result<bool>> + Send + 'static,
    {
        let (ask, asked) = mpsc::channel(ASKERS_MAX);
        let run: Run = Box::new(move || Box::pin(run()));
        Self { name, every, run, found: Arc::default(), asked, ask }
    }

    pub(crate) fn sweeper(&self) -> Sweeper {
        Sweeper { found: self.found.clone(), ask: self.ask.clone() }
    }

    /// Does what is due now, if that takes no longer than `patience`.
    async fn once(&self, patience: Duration) -> Swept {
        let outcome = tokio::time::timeout(patience, (self.run)()).await;
        match outcome.unwrap_or_else(|_| Err(anyhow::anyhow!("not done after {patience:?}"))) {
            Ok(false) => Swept::Nothing,
            Ok(true) => {
                self.found.fetch_add(1, Ordering::SeqCst);
                Swept::Something
            }
            Err(error) => {
                metrics::counter!(SWEEP_FAILURES, "sweep" => self.name).increment(1);
                tracing::error!(sweep = self.name, error = format!("{error:#}"), "sweep failed");
                Swept::Failed
            }
        }
    }

    /// Does what is due until `shutdown`, taking no longer than `patience` for it each time. What
    /// failed is tried again sooner than usual.
    pub async fn repeat(mut self, clock: Clock, patience: Duration, shutdown: CancellationToken) {
        // So that the first failure is seen to be one more.
        metrics::counter!(SWEEP_FAILURES, "sweep" => self.name).increment(0);
        let mut moves = clock.moves();
        let mut ticks = tokio::time::interval(self.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut askers, mut failures) = (Vec::new(), 0);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = ticks.tick() => {}
                Ok(()) = moves.changed() => {}
                Some(asker) = self.asked.recv() => askers.push(asker),
            }
            while let Ok(asker) = self.asked.try_recv() {
                askers.push(asker);
            }
            let swept = self.once(patience).await;
            if swept == Swept::Failed {
                ticks.reset_after(retry_pause(failures, RETRY_MIN.min(self.every), self.every));
                failures += 1;
            } else {
                failures = 0;
            }
            for asker in askers.drain(..) {
                // Nobody may be waiting any more.
                let _ = asker.send(swept);
            }
        }
    }
}

impl Sweeper {
    /// Has the sweep do what is due now, after what it is at; none when its service is gone.
    pub(crate) async fn sweep(&self) -> Option<Swept> {
        let (asker, answer) = oneshot::channel();
        self.ask.send(asker).await.ok()?;
        answer.await.ok()
    }

    /// How often the sweep has found something to do, asked or not.
    pub(crate) fn found(&self) -> u64 {
        self.found.load(Ordering::SeqCst)
    }
}
