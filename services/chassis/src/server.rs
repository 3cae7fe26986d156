//! Serving: one stack of layers, health, reflection, background work, and an end that is bounded.

use std::any::Any;
use std::convert::Infallible;
use std::iter;
use std::task::{self, Poll};
use std::time::{Duration, Instant};

use anyhow::Context;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::{Request, Response};
use proto::events::v1::event_sink_service_server::EventSinkServiceServer;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::server::HealthReporter;
use tonic_reflection::server::v1::{ServerReflection, ServerReflectionServer};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};

use crate::auth::{self, AuthLayer};
use crate::client;
use crate::events::{DeliverEvents, EventHandlers, Sink};
use crate::gauges::{self, Gauge};
use crate::host::Host;
use crate::jobs::{Job, JobHandlers};
use crate::replica::{self, NoteWrites};
use crate::service::Service;
use crate::sweeps::Sweep;
use crate::telemetry;

const EVENT_SINK_NAME: &str = "linha.events.v1.EventSinkService";
const HEALTH_NAME: &str = "grpc.health.v1.Health";

/// A service that is being put together: its rpcs, and what it does unasked.
pub struct Server {
    service: Service,
    routes: Routes,
    names: Vec<&'static str>,
    events: EventHandlers,
    deliveries: JobHandlers,
    jobs: JobHandlers,
    jobs_apart: Vec<(JobHandlers, usize)>,
    sweeps: Vec<Sweep>,
    gauges: Vec<Gauge>,
    asks_identity: bool,
}

impl Server {
    /// Serves nothing yet but health, reflection and events.
    pub fn new(service: &Service) -> Self {
        let floor = service.replica.is_some().then(|| replica::keep_up(service));
        Self {
            service: service.clone(),
            routes: Routes::default(),
            names: vec![],
            events: EventHandlers::new(),
            deliveries: JobHandlers::new().job::<DeliverEvents>(service.outbox.clone()),
            jobs: JobHandlers::new(),
            jobs_apart: vec![],
            sweeps: iter::once(forget_old(service)).chain(floor).collect(),
            gauges: vec![],
            asks_identity: true,
        }
    }

    /// Answers the rpcs of one gRPC service.
    #[must_use]
    pub fn grpc<S>(mut self, rpcs: S) -> Self
    where
        S: tower::Service<Request<Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Response: axum::response::IntoResponse,
        S::Future: Send + 'static,
    {
        self.routes = self.routes.add_service(rpcs);
        self.names.push(S::NAME);
        self
    }

    /// Hears of other contexts' events.
    #[must_use]
    pub fn events(mut self, handlers: EventHandlers) -> Self {
        self.events = handlers;
        self
    }

    /// Does jobs of kind `J` with `context`.
    #[must_use]
    pub fn job<J: Job>(mut self, context: J::Context) -> Self {
        self.jobs = self.jobs.job::<J>(context);
        self
    }

    /// Does jobs of kind `J` with `context` in a worker of its own, `concurrency` at a time, so
    /// that slow ones keep no other job waiting.
    #[must_use]
    pub fn job_apart<J: Job>(mut self, context: J::Context, concurrency: usize) -> Self {
        self.jobs_apart.push((JobHandlers::new().job::<J>(context), concurrency));
        self
    }

    /// Does timed work.
    #[must_use]
    pub fn sweep(mut self, sweep: Sweep) -> Self {
        self.sweeps.push(sweep);
        self
    }

    /// Tells numbers of its own among the metrics.
    #[must_use]
    pub fn gauges(mut self, gauges: impl IntoIterator<Item = Gauge>) -> Self {
        self.gauges.extend(gauges);
        self
    }

    /// Identity alone knows its keys and revocations from its own database: `sweep` tells them to
    /// the service's trust.
    #[must_use]
    pub fn trusts_by(mut self, sweep: Sweep) -> Self {
        self.asks_identity = false;
        self.sweep(sweep)
    }

    /// Serves until the host's shutdown; then finishes what is in work, within the drain limit.
    ///
    /// # Errors
    /// When the queue cannot be prepared, or the socket fails.
    pub async fn serve(self, host: Host) -> anyhow::Result<()> {
        let Self {
            service,
            routes,
            names,
            events,
            deliveries,
            jobs,
            jobs_apart,
            mut sweeps,
            gauges,
            asks_identity,
        } = self;
        let Host { listener, admin, clock, shutdown, activity } = host;
        if asks_identity {
            let (identity, every) = (service.identity.clone(), service.limits.trust_refresh());
            sweeps.push(auth::refreshing(identity, service.trust.clone(), every));
        }
        activity.register(service.name, Some(&service), &sweeps);

        let background = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let (health, health_service) = tonic_health::server::health_reporter();
        health.set_service_status("", ServingStatus::NotServing).await;
        let sink = Sink::new(service.name, service.db.clone(), events);
        if let Some(nats) = service.nats.clone() {
            let (sink, background) = (sink.clone(), background.clone());
            tasks.spawn(nats.subscribe(service.name, sink, background));
        }
        let probed = health_service.clone();
        let routes = routes
            .add_service(EventSinkServiceServer::new(sink))
            .add_service(health_service)
            .add_service(reflection(&names)?);

        for sweep in sweeps {
            let patience = service.limits.background_timeout();
            tasks.spawn(sweep.repeat(clock.clone(), patience, background.clone()));
        }
        tasks.spawn(gauges::keep(service.clone(), gauges, background.clone()));
        tasks.spawn(report_health(health, service.clone(), shutdown.clone()));
        if let Some(admin) = admin {
            tasks.spawn(serve_admin(admin, service.clone(), probed, background.clone()));
        }
        // Workers of their own, so that a slow outside world never keeps events waiting.
        let usual = [deliveries, jobs].map(|handlers| (handlers, service.limits.jobs_concurrency));
        for (handlers, concurrency) in usual.into_iter().chain(jobs_apart) {
            tasks.spawn(handlers.at(&service, concurrency).work(background.clone()));
        }

        let served = serve_grpc(listener, routes, &service, shutdown).await;
        background.cancel();
        let drained = tokio::time::timeout(service.limits.drain(), tasks.join_all()).await;
        if drained.is_err() {
            tracing::warn!("background work still going on, ending anyway");
        }
        if let Some(replica) = &service.replica {
            replica.close().await;
        }
        service.db.close().await;
        served
    }
}

/// Tells what the service itself answers, and not what its neighbours do.
fn reflection(
    names: &[&'static str],
) -> anyhow::Result<ServerReflectionServer<impl ServerReflection + use<>>> {
    let own = names.iter().chain(&[EVENT_SINK_NAME, HEALTH_NAME]);
    own.fold(
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(proto::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET),
        |builder, name| builder.with_service_name(*name),
    )
    .build_v1()
    .context("cannot read the contracts")
}

async fn serve_grpc(
    listener: TcpListener,
    routes: Routes,
    service: &Service,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    // Outermost first: the id is set before the span that records it, and whatever panics below
    // is caught inside that span.
    let timeout = service.limits.request_timeout();
    let layers = ServiceBuilder::new()
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .layer(telemetry::grpc::server_layer(service.name))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(CatchPanicLayer::custom(panicked))
        .layer(AuthLayer::new(service.trust.clone())?)
        .layer_fn(|inner| DeadlineScope { inner, timeout })
        .layer(NoteWrites::new(service.clone())?)
        .into_inner();
    let server = tonic::transport::Server::builder()
        .timeout(timeout)
        .concurrency_limit_per_connection(service.limits.concurrency_max)
        .load_shed(true)
        .max_concurrent_streams(u32::try_from(service.limits.concurrency_max).ok())
        .max_connection_age(service.limits.connection_age_max())
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .layer(layers)
        .add_routes(routes);
    let server = match service.tls.clone() {
        Some(tls) => {
            let incoming = Box::pin(tls.incoming(listener));
            server.serve_with_incoming_shutdown(incoming, shutdown.cancelled()).boxed()
        }
        None => {
            let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
            server.serve_with_incoming_shutdown(incoming, shutdown.cancelled()).boxed()
        }
    };
    let overdue = async {
        shutdown.cancelled().await;
        tokio::time::sleep(service.limits.drain()).await;
    };
    tokio::select! {
        served = server => Ok(served?),
        () = overdue => {
            tracing::warn!("calls still in flight, closing anyway");
            Ok(())
        }
    }
}

/// Tells the handler's own calls how much of the deadline is left.
#[derive(Clone)]
struct DeadlineScope<S> {
    inner: S,
    timeout: Duration,
}

impl<S> tower::Service<Request<Body>> for DeadlineScope<S>
where
    S: tower::Service<Request<Body>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut task::Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let timeout = client::timeout_of(request.headers())
            .map_or(self.timeout, |asked| asked.min(self.timeout));
        let answer = self.inner.call(request);
        Box::pin(client::within(Instant::now() + timeout, answer))
    }
}

/// Reports the service as well once it can check tokens, and as not serving when it ends, so
/// that callers turn elsewhere while it drains.
async fn report_health(health: HealthReporter, service: Service, shutdown: CancellationToken) {
    tokio::select! {
        () = service.trust.loaded() => {
            health.set_service_status("", ServingStatus::Serving).await;
            shutdown.cancelled().await;
        }
        () = shutdown.cancelled() => {}
    }
    health.set_service_status("", ServingStatus::NotServing).await;
}

/// Health is told here too, without TLS: who probes a service from beside it has no certificate.
async fn serve_admin(
    listener: TcpListener,
    service: Service,
    health: HealthServer<impl Health>,
    shutdown: CancellationToken,
) {
    let router = telemetry::admin_router(move || std::future::ready(service.trust.is_loaded()))
        .route_service(&format!("/{HEALTH_NAME}/{{*rpc}}"), health);
    let served =
        axum::serve(listener, router).with_graceful_shutdown(shutdown.cancelled_owned()).await;
    if let Err(error) = served {
        tracing::error!(error = error.to_string(), "admin port failed");
    }
}

/// Logs why a handler panicked.
pub fn log_panic(panic: &(dyn Any + Send)) {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    tracing::error!(message, "a handler panicked");
}

fn panicked(panic: Box<dyn Any + Send>) -> Response<Body> {
    log_panic(panic.as_ref());
    Status::internal("internal error").into_http()
}

const KEEP_DAYS_IDEMPOTENCY: i32 = 2;
const KEEP_DAYS_INBOX: i32 = 30;

/// Forgets idempotency keys and applied events that nobody will come back for.
fn forget_old(service: &Service) -> Sweep {
    let pool = service.db.clone();
    Sweep::new("forget_old", Duration::from_secs(3600), move || {
        let pool = pool.clone();
        async move {
            sqlx::query(
                "with old_keys as (
                     delete from idempotency_key
                      where created_at < now() - make_interval(days => $1)
                 )
                 delete from inbox where received_at < now() - make_interval(days => $2)",
            )
            .bind(KEEP_DAYS_IDEMPOTENCY)
            .bind(KEEP_DAYS_INBOX)
            .execute(&pool)
            .await?;
            Ok(false)
        }
    })
}
