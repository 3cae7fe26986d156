//! The REST gateway: it speaks documented dialects and translates each into calls to the four
//! services.
//!
//! Invariants, stated as absences: no database, no state but caches of what identity says, no
//! rule of the domain. It checks tokens, and so does every service behind it.

pub mod address;
pub mod body;
pub mod caller;
pub mod clients;
pub mod config;
pub mod dialects;
mod docs;
pub mod fault;
mod leftover;
mod limits;
mod pages;
mod providers;
mod server;
mod stack;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::{Router, middleware};
use chassis::auth::{Trust, refreshing};
use chassis::clock::Clock;
use chassis::host::Activity;
use chassis::telemetry;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use utoipa::openapi::OpenApi;

use crate::clients::Clients;
pub use crate::config::Config;
use crate::dialects::enterprises::{self, Enterprises};
use crate::dialects::lines::{self, Lines};
use crate::dialects::oauth::{self, OAuth};
use crate::dialects::schools::{self, Schools};
use crate::dialects::voice::{self, Voice};
use crate::dialects::workspaces::{self, Workspaces};
use crate::fault::Fault;
use crate::limits::RateLimits;

/// Sockets, time and the end: what the gateway gets from the process it runs in.
pub struct GatewayHost {
    /// Where it answers. Bound before it starts, so that nobody is refused.
    pub listener: TcpListener,
    /// Where it tells its metrics and health.
    pub admin: Option<TcpListener>,
    /// The time.
    pub clock: Clock,
    /// Cancelled when the gateway is to end.
    pub shutdown: CancellationToken,
    /// Where it shows what it has still to do.
    pub activity: Activity,
    /// Further routes, such as those under `/sandbox`.
    pub extra: Extra,
}

/// Routes of the process that the gateway runs in. They are neither guarded nor limited.
#[derive(Default)]
pub struct Extra {
    /// The routes.
    pub router: Router,
    /// What describes them among the documents: (path, document).
    pub documents: Vec<(&'static str, OpenApi)>,
}

/// What all dialects share.
pub struct Gateway {
    /// The services.
    pub clients: Clients,
    /// What tokens are checked with.
    pub trust: Trust,
    /// Settings.
    pub config: Config,
    /// The time.
    pub clock: Clock,
    rates: Option<Arc<RateLimits>>,
    ending: AtomicBool,
}

impl Gateway {
    /// A gateway that knows no keys yet.
    ///
    /// # Errors
    /// When the contracts cannot be read.
    pub fn new(config: Config, clock: Clock) -> anyhow::Result<Self> {
        Ok(Self {
            clients: Clients::new(&config, clock.clone())?,
            trust: Trust::new(clock.clone()),
            clock,
            rates: RateLimits::new(&config.limits).map(Arc::new),
            config,
            ending: AtomicBool::new(false),
        })
    }

    /// Whether it should get requests.
    pub async fn is_ready(&self) -> bool {
        !self.ending.load(Ordering::Relaxed)
            && self.trust.is_loaded()
            && self.clients.identity.is_well().await
    }
}

/// Everything that the gateway answers.
pub fn router(gateway: &Arc<Gateway>, extra: Extra) -> Router {
    let (lines, mut lines_document) = lines::routes(&Lines::new(gateway.clone()));
    let (voice, voice_document) = voice::routes(&Voice::new(gateway.clone()));
    let (enterprises, enterprises_document) =
        enterprises::routes(&Enterprises::new(gateway.clone()));
    let (schools, mut schools_document) = schools::routes(&Schools::new(gateway.clone()));
    let (workspaces, workspaces_document) = workspaces::routes(&Workspaces::new(gateway.clone()));
    let (oauth, oauth_document) = oauth::routes(&OAuth::new(gateway.clone()));
    lines_document.merge(oauth_document.clone());
    schools_document.merge(oauth_document);
    let mut documents = vec![
        ("/openapi/lines.json", lines_document),
        ("/openapi/voice.json", voice_document),
        ("/openapi/enterprises.json", enterprises_document),
        ("/openapi/schools.json", schools_document),
        ("/openapi/workspaces.json", workspaces_document),
    ];
    documents.extend(extra.documents);
    let router = lines
        .merge(providers::routes(&Lines::new(gateway.clone())))
        .merge(docs::routes(documents))
        .merge(extra.router)
        .method_not_allowed_fallback(async || lines::Error::from(Fault::MethodNotAllowed));
    let web = &gateway.config.web;
    let workspaces = stack::common::<Workspaces>(workspaces, web);
    stack::common::<Lines>(router, web)
        .merge(stack::common::<Voice>(voice, web))
        .merge(stack::common::<Enterprises>(enterprises, web))
        .merge(stack::common::<Schools>(schools, web))
        .merge(stack::common::<OAuth>(oauth, web))
        .layer(middleware::from_fn_with_state(workspaces, workspaces::divert))
}

/// Serves until the host's shutdown; then finishes the requests in work, within the drain limit.
///
/// # Errors
/// When the contracts cannot be read.
pub async fn serve(config: Config, host: GatewayHost) -> anyhow::Result<()> {
    let GatewayHost { listener, admin, clock, shutdown, activity, extra } = host;
    let gateway = Arc::new(Gateway::new(config, clock.clone())?);
    let limits = &gateway.config.limits;

    let background = CancellationToken::new();
    let mut tasks = JoinSet::new();
    let identity = gateway.clients.identity.upstream();
    let trust = refreshing(identity, gateway.trust.clone(), limits.trust_refresh());
    activity.register("gateway", None, std::slice::from_ref(&trust));
    tasks.spawn(trust.repeat(clock, limits.request_timeout(), background.clone()));
    if let Some(rates) = gateway.rates.clone() {
        let background = background.clone();
        tasks.spawn(async move { rates.forget(background).await });
    }
    if let Some(admin) = admin {
        tasks.spawn(serve_admin(admin, gateway.clone(), background.clone()));
    }

    // Readiness drops at once, so that callers turn elsewhere while requests are still accepted.
    tasks.spawn({
        let (gateway, shutdown) = (gateway.clone(), shutdown.clone());
        async move {
            shutdown.cancelled().await;
            gateway.ending.store(true, Ordering::Relaxed);
        }
    });
    server::serve(listener, router(&gateway, extra), limits, shutdown).await;
    background.cancel();
    tasks.shutdown().await;
    Ok(())
}

async fn serve_admin(admin: TcpListener, gateway: Arc<Gateway>, shutdown: CancellationToken) {
    let router = telemetry::admin_router(move || {
        let gateway = gateway.clone();
        async move { gateway.is_ready().await }
    });
    let served =
        axum::serve(admin, router).with_graceful_shutdown(shutdown.cancelled_owned()).await;
    if let Err(error) = served {
        tracing::error!(error = error.to_string(), "admin port failed");
    }
}
