//! How the gateway listens, and how it ends.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use gateway::GatewayHost;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::support::config;

struct Running {
    address: SocketAddr,
    shutdown: CancellationToken,
    served: tokio::task::JoinHandle<anyhow::Result<()>>,
}

async fn run(router: Router, adjust: impl FnOnce(&mut gateway::Config)) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let mut config = config("http://127.0.0.1:1");
    adjust(&mut config);
    let host = GatewayHost {
        listener,
        admin: None,
        clock: chassis::clock::Clock::system(),
        shutdown: shutdown.clone(),
        activity: chassis::host::Activity::default(),
        extra: gateway::Extra { router, ..gateway::Extra::default() },
    };
    Running { address, shutdown, served: tokio::spawn(gateway::serve(config, host)) }
}

async fn read_all(stream: &mut TcpStream) -> String {
    let mut bytes = vec![];
    // A connection that is reset is closed, too.
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn requests_in_work_are_finished_and_idle_connections_closed() {
    let (entered, mut in_work) = tokio::sync::mpsc::channel::<()>(1);
    let go_on = CancellationToken::new();
    let slow = {
        let go_on = go_on.clone();
        get(async move || {
            entered.send(()).await.unwrap();
            go_on.cancelled().await;
            "finished"
        })
    };
    let running = run(Router::new().route("/sandbox/slow", slow), |_| ()).await;
    let idle = TcpStream::connect(running.address).await.unwrap();
    let mut kept_alive = TcpStream::connect(running.address).await.unwrap();
    kept_alive.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut first = [0; 12];
    kept_alive.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    let mut busy = TcpStream::connect(running.address).await.unwrap();
    busy.write_all(b"GET /sandbox/slow HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    in_work.recv().await.unwrap();

    running.shutdown.cancel();
    read_all(&mut kept_alive).await;
    assert!(!running.served.is_finished());
    go_on.cancel();
    assert!(read_all(&mut busy).await.ends_with("finished"));
    tokio::time::timeout(Duration::from_secs(5), running.served).await.unwrap().unwrap().unwrap();
    drop(idle);
    assert!(TcpStream::connect(running.address).await.is_err());
}

#[tokio::test]
async fn a_shutdown_waits_only_so_long() {
    let (entered, mut in_work) = tokio::sync::mpsc::channel::<()>(1);
    let never = get(async move || -> &'static str {
        entered.send(()).await.unwrap();
        std::future::pending().await
    });
    let running = run(Router::new().route("/sandbox/never", never), |config| {
        config.limits.drain_ms = 200;
    })
    .await;
    let mut busy = TcpStream::connect(running.address).await.unwrap();
    busy.write_all(b"GET /sandbox/never HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    in_work.recv().await.unwrap();
    running.shutdown.cancel();
    tokio::time::timeout(Duration::from_secs(2), running.served).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn silent_clients_are_let_go() {
    let running = run(Router::new(), |config| config.limits.header_timeout_ms = 200).await;
    for start in ["", "PRI * HT", "GET /healthz HTTP/1.1\r\nhost: "] {
        let mut silent = TcpStream::connect(running.address).await.unwrap();
        silent.write_all(start.as_bytes()).await.unwrap();
        let closed = tokio::time::timeout(Duration::from_secs(2), read_all(&mut silent)).await;
        assert!(closed.is_ok(), "{start:?}");
    }
    running.shutdown.cancel();
    running.served.await.unwrap().unwrap();
}
