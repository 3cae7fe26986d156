//! A Postgres of our own, so that nobody has to install or configure one.
//!
//! [`Cluster`] runs real Postgres binaries on a directory, as root or not. [`provision`] gives
//! each service a role and a schema that the others cannot see. [`testing::database`] is what the
//! tests of every crate use.
//!
//! No server outlives its users: a watchdog process holds the reading end of a pipe from us, and
//! stops the server when that pipe ends, however we ended.

mod account;
mod binaries;
mod cluster;
mod download;
mod provision;
pub mod testing;
mod watchdog;

pub use binaries::Binaries;
pub use cluster::{Cluster, Options};
pub use provision::{ServiceRole, provision};

use std::{io, path::PathBuf};

/// Why there is no Postgres.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "no usable Postgres ({cause}): install it (Debian, Ubuntu: `apt-get install postgresql`; \
         macOS: `brew install postgresql@17`) or set LINHA_PG_BIN to the directory of its programs"
    )]
    NotFound { cause: String },
    #[error("{} holds no initdb and postgres that run", .0.display())]
    NotBinaries(PathBuf),
    #[error("Postgres refuses to run as root, and there is no user `postgres` or `nobody` to be")]
    NoAccount,
    #[error("another process runs the Postgres in {}", .0.display())]
    InUse(PathBuf),
    #[error(
        "a Postgres that nobody owns any more (pid {pid}) still runs on {}: \
         stop it with `kill -INT {pid}`", data.display()
    )]
    StillRunning { pid: u32, data: PathBuf },
    #[error("{program} failed, {outcome}: {log}")]
    Program { program: &'static str, outcome: String, log: String },
    #[error("Postgres was not ready after {seconds} s: {log}")]
    NotReady { seconds: u64, log: String },
    #[error("`{0}` is no name for a role or a database: use a-z, 0-9 and _, at most 63")]
    Name(String),
    #[error("{context}: {source}")]
    Io { context: String, source: io::Error },
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
}

/// Says which file or program an I/O error is about.
trait Context<T> {
    fn context(self, context: impl FnOnce() -> String) -> Result<T, Error>;
}

impl<T> Context<T> for io::Result<T> {
    fn context(self, context: impl FnOnce() -> String) -> Result<T, Error> {
        self.map_err(|source| Error::Io { context: context(), source })
    }
}
