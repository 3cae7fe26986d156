//! Settings of the gateway; `linha-gateway --help` lists them all.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::http::{HeaderValue, Uri};
use chassis::config::{Peers, Secret};
use chassis::telemetry::TelemetryConfig;
use clap::{Args, Parser};
use ipnet::IpNet;

/// The REST gateway of Linha.
#[derive(Clone, Debug, Parser)]
#[command(name = "linha-gateway", version)]
pub struct Config {
    /// Where the gateway answers.
    #[arg(
        long,
        env = "LINHA_LISTEN",
        value_name = "LINHA_LISTEN",
        default_value_t = local(8080)
    )]
    pub listen: SocketAddr,

    /// Where it tells its metrics and health.
    #[arg(
        long,
        env = "LINHA_ADMIN_LISTEN",
        value_name = "LINHA_ADMIN_LISTEN",
        default_value_t = local(9080)
    )]
    pub admin_listen: SocketAddr,

    /// Secret that the gateway proves itself with at identity.
    #[arg(
        long,
        env = "LINHA_SERVICE_SECRET",
        value_name = "LINHA_SERVICE_SECRET",
        hide_env_values = true
    )]
    pub service_secret: Secret,

    #[command(flatten)]
    pub peers: Peers,

    #[command(flatten)]
    pub limits: Limits,

    #[command(flatten)]
    pub web: Web,

    #[command(flatten)]
    pub telemetry: TelemetryConfig,
}

impl Config {
    /// The defaults, for a gateway that proves itself with `service_secret` and finds the
    /// services at `peers`.
    pub fn new(service_secret: Secret, peers: Peers) -> Self {
        Self {
            listen: local(8080),
            admin_listen: local(9080),
            service_secret,
            peers,
            limits: Limits::default(),
            web: Web::default(),
            telemetry: TelemetryConfig::default(),
        }
    }
}

/// What the gateway takes on at the most, and how long it takes.
#[derive(Clone, Debug, Args)]
pub struct Limits {
    /// Longest that a call to a service may take, retries included, in milliseconds.
    #[arg(
        long,
        env = "LINHA_CALL_TIMEOUT_MS",
        value_name = "LINHA_CALL_TIMEOUT_MS",
        default_value_t = Self::default().call_timeout_ms
    )]
    pub call_timeout_ms: u64,

    /// Longest that a request may take, in milliseconds.
    #[arg(
        long,
        env = "LINHA_REQUEST_TIMEOUT_MS",
        value_name = "LINHA_REQUEST_TIMEOUT_MS",
        default_value_t = Self::default().request_timeout_ms
    )]
    pub request_timeout_ms: u64,

    /// How long a client may take to send the head of a request, in milliseconds.
    #[arg(
        long,
        env = "LINHA_HEADER_TIMEOUT_MS",
        value_name = "LINHA_HEADER_TIMEOUT_MS",
        default_value_t = Self::default().header_timeout_ms
    )]
    pub header_timeout_ms: u64,

    /// Longest that requests in work may delay a shutdown, in milliseconds.
    #[arg(
        long,
        env = "LINHA_DRAIN_MS",
        value_name = "LINHA_DRAIN_MS",
        default_value_t = Self::default().drain_ms
    )]
    pub drain_ms: u64,

    /// How long requests are still accepted after a shutdown has begun and readiness has
    /// dropped, in milliseconds: the time a load balancer takes to notice.
    #[arg(
        long,
        env = "LINHA_LINGER_MS",
        value_name = "LINHA_LINGER_MS",
        default_value_t = Self::default().linger_ms
    )]
    pub linger_ms: u64,

    /// Requests in work at the same time; more are refused.
    #[arg(
        long,
        env = "LINHA_CONCURRENCY_MAX",
        value_name = "LINHA_CONCURRENCY_MAX",
        default_value_t = Self::default().concurrency_max
    )]
    pub concurrency_max: usize,

    /// Open connections; more wait to be accepted.
    #[arg(
        long,
        env = "LINHA_CONNECTIONS_MAX",
        value_name = "LINHA_CONNECTIONS_MAX",
        default_value_t = Self::default().connections_max
    )]
    pub connections_max: usize,

    /// Size of a request's body in bytes, where an operation does not say otherwise.
    #[arg(
        long,
        env = "LINHA_BODY_BYTES_MAX",
        value_name = "LINHA_BODY_BYTES_MAX",
        default_value_t = Self::default().body_bytes_max
    )]
    pub body_bytes_max: usize,

    /// How often keys and revocations are asked for, in milliseconds; revocation takes at most
    /// this long to arrive.
    #[arg(
        long,
        env = "LINHA_TRUST_REFRESH_MS",
        value_name = "LINHA_TRUST_REFRESH_MS",
        default_value_t = Self::default().trust_refresh_ms
    )]
    pub trust_refresh_ms: u64,

    /// Lifts all rate limits, for load tests.
    #[arg(long, env = "LINHA_NO_RATE_LIMITS")]
    pub no_rate_limits: bool,

    /// Requests a minute of one caller with a token.
    #[arg(
        long,
        env = "LINHA_CALLER_RATE",
        value_name = "LINHA_CALLER_RATE",
        default_value_t = Self::default().caller_rate
    )]
    pub caller_rate: u32,

    /// Requests a minute without a token from one address.
    #[arg(
        long,
        env = "LINHA_ADDRESS_RATE",
        value_name = "LINHA_ADDRESS_RATE",
        default_value_t = Self::default().address_rate
    )]
    pub address_rate: u32,

    /// Requests a minute from one address to each operation that is worth guessing at or that
    /// sends mail: log-in, signup forms, password resets.
    #[arg(
        long,
        env = "LINHA_SENSITIVE_RATE",
        value_name = "LINHA_SENSITIVE_RATE",
        default_value_t = Self::default().sensitive_rate
    )]
    pub sensitive_rate: u32,

    /// Requests a minute with one token, in the voice dialect.
    #[arg(
        long,
        env = "LINHA_VOICE_TOKEN_RATE",
        value_name = "LINHA_VOICE_TOKEN_RATE",
        default_value_t = Self::default().voice_token_rate
    )]
    pub voice_token_rate: u32,

    /// Requests a minute with one token, in the enterprises dialect.
    #[arg(
        long,
        env = "LINHA_ENTERPRISE_TOKEN_RATE",
        value_name = "LINHA_ENTERPRISE_TOKEN_RATE",
        default_value_t = Self::default().enterprise_token_rate
    )]
    pub enterprise_token_rate: u32,

    /// Size of a request's body in bytes, in the voice dialect.
    #[arg(
        long,
        env = "LINHA_VOICE_BODY_BYTES_MAX",
        value_name = "LINHA_VOICE_BODY_BYTES_MAX",
        default_value_t = Self::default().voice_body_bytes_max
    )]
    pub voice_body_bytes_max: usize,

    /// Access tokens of the voice dialect whose exchange is remembered.
    #[arg(
        long,
        env = "LINHA_SESSIONS_MAX",
        value_name = "LINHA_SESSIONS_MAX",
        default_value_t = Self::default().sessions_max
    )]
    pub sessions_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            call_timeout_ms: 10_000,
            request_timeout_ms: 15_000,
            header_timeout_ms: 10_000,
            drain_ms: 20_000,
            linger_ms: 500,
            concurrency_max: 1024,
            connections_max: 10_000,
            body_bytes_max: 256 * 1024,
            trust_refresh_ms: 5_000,
            no_rate_limits: false,
            caller_rate: 600,
            address_rate: 300,
            sensitive_rate: 120,
            voice_token_rate: 120,
            enterprise_token_rate: 50,
            voice_body_bytes_max: 64 * 1024,
            sessions_max: 10_000,
        }
    }
}

impl Limits {
    /// Longest that a call to a service may take.
    pub fn call_timeout(&self) -> Duration {
        Duration::from_millis(self.call_timeout_ms)
    }

    /// Longest that a request may take.
    pub fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }

    /// How long a client may take to send the head of a request.
    pub fn header_timeout(&self) -> Duration {
        Duration::from_millis(self.header_timeout_ms)
    }

    /// Longest that requests in work may delay a shutdown.
    pub fn drain(&self) -> Duration {
        Duration::from_millis(self.drain_ms)
    }

    /// How long requests are still accepted after a shutdown has begun.
    pub fn linger(&self) -> Duration {
        Duration::from_millis(self.linger_ms)
    }

    /// How often keys and revocations are asked for.
    pub fn trust_refresh(&self) -> Duration {
        Duration::from_millis(self.trust_refresh_ms)
    }
}

/// How the gateway stands to browsers and proxies.
#[derive(Clone, Debug, Args)]
pub struct Web {
    /// Origins whose pages may call the API, separated by commas. Without any, all may, since
    /// no call carries credentials of its own accord.
    #[arg(
        long,
        env = "LINHA_CORS_ORIGINS",
        value_name = "LINHA_CORS_ORIGINS",
        value_delimiter = ','
    )]
    pub cors_origins: Vec<HeaderValue>,

    /// Clients reach the gateway over TLS: tell browsers to insist on it.
    #[arg(long, env = "LINHA_BEHIND_TLS")]
    pub behind_tls: bool,

    /// Where people reach the gateway; links to recordings start with it.
    #[arg(
        long,
        env = "LINHA_PUBLIC_URL",
        value_name = "LINHA_PUBLIC_URL",
        default_value_t = Self::default().public_url
    )]
    pub public_url: Uri,

    /// Networks of proxies whose X-Forwarded-For is believed, separated by commas.
    #[arg(
        long,
        env = "LINHA_TRUSTED_PROXIES",
        value_name = "LINHA_TRUSTED_PROXIES",
        value_delimiter = ','
    )]
    pub trusted_proxies: Vec<IpNet>,

    /// Where people choose a new password; `{id}` stands for the reset.
    #[arg(
        long,
        env = "LINHA_PASSWORD_RESET_FORM_URL",
        value_name = "LINHA_PASSWORD_RESET_FORM_URL",
        default_value_t = Self::default().password_reset_form_url
    )]
    pub password_reset_form_url: String,

    /// Origins to which the confirmation of an e-mail may redirect, separated by commas.
    #[arg(
        long,
        env = "LINHA_CONFIRM_REDIRECT_ORIGINS",
        value_name = "LINHA_CONFIRM_REDIRECT_ORIGINS",
        value_delimiter = ','
    )]
    pub confirm_redirect_origins: Vec<String>,
}

impl Default for Web {
    fn default() -> Self {
        Self {
            cors_origins: vec![],
            behind_tls: false,
            public_url: Uri::from_static("http://127.0.0.1:8080"),
            trusted_proxies: vec![],
            password_reset_form_url: "/password-resets/{id}/form".to_owned(),
            confirm_redirect_origins: vec![],
        }
    }
}

fn local(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_defaults_are_those_in_code() {
        let parsed = Config::parse_from(["linha-gateway", "--service-secret", "s"]);
        let built = Config::new(parsed.service_secret.clone(), parsed.peers.clone());
        assert_eq!(format!("{parsed:?}"), format!("{built:?}"));
    }

    #[test]
    fn a_wrong_value_names_its_variable() {
        let refused = Config::try_parse_from(["linha-gateway", "--trusted-proxies", "here"]);
        assert!(refused.unwrap_err().to_string().contains("LINHA_TRUSTED_PROXIES"));
    }
}
