//! A database for each test, on one throwaway server for all test processes of this workspace.
//!
//! The first process starts the server; the following ones find it through a state file. Each
//! holds a shared lock while it runs, and a keeper process stops the server when nobody has held
//! that lock for some seconds. `LINHA_TEST_DATABASE_URL`, the URL of a superuser, replaces the
//! server.

use std::{
    env,
    fs::{self, File, OpenOptions},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
    thread,
    time::{Duration, SystemTime},
};

use sqlx::{ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};
use tokio::{
    sync::{OnceCell, Semaphore},
    time::timeout,
};

use crate::{
    Cluster, Context, Error, Options,
    cluster::{random, sweep as sweep_clusters},
    provision::{close_to_public, create_role, create_schema, name, run},
};

/// Longer than cargo takes from one test program to the next.
const LINGER_SECONDS: u32 = 20;
/// No test runs as long as this, so an older database is the leftover of a killed one.
const LEFTOVER_SECONDS: u64 = 3600;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Many tests of many programs at once, each with pools of its own.
const CONNECTIONS_MAX: u32 = 500;
/// Creating databases is the server's heaviest work: more at once only makes each slower.
const CREATIONS_AT_ONCE: usize = 4;

/// Looks each second whether anybody holds the lock. After the given number of idle seconds it
/// forgets the server, under the exclusive lock so that nobody can be about to use it, and ends.
/// It also ends when somebody cleans the directory away.
/// Its standard output is the pipe that keeps the server alive.
const KEEPER: &str = r#"
lock=$1 state=$2 linger=$3
alone() {
    if command -v flock >/dev/null; then flock -xn "$lock" "$@"
    else lockf -kst 0 "$lock" "$@"; fi
}
idle=0
while sleep 1 && [ -e "$lock" ]; do
    if alone true; then idle=$((idle + 1)); else idle=0; fi
    if [ "$idle" -ge "$linger" ] && alone rm -f "$state"; then exit; fi
done
"#;

/// A fresh database of one test. Dropping it drops the database.
#[derive(Debug)]
pub struct TestDatabase {
    /// The superuser's.
    pub url: String,
    name: String,
    server: PgConnectOptions,
}

/// Makes a fresh database.
///
/// # Panics
/// If there is no Postgres to be had: a test can do nothing about that but say so.
pub async fn database() -> TestDatabase {
    try_database().await.unwrap_or_else(|error| panic!("no database for this test: {error}"))
}

impl TestDatabase {
    /// Name of the database.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Makes a role that may connect to and create schemas in this database, and owns nothing.
    /// Returns its URL. The role's real name has a suffix, because all databases of a server share
    /// their roles.
    pub async fn role(&self, name: &str) -> String {
        let made = self.try_role(name, None).await;
        made.unwrap_or_else(|error| panic!("no role {name} for this test: {error}"))
    }

    /// Makes a service's role as [`provision`](crate::provision) does in earnest: with a schema of
    /// the service's name, which is its search path. Returns its URL.
    pub async fn service(&self, schema: &str) -> String {
        let made = self.try_role(&format!("linha_{schema}"), Some(schema)).await;
        made.unwrap_or_else(|error| panic!("no role for service {schema}: {error}"))
    }

    /// Makes another database with all that is in this one, to which nobody may be connected, and a
    /// role as [`role`](Self::role) does, which owns there what the role `name` owns here: sooner
    /// done than what filled this one. Returns both.
    pub async fn copy(&self, name: &str) -> (Self, String) {
        let made = self.try_copy(name).await;
        made.unwrap_or_else(|error| panic!("no copy of a database for this test: {error}"))
    }

    async fn try_copy(&self, role: &str) -> Result<(Self, String), Error> {
        let copy = create(&self.server, &self.name).await?;
        let url = copy.try_role(role, None).await?;
        let [owner, heir] = [&self.name, &copy.name].map(|database| format!("{role}_{database}"));
        let mut inside = copy.server.clone().database(&copy.name).connect().await?;
        let pass_on = format!("reassign owned by {} to {}", name(&owner)?, name(&heir)?);
        run(&mut inside, pass_on).await?;
        inside.close().await?;
        Ok((copy, url))
    }

    async fn try_role(&self, prefix: &str, schema: Option<&str>) -> Result<String, Error> {
        let role = format!("{prefix}_{}", self.name);
        let password = random(16);
        let mut inside = self.server.clone().database(&self.name).connect().await?;
        create_role(&mut inside, &self.name, &role, &password).await?;
        if let Some(schema) = schema {
            create_schema(&mut inside, &self.name, &role, schema).await?;
        }
        inside.close().await?;
        let options = self.server.clone().username(&role).password(&password).database(&self.name);
        Ok(url(&options))
    }
}

impl Drop for TestDatabase {
    /// On a thread of its own, because a test's runtime cannot wait here. Best effort: leftovers
    /// are swept later.
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        let dropping = thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            let removal = async {
                let mut admin = server.connect().await?;
                remove(&mut admin, &name).await
            };
            runtime.block_on(async { timeout(CONNECT_TIMEOUT, removal).await }).ok()
        });
        let _ = dropping.join();
    }
}

async fn try_database() -> Result<TestDatabase, Error> {
    create(&server().await?, "template0").await
}

async fn create(server: &PgConnectOptions, template: &str) -> Result<TestDatabase, Error> {
    static CREATIONS: Semaphore = Semaphore::const_new(CREATIONS_AT_ONCE);
    let _permit = CREATIONS.acquire().await;

    let name = format!("linha_test_{}_{}", now_seconds(), random(12));
    let mut admin = server.connect().await?;
    run(&mut admin, format!("create database {name} template {template}")).await?;
    admin.close().await?;
    let mut inside = server.clone().database(&name).connect().await?;
    close_to_public(&mut inside, &name).await?;
    inside.close().await?;

    let url = url(&server.clone().database(&name));
    Ok(TestDatabase { url, name, server: server.clone() })
}

/// Found once per process.
async fn server() -> Result<PgConnectOptions, Error> {
    static SERVER: OnceCell<PgConnectOptions> = OnceCell::const_new();
    let server = SERVER.get_or_try_init(|| async {
        let server = match env::var("LINHA_TEST_DATABASE_URL") {
            Ok(url) => url.parse()?,
            Err(_) => shared_server(&directory(), LINGER_SECONDS).await?,
        };
        sweep(&mut server.connect().await?).await?;
        Ok::<_, Error>(server)
    });
    server.await.cloned()
}

/// Below `target`, wherever that is, so that each checkout has its own.
fn directory() -> PathBuf {
    let program = env::current_exe().unwrap_or_default();
    let profile = program.ancestors().find(|path| path.ends_with("deps")).and_then(Path::parent);
    let target = profile.and_then(Path::parent).map(Path::to_owned);
    target.unwrap_or_else(env::temp_dir).join("test-postgres")
}

async fn shared_server(directory: &Path, linger_seconds: u32) -> Result<PgConnectOptions, Error> {
    static USED: OnceLock<File> = OnceLock::new();
    fs::create_dir_all(directory).context(|| format!("cannot make {}", directory.display()))?;

    let users = directory.join("users");
    let used = open_lock(&users)?;
    used.lock_shared().context(|| format!("cannot lock {}", users.display()))?;
    // Kept until the process ends.
    let _ = USED.set(used);

    // From here on nobody stops the server. One process at a time looks for it or starts it.
    let starting = directory.join("starting");
    let turn = open_lock(&starting)?;
    let turn = tokio::task::spawn_blocking(move || turn.lock().map(|()| turn)).await;
    let _turn = turn
        .map_err(std::io::Error::other)
        .flatten()
        .context(|| format!("cannot lock {}", starting.display()))?;

    let state = directory.join("url");
    if let Ok(url) = fs::read_to_string(&state)
        && let Ok(server) = url.trim().parse()
        && answers(&server).await
    {
        return Ok(server);
    }
    let clusters = directory.join("clusters");
    sweep_clusters(&clusters);
    let options = Options { connections_max: CONNECTIONS_MAX, ..Options::throwaway() };
    let cluster = Cluster::start(&clusters.join(random(8)), options).await?;
    let url = cluster.url();
    fs::write(&state, &url).context(|| format!("cannot write {}", state.display()))?;
    keep(cluster, &users, &state, linger_seconds)?;
    Ok(url.parse()?)
}

fn keep(cluster: Cluster, users: &Path, state: &Path, linger_seconds: u32) -> Result<(), Error> {
    let pipe = cluster.hand_over().map_or_else(Stdio::null, Stdio::from);
    Command::new("/bin/sh")
        .args(["-c", KEEPER, "linha-postgres-keeper"])
        .args([users, state])
        .arg(linger_seconds.to_string())
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(pipe)
        .stderr(Stdio::null())
        .spawn()
        .context(|| "cannot start /bin/sh to keep Postgres running".to_owned())?;
    Ok(())
}

fn open_lock(path: &Path) -> Result<File, Error> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .context(|| format!("cannot write {}", path.display()))
}

/// A server that is too busy to let us in is alive.
async fn answers(server: &PgConnectOptions) -> bool {
    match timeout(CONNECT_TIMEOUT, server.connect()).await {
        Ok(Ok(_)) => true,
        Ok(Err(sqlx::Error::Database(error))) => error.code().as_deref() == Some("53300"),
        Ok(Err(_)) | Err(_) => false,
    }
}

/// Removes what killed test programs left behind.
async fn sweep(admin: &mut PgConnection) -> Result<(), Error> {
    let databases: Vec<String> = sqlx::query_scalar(
        "select datname from pg_database where datname ~ '^linha_test_[0-9]+_[0-9a-z]+$'",
    )
    .fetch_all(&mut *admin)
    .await?;
    for database in databases {
        let made_at = database.split('_').nth(2).and_then(|seconds| seconds.parse::<u64>().ok());
        if made_at.is_some_and(|seconds| seconds + LEFTOVER_SECONDS < now_seconds()) {
            // Best effort: another program may be at it, or still use a role.
            let _ = remove(admin, &database).await;
        }
    }
    Ok(())
}

/// Removes a test's database and the roles made for it.
async fn remove(admin: &mut PgConnection, database: &str) -> Result<(), Error> {
    run(admin, format!("drop database if exists {} with (force)", name(database)?)).await?;
    let roles: Vec<String> =
        sqlx::query_scalar("select rolname from pg_roles where rolname like '%\\_' || $1")
            .bind(database.replace('_', "\\_"))
            .fetch_all(&mut *admin)
            .await?;
    for role in roles {
        run(admin, format!("drop role if exists {}", name(&role)?)).await?;
    }
    Ok(())
}

/// Without the parameters that only sqlx knows, so that any program can use it.
fn url(options: &PgConnectOptions) -> String {
    let mut url = options.to_url_lossy();
    url.set_query(None);
    url.into()
}

fn now_seconds() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.map(|since| since.as_secs()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    const STAGE: &str = "LINHA_POSTGRES_STAGE";

    /// Not a test, but the other process of one.
    #[tokio::test]
    #[ignore = "run by another test"]
    async fn uses_the_shared_server() {
        let Ok(directory) = env::var(STAGE) else { return };
        let server = shared_server(Path::new(&directory), 1).await.unwrap();
        fs::write(Path::new(&directory).join("seen"), url(&server)).unwrap();
    }

    #[tokio::test]
    async fn the_shared_server_outlives_its_starter_and_stops_when_unused() {
        let directory = tempfile::tempdir().unwrap();
        let seen = directory.path().join("seen");
        let run = async || {
            let mut program = tokio::process::Command::new(env::current_exe().unwrap());
            program.args(["--exact", "--ignored", "testing::tests::uses_the_shared_server"]);
            let output = program.env(STAGE, directory.path()).output().await.unwrap();
            assert!(output.status.success(), "{output:?}");
            fs::read_to_string(&seen).unwrap()
        };
        let first = run().await;
        assert_eq!(run().await, first);

        let server: PgConnectOptions = first.parse().unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        while server.connect().await.is_ok() || files_below(&directory.path().join("clusters")) > 0
        {
            assert!(Instant::now() < deadline, "the server does not stop");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_ne!(run().await, first);
    }

    fn files_below(directory: &Path) -> usize {
        fs::read_dir(directory).map(Iterator::count).unwrap_or_default()
    }
}
