use std::str::FromStr;

use ::http::Uri;
use tracing_subscriber::EnvFilter;

/// Dependencies that speak too much at `info`. A directive of the operator for the same target
/// replaces the one given here.
const QUIET: &str = "sqlx=warn,graphile_worker=warn,h2=warn,hyper=warn,tower=warn";

/// Where logs and traces go.
#[derive(Clone, Debug, clap::Args)]
pub struct TelemetryConfig {
    /// Collector for traces (OTLP over gRPC), for example `http://collector:4317`. Without it no
    /// trace leaves the process.
    #[arg(
        long,
        env = "LINHA_OTLP_ENDPOINT",
        value_name = "LINHA_OTLP_ENDPOINT",
        value_parser = endpoint
    )]
    pub otlp_endpoint: Option<Uri>,

    /// How log lines look.
    #[arg(
        long,
        env = "LINHA_LOG_FORMAT",
        value_name = "LINHA_LOG_FORMAT",
        value_enum,
        default_value_t
    )]
    pub log_format: LogFormat,

    /// What is logged, as directives `target=level` separated by commas. Noisy libraries stay at
    /// `warn` unless a directive names them.
    #[arg(
        long,
        env = "LINHA_LOG",
        value_name = "LINHA_LOG",
        default_value = "info",
        value_parser = directives
    )]
    pub log: String,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One object per line, for programs.
    Json,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self { otlp_endpoint: None, log_format: LogFormat::default(), log: "info".to_owned() }
    }
}

impl TelemetryConfig {
    pub(super) fn log_filter(&self) -> anyhow::Result<EnvFilter> {
        Ok(EnvFilter::builder().parse(format!("{QUIET},{}", self.log))?)
    }
}

fn directives(text: &str) -> Result<String, String> {
    match EnvFilter::from_str(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn endpoint(text: &str) -> Result<Uri, String> {
    let uri: Uri = text.parse().map_err(|error| format!("{error}"))?;
    match uri.scheme_str() {
        Some("http" | "https") => Ok(uri),
        _ => Err("an endpoint starts with http:// or https://".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(clap::Parser)]
    struct Command {
        #[command(flatten)]
        telemetry: TelemetryConfig,
    }

    fn parse(arguments: &[&str]) -> Result<TelemetryConfig, String> {
        Command::try_parse_from(["test"].iter().chain(arguments))
            .map(|command| command.telemetry)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn defaults_agree_with_the_command_line() {
        let parsed = parse(&[]).unwrap();
        assert_eq!(format!("{parsed:?}"), format!("{:?}", TelemetryConfig::default()));
    }

    #[test]
    fn mistakes_name_the_variable() {
        for (arguments, variable) in [
            (["--log-format", "xml"], "LINHA_LOG_FORMAT"),
            (["--log", "info,sqlx=loud"], "LINHA_LOG"),
            (["--otlp-endpoint", "collector:4317"], "LINHA_OTLP_ENDPOINT"),
        ] {
            let error = parse(&arguments).unwrap_err();
            assert!(error.contains(variable), "{error}");
        }
    }

    #[test]
    fn noisy_libraries_are_quiet_until_named() {
        let filter = |log: &str| {
            let config = TelemetryConfig { log: log.to_owned(), ..TelemetryConfig::default() };
            config.log_filter().unwrap().to_string()
        };
        assert!(filter("debug").contains("sqlx=warn"));
        assert!(filter("info,sqlx=debug").contains("sqlx=debug"));
        assert!(!filter("info,sqlx=debug").contains("sqlx=warn"));
    }
}
