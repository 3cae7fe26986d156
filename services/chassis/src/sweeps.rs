//! Timers: due columns, read on the service's clock.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;

type Run = Arc<dyn Fn() -> BoxFuture<'static, anyhow::Result<()>> + Send + Sync>;

/// Work that is due when a column says so.
#[derive(Clone)]
pub struct Sweep {
    name: &'static str,
    every: Duration,
    run: Run,
}

impl Sweep {
    /// Looks for due work `every` so often, and whenever the clock is moved. `run` does all that
    /// is due, each piece once even if several replicas sweep.
    pub fn new<F>(
        name: &'static str,
        every: Duration,
        run: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        Self { name, every, run: Arc::new(move || Box::pin(run())) }
    }

    /// Does what is due now.
    pub(crate) async fn once(&self) {
        if let Err(error) = (self.run)().await {
            tracing::error!(sweep = self.name, error = format!("{error:#}"), "sweep failed");
        }
    }

    pub(crate) async fn repeat(self, clock: Clock, shutdown: CancellationToken) {
        let mut moves = clock.moves();
        let mut ticks = tokio::time::interval(self.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = ticks.tick() => {}
                Ok(()) = moves.changed() => {}
            }
            self.once().await;
        }
    }
}
