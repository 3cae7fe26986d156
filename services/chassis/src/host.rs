//! What the surrounding process gives a service.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::service::Service;
use crate::sweeps::{Sweep, Sweeper, Swept};

/// Sockets, time and the end: what a service gets from the process it runs in.
pub struct Host {
    /// Where the service answers. Bound before the service starts, so that nobody is refused.
    pub listener: TcpListener,
    /// Where it tells its metrics and health.
    pub admin: Option<TcpListener>,
    /// The time.
    pub clock: Clock,
    /// Cancelled when the service is to end.
    pub shutdown: CancellationToken,
    /// Where the service shows what it has still to do.
    pub activity: Activity,
}

/// Cancelled by the first SIGTERM or SIGINT.
///
/// # Errors
/// When the signals cannot be heard.
pub fn on_signal() -> anyhow::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let shutdown = CancellationToken::new();
    let heard = shutdown.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        heard.cancel();
    });
    Ok(shutdown)
}

/// What the parts of one process have still to do: jobs that are due, events to hand over, timers
/// that have run out. A sandbox waits on it for the consequences of what it set off.
#[derive(Clone, Default)]
pub struct Activity {
    members: Arc<Mutex<Vec<Member>>>,
}

#[derive(Clone)]
struct Member {
    name: &'static str,
    /// None of a part without a database.
    service: Option<Service>,
    sweepers: Vec<Sweeper>,
}

const LOOK_AGAIN: Duration = Duration::from_millis(20);

impl Activity {
    /// A part begins, with its database if it has one. If it started again, it takes the place of
    /// its earlier self.
    pub fn register(&self, name: &'static str, service: Option<&Service>, sweeps: &[Sweep]) {
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        members.retain(|member| member.name != name);
        let sweepers = sweeps.iter().map(Sweep::sweeper).collect();
        members.push(Member { name, service: service.cloned(), sweepers });
    }

    /// Does what is due, and waits until nothing is left, and at most `patience`. Tells whether
    /// nothing is left. Jobs that wait for another attempt are not waited for.
    pub async fn settle(&self, patience: Duration) -> bool {
        let quiet = async {
            while !self.stands_still().await {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        tokio::time::timeout(patience, quiet).await.is_ok()
    }

    /// Whether nothing was under way, and no sweep found anything to do. What a sweep or a job does
    /// may be work for any other sweep, and need not be seen in a queue: so the sweeps look after
    /// the queues were empty, all at what none of them changed. What comes in meanwhile from
    /// outside is not waited for.
    async fn stands_still(&self) -> bool {
        let found = self.found();
        self.is_quiet().await && self.sweep().await && self.found() == found
    }

    /// Tells whether nothing was due.
    async fn sweep(&self) -> bool {
        let members = self.members();
        let sweepers = members.iter().flat_map(|member| &member.sweepers);
        let swept = futures::future::join_all(sweepers.map(Sweeper::sweep)).await;
        // A service that is gone is asked for what it left when it comes back.
        swept.into_iter().flatten().all(|swept| swept == Swept::Nothing)
    }

    /// How often sweeps have found something to do so far.
    fn found(&self) -> Vec<u64> {
        let members = self.members();
        members.iter().flat_map(|member| &member.sweepers).map(Sweeper::found).collect()
    }

    /// Whether all queues were empty at the same time: while one is looked at, a job of another
    /// may fill one that was empty, but not without ending, or being seen itself.
    async fn is_quiet(&self) -> bool {
        let done = self.done();
        self.is_idle().await && self.done() == done
    }

    /// How many jobs each service has done so far.
    fn done(&self) -> Vec<u64> {
        self.services().iter().map(|service| service.jobs.done()).collect()
    }

    async fn is_idle(&self) -> bool {
        for service in self.services() {
            let left = tokio::try_join!(service.jobs.due(&service.db), service.outbox.waiting());
            match left {
                Ok((0, 0)) => {}
                // A service that is going down has nothing to say.
                Err(_) if service.db.is_closed() => {}
                _ => return false,
            }
        }
        true
    }

    fn services(&self) -> Vec<Service> {
        self.members().into_iter().filter_map(|member| member.service).collect()
    }

    fn members(&self) -> Vec<Member> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests;
