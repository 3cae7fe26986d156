//! A cluster on disk and the server that runs it.

mod home;
mod process;

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    net::{Ipv4Addr, TcpListener},
    os::unix::{fs::OpenOptionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, ChildStdin},
    thread,
    time::{Duration, Instant},
};

pub(crate) use home::random;
use home::{complete, initdb, make_home, read_password, write_password};
pub(crate) use process::sweep;
use process::{is_ready, kill, leftover_is_gone, tail};

use crate::{Binaries, Context, Error, account::Account, watchdog::Watchdog};

const SUPERUSER: &str = "postgres";
/// Recovery after a crash of a big cluster may take its time.
const READY_TIMEOUT: Duration = Duration::from_secs(60);
/// A little more than the watchdog takes at most.
const STOP_TIMEOUT: Duration = Duration::from_secs(15);
const POLL_INTERVAL: Duration = Duration::from_millis(10);
/// Between choosing a free port and the server taking it, somebody else may.
const PORT_ATTEMPTS_MAX: u32 = 5;

/// What kind of cluster is wanted.
#[derive(Clone, Debug)]
pub struct Options {
    /// Nothing of it is worth keeping: no waiting for the disk, and the directory is removed at the
    /// end.
    pub throwaway: bool,
    /// A free one by default.
    pub port: Option<u16>,
    /// Connections that the server takes at the most.
    pub connections_max: u32,
}

impl Options {
    /// A cluster whose data is there to stay.
    pub fn durable() -> Self {
        Self { throwaway: false, port: None, connections_max: 200 }
    }

    /// A cluster for the while of a test or a trial.
    pub fn throwaway() -> Self {
        Self { throwaway: true, ..Self::durable() }
    }
}

/// A Postgres of our own, running until stopped or dropped. It listens on 127.0.0.1 only, has no
/// Unix socket, and asks everyone for a password.
pub struct Cluster {
    server: Child,
    watchdog: Option<Watchdog>,
    port: u16,
    password: String,
    /// Where the server's files are.
    home: PathBuf,
    _lock: Lock,
}

impl Cluster {
    /// Starts the cluster in `directory`, creating it the first time.
    ///
    /// The files are in `directory/server`. As root, and if the server's user cannot enter
    /// `directory`, that is a link to a place which it can.
    pub async fn start(directory: &Path, options: Options) -> Result<Self, Error> {
        fs::create_dir_all(directory).context(|| format!("cannot make {}", directory.display()))?;
        let lock = Lock::take(directory)?;
        let link = directory.join("server");
        let account = Account::choose(&link.join("data"))?;
        let home = make_home(&link, account, options.throwaway)?;
        let data = home.join("data");

        let created = data.join("PG_VERSION");
        let wanted = fs::read_to_string(&created).ok().and_then(|text| text.trim().parse().ok());
        let binaries = Binaries::find(wanted).await?;
        let password = match wanted {
            Some(_) => read_password(&home)?,
            None => initdb(&binaries, account, &home, options.throwaway).await?,
        };
        leftover_is_gone(&data).await?;

        let mut attempt = 1;
        loop {
            let port = options.port.map_or_else(free_port, Ok)?;
            let started = Self::run(&binaries, account, directory, &home, port, &options).await;
            match started {
                Ok((server, watchdog)) => {
                    tracing::info!(port, home = %home.display(), "Postgres is ready");
                    let watchdog = Some(watchdog);
                    return Ok(Self { server, watchdog, port, password, home, _lock: lock });
                }
                Err(Error::Program { log, .. })
                    if options.port.is_none()
                        && attempt < PORT_ATTEMPTS_MAX
                        && log.contains("could not bind") =>
                {
                    attempt += 1;
                }
                Err(error) => {
                    if options.throwaway {
                        let _ = fs::remove_dir_all(&home);
                        let _ = fs::remove_dir_all(directory);
                    }
                    return Err(error);
                }
            }
        }
    }

    /// Starts a streaming replica of this cluster, which must be a durable one, in the empty
    /// `directory`. It may be stopped, and started like any other cluster.
    pub async fn replica(&self, directory: &Path) -> Result<Self, Error> {
        fs::create_dir_all(directory).context(|| format!("cannot make {}", directory.display()))?;
        let link = directory.join("server");
        let account = Account::choose(&link.join("data"))?;
        let home = make_home(&link, account, false)?;
        write_password(&home, account, &self.password)?;
        let binaries = Binaries::find(None).await?;
        let mut command = account.command(&binaries.pg_basebackup());
        command
            .args(["--checkpoint=fast", "--no-sync", "--write-recovery-conf", "--dbname"])
            .arg(self.url())
            .arg("--pgdata")
            .arg(home.join("data"))
            .current_dir("/");
        complete("pg_basebackup", command).await?;
        Self::start(directory, Options::durable()).await
    }

    /// The superuser's URL of the database `postgres`.
    pub fn url(&self) -> String {
        self.database_url(SUPERUSER, &self.password, "postgres")
    }

    /// The URL of a role. `role`, `password` and `database` are used as they are: they must need no escaping.
    pub fn database_url(&self, role: &str, password: &str, database: &str) -> String {
        format!("postgres://{role}:{password}@127.0.0.1:{}/{database}", self.port)
    }

    /// The TCP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What the server says, for people who look for a cause.
    pub fn log_file(&self) -> PathBuf {
        self.home.join("postgres.log")
    }

    /// Ends all connections and stops the server, by force if it does not stop in time.
    pub async fn stop(mut self) {
        self.release();
        let deadline = Instant::now() + STOP_TIMEOUT;
        while !self.is_gone() && Instant::now() < deadline {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        // Drop does what is left.
    }

    /// Leaves the server to whoever holds the pipe: when its last holder is gone, so is the server.
    pub(crate) fn hand_over(mut self) -> Option<ChildStdin> {
        self.watchdog.take().and_then(Watchdog::into_pipe)
    }

    async fn run(
        binaries: &Binaries,
        account: Account,
        directory: &Path,
        home: &Path,
        port: u16,
        options: &Options,
    ) -> Result<(Child, Watchdog), Error> {
        let data = home.join("data");
        let log_file = home.join("postgres.log");
        let log = OpenOptions::new().create(true).append(true).mode(0o600).open(&log_file);
        let log = log.context(|| format!("cannot write {}", log_file.display()))?;
        let log_start = log.metadata().map(|metadata| metadata.len()).unwrap_or_default();
        let errors = log.try_clone().context(|| "cannot share the log file".to_owned())?;

        let mut server = account
            .command(&binaries.postgres())
            .arg("-D")
            .arg(&data)
            .args(settings(port, options).iter().flat_map(|setting| ["-c", setting]))
            .current_dir("/")
            // A Ctrl-C is for the launcher alone: it still has requests to finish.
            .process_group(0)
            .stdout(log)
            .stderr(errors)
            .spawn()
            .context(|| format!("cannot run {}", binaries.postgres().display()))?;
        let throwaway: &[&Path] = if options.throwaway { &[home, directory] } else { &[] };
        let watchdog = Watchdog::watch(server.id(), throwaway);
        let watchdog = match watchdog {
            Ok(watchdog) => watchdog,
            Err(error) => {
                kill(&mut server);
                return Err(error);
            }
        };

        let deadline = Instant::now() + READY_TIMEOUT;
        loop {
            if is_ready(&data, server.id()) {
                return Ok((server, watchdog));
            }
            let ended = server.try_wait().context(|| "cannot wait for Postgres".to_owned())?;
            if let Some(status) = ended {
                watchdog.dismiss();
                let log = tail(&log_file, log_start);
                return Err(Error::Program {
                    program: "postgres",
                    outcome: status.to_string(),
                    log,
                });
            }
            if Instant::now() > deadline {
                watchdog.dismiss();
                kill(&mut server);
                let log = tail(&log_file, log_start);
                return Err(Error::NotReady { seconds: READY_TIMEOUT.as_secs(), log });
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    fn release(&mut self) {
        if let Some(watchdog) = &mut self.watchdog {
            watchdog.release();
        }
    }

    /// Also reaps both processes, without which the watchdog would take a dead server for a live
    /// one.
    fn is_gone(&mut self) -> bool {
        let server = self.server.try_wait().is_ok_and(|status| status.is_some());
        let watchdog = match &mut self.watchdog {
            Some(watchdog) => watchdog.is_done().unwrap_or(true),
            None => true,
        };
        if watchdog && !server {
            kill(&mut self.server);
        }
        server && watchdog
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.watchdog.is_none() {
            return; // handed over
        }
        self.release();
        let deadline = Instant::now() + STOP_TIMEOUT;
        while !self.is_gone() {
            if Instant::now() > deadline {
                kill(&mut self.server);
                return;
            }
            thread::sleep(POLL_INTERVAL);
        }
    }
}

/// Held as long as we run the server, and let go by the system if we die.
struct Lock(File);

impl Lock {
    fn take(directory: &Path) -> Result<Self, Error> {
        let path = directory.join("lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.context(|| format!("cannot write {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(Error::InUse(directory.to_owned())),
            Err(TryLockError::Error(source)) => {
                Err(Error::Io { context: format!("cannot lock {}", path.display()), source })
            }
        }
    }
}

impl Drop for Lock {
    /// Closing the file is not enough: a process that is just being spawned by another thread
    /// shares it until it has become its own program.
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

fn settings(port: u16, options: &Options) -> Vec<String> {
    let mut settings = vec![
        "listen_addresses=127.0.0.1".to_owned(),
        format!("port={port}"),
        "unix_socket_directories=".to_owned(),
        format!("max_connections={}", options.connections_max),
        "shared_buffers=64MB".to_owned(),
        "timezone=UTC".to_owned(),
        "jit=off".to_owned(),
        "log_line_prefix=%m [%p] %q%u@%d ".to_owned(),
    ];
    if options.throwaway {
        let risky = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"];
        let light = ["wal_level=minimal", "max_wal_senders=0"];
        settings.extend(risky.iter().chain(&light).map(|&setting| setting.to_owned()));
    }
    settings
}

fn free_port() -> Result<u16, Error> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .context(|| "cannot find a free port".to_owned())
}
