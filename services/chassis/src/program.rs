//! A part of Linha as a program of its own: `serve`, `migrate`, `reseal` and `health`.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::{ArgMatches, Args, Command, CommandFactory, FromArgMatches, Parser};
use sqlx::migrate::Migrator;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::clock::Clock;
use crate::config::{self, DatabaseConfig, ServiceConfig};
use crate::crypto::Keyring;
use crate::db;
use crate::host::{Activity, Host, on_signal};
use crate::resealing::{Resealed, SealedColumn, reseal};
use crate::service::Service;
use crate::telemetry::{self, TelemetryConfig};

const HEALTH_TIMEOUT: Duration = Duration::from_secs(3);
const ANSWER_BYTES_MAX: u64 = 4096;

/// A service as a program.
pub struct Program {
    /// "identity", "company", "telecom" or "billing".
    pub name: &'static str,
    /// Where it answers on 127.0.0.1 unless told otherwise.
    pub port: u16,
    /// Where it tells its metrics and health on 127.0.0.1 unless told otherwise.
    pub admin_port: u16,
    /// The service's own tables.
    pub migrations: &'static Migrator,
    /// Where its tables hold what is sealed.
    pub sealed: &'static [SealedColumn],
}

/// Runs a service as its command line says: serves until SIGTERM or SIGINT, migrates its
/// database, seals anew what is in it, or tells how the one that runs beside it is.
///
/// # Errors
/// Those of the service; of `health`, when it is not ready; of `reseal`, when something still
/// needs an older key.
pub fn run<C, F>(program: Program, serve: impl FnOnce(C, Host) -> F) -> anyhow::Result<()>
where
    C: Parser + Args + AsRef<ServiceConfig>,
    F: Future<Output = anyhow::Result<()>>,
{
    config::load_file()?;
    let task = Task::<C>::parse(std::env::args_os()).unwrap_or_else(|error| error.exit());
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let Program { name, port, admin_port, migrations, sealed } = program;
        match task {
            Task::Serve(config) => {
                let service = config.as_ref();
                let telemetry = telemetry::start(name, &service.telemetry)?;
                let host = Host {
                    listener: bind(service.listen.unwrap_or(local(port))).await?,
                    admin: Some(bind(service.admin_listen.unwrap_or(local(admin_port))).await?),
                    clock: Clock::system(),
                    shutdown: on_signal()?,
                    activity: Activity::default(),
                };
                let served = serve(config, host).await;
                telemetry.shutdown();
                served
            }
            Task::Migrate(migration) => {
                let telemetry = telemetry::start(name, &migration.telemetry)?;
                let migrated = Service::migrate(name, &migration.database, migrations).await;
                tracing::info!(done = migrated.is_ok(), "migration ended");
                telemetry.shutdown();
                migrated
            }
            Task::Reseal(resealing) => {
                let telemetry = telemetry::start(name, &resealing.telemetry)?;
                let resealed = resealing.run(name, migrations, sealed).await;
                telemetry.shutdown();
                resealed
            }
            Task::Health(health) => health.ask(admin_port).await,
        }
    })
}

/// Listens.
///
/// # Errors
/// When it cannot, naming the address.
pub async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

fn local(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// What a program without a database is to do.
pub enum Stateless<C> {
    /// Serve.
    Serve(C),
    /// Tell how the one is that runs beside.
    Health(HealthCheck),
}

impl<C: CommandFactory + Args> Stateless<C> {
    /// Reads the command line: `serve` with its settings, which need not be said, or `health`.
    pub fn parse() -> Self {
        let read = || {
            let mut matches = command::<C>().try_get_matches()?;
            Ok(match matches.remove_subcommand() {
                Some((name, said)) if name == HEALTH => Self::Health(parsed(said)?),
                Some((_, said)) => Self::Serve(parsed(said)?),
                None => Self::Serve(parsed(matches)?),
            })
        };
        read().unwrap_or_else(|error: clap::Error| error.exit())
    }
}

const SERVE: &str = "serve";
const MIGRATE: &str = "migrate";
const RESEAL: &str = "reseal";
const HEALTH: &str = "health";

/// What the command line asks for.
enum Task<C> {
    Serve(C),
    Migrate(Migration),
    Reseal(Resealing),
    Health(HealthCheck),
}

impl<C: CommandFactory + Args> Task<C> {
    fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let migrate = Migration::augment_args(Command::new(MIGRATE));
        let about = "Brings the database to the state that this version needs";
        let reseal = Resealing::augment_args(Command::new(RESEAL));
        let command = command::<C>()
            .subcommand(migrate.about(about))
            .subcommand(reseal.about("Seals with the newest key what older ones sealed"));
        let mut matches = command.try_get_matches_from(arguments)?;
        Ok(match matches.remove_subcommand() {
            Some((name, said)) if name == MIGRATE => Self::Migrate(parsed(said)?),
            Some((name, said)) if name == RESEAL => Self::Reseal(parsed(said)?),
            Some((name, said)) if name == HEALTH => Self::Health(parsed(said)?),
            Some((_, said)) => Self::Serve(parsed(said)?),
            None => Self::Serve(parsed(matches)?),
        })
    }
}

/// `serve` may be left out, so that settings alone start a service.
fn command<C: CommandFactory + Args>() -> Command {
    let serve = C::augment_args(Command::new(SERVE));
    let health = HealthCheck::augment_args(Command::new(HEALTH));
    C::command()
        .subcommand_negates_reqs(true)
        .subcommand(serve.about("Serves until SIGTERM or SIGINT; so it does without a command"))
        .subcommand(health.about("Ends well if the one that runs beside is ready for requests"))
}

fn parsed<T: FromArgMatches>(mut said: ArgMatches) -> Result<T, clap::Error> {
    T::from_arg_matches_mut(&mut said)
}

#[derive(Debug, Args)]
struct Migration {
    #[command(flatten)]
    database: DatabaseConfig,

    #[command(flatten)]
    telemetry: TelemetryConfig,
}

#[derive(Debug, Args)]
struct Resealing {
    /// Keys that personal data is sealed with, as the running service has them.
    #[arg(long, env = "LINHA_KEYRING", value_name = "LINHA_KEYRING", hide_env_values = true)]
    keyring: Keyring,

    #[command(flatten)]
    database: DatabaseConfig,

    #[command(flatten)]
    telemetry: TelemetryConfig,
}

impl Resealing {
    async fn run(
        &self,
        name: &'static str,
        migrations: &Migrator,
        sealed: &[SealedColumn],
    ) -> anyhow::Result<()> {
        let db = db::open(&self.database, name, migrations).await?;
        let resealed = reseal(&db, name, &self.keyring, sealed).await?;
        db.close().await;
        let Resealed { left, waiting, .. } = &resealed;
        for key in self.keyring.older() {
            match (left.get(key), waiting.get(key)) {
                (None, None) => tracing::info!(key, "seals nothing any more: it can be left out"),
                (values, jobs) => tracing::warn!(key, values, jobs, "still seals something"),
            }
        }
        ensure!(resealed.is_complete(), "older keys are still needed: {resealed:?}");
        let (values, newest) = (resealed.values, self.keyring.newest());
        tracing::info!(values, newest, "everything is sealed with the newest key");
        Ok(())
    }
}

/// Asks the admin port of the process that runs beside.
#[derive(Debug, Args)]
pub struct HealthCheck {
    /// Where it tells its metrics and health; by default 127.0.0.1 and its own port.
    #[arg(long, env = "LINHA_ADMIN_LISTEN", value_name = "LINHA_ADMIN_LISTEN")]
    admin_listen: Option<SocketAddr>,
}

impl HealthCheck {
    /// Asks whether it is ready.
    ///
    /// # Errors
    /// When it does not say so in time.
    pub async fn ask(&self, admin_port: u16) -> anyhow::Result<()> {
        let address = within_reach(self.admin_listen.unwrap_or(local(admin_port)));
        let status = tokio::time::timeout(HEALTH_TIMEOUT, status_of(address, "/readyz"))
            .await
            .with_context(|| format!("{address} does not answer in time"))??;
        ensure!(status.starts_with("HTTP/1.1 200 "), "not ready: {status}");
        Ok(())
    }
}

/// Where somebody on the same machine finds who listens everywhere.
fn within_reach(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    (ip, address.port()).into()
}

/// First line of the answer to a GET.
async fn status_of(address: SocketAddr, path: &str) -> anyhow::Result<String> {
    let connected = TcpStream::connect(address).await;
    let mut connection = connected.with_context(|| format!("nobody listens on {address}"))?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    connection.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer);
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Parser)]
    struct Settings {
        #[command(flatten)]
        service: ServiceConfig,
    }

    const SETTINGS: [&str; 3] = [
        "--service-secret=secret",
        "--keyring=k1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=,lookup:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
        "--database-url=postgres://localhost/linha",
    ];

    fn parse(arguments: &[&str]) -> Result<Task<Settings>, clap::Error> {
        Task::parse(["linha-telecom"].iter().chain(arguments).map(OsString::from))
    }

    #[test]
    fn settings_alone_serve_and_so_does_the_command() {
        let Task::Serve(plain) = parse(&SETTINGS).unwrap() else { panic!("does not serve") };
        assert!(plain.service.database.migrate_at_start);
        let mut said = vec!["serve", "--migrate-at-start=false"];
        said.extend(SETTINGS);
        let Task::Serve(said) = parse(&said).unwrap() else { panic!("does not serve") };
        assert!(!said.service.database.migrate_at_start);
        assert!(parse(&["serve"]).is_err(), "without settings");
    }

    #[test]
    fn other_commands_need_no_more_than_they_use() {
        assert!(matches!(parse(&["health"]).unwrap(), Task::Health(_)));
        let url = "--database-url=postgres://localhost/linha";
        assert!(matches!(parse(&["migrate", url]).unwrap(), Task::Migrate(_)));
        assert!(parse(&["migrate"]).is_err());
        assert!(matches!(parse(&["reseal", SETTINGS[1], url]).unwrap(), Task::Reseal(_)));
        assert!(parse(&["reseal", url]).is_err(), "without a keyring");
    }

    async fn health_of(ready: bool) -> anyhow::Result<()> {
        let listener = bind(local(0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let router = telemetry::admin_router(move || std::future::ready(ready));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let everywhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
        HealthCheck { admin_listen: Some(everywhere) }.ask(0).await
    }

    #[tokio::test]
    async fn health_is_what_the_running_one_says() {
        health_of(true).await.unwrap();
        assert!(health_of(false).await.unwrap_err().to_string().contains("503"));
        let nobody = bind(local(0)).await.unwrap().local_addr().unwrap();
        assert!(HealthCheck { admin_listen: Some(nobody) }.ask(0).await.is_err());
    }
}
