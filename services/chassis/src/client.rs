//! Connections to other services.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use http::header::AUTHORIZATION;
use http::uri::Scheme;
use http::{HeaderMap, HeaderValue, Request, Response, Uri};
use hyper_util::rt::TokioIo;
use tonic::Status;
use tonic::body::Body;
use tonic::transport::{Channel, Endpoint};
use tower::{Layer, Service};

use crate::auth::Credentials;
use crate::config::Peers;
use crate::telemetry::grpc::{Observed, client_layer};
use crate::tls::Tls;

tokio::task_local! {
    static DEADLINE: Instant;
    static ORIGIN: Option<String>;
}

/// Metadata in which a service says who outside asked for what it asks for.
const ORIGIN_HEADER: &str = "linha-origin";
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// A connection to another service: reconnects by itself, carries the trace, what is left of the
/// caller's deadline and who asked along, and the service's own token where the request brings none.
#[derive(Clone)]
pub struct Upstream {
    channel: Observed<Channel>,
    credentials: Credentials,
}

impl Upstream {
    /// Speaks through `channel` with the credentials of this service.
    pub fn new(channel: Channel, credentials: Credentials) -> Self {
        Self { channel: client_layer().layer(channel), credentials }
    }
}

/// Connections to the four services.
#[derive(Clone)]
pub struct Channels {
    /// To identity.
    pub identity: Channel,
    /// To telecom.
    pub telecom: Channel,
    /// To company.
    pub company: Channel,
    /// To billing.
    pub billing: Channel,
}

impl Channels {
    /// Connects on first use: over mutual TLS where there are certificates, and then only so.
    ///
    /// # Errors
    /// When an address starts with `https` and there is no certificate, or the other way round.
    pub fn new(peers: &Peers, tls: Option<&Tls>) -> anyhow::Result<Self> {
        let channel = |variable: &str, address: &Uri| {
            match (tls, address.scheme_str()) {
                (None, Some("http")) => Ok(channel(address.clone())),
                (Some(tls), Some("https")) => channel_over(tls.clone(), address.clone()),
                (None, _) => Err(anyhow::anyhow!("must start with http:// without certificates")),
                (Some(_), _) => Err(anyhow::anyhow!("must start with https:// with certificates")),
            }
            .with_context(|| variable.to_owned())
        };
        Ok(Self {
            identity: channel("LINHA_IDENTITY_URL", &peers.identity_url)?,
            telecom: channel("LINHA_TELECOM_URL", &peers.telecom_url)?,
            company: channel("LINHA_COMPANY_URL", &peers.company_url)?,
            billing: channel("LINHA_BILLING_URL", &peers.billing_url)?,
        })
    }
}

/// Connects on first use, so services may start in any order.
pub fn channel(address: Uri) -> Channel {
    endpoint(address).connect_lazy()
}

/// Connects on first use over mutual TLS, each time with the certificate of that moment.
fn channel_over(tls: Tls, address: Uri) -> anyhow::Result<Channel> {
    let mut bare = address.clone().into_parts();
    // To tonic a connection is bare or its own TLS; this one arrives encrypted.
    bare.scheme = Some(Scheme::HTTP);
    let connector = tower::service_fn(move |to: Uri| {
        let tls = tls.clone();
        async move {
            let host = to.host().unwrap_or_default();
            let connection = tls.connect(host, to.port_u16().unwrap_or(443)).await?;
            std::io::Result::Ok(TokioIo::new(connection))
        }
    });
    let endpoint = endpoint(Uri::from_parts(bare)?).origin(address);
    Ok(endpoint.connect_with_connector_lazy(connector))
}

fn endpoint(address: Uri) -> Endpoint {
    Endpoint::from(address)
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(10))
        .keep_alive_while_idle(true)
}

/// Runs `work`, whose calls to other services must be answered before `deadline`.
pub async fn within<F: Future>(deadline: Instant, work: F) -> F::Output {
    DEADLINE.scope(deadline, work).await
}

/// Runs `work`, whose calls to other services say that it is done for `origin`.
pub(crate) fn on_behalf_of<F: Future>(
    origin: Option<String>,
    work: F,
) -> impl Future<Output = F::Output> {
    ORIGIN.scope(origin, work)
}

/// Whom another service works for. Only services may be asked for it.
pub(crate) fn origin_of(headers: &HeaderMap) -> Option<String> {
    headers.get(ORIGIN_HEADER)?.to_str().ok().map(ToOwned::to_owned)
}

/// What is left of the deadline of the work in hand; the usual time where there is none.
fn time_left() -> Duration {
    DEADLINE
        .try_with(|deadline| deadline.saturating_duration_since(Instant::now()))
        .unwrap_or(TIMEOUT_DEFAULT)
}

/// The deadline that a caller set, by the wire format of gRPC: up to eight digits and a unit.
pub(crate) fn timeout_of(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let amount: u64 = digits.parse().ok().filter(|_| digits.len() <= 8)?;
    match unit {
        "H" => Some(Duration::from_secs(amount * 3600)),
        "M" => Some(Duration::from_secs(amount * 60)),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

impl Service<Request<Body>> for Upstream {
    type Response = Response<Body>;
    type Error = tower::BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        // The channel is asked in `call`, once the token is there.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let Self { mut channel, credentials } = self.clone();
        let timeout = time_left();
        let origin = ORIGIN.try_with(Clone::clone).unwrap_or_default();
        if let Some(origin) = origin.and_then(|origin| HeaderValue::try_from(origin).ok()) {
            request.headers_mut().insert(ORIGIN_HEADER, origin);
        }
        Box::pin(async move {
            request
                .headers_mut()
                .entry("grpc-timeout")
                .or_insert(HeaderValue::try_from(format!("{}m", timeout.as_millis()))?);
            let exchange = async {
                if !request.headers().contains_key(AUTHORIZATION) {
                    let token = match credentials.token().await {
                        Ok(token) => token,
                        Err(status) => return Ok(no_token(&status).into_http()),
                    };
                    let bearer = HeaderValue::try_from(format!("Bearer {token}"))?;
                    request.headers_mut().insert(AUTHORIZATION, bearer);
                }
                std::future::poll_fn(|context| channel.poll_ready(context)).await?;
                channel.call(request).await
            };
            match tokio::time::timeout(timeout, exchange).await {
                Ok(answer) => answer,
                Err(_) => Ok(Status::deadline_exceeded("no answer in time").into_http()),
            }
        })
    }
}

/// Without a token of its own the service cannot ask: whatever identity said, to the caller that
/// is a failure that passes.
fn no_token(status: &Status) -> Status {
    tracing::warn!(code = ?status.code(), "identity issues no token");
    Status::unavailable("no token for this service at the moment")
}
