//! Settings of how invoices are paid.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, ValueEnum};

use super::{Payee, PaymentProvider, PaymentProviderSimulator, Stripe, StripeConfig};

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

    /// Where charges can be paid, when the id of one is added: pages of the operator's, unless the
    /// provider is a simulator.
    #[arg(long, env = "LINHA_PAYMENT_PAGES_URL", value_name = "LINHA_PAYMENT_PAGES_URL")]
    pub payment_pages_url: Option<http::Uri>,

    #[command(flatten)]
    pub stripe: StripeConfig,
}

/// A way to collect invoices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PaymentProviderKind {
    /// Nobody at all: all is taken in memory, and paid when a sandbox says so.
    Simulator,
    /// Stripe.
    Stripe,
}

impl PaymentProviderKind {
    /// Names invoices together with their ids.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Simulator => "simulator",
            Self::Stripe => "stripe",
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
            payment_pages_url: None,
            stripe: StripeConfig::default(),
        }
    }

    /// Who collects invoices.
    ///
    /// # Errors
    /// When the settings do not say how to reach it.
    pub(crate) fn provider(&self) -> anyhow::Result<Arc<dyn PaymentProvider>> {
        Ok(match self.payment_provider {
            PaymentProviderKind::Simulator => Arc::new(PaymentProviderSimulator::new()),
            PaymentProviderKind::Stripe => Arc::new(Stripe::new(&self.stripe, self.timeout())?),
        })
    }

    /// Where charges can be paid, when the id of one is added. The simulator's pages are those of
    /// the sandbox, at the gateway.
    ///
    /// # Errors
    /// When there are none.
    pub(crate) fn pages(&self, gateway: &http::Uri) -> anyhow::Result<String> {
        let pages = match self.payment_provider {
            PaymentProviderKind::Simulator => {
                format!("{}/sandbox/payments", gateway.to_string().trim_end_matches('/'))
            }
            PaymentProviderKind::Stripe => self
                .payment_pages_url
                .as_ref()
                .context("LINHA_PAYMENT_PAGES_URL is not set")?
                .to_string(),
        };
        Ok(format!("{}/", pages.trim_end_matches('/')))
    }

    /// Longest that the provider may take to answer.
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_millis(self.payment_timeout_ms)
    }
}
