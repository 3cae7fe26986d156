//! Accepts connections, and lets none of them go before its requests are served.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::config::Limits;

const STREAMS_MAX: u32 = 256;
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(100);
const KEEP_ALIVE: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Serves `router` on `listener` until `shutdown`; then finishes the requests in work, within
/// the drain limit.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: &Limits,
    shutdown: CancellationToken,
) {
    let connections = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(limits.connections_max));
    let http = http(limits);
    loop {
        let accepted = async {
            // Whoever finds no place waits in the listener's backlog.
            let place = places.clone().acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            accepted = accepted => accepted,
            () = shutdown.cancelled() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, say: trying again at once would not help.
                tracing::warn!(error = error.to_string(), "cannot accept a connection");
                tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                continue;
            }
        };
        let (http, router) = (http.clone(), router.clone());
        let (watcher, shutdown) = (connections.watcher(), shutdown.clone());
        let header_timeout = limits.header_timeout();
        tokio::spawn(async move {
            tokio::select! {
                spoke = tokio::time::timeout(header_timeout, speaks(&stream)) => {
                    if spoke.is_err() { return; }
                }
                () = shutdown.cancelled() => return,
            }
            let service = service_fn(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(ConnectInfo(peer));
                router.clone().oneshot(request.map(Body::new))
            });
            let connection = http.serve_connection(TokioIo::new(stream), service);
            // A connection that breaks is the client's affair.
            let _ = watcher.watch(connection).await;
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(limits.drain(), connections.shutdown()).await.is_err() {
        tracing::warn!("requests still in work, closing anyway");
    }
}

fn http(limits: &Limits) -> Builder<TokioExecutor> {
    let mut http = Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new()).header_read_timeout(limits.header_timeout());
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .keep_alive_interval(KEEP_ALIVE);
    http
}

/// Waits until the client has sent enough to tell HTTP/1 from HTTP/2, for which nothing else
/// sets a limit.
async fn speaks(stream: &TcpStream) {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let mut start = [0; PREFACE.len()];
    while let Ok(length @ 1..) = stream.peek(&mut start).await {
        if length == PREFACE.len() || !PREFACE.starts_with(&start[..length]) {
            return;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
