//! Settings of webhooks.

use std::time::Duration;

use clap::Args;

use super::delivery::{Guard, Sender};

/// Where webhooks may go, and how much of it is done at the same time.
#[derive(Clone, Debug, Args)]
pub struct WebhookConfig {
    /// Where people reach the gateway; links to recordings start with it.
    #[arg(
        long,
        env = "LINHA_PUBLIC_URL",
        value_name = "LINHA_PUBLIC_URL",
        default_value_t = Self::default().public_url
    )]
    pub public_url: http::Uri,

    /// Hosts that webhooks may reach though they are not public, separated by commas: names or
    /// addresses, compared as a whole. For tests.
    #[arg(
        long,
        env = "LINHA_WEBHOOK_HOSTS",
        value_name = "LINHA_WEBHOOK_HOSTS",
        value_delimiter = ','
    )]
    pub webhook_hosts: Vec<String>,

    /// Longest that a receiver may take to answer, in milliseconds.
    #[arg(
        long,
        env = "LINHA_WEBHOOK_TIMEOUT_MS",
        value_name = "LINHA_WEBHOOK_TIMEOUT_MS",
        default_value_t = Self::default().webhook_timeout_ms
    )]
    pub webhook_timeout_ms: u64,

    /// Webhooks that are sent at the same time.
    #[arg(
        long,
        env = "LINHA_WEBHOOK_CONCURRENCY",
        value_name = "LINHA_WEBHOOK_CONCURRENCY",
        default_value_t = Self::default().webhook_concurrency
    )]
    pub webhook_concurrency: usize,

    /// Webhooks that are sent at the same time to one endpoint.
    #[arg(
        long,
        env = "LINHA_WEBHOOK_ENDPOINT_CONCURRENCY",
        value_name = "LINHA_WEBHOOK_ENDPOINT_CONCURRENCY",
        default_value_t = Self::default().webhook_endpoint_concurrency
    )]
    pub webhook_endpoint_concurrency: u32,

    /// How long webhooks that were delivered or given up can be listed and replayed, in days.
    #[arg(
        long,
        env = "LINHA_WEBHOOK_KEEP_DAYS",
        value_name = "LINHA_WEBHOOK_KEEP_DAYS",
        default_value_t = Self::default().webhook_keep_days
    )]
    pub webhook_keep_days: u16,
}

impl WebhookConfig {
    pub(crate) fn guard(&self) -> anyhow::Result<Guard> {
        Guard::new(&self.webhook_hosts)
    }

    pub(crate) fn sender(&self) -> anyhow::Result<Sender> {
        Sender::new(self.guard()?, Duration::from_millis(self.webhook_timeout_ms))
    }

    pub(crate) fn keep(&self) -> time::Duration {
        time::Duration::days(self.webhook_keep_days.into())
    }
}

impl Default for WebhookConfig {
    fn default() -> Self {
        Self {
            public_url: http::Uri::from_static("http://127.0.0.1:8080"),
            webhook_hosts: vec![],
            webhook_timeout_ms: 15_000,
            webhook_concurrency: 64,
            webhook_endpoint_concurrency: 4,
            webhook_keep_days: 30,
        }
    }
}
