//! How the parcel carrier is reached.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chassis::Service;
use chassis::clock::Clock;
use clap::{Args, ValueEnum};

use super::melhor_envio::{MelhorEnvio, MelhorEnvioConfig};
use super::{ParcelCarrier, ParcelCarrierSimulator};

/// What dealing with the parcel carrier is set to.
#[derive(Clone, Debug, Args)]
pub struct ParcelConfig {
    /// How the parcel carrier is reached. There is no default: a simulator must be asked for.
    #[arg(long, env = "LINHA_PARCEL_CARRIER", value_name = "LINHA_PARCEL_CARRIER")]
    pub parcel_carrier: Option<ParcelCarrierKind>,

    /// Longest that the parcel carrier may take to answer, in milliseconds.
    #[arg(
        long,
        env = "LINHA_PARCEL_CARRIER_TIMEOUT_MS",
        value_name = "LINHA_PARCEL_CARRIER_TIMEOUT_MS",
        default_value_t = 30_000
    )]
    pub parcel_carrier_timeout_ms: u64,

    /// Longest pause between two attempts to reach the parcel carrier, in milliseconds.
    #[arg(
        long,
        env = "LINHA_PARCEL_CARRIER_RETRY_MAX_MS",
        value_name = "LINHA_PARCEL_CARRIER_RETRY_MAX_MS",
        default_value_t = 60_000
    )]
    pub parcel_carrier_retry_max_ms: u64,

    /// How often the parcel carrier is asked about a parcel under way, in minutes.
    #[arg(
        long,
        env = "LINHA_PARCEL_TRACKING_MINUTES",
        value_name = "LINHA_PARCEL_TRACKING_MINUTES",
        default_value_t = 60,
        value_parser = clap::value_parser!(u64).range(1..=10_080)
    )]
    pub parcel_tracking_minutes: u64,

    #[command(flatten)]
    pub melhor_envio: MelhorEnvioConfig,
}

/// A way to reach a parcel carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ParcelCarrierKind {
    /// No parcel carrier at all: parcels arrive in memory.
    Simulator,
    /// Melhor Envio.
    MelhorEnvio,
}

impl ParcelConfig {
    /// The simulated parcel carrier of a process of its own; none when the settings name a real
    /// one, which [`ParcelConfig::reach`] does.
    ///
    /// # Errors
    /// When the settings name none.
    pub(crate) fn carrier(&self, clock: &Clock) -> anyhow::Result<Option<Arc<dyn ParcelCarrier>>> {
        let kind = self
            .parcel_carrier
            .context("LINHA_PARCEL_CARRIER is not set; it can be: simulator, melhor-envio")?;
        Ok(match kind {
            ParcelCarrierKind::Simulator => {
                Some(Arc::new(ParcelCarrierSimulator::new(clock.clone())))
            }
            ParcelCarrierKind::MelhorEnvio => None,
        })
    }

    /// The real parcel carrier, whose access is kept in the service's own database.
    ///
    /// # Errors
    /// When the settings do not say how to reach it.
    pub(crate) fn reach(&self, service: &Service) -> anyhow::Result<Arc<dyn ParcelCarrier>> {
        let reached = MelhorEnvio::new(&self.melhor_envio, self.timeout(), service.clone())?;
        Ok(Arc::new(reached))
    }

    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_millis(self.parcel_carrier_timeout_ms)
    }

    pub(crate) fn retry_max(&self) -> Duration {
        Duration::from_millis(self.parcel_carrier_retry_max_ms)
    }

    pub(crate) fn track_every(&self) -> Duration {
        Duration::from_secs(self.parcel_tracking_minutes.saturating_mul(60))
    }
}
