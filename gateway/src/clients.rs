//! Calls to the four services: deadlines, retries, circuits.
//!
//! A call ends within its deadline, retries included. Only what may safely be done again is
//! tried again, with jitter, within a budget that all calls share. A service that is dead is not
//! asked for a while, so that nobody waits for it.

mod circuit;
mod repeatable;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::response::{IntoResponseParts, ResponseParts};
use backon::{ExponentialBuilder, Retryable};
use chassis::auth::Credentials;
use chassis::client::{self, Channels, Upstream};
use chassis::clock::Clock;
use chassis::idempotency::REPLAYED_HEADER;
use prost::Name;
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tower::retry::budget::{Budget, TpsBudget};

use self::circuit::Circuit;
use self::repeatable::Repeatable;
use crate::caller::Caller;
use crate::config::Config;

const RETRIES_MAX: usize = 2;
const RETRY_DELAY_MIN: Duration = Duration::from_millis(25);
const RETRY_DELAY_MAX: Duration = Duration::from_millis(250);
const HEALTH_TIMEOUT: Duration = Duration::from_secs(1);

/// The services. Clones share channels, circuits and budget.
#[derive(Clone)]
pub struct Clients {
    /// People and what they may do.
    pub identity: Peer,
    /// Companies and their people.
    pub company: Peer,
    /// Lines, and what they are made of.
    pub telecom: Peer,
    /// Plans and prices.
    pub billing: Peer,
}

impl Clients {
    /// Connects on first use.
    ///
    /// # Errors
    /// When the contracts cannot be read, or the certificates are none.
    pub fn new(config: &Config, clock: Clock) -> anyhow::Result<Self> {
        let tls = config.peers.tls.load()?;
        let channels = Channels::new(&config.peers, tls.as_ref())?;
        let credentials = Credentials::new(
            "gateway",
            config.service_secret.clone(),
            clock,
            channels.identity.clone(),
        );
        let shared = Arc::new(Shared {
            repeatable: Repeatable::of_the_contracts()?,
            budget: TpsBudget::default(),
            timeout: config.limits.call_timeout(),
        });
        let peer = |name, channel: Channel| Peer {
            upstream: Upstream::new(channel.clone(), credentials.clone()),
            channel,
            circuit: Circuit::new(name),
            shared: shared.clone(),
        };
        Ok(Self {
            identity: peer("identity", channels.identity),
            company: peer("company", channels.company),
            telecom: peer("telecom", channels.telecom),
            billing: peer("billing", channels.billing),
        })
    }
}

struct Shared {
    repeatable: Repeatable,
    budget: TpsBudget,
    timeout: Duration,
}

/// One service.
#[derive(Clone)]
pub struct Peer {
    channel: Channel,
    upstream: Upstream,
    circuit: Circuit,
    shared: Arc<Shared>,
}

impl Peer {
    /// Asks the service on behalf of `caller`; `send` makes the call.
    ///
    /// # Errors
    /// What the service says; UNAVAILABLE when it does not answer, or not in time.
    pub async fn ask<M, A, F>(
        &self,
        caller: &Caller,
        message: M,
        send: impl Fn(Upstream, Request<M>) -> F,
    ) -> Result<Answer<A>, Status>
    where
        M: Name + Clone,
        F: Future<Output = Result<Response<A>, Status>>,
    {
        let repeatable = caller.is_idempotent() || self.shared.repeatable.contains::<M>();
        let deadline = Instant::now() + self.shared.timeout;
        let attempt = || async {
            let mut request = Request::new(message.clone());
            caller.attach(&mut request);
            let call = send(self.upstream.clone(), request);
            let in_time = async {
                let answered = tokio::time::timeout_at(deadline.into(), call).await;
                answered.unwrap_or_else(|_| Err(Status::deadline_exceeded("no answer in time")))
            };
            self.circuit.call(client::within(deadline, in_time)).await
        };
        let backoff = ExponentialBuilder::default()
            .with_min_delay(RETRY_DELAY_MIN)
            .with_max_delay(RETRY_DELAY_MAX)
            .with_max_times(RETRIES_MAX)
            .with_jitter();
        self.shared.budget.deposit();
        let answered = attempt
            .retry(backoff)
            .when(|failure| repeatable && failure.may_pass && self.shared.budget.withdraw())
            .await;
        answered.map(Answer::of).map_err(|failure| as_seen_by(caller, failure.status))
    }

    /// The bare connection, for what keeps asking by itself.
    pub(crate) fn upstream(&self) -> Upstream {
        self.upstream.clone()
    }

    /// Whether the service says that it is well.
    pub(crate) async fn is_well(&self) -> bool {
        let mut health = HealthClient::new(self.channel.clone());
        let check = health.check(HealthCheckRequest { service: String::new() });
        match tokio::time::timeout(HEALTH_TIMEOUT, check).await {
            Ok(Ok(answer)) => answer.into_inner().status() == ServingStatus::Serving,
            _ => false,
        }
    }
}

/// Refusals of the gateway's own rights are no business of whoever it speaks for.
fn as_seen_by(caller: &Caller, status: Status) -> Status {
    let refused = matches!(status.code(), Code::Unauthenticated | Code::PermissionDenied);
    if refused && caller.is_gateway() && status.details().is_empty() {
        tracing::error!(code = ?status.code(), "a service does not accept the gateway");
        return Status::unavailable("the gateway is not accepted at the moment");
    }
    status
}

/// What a service answered.
#[derive(Debug)]
pub struct Answer<A> {
    /// The message.
    pub message: A,
    /// Whether it is the answer of an earlier call with the same idempotency key.
    pub replayed: Replayed,
}

impl<A> Answer<A> {
    fn of(response: Response<A>) -> Self {
        let replayed = Replayed(response.metadata().contains_key(REPLAYED_HEADER));
        Self { message: response.into_inner(), replayed }
    }
}

/// Puts `Idempotency-Replayed: true` on the answer to a repeated request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replayed(bool);

impl IntoResponseParts for Replayed {
    type Error = std::convert::Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Self::Error> {
        if self.0 {
            let value = axum::http::HeaderValue::from_static("true");
            parts.headers_mut().insert(REPLAYED_HEADER, value);
        }
        Ok(parts)
    }
}
