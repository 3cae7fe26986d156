//! Settings of fiscal documents.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use brazil::{Cnpj, State};
use clap::{Args, ValueEnum};

use super::{Emitter, FiscalSeries};
use crate::fiscal_issuer::{FiscalIssuer, FiscalIssuerSimulator};

/// Who issues documents, and through whom.
#[derive(Clone, Debug, Args)]
pub struct FiscalConfig {
    /// How the fiscal issuer is reached. There is no default: a simulator must be asked for.
    #[arg(long, env = "LINHA_FISCAL_ISSUER", value_name = "LINHA_FISCAL_ISSUER")]
    pub fiscal_issuer: Option<FiscalIssuerKind>,

    /// CNPJ of the operator, as the issuer of fiscal documents.
    #[arg(long, env = "LINHA_FISCAL_CNPJ", value_name = "LINHA_FISCAL_CNPJ")]
    pub fiscal_cnpj: Cnpj,

    /// State of the operator, as the issuer of fiscal documents: "PR".
    #[arg(long, env = "LINHA_FISCAL_STATE", value_name = "LINHA_FISCAL_STATE")]
    pub fiscal_state: State,

    /// Series of the documents for services (NFS-e).
    #[arg(long, env = "LINHA_NFSE_SERIES", value_name = "LINHA_NFSE_SERIES", default_value = "1")]
    pub nfse_series: FiscalSeries,

    /// Series of the documents for telecom service (NFCom).
    #[arg(
        long,
        env = "LINHA_NFCOM_SERIES",
        value_name = "LINHA_NFCOM_SERIES",
        default_value = "1"
    )]
    pub nfcom_series: FiscalSeries,

    /// How long a request for a document waits for the issuer's answer, in milliseconds.
    #[arg(
        long,
        env = "LINHA_FISCAL_WAIT_MS",
        value_name = "LINHA_FISCAL_WAIT_MS",
        default_value_t = 4_000
    )]
    pub fiscal_wait_ms: u64,

    /// Longest that the issuer may take to answer, in milliseconds.
    #[arg(
        long,
        env = "LINHA_FISCAL_TIMEOUT_MS",
        value_name = "LINHA_FISCAL_TIMEOUT_MS",
        default_value_t = 30_000
    )]
    pub fiscal_timeout_ms: u64,

    /// Longest pause between two attempts to reach the issuer, in milliseconds.
    #[arg(
        long,
        env = "LINHA_FISCAL_RETRY_MAX_MS",
        value_name = "LINHA_FISCAL_RETRY_MAX_MS",
        default_value_t = 60_000
    )]
    pub fiscal_retry_max_ms: u64,

    /// After how many hours an invoice whose NFCom was refused gets another one.
    #[arg(
        long,
        env = "LINHA_NFCOM_AGAIN_AFTER_HOURS",
        value_name = "LINHA_NFCOM_AGAIN_AFTER_HOURS",
        default_value_t = 24
    )]
    pub nfcom_again_after_hours: u32,
}

/// A way to reach a fiscal issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FiscalIssuerKind {
    /// No issuer at all: documents are authorized in memory.
    Simulator,
}

impl FiscalConfig {
    /// Every default, for an issuer in a state.
    pub fn new(cnpj: Cnpj, state: State) -> Self {
        Self {
            fiscal_issuer: None,
            fiscal_cnpj: cnpj,
            fiscal_state: state,
            nfse_series: FiscalSeries(1),
            nfcom_series: FiscalSeries(1),
            fiscal_wait_ms: 4_000,
            fiscal_timeout_ms: 30_000,
            fiscal_retry_max_ms: 60_000,
            nfcom_again_after_hours: 24,
        }
    }

    /// The issuer of a service of its own.
    ///
    /// # Errors
    /// When the settings name none.
    pub fn issuer(&self) -> anyhow::Result<Arc<dyn FiscalIssuer>> {
        let kind =
            self.fiscal_issuer.context("LINHA_FISCAL_ISSUER is not set; it can be: simulator")?;
        match kind {
            FiscalIssuerKind::Simulator => Ok(Arc::new(FiscalIssuerSimulator::new())),
        }
    }

    pub(super) fn emitter(&self) -> Emitter {
        Emitter {
            cnpj: self.fiscal_cnpj.clone(),
            state: self.fiscal_state,
            nfse_series: self.nfse_series,
            nfcom_series: self.nfcom_series,
        }
    }

    pub(super) fn wait(&self) -> Duration {
        Duration::from_millis(self.fiscal_wait_ms)
    }

    pub(super) fn again_after(&self) -> time::Duration {
        time::Duration::hours(self.nfcom_again_after_hours.into())
    }

    pub(super) fn timeout(&self) -> Duration {
        Duration::from_millis(self.fiscal_timeout_ms)
    }

    pub(super) fn retry_max(&self) -> Duration {
        Duration::from_millis(self.fiscal_retry_max_ms)
    }
}
