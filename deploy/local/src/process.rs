//! A part of Linha, running as if it were a process of its own: it can be asked to end, and it
//! can be killed.

use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context;
use futures::future::BoxFuture;
use tokio::net::TcpListener;
use tokio::runtime::{self, Runtime};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const WORKER_THREADS: usize = 2;
const REBIND_PATIENCE: Duration = Duration::from_secs(10);
const REBIND_PAUSE: Duration = Duration::from_millis(20);

/// The parts that are started, stopped and killed on their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// People and tokens.
    Identity,
    /// Companies.
    Company,
    /// Lines.
    Telecom,
    /// Money.
    Billing,
    /// The REST gateway.
    Gateway,
}

impl Part {
    /// The services, without the gateway.
    pub const SERVICES: [Self; 4] = [Self::Identity, Self::Telecom, Self::Company, Self::Billing];

    /// Everything, in the order it is started.
    pub const ALL: [Self; 5] =
        [Self::Identity, Self::Telecom, Self::Company, Self::Billing, Self::Gateway];

    /// Where it listens unless told otherwise.
    pub fn port(self) -> u16 {
        match self {
            Self::Identity => 50051,
            Self::Telecom => 50052,
            Self::Company => 50053,
            Self::Billing => 50054,
            Self::Gateway => 8080,
        }
    }

    /// Where it tells its metrics and health unless told otherwise.
    pub fn admin_port(self) -> u16 {
        match self {
            Self::Identity => 9051,
            Self::Telecom => 9052,
            Self::Company => 9053,
            Self::Billing => 9054,
            Self::Gateway => 9080,
        }
    }

    /// Its name: "identity".
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Company => "company",
            Self::Telecom => "telecom",
            Self::Billing => "billing",
            Self::Gateway => "gateway",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A part that runs, on threads of its own.
pub(crate) struct Process {
    runtime: Option<Runtime>,
    shutdown: CancellationToken,
    served: JoinHandle<anyhow::Result<()>>,
}

impl Process {
    /// Starts what `serve` makes of the shutdown signal.
    pub(crate) fn start(
        part: Part,
        serve: impl FnOnce(CancellationToken) -> BoxFuture<'static, anyhow::Result<()>>,
    ) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKER_THREADS)
            .thread_name(part.name())
            .enable_all()
            .build()?;
        let shutdown = CancellationToken::new();
        let served = runtime.spawn(serve(shutdown.clone()));
        Ok(Self { runtime: Some(runtime), shutdown, served })
    }

    /// What the part runs in.
    pub(crate) fn runtime(&self) -> Option<runtime::Id> {
        self.runtime.as_ref().map(|runtime| runtime.handle().id())
    }

    /// Asks the part to end, and waits until it has.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        self.shutdown.cancel();
        let served = (&mut self.served).await;
        served.context("it panicked")?
    }

    /// Becomes ready when the part ends, asked or not.
    pub(crate) async fn ended(&mut self) -> anyhow::Result<()> {
        (&mut self.served).await.context("it panicked")?
    }
}

impl Drop for Process {
    /// Ends the part where it stands, as a crash would.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Listens again where a killed part listened, whose socket may take a moment to go.
pub(crate) async fn rebind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let deadline = Instant::now() + REBIND_PATIENCE;
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return Ok(listener),
            Err(error) if Instant::now() > deadline => {
                return Err(error).with_context(|| format!("cannot listen on {address}"));
            }
            Err(_) => tokio::time::sleep(REBIND_PAUSE).await,
        }
    }
}
