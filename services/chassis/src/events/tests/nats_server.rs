//! A nats-server of a test's own.

use std::net::TcpListener;
use std::process::Stdio;

use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::events::{BusConfig, BusKind};

/// Ends when dropped.
pub(crate) struct NatsServer {
    directory: TempDir,
    port: u16,
    process: Child,
}

impl NatsServer {
    pub(crate) fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let process = launch(&directory, port);
        Self { directory, port, process }
    }

    pub(crate) fn config(&self) -> BusConfig {
        BusConfig {
            bus: BusKind::Nats,
            nats_url: format!("nats://127.0.0.1:{}", self.port),
            nats_replicas: 1,
        }
    }

    /// Ends it as a crash would.
    pub(crate) async fn kill(&mut self) {
        self.process.kill().await.unwrap();
    }

    /// Starts it again, where it was and with what it had.
    pub(crate) fn restart(&mut self) {
        self.process = launch(&self.directory, self.port);
    }
}

fn launch(directory: &TempDir, port: u16) -> Child {
    let program = std::env::var("LINHA_NATS_SERVER").unwrap_or_else(|_| "nats-server".to_owned());
    Command::new(&program)
        .args(["--addr=127.0.0.1", &format!("--port={port}"), "--jetstream"])
        .arg(format!("--store_dir={}", directory.path().display()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("{program} does not start: {error}"))
}
