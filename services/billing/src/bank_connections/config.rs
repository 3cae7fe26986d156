//! Settings of how bank data is read.

use std::sync::Arc;
use std::time::Duration;

use chassis::clock::Clock;
use clap::{Args, ValueEnum};

use super::provider::{BankAggregator, BankAggregatorSimulator};

/// How bank data is read.
#[derive(Clone, Copy, Debug, Args)]
pub struct BankConfig {
    /// Who reads it. There is no default: a simulator must be asked for.
    #[arg(long, env = "LINHA_BANK_PROVIDER", value_name = "LINHA_BANK_PROVIDER")]
    pub bank_provider: BankProviderKind,

    /// Longest that the provider may take to answer, in milliseconds.
    #[arg(
        long,
        env = "LINHA_BANK_TIMEOUT_MS",
        value_name = "LINHA_BANK_TIMEOUT_MS",
        default_value_t = Self::TIMEOUT_MS
    )]
    pub bank_timeout_ms: u64,
}

/// A way to read bank data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BankProviderKind {
    /// Nobody at all: every account has the same transactions.
    Simulator,
}

impl BankConfig {
    const TIMEOUT_MS: u64 = 2_000;

    /// Every default, and the simulator.
    pub fn simulated() -> Self {
        Self { bank_provider: BankProviderKind::Simulator, bank_timeout_ms: Self::TIMEOUT_MS }
    }

    /// Who reads it.
    pub(crate) fn provider(&self, clock: Clock) -> Arc<dyn BankAggregator> {
        match self.bank_provider {
            BankProviderKind::Simulator => Arc::new(BankAggregatorSimulator::new(clock)),
        }
    }

    /// Longest that the provider may take to answer.
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_millis(self.bank_timeout_ms)
    }
}
