//! What the surrounding process gives a service, and the process of a service of its own.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::{self, ServiceConfig};
use crate::service::Service;
use crate::sweeps::Sweep;
use crate::telemetry;

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

/// Runs one service as a process: reads its settings, serves until SIGTERM or SIGINT.
/// `port` and `admin_port` are where it listens on 127.0.0.1 unless told otherwise.
///
/// # Errors
/// Those of the service.
pub fn run<C, F>(
    name: &'static str,
    port: u16,
    admin_port: u16,
    serve: impl FnOnce(C, Host) -> F,
) -> anyhow::Result<()>
where
    C: Parser + AsRef<ServiceConfig>,
    F: Future<Output = anyhow::Result<()>>,
{
    config::load_file()?;
    let config = C::parse();
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let service = config.as_ref();
        let telemetry = telemetry::start(name, &service.telemetry)?;
        let host = Host {
            listener: bind(service.listen, port).await?,
            admin: Some(bind(service.admin_listen, admin_port).await?),
            clock: Clock::system(),
            shutdown: on_signal()?,
            activity: Activity::default(),
        };
        let served = serve(config, host).await;
        telemetry.shutdown();
        served
    })
}

async fn bind(address: Option<SocketAddr>, port: u16) -> anyhow::Result<TcpListener> {
    let address = address.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], port)));
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
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

/// What the services of one process have still to do: jobs that are due, events to hand over,
/// timers that have run out. A sandbox waits on it for the consequences of what it set off.
#[derive(Clone, Default)]
pub struct Activity {
    members: Arc<Mutex<Vec<Member>>>,
}

#[derive(Clone)]
struct Member {
    service: Service,
    sweeps: Vec<Sweep>,
}

const LOOK_AGAIN: Duration = Duration::from_millis(20);

impl Activity {
    /// A service that started again takes the place of its earlier self.
    pub(crate) fn register(&self, service: &Service, sweeps: &[Sweep]) {
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        members.retain(|member| member.service.name != service.name);
        members.push(Member { service: service.clone(), sweeps: sweeps.to_vec() });
    }

    /// Does what is due, and waits until nothing is left, and at most `patience`. Tells whether
    /// nothing is left.
    pub async fn settle(&self, patience: Duration) -> bool {
        let quiet = async {
            loop {
                for member in self.members() {
                    for sweep in &member.sweeps {
                        sweep.once().await;
                    }
                }
                // What a sweep set off may make more work for another service's sweep: done when
                // a round of sweeps leaves nothing behind.
                if self.is_idle().await {
                    return;
                }
                while !self.is_idle().await {
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
            }
        };
        tokio::time::timeout(patience, quiet).await.is_ok()
    }

    async fn is_idle(&self) -> bool {
        for Member { service, .. } in self.members() {
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

    fn members(&self) -> Vec<Member> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
