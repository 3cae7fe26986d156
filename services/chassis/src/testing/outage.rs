//! A Postgres that a test may take away.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use postgres_local::{Cluster, Options};
use rustix::process::{Pid, Signal, kill_process};
use sqlx::PgExecutor;
use tempfile::TempDir;

/// Where Postgres, which may run as somebody else, can have its directories.
pub(crate) fn directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), Permissions::from_mode(0o711)).unwrap();
    directory
}

/// A Postgres of the test's own.
pub(crate) struct Primary {
    cluster: Option<Cluster>,
    directory: TempDir,
}

impl Primary {
    pub(crate) async fn start() -> Self {
        let directory = directory();
        let cluster = Cluster::start(directory.path(), Options::durable()).await.unwrap();
        Self { cluster: Some(cluster), directory }
    }

    /// The superuser's URL.
    pub(crate) fn url(&self) -> String {
        self.cluster.as_ref().unwrap().url()
    }

    /// Ends all connections, and is back after `seconds` or a little more.
    pub(crate) async fn is_away_for(&mut self, seconds: u64) {
        let cluster = self.cluster.take().unwrap();
        let options = Options { port: Some(cluster.port()), ..Options::durable() };
        cluster.stop().await;
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        self.cluster = Some(Cluster::start(self.directory.path(), options).await.unwrap());
    }
}

/// Processes that serve connections.
pub(crate) struct Backends(Vec<Pid>);

impl Backends {
    /// All but that of `visitor`.
    pub(crate) async fn but_of(visitor: impl PgExecutor<'_>) -> Self {
        Self::found(visitor, "").await
    }

    /// Those that were last asked to listen.
    pub(crate) async fn listening(visitor: impl PgExecutor<'_>) -> Self {
        Self::found(visitor, "LISTEN ").await
    }

    async fn found(visitor: impl PgExecutor<'_>, asked: &str) -> Self {
        let others = "select pid from pg_stat_activity
                       where pid <> pg_backend_pid() and backend_type = 'client backend'
                         and starts_with(query, $1)
                       order by backend_start";
        let pids: Vec<i32> =
            sqlx::query_scalar(others).bind(asked).fetch_all(visitor).await.unwrap();
        Self(pids.into_iter().filter_map(Pid::from_raw).collect())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Has them stop without a word, go on, or end.
    pub(crate) fn signal(&self, signal: Signal) {
        for backend in &self.0 {
            kill_process(*backend, signal).unwrap();
        }
    }
}
