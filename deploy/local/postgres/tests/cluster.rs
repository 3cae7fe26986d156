//! Clusters that start, stop, crash and come back.

use std::{
    env, fs,
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use postgres_local::{Cluster, Error, Options};
use sqlx::{Connection, PgConnection};

const STAGE: &str = "LINHA_POSTGRES_STAGE";

#[tokio::test]
async fn a_restart_keeps_the_data_and_the_password() {
    let directory = tempfile::tempdir().unwrap();
    let cluster = Cluster::start(directory.path(), Options::durable()).await.unwrap();
    let first_url = cluster.url();
    let mut connection = PgConnection::connect(&first_url).await.unwrap();
    let statement = "create table kept as select upper('são') as word";
    sqlx::query(statement).execute(&mut connection).await.unwrap();
    cluster.stop().await;
    assert!(PgConnection::connect(&first_url).await.is_err());

    let cluster = Cluster::start(directory.path(), Options::durable()).await.unwrap();
    let mut connection = PgConnection::connect(&cluster.url()).await.unwrap();
    let word: String =
        sqlx::query_scalar("select word from kept").fetch_one(&mut connection).await.unwrap();
    assert_eq!(word, "SÃO");
    let fsync: String = sqlx::query_scalar("show fsync").fetch_one(&mut connection).await.unwrap();
    assert_eq!(fsync, "on");
    cluster.stop().await;
}

#[tokio::test]
async fn a_second_start_on_one_directory_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let _cluster = Cluster::start(directory.path(), Options::throwaway()).await.unwrap();
    let second = Cluster::start(directory.path(), Options::throwaway()).await.err().unwrap();
    assert!(matches!(second, Error::InUse(_)), "{second}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error_that_says_so() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = Some(listener.local_addr().unwrap().port());
    let directory = tempfile::tempdir().unwrap();
    let options = Options { port, ..Options::durable() };
    let error = Cluster::start(directory.path(), options).await.err().unwrap();
    assert!(error.to_string().contains("could not bind"), "{error}");

    // The failure leaves nothing behind that stands in the way.
    Cluster::start(directory.path(), Options::durable()).await.unwrap().stop().await;
}

#[tokio::test]
async fn nobody_enters_without_a_password() {
    let directory = tempfile::tempdir().unwrap();
    let cluster = Cluster::start(directory.path(), Options::throwaway()).await.unwrap();
    let url = cluster.database_url("postgres", "wrong", "postgres");
    assert!(PgConnection::connect(&url).await.is_err());
}

#[tokio::test]
async fn a_throwaway_cluster_is_gone_when_dropped() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("postgres");
    let cluster = Cluster::start(&directory, Options::throwaway()).await.unwrap();
    let (port, files) = (cluster.port(), cluster.log_file());
    assert!(files.exists());
    drop(cluster);
    assert!(!listens(port));
    assert!(!files.exists());
    assert!(!directory.exists());
}

#[tokio::test]
async fn a_stale_pid_file_of_another_process_is_no_obstacle() {
    let directory = tempfile::tempdir().unwrap();
    let cluster = Cluster::start(directory.path(), Options::durable()).await.unwrap();
    let data = cluster.log_file().with_file_name("data");
    cluster.stop().await;

    // A process that lives, but is no Postgres: this one.
    let stale = format!("{}\n{}\n", std::process::id(), data.display());
    fs::write(data.join("postmaster.pid"), stale).unwrap();
    Cluster::start(directory.path(), Options::durable()).await.unwrap().stop().await;
}

/// Not a test, but the process that another test kills.
#[tokio::test]
#[ignore = "run by another test"]
async fn launcher() {
    let Ok(stage) = env::var(STAGE) else { return };
    let stage = Path::new(&stage);
    let durable = Cluster::start(&stage.join("durable"), Options::durable()).await.unwrap();
    let throwaway = Cluster::start(&stage.join("throwaway"), Options::throwaway()).await.unwrap();
    fs::write(stage.join("ports.new"), format!("{} {}", durable.port(), throwaway.port())).unwrap();
    fs::rename(stage.join("ports.new"), stage.join("ports")).unwrap();
    tokio::time::sleep(Duration::from_secs(600)).await;
}

#[tokio::test]
async fn no_server_outlives_a_launcher_that_is_killed() {
    let stage = tempfile::tempdir().unwrap();
    let mut launcher = Command::new(env::current_exe().unwrap())
        .args(["--exact", "--ignored", "launcher"])
        .env(STAGE, stage.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let ports_file = stage.path().join("ports");
    eventually("the launcher starts", || ports_file.exists()).await;
    launcher.kill().unwrap();
    launcher.wait().unwrap();

    // At once, while the watchdog is still at work.
    let again = Cluster::start(&stage.path().join("durable"), Options::durable()).await.unwrap();
    let ports = fs::read_to_string(ports_file).unwrap();
    let ports: Vec<u16> = ports.split(' ').map(|port| port.parse().unwrap()).collect();
    let throwaway = stage.path().join("throwaway");
    eventually("the servers stop", || {
        ports.iter().all(|&port| port == again.port() || !listens(port)) && !throwaway.exists()
    })
    .await;
    again.stop().await;
}

fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "waited too long: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
