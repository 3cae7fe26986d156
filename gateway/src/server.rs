//! Accepts connections, and lets none of them go before its requests are served.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::{CONNECTION, EXPECT};
use axum::http::{HeaderValue, Version};
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::config::Limits;
use crate::leftover;

const STREAMS_MAX: u32 = 256;
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(100);
const KEEP_ALIVE: Duration = Duration::from_secs(20);
const LAST_WORDS: Duration = Duration::from_millis(200);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Serves `router` on `listener` until `shutdown`. Then answers say that their connection ends,
/// so that clients leave by themselves; when the time to linger is over nobody is accepted any
/// more, and the requests in work are finished, within the drain limit.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: &Limits,
    shutdown: CancellationToken,
) {
    let door = Door {
        connections: GracefulShutdown::new(),
        places: Arc::new(Semaphore::new(limits.connections_max)),
        http: http(limits),
        header_timeout: limits.header_timeout(),
        router,
        shutdown: shutdown.clone(),
        closing: CancellationToken::new(),
    };
    let mut lingered = pin!(async {
        shutdown.cancelled().await;
        tokio::time::sleep(limits.linger()).await;
    });
    loop {
        let accepted = async {
            // Whoever finds no place waits in the listener's backlog.
            let place = door.places.clone().acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut lingered => break,
        };
        match accepted {
            Ok((stream, peer)) => door.welcome(stream, peer, place.ok()),
            Err(error) => {
                // Out of file descriptors, say: trying again at once would not help.
                tracing::warn!(error = error.to_string(), "cannot accept a connection");
                tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
            }
        }
    }
    door.close(listener, limits.drain()).await;
}

/// What connections pass through.
struct Door {
    connections: GracefulShutdown,
    places: Arc<Semaphore>,
    http: Builder<TokioExecutor>,
    header_timeout: Duration,
    router: Router,
    shutdown: CancellationToken,
    closing: CancellationToken,
}

impl Door {
    /// Serves a connection until it ends, and keeps its place for as long.
    fn welcome(&self, stream: TcpStream, peer: SocketAddr, place: Option<OwnedSemaphorePermit>) {
        let (http, router) = (self.http.clone(), self.router.clone());
        let (shutdown, closing) = (self.shutdown.clone(), self.closing.clone());
        let (watcher, header_timeout) = (self.connections.watcher(), self.header_timeout);
        tokio::spawn(async move {
            tokio::select! {
                spoke = tokio::time::timeout(header_timeout, speaks(&stream)) => {
                    if spoke.is_err() { return; }
                }
                () = closing.cancelled() => return,
            }
            let service = service_fn(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(ConnectInfo(peer));
                answer(router.clone(), request, shutdown.clone())
            });
            let connection = http.serve_connection(TokioIo::new(stream), service);
            // A connection that breaks is the client's affair.
            let _ = watcher.watch(connection).await;
            drop(place);
        });
    }

    /// Takes in who is already at the door, shuts it, and waits until everybody has left.
    async fn close(self, listener: TcpListener, drain: Duration) {
        match listener.into_std() {
            Ok(listener) => {
                while let Ok((stream, peer)) = listener.accept() {
                    if stream.set_nonblocking(true).is_ok()
                        && let Ok(stream) = TcpStream::from_std(stream)
                    {
                        self.welcome(stream, peer, None);
                    }
                }
            }
            Err(error) => tracing::warn!(error = error.to_string(), "cannot empty the backlog"),
        }
        // Whoever has just come in may be about to speak.
        tokio::time::sleep(LAST_WORDS).await;
        self.closing.cancel();
        if tokio::time::timeout(drain, self.connections.shutdown()).await.is_err() {
            tracing::warn!("requests still in work, closing anyway");
        }
    }
}

/// Answers a request; once the end has begun, the last one of its connection.
async fn answer(
    router: Router,
    request: Request<Incoming>,
    shutdown: CancellationToken,
) -> Result<Response, Infallible> {
    if request.version() >= Version::HTTP_2 {
        return router.oneshot(request.map(Body::new)).await;
    }
    let (head, body) = request.into_parts();
    let (body, left) = leftover::watch(body, head.headers.contains_key(EXPECT));
    let mut answer = router.oneshot(Request::from_parts(head, Body::new(body))).await?;
    left.discard().await;
    if shutdown.is_cancelled() {
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(answer)
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
