//! What the launcher can be told.

use std::path::PathBuf;

use chassis::telemetry::TelemetryConfig;
use clap::Parser;

/// Starts all of Linha on this machine: Postgres, four services, the REST gateway, a sandbox for
/// the outside world, and demo data.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "linha",
    version,
    after_help = "Exit codes: 0 after SIGTERM or Ctrl-C, 1 when something failed, 2 for wrong usage.\n\
                  Every option can be a variable instead, in the environment or in the file that \
                  LINHA_CONFIG_FILE names, one LINHA_NAME=value a line."
)]
pub struct Options {
    /// Use a temporary directory and free ports, print one line of JSON when ready, and leave
    /// nothing behind.
    #[arg(long, env = "LINHA_EPHEMERAL", value_name = "LINHA_EPHEMERAL")]
    pub ephemeral: bool,

    /// Where the data is kept from one start to the next.
    #[arg(long, env = "LINHA_DIRECTORY", value_name = "LINHA_DIRECTORY", default_value = ".linha")]
    pub directory: PathBuf,

    /// Superuser URL of a Postgres to use instead of an embedded one; the database "linha" and
    /// the services' roles are made there.
    #[arg(
        long,
        env = "LINHA_POSTGRES_URL",
        value_name = "LINHA_POSTGRES_URL",
        hide_env_values = true
    )]
    pub postgres_url: Option<String>,

    /// Port of the REST gateway. The services take 50051 to 50054, metrics and health 9080 and
    /// 9051 to 9054.
    #[arg(
        long,
        env = "LINHA_GATEWAY_PORT",
        value_name = "LINHA_GATEWAY_PORT",
        default_value_t = 8080
    )]
    pub gateway_port: u16,

    /// Lift the gateway's rate limits, for load tests.
    #[arg(long, env = "LINHA_NO_RATE_LIMITS", value_name = "LINHA_NO_RATE_LIMITS")]
    pub no_rate_limits: bool,

    /// Requests a minute of one caller, of one address without a token, and of one address to a
    /// sensitive operation, instead of the gateway's own limits.
    #[arg(skip)]
    pub rates: Option<[u32; 3]>,

    /// Hosts that webhooks may reach though they are not public, separated by commas: names or
    /// addresses, compared as a whole. For tests, say 127.0.0.77.
    #[arg(
        long,
        env = "LINHA_WEBHOOK_HOSTS",
        value_name = "LINHA_WEBHOOK_HOSTS",
        value_delimiter = ','
    )]
    pub webhook_hosts: Vec<String>,

    /// Origins to which the confirmation of an e-mail may redirect, separated by commas.
    #[arg(
        long,
        env = "LINHA_CONFIRM_REDIRECT_ORIGINS",
        value_name = "LINHA_CONFIRM_REDIRECT_ORIGINS",
        value_delimiter = ','
    )]
    pub confirm_redirect_origins: Vec<String>,

    /// Load no demo data.
    #[arg(long, env = "LINHA_NO_DEMO", value_name = "LINHA_NO_DEMO")]
    pub no_demo: bool,

    /// Close each month when it has ended, also when the sandbox's clock was moved on; else months
    /// are closed by POST /sandbox/billing/run.
    #[arg(long, env = "LINHA_AUTOMATIC_BILLING", value_name = "LINHA_AUTOMATIC_BILLING")]
    pub automatic_billing: bool,

    /// Where the temporary directory is made; by default where the system keeps such.
    #[arg(long, env = "LINHA_TEMPORARY_IN", value_name = "LINHA_TEMPORARY_IN")]
    pub temporary_in: Option<PathBuf>,

    #[command(flatten)]
    pub telemetry: TelemetryConfig,
}

impl Options {
    /// What a start without flags does, but in a temporary directory and on free ports.
    pub fn ephemeral() -> Self {
        Self {
            ephemeral: true,
            directory: PathBuf::new(),
            postgres_url: None,
            gateway_port: 0,
            no_rate_limits: false,
            rates: None,
            webhook_hosts: vec![],
            confirm_redirect_origins: vec![],
            no_demo: false,
            automatic_billing: false,
            temporary_in: None,
            telemetry: TelemetryConfig::default(),
        }
    }
}
