//! Settings of number portability.

use std::sync::Arc;

use anyhow::Context;
use brazil::BusinessCalendar;
use chassis::clock::Clock;
use clap::{Args, ValueEnum};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Date, Duration};

use super::rules::Rules;
use super::simulator::AdministratorSimulator;

const DATE: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");

/// Periods of number portability. Regulation moves; the defaults are those in force.
#[derive(Clone, Debug, Args)]
pub struct PortabilityConfig {
    /// How the portability administrator and phones are reached. There is no default: a simulator
    /// must be asked for.
    #[arg(long, env = "LINHA_PORTABILITY", value_name = "LINHA_PORTABILITY")]
    pub portability: Option<PortabilityKind>,

    /// Longest that the administrator and the SMS gateway may take to answer, in milliseconds.
    #[arg(
        long,
        env = "LINHA_PORT_IN_TIMEOUT_MS",
        value_name = "LINHA_PORT_IN_TIMEOUT_MS",
        default_value_t = 2_000
    )]
    pub port_in_timeout_ms: u64,

    /// Hours that the holder has to answer an SMS before the request is parked.
    #[arg(
        long,
        env = "LINHA_PORT_IN_CONFIRMATION_HOURS",
        value_name = "LINHA_PORT_IN_CONFIRMATION_HOURS",
        default_value_t = 6
    )]
    pub port_in_confirmation_hours: u32,

    /// How often the SMS of a parked request is sent again.
    #[arg(
        long,
        env = "LINHA_PORT_IN_RESENDS_MAX",
        value_name = "LINHA_PORT_IN_RESENDS_MAX",
        default_value_t = 3
    )]
    pub port_in_resends_max: u16,

    /// Hours before each of these.
    #[arg(
        long,
        env = "LINHA_PORT_IN_RESEND_PAUSE_HOURS",
        value_name = "LINHA_PORT_IN_RESEND_PAUSE_HOURS",
        default_value_t = 24
    )]
    pub port_in_resend_pause_hours: u32,

    /// Days for which a request is parked at most.
    #[arg(
        long,
        env = "LINHA_PORT_IN_PARKING_DAYS",
        value_name = "LINHA_PORT_IN_PARKING_DAYS",
        default_value_t = 30
    )]
    pub port_in_parking_days: u32,

    /// Minutes that the administrator has to acknowledge a ticket before it is asked.
    #[arg(
        long,
        env = "LINHA_PORT_IN_ACKNOWLEDGEMENT_MINUTES",
        value_name = "LINHA_PORT_IN_ACKNOWLEDGEMENT_MINUTES",
        default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub port_in_acknowledgement_minutes: u32,

    /// Business days that the donor has to answer; its silence is consent.
    #[arg(
        long,
        env = "LINHA_PORT_IN_DONOR_DAYS",
        value_name = "LINHA_PORT_IN_DONOR_DAYS",
        default_value_t = 1
    )]
    pub port_in_donor_days: u16,

    /// Business day after the submission on which a number moves at the earliest.
    #[arg(
        long,
        env = "LINHA_PORT_IN_WINDOW_DAYS",
        value_name = "LINHA_PORT_IN_WINDOW_DAYS",
        default_value_t = 3
    )]
    pub port_in_window_days: u16,

    /// Business days before the window until whose end a request may be cancelled.
    #[arg(
        long,
        env = "LINHA_PORT_IN_CANCEL_DAYS",
        value_name = "LINHA_PORT_IN_CANCEL_DAYS",
        default_value_t = 1,
        value_parser = clap::value_parser!(u16).range(1..)
    )]
    pub port_in_cancel_days: u16,

    /// Hours after which an open window without an outcome raises an alarm.
    #[arg(
        long,
        env = "LINHA_PORT_IN_ALARM_HOURS",
        value_name = "LINHA_PORT_IN_ALARM_HOURS",
        default_value_t = 2,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub port_in_alarm_hours: u32,

    /// Hours after which an open window without an outcome has failed.
    #[arg(
        long,
        env = "LINHA_PORT_IN_FAILURE_HOURS",
        value_name = "LINHA_PORT_IN_FAILURE_HOURS",
        default_value_t = 24
    )]
    pub port_in_failure_hours: u32,

    /// Dates that are no business days besides the national holidays: 2027-02-09,2027-05-27.
    #[arg(
        long,
        env = "LINHA_EXTRA_HOLIDAYS",
        value_name = "LINHA_EXTRA_HOLIDAYS",
        value_delimiter = ',',
        value_parser = parse_date
    )]
    pub extra_holidays: Vec<Date>,
}

/// A way to reach the administrator and phones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PortabilityKind {
    /// None at all: numbers move in memory.
    Simulator,
}

fn parse_date(text: &str) -> Result<Date, String> {
    Date::parse(text, DATE).map_err(|_| "is not a date like 2027-02-09".to_owned())
}

impl PortabilityConfig {
    /// The administrator, and the phones, of a process of its own.
    ///
    /// # Errors
    /// When the settings name none.
    pub(crate) fn administrator(
        &self,
        clock: &Clock,
    ) -> anyhow::Result<Arc<AdministratorSimulator>> {
        let kind =
            self.portability.context("LINHA_PORTABILITY is not set; it can be: simulator")?;
        match kind {
            PortabilityKind::Simulator => Ok(Arc::new(AdministratorSimulator::new(clock.clone()))),
        }
    }

    pub(super) fn rules(&self) -> Rules {
        Rules {
            confirmation: Duration::hours(self.port_in_confirmation_hours.into()),
            resends_max: self.port_in_resends_max.into(),
            resend_pause: Duration::hours(self.port_in_resend_pause_hours.into()),
            parking: Duration::days(self.port_in_parking_days.into()),
            acknowledgement: Duration::minutes(self.port_in_acknowledgement_minutes.into()),
            donor_days: self.port_in_donor_days.into(),
            window_days: self.port_in_window_days.into(),
            cancel_days: self.port_in_cancel_days.into(),
            alarm: Duration::hours(self.port_in_alarm_hours.into()),
            failure: Duration::hours(self.port_in_failure_hours.into()),
            calendar: BusinessCalendar::with_holidays(self.extra_holidays.iter().copied()),
        }
    }
}

impl Default for PortabilityConfig {
    fn default() -> Self {
        Self {
            portability: None,
            port_in_timeout_ms: 2_000,
            port_in_confirmation_hours: 6,
            port_in_resends_max: 3,
            port_in_resend_pause_hours: 24,
            port_in_parking_days: 30,
            port_in_acknowledgement_minutes: 10,
            port_in_donor_days: 1,
            port_in_window_days: 3,
            port_in_cancel_days: 1,
            port_in_alarm_hours: 2,
            port_in_failure_hours: 24,
            extra_holidays: vec![],
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use time::macros::date;

    use super::*;

    #[derive(Parser)]
    struct Settings {
        #[command(flatten)]
        portability: PortabilityConfig,
    }

    #[test]
    fn the_periods_of_the_law_are_the_defaults() {
        let Settings { portability } = Settings::parse_from(["x"]);
        assert_eq!(portability.rules(), Rules::default());
        assert_eq!(PortabilityConfig::default().rules(), Rules::default());
    }

    #[test]
    fn optional_holidays_are_a_setting() {
        let arguments = ["x", "--extra-holidays=2027-02-09,2027-05-27"];
        let Settings { portability } = Settings::parse_from(arguments);
        let calendar = portability.rules().calendar;
        assert!(!calendar.is_business_day(date!(2027 - 02 - 09)));
        assert!(!calendar.is_business_day(date!(2027 - 05 - 27)));
        assert!(Settings::try_parse_from(["x", "--extra-holidays=carnival"]).is_err());
    }
}
