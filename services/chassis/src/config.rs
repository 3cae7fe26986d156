//! Settings that every service has. Defaults in code, then a file, then `LINHA_*` variables,
//! then flags; `--help` lists them all.

use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;

use crate::crypto::Keyring;
use crate::events::BusConfig;
use crate::telemetry::TelemetryConfig;
use crate::tls::TlsConfig;

/// A setting that must not be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// Where a service listens, and its limits.
#[derive(Clone, Debug, Args)]
pub struct ServiceConfig {
    /// Where the service answers; by default 127.0.0.1 and its own port.
    #[arg(long, env = "LINHA_LISTEN", value_name = "LINHA_LISTEN")]
    pub listen: Option<SocketAddr>,

    /// Where it tells its metrics and health; by default 127.0.0.1 and its own port.
    #[arg(long, env = "LINHA_ADMIN_LISTEN", value_name = "LINHA_ADMIN_LISTEN")]
    pub admin_listen: Option<SocketAddr>,

    /// Secret that the service proves itself with at identity.
    #[arg(
        long,
        env = "LINHA_SERVICE_SECRET",
        value_name = "LINHA_SERVICE_SECRET",
        hide_env_values = true
    )]
    pub service_secret: Secret,

    /// Keys that personal data is sealed with: id:base64 pairs, the first seals; one is "lookup".
    #[arg(long, env = "LINHA_KEYRING", value_name = "LINHA_KEYRING", hide_env_values = true)]
    pub keyring: Keyring,

    #[command(flatten)]
    pub database: DatabaseConfig,

    #[command(flatten)]
    pub peers: Peers,

    #[command(flatten)]
    pub bus: BusConfig,

    #[command(flatten)]
    pub limits: Limits,

    #[command(flatten)]
    pub telemetry: TelemetryConfig,
}

/// The service's database.
#[derive(Clone, Debug, Args)]
pub struct DatabaseConfig {
    /// Postgres URL of the service's own role.
    #[arg(
        long,
        env = "LINHA_DATABASE_URL",
        value_name = "LINHA_DATABASE_URL",
        hide_env_values = true
    )]
    pub database_url: Secret,

    /// Postgres URL of the database's replicas, for lists and searches. Without it, and while they
    /// are away or behind, these are read from the primary too.
    #[arg(
        long,
        env = "LINHA_DATABASE_READ_ONLY_URL",
        value_name = "LINHA_DATABASE_READ_ONLY_URL",
        hide_env_values = true
    )]
    pub database_read_only_url: Option<Secret>,

    /// Connections that the service opens at the most, to the primary and to the replicas each.
    #[arg(
        long,
        env = "LINHA_DATABASE_CONNECTIONS_MAX",
        value_name = "LINHA_DATABASE_CONNECTIONS_MAX",
        default_value_t = 20
    )]
    pub database_connections_max: u32,

    /// Migrate the database when the service starts. Otherwise it waits until `migrate` has done
    /// so, for ten minutes at the most.
    #[arg(
        long,
        env = "LINHA_MIGRATE_AT_START",
        value_name = "LINHA_MIGRATE_AT_START",
        default_value_t = true,
        action = clap::ArgAction::Set
    )]
    pub migrate_at_start: bool,
}

/// Where the services are.
#[derive(Clone, Debug, Args)]
pub struct Peers {
    /// gRPC address of identity.
    #[arg(
        long,
        env = "LINHA_IDENTITY_URL",
        value_name = "LINHA_IDENTITY_URL",
        default_value = "http://127.0.0.1:50051"
    )]
    pub identity_url: http::Uri,

    /// gRPC address of telecom.
    #[arg(
        long,
        env = "LINHA_TELECOM_URL",
        value_name = "LINHA_TELECOM_URL",
        default_value = "http://127.0.0.1:50052"
    )]
    pub telecom_url: http::Uri,

    /// gRPC address of company.
    #[arg(
        long,
        env = "LINHA_COMPANY_URL",
        value_name = "LINHA_COMPANY_URL",
        default_value = "http://127.0.0.1:50053"
    )]
    pub company_url: http::Uri,

    /// gRPC address of billing.
    #[arg(
        long,
        env = "LINHA_BILLING_URL",
        value_name = "LINHA_BILLING_URL",
        default_value = "http://127.0.0.1:50054"
    )]
    pub billing_url: http::Uri,

    #[command(flatten)]
    pub tls: TlsConfig,
}

/// What a service takes on at the most, and how long it takes.
#[derive(Clone, Debug, Args)]
pub struct Limits {
    /// Longest that a call may take, in milliseconds.
    #[arg(
        long,
        env = "LINHA_REQUEST_TIMEOUT_MS",
        value_name = "LINHA_REQUEST_TIMEOUT_MS",
        default_value_t = Self::default().request_timeout_ms
    )]
    pub request_timeout_ms: u64,

    /// Calls in work at the same time on one connection; more are refused.
    #[arg(
        long,
        env = "LINHA_CONCURRENCY_MAX",
        value_name = "LINHA_CONCURRENCY_MAX",
        default_value_t = Self::default().concurrency_max
    )]
    pub concurrency_max: usize,

    /// Longest that calls in work may delay a shutdown, in milliseconds.
    #[arg(long, env = "LINHA_DRAIN_MS", value_name = "LINHA_DRAIN_MS", default_value_t = Self::default().drain_ms)]
    pub drain_ms: u64,

    /// After how long a connection is ended, once its calls are answered, in milliseconds: its
    /// owner connects anew, and so finds replicas that were added.
    #[arg(
        long,
        env = "LINHA_CONNECTION_AGE_MAX_MS",
        value_name = "LINHA_CONNECTION_AGE_MAX_MS",
        default_value_t = Self::default().connection_age_max_ms
    )]
    pub connection_age_max_ms: u64,

    /// Background jobs in work at the same time.
    #[arg(
        long,
        env = "LINHA_JOBS_CONCURRENCY",
        value_name = "LINHA_JOBS_CONCURRENCY",
        default_value_t = Self::default().jobs_concurrency
    )]
    pub jobs_concurrency: usize,

    /// Longest pause between two attempts to hand over an event, in milliseconds.
    #[arg(
        long,
        env = "LINHA_DELIVERY_RETRY_MAX_MS",
        value_name = "LINHA_DELIVERY_RETRY_MAX_MS",
        default_value_t = Self::default().delivery_retry_max_ms
    )]
    pub delivery_retry_max_ms: u64,

    /// After how long without a sign of life the jobs of a worker are given to others, in
    /// milliseconds.
    #[arg(
        long,
        env = "LINHA_WORKER_LOST_AFTER_MS",
        value_name = "LINHA_WORKER_LOST_AFTER_MS",
        default_value_t = Self::default().worker_lost_after_ms
    )]
    pub worker_lost_after_ms: u64,

    /// Longest that a job may take, or one round of the timers, in milliseconds; what is not done
    /// then is given up, and tried again.
    #[arg(
        long,
        env = "LINHA_BACKGROUND_TIMEOUT_MS",
        value_name = "LINHA_BACKGROUND_TIMEOUT_MS",
        default_value_t = Self::default().background_timeout_ms
    )]
    pub background_timeout_ms: u64,

    /// How often keys and revocations are asked for, in milliseconds; revocation takes at most
    /// this long to arrive.
    #[arg(
        long,
        env = "LINHA_TRUST_REFRESH_MS",
        value_name = "LINHA_TRUST_REFRESH_MS",
        default_value_t = Self::default().trust_refresh_ms
    )]
    pub trust_refresh_ms: u64,
}

impl Limits {
    /// Longest that a call may take.
    pub fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }

    /// Longest that calls in work may delay a shutdown.
    pub fn drain(&self) -> Duration {
        Duration::from_millis(self.drain_ms)
    }

    /// After how long a connection is ended.
    pub fn connection_age_max(&self) -> Duration {
        Duration::from_millis(self.connection_age_max_ms)
    }

    /// Longest pause between two attempts to hand over an event.
    pub fn delivery_retry_max(&self) -> Duration {
        Duration::from_millis(self.delivery_retry_max_ms)
    }

    /// After how long without a sign of life the jobs of a worker are given to others.
    pub fn worker_lost_after(&self) -> Duration {
        Duration::from_millis(self.worker_lost_after_ms)
    }

    /// Longest that a job may take, or one round of the timers.
    pub fn background_timeout(&self) -> Duration {
        Duration::from_millis(self.background_timeout_ms)
    }

    /// How often keys and revocations are asked for.
    pub fn trust_refresh(&self) -> Duration {
        Duration::from_millis(self.trust_refresh_ms)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_timeout_ms: 10_000,
            concurrency_max: 1024,
            drain_ms: 15_000,
            connection_age_max_ms: 300_000,
            jobs_concurrency: 8,
            delivery_retry_max_ms: 15_000,
            worker_lost_after_ms: 30_000,
            background_timeout_ms: 300_000,
            trust_refresh_ms: 5_000,
        }
    }
}

/// The address of somebody else's server, without a slash at its end. What is told there is secret:
/// without TLS only this machine is spoken to.
///
/// # Errors
/// When it is another one, naming the setting.
pub fn outside_url(setting: &str, url: &http::Uri) -> anyhow::Result<String> {
    let is_here = matches!(url.host(), Some("127.0.0.1" | "[::1]" | "localhost"));
    let is_safe = url.scheme_str() == Some("https") || url.scheme_str() == Some("http") && is_here;
    anyhow::ensure!(is_safe, "{setting} must start with https://");
    Ok(url.to_string().trim_end_matches('/').to_owned())
}

/// Takes settings from the file that `LINHA_CONFIG_FILE` names, one `LINHA_NAME=value` a line.
/// Variables that are set already win.
///
/// # Errors
/// When the file cannot be read.
pub fn load_file() -> anyhow::Result<()> {
    let Some(path) = std::env::var_os("LINHA_CONFIG_FILE") else { return Ok(()) };
    dotenvy::from_path(&path)
        .map_err(|error| anyhow::anyhow!("LINHA_CONFIG_FILE {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_leave_this_machine_with_tls_only() {
        let url = |text: &str| outside_url("LINHA_X", &text.parse().unwrap());
        assert_eq!(url("https://api.example/").unwrap(), "https://api.example");
        assert_eq!(url("http://127.0.0.1:8420").unwrap(), "http://127.0.0.1:8420");
        for unsafe_url in ["http://api.example", "ftp://127.0.0.1", "/path"] {
            assert!(url(unsafe_url).unwrap_err().to_string().contains("LINHA_X"), "{unsafe_url}");
        }
    }
}
