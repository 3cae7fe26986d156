//! Settings of the switch, and of calls.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chassis::clock::Clock;
use clap::{Args, ValueEnum};

use super::Switch;
use super::freeswitch::{FreeSwitch, FreeSwitchConfig};
use super::simulator::{SwitchSimulator, SwitchTimes};

/// How calls are made, and how long what takes.
#[derive(Clone, Debug, Args)]
pub struct SwitchConfig {
    /// How the telephone switch is reached. There is no default: a simulator must be asked for.
    #[arg(long, env = "LINHA_SWITCH", value_name = "LINHA_SWITCH")]
    pub switch: Option<SwitchKind>,

    #[command(flatten)]
    pub freeswitch: FreeSwitchConfig,

    /// Longest that the switch may take to answer, in milliseconds.
    #[arg(
        long,
        env = "LINHA_SWITCH_TIMEOUT_MS",
        value_name = "LINHA_SWITCH_TIMEOUT_MS",
        default_value_t = 2_000
    )]
    pub switch_timeout_ms: u64,

    /// Milliseconds after which the simulated switch answers a call.
    #[arg(
        long,
        env = "LINHA_SWITCH_ANSWER_MS",
        value_name = "LINHA_SWITCH_ANSWER_MS",
        default_value_t = 1_000
    )]
    pub switch_answer_ms: u32,

    /// Milliseconds after the answer at which the simulated switch hangs up.
    #[arg(
        long,
        env = "LINHA_SWITCH_TALK_MS",
        value_name = "LINHA_SWITCH_TALK_MS",
        default_value_t = 60_000
    )]
    pub switch_talk_ms: u32,

    /// Calls that an account may make in a minute; 0 means as many as it likes.
    #[arg(
        long,
        env = "LINHA_DIALS_PER_MINUTE",
        value_name = "LINHA_DIALS_PER_MINUTE",
        default_value_t = 30
    )]
    pub dials_per_minute: u32,

    /// How long before a minute starts its credit is reserved, in milliseconds.
    #[arg(
        long,
        env = "LINHA_CALL_MINUTE_LEAD_MS",
        value_name = "LINHA_CALL_MINUTE_LEAD_MS",
        default_value_t = 2_000,
        value_parser = clap::value_parser!(u32).range(..=30_000)
    )]
    pub call_minute_lead_ms: u32,

    /// Hours after which a call that the switch has lost is settled.
    #[arg(
        long,
        env = "LINHA_CALL_LOST_HOURS",
        value_name = "LINHA_CALL_LOST_HOURS",
        default_value_t = 4,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub call_lost_hours: u32,
}

/// A way to reach a switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SwitchKind {
    /// No switch at all: calls are made in memory.
    Simulator,
    /// FreeSWITCH, by its event socket.
    Freeswitch,
}

impl SwitchConfig {
    /// The switch of a process of its own.
    ///
    /// # Errors
    /// When the settings name none, or not all of what reaching it takes.
    pub(crate) fn switch(&self, clock: &Clock) -> anyhow::Result<Arc<dyn Switch>> {
        let kind =
            self.switch.context("LINHA_SWITCH is not set; it can be: simulator, freeswitch")?;
        Ok(match kind {
            SwitchKind::Simulator => Arc::new(SwitchSimulator::new(clock.clone(), self.times())),
            SwitchKind::Freeswitch => {
                Arc::new(FreeSwitch::connect(&self.freeswitch, clock.clone())?)
            }
        })
    }

    /// How fast the simulated switch is.
    pub fn times(&self) -> SwitchTimes {
        SwitchTimes {
            answer: time::Duration::milliseconds(self.switch_answer_ms.into()),
            talk: time::Duration::milliseconds(self.switch_talk_ms.into()),
        }
    }

    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_millis(self.switch_timeout_ms)
    }
}

impl Default for SwitchConfig {
    fn default() -> Self {
        Self {
            switch: None,
            freeswitch: FreeSwitchConfig::default(),
            switch_timeout_ms: 2_000,
            switch_answer_ms: 1_000,
            switch_talk_ms: 60_000,
            dials_per_minute: 30,
            call_minute_lead_ms: 2_000,
            call_lost_hours: 4,
        }
    }
}
