//! Settings of how invoices are paid.

use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::{Payee, PaymentProvider, PaymentProviderSimulator};

/// How invoices are paid.
#[derive(Clone, Debug, Args)]
pub struct PaymentConfig {
    /// To whom.
    #[command(flatten)]
    pub payee: Payee,

    /// Who collects invoices. There is no default: a simulator must be asked for.
    #[arg(long, env = "LINHA_PAYMENT_PROVIDER", value_name = "LINHA_PAYMENT_PROVIDER")]
    pub payment_provider: PaymentProviderKind,

    /// Longest that the payment provider may take to answer, in milliseconds.
    #[arg(
        long,
        env = "LINHA_PAYMENT_TIMEOUT_MS",
        value_name = "LINHA_PAYMENT_TIMEOUT_MS",
        default_value_t = Self::TIMEOUT_MS
    )]
    pub payment_timeout_ms: u64,
}

/// A way to collect invoices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PaymentProviderKind {
    /// Nobody at all: all is taken in memory, and paid when a sandbox says so.
    Simulator,
}

impl PaymentProviderKind {
    /// Names invoices together with their ids.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Simulator => "simulator",
        }
    }

    /// Where charges can be paid, when the id of one is added: the simulator's pages are those of
    /// the sandbox, at the gateway.
    pub(crate) fn pages(self, gateway: &http::Uri) -> String {
        match self {
            Self::Simulator => {
                format!("{}/sandbox/payments/", gateway.to_string().trim_end_matches('/'))
            }
        }
    }
}

impl PaymentConfig {
    const TIMEOUT_MS: u64 = 10_000;

    /// Every default, and the simulator.
    pub fn simulated(payee: Payee) -> Self {
        Self {
            payee,
            payment_provider: PaymentProviderKind::Simulator,
            payment_timeout_ms: Self::TIMEOUT_MS,
        }
    }

    /// Who collects invoices.
    pub(crate) fn provider(&self) -> Arc<dyn PaymentProvider> {
        match self.payment_provider {
            PaymentProviderKind::Simulator => Arc::new(PaymentProviderSimulator::new()),
        }
    }
}
