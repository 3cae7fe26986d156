//! What every request goes through, in one place and one order.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::error_handling::HandleErrorLayer;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    RETRY_AFTER, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use chassis::idempotency::{KEY_HEADER, REPLAYED_HEADER};
use chassis::server::log_panic;
use chassis::telemetry;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::timeout::TimeoutLayer;
use tower::{BoxError, ServiceBuilder};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::{Any as AnyOrigin, CorsLayer};
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::caller::{COMPANY_HEADER, REQUEST_ID, TOKEN_HEADER};
use crate::config::Web;
use crate::dialects::Dialect;
use crate::fault::Fault;
use crate::limits::RateLimits;
use crate::{address, caller, limits};

const REQUEST_ID_LENGTH_MAX: usize = 64;
const PREFLIGHT_AGE: Duration = Duration::from_secs(3600);

/// What a dialect's own requests go through: who asks, how often, and what is too much.
pub(crate) fn guarded<D: Dialect>(router: Router, dialect: &D) -> Router {
    let doors = Doors { dialect: dialect.clone(), rates: dialect.gateway().rates.clone() };
    // The one added last is the outermost.
    bounded(router, dialect).layer(middleware::from_fn_with_state(doors, enter::<D>))
}

/// Refuses what would be too much at once, and what takes too long.
pub(crate) fn bounded<D: Dialect>(router: Router, dialect: &D) -> Router {
    let limits = &dialect.gateway().config.limits;
    let overload = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(async |_: BoxError| D::Error::from(Fault::Unavailable)))
        .layer(LoadShedLayer::new())
        .layer(GlobalConcurrencyLimitLayer::new(limits.concurrency_max))
        .layer(TimeoutLayer::new(limits.request_timeout()));
    router.layer(overload)
}

#[derive(Clone)]
struct Doors<D> {
    dialect: D,
    rates: Option<Arc<RateLimits>>,
}

async fn enter<D: Dialect>(
    State(doors): State<Doors<D>>,
    mut request: Request,
    next: Next,
) -> Result<Response, D::Error> {
    let gateway = doors.dialect.gateway();
    let address = address::locate(&mut request, &gateway.config.web.trusted_proxies);
    let presented = caller::identify(&mut request, &gateway.trust);
    if let Some(rates) = &doors.rates {
        rates.count(&presented, address, sensitive::<D>(&request))?;
    }
    Ok(next.run(request).await)
}

fn sensitive<D: Dialect>(request: &Request) -> Option<&'static str> {
    let route = request.extensions().get::<MatchedPath>()?.as_str();
    let operation =
        D::SENSITIVE.iter().find(|(method, path)| method == request.method() && *path == route);
    operation.map(|(_, path)| *path)
}

/// What all requests go through: names, records, headers, and a net for panics.
pub(crate) fn common<D: Dialect>(router: Router, web: &Web) -> Router {
    let constant = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    let tls = "max-age=63072000; includeSubDomains";
    let tls = web.behind_tls.then(|| constant(STRICT_TRANSPORT_SECURITY, tls));
    // Outermost first: the id is set before the span that records it, and whatever panics is
    // caught inside that span.
    let layers = ServiceBuilder::new()
        .layer(middleware::from_fn(forget_bad_request_id))
        .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
        .layer(telemetry::http::http_layer(D::NAME))
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(constant(X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(constant(X_FRAME_OPTIONS, "DENY"))
        .layer(constant(REFERRER_POLICY, "no-referrer"))
        .layer(constant(CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"))
        .layer(constant(CACHE_CONTROL, "no-store"))
        .option_layer(tls)
        .layer(cors(web))
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::custom(panicked::<D>));
    router.layer(layers)
}

/// A request id goes into logs and to other services: what is no short token is replaced.
async fn forget_bad_request_id(mut request: Request, next: Next) -> Response {
    let is_token = |value: &HeaderValue| {
        (1..=REQUEST_ID_LENGTH_MAX).contains(&value.len())
            && value.as_bytes().iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
    };
    if request.headers().get(REQUEST_ID).is_some_and(|value| !is_token(value)) {
        request.headers_mut().remove(REQUEST_ID);
    }
    next.run(request).await
}

fn cors(web: &Web) -> CorsLayer {
    let layer = CorsLayer::new()
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            AUTHORIZATION,
            CONTENT_TYPE,
            HeaderName::from_static(KEY_HEADER),
            REQUEST_ID,
            TOKEN_HEADER,
            COMPANY_HEADER,
        ])
        .expose_headers(
            [RETRY_AFTER, HeaderName::from_static(REPLAYED_HEADER), REQUEST_ID]
                .into_iter()
                .chain(limits::HEADERS)
                .collect::<Vec<_>>(),
        )
        .max_age(PREFLIGHT_AGE);
    if web.cors_origins.is_empty() {
        layer.allow_origin(AnyOrigin)
    } else {
        layer.allow_origin(web.cors_origins.clone())
    }
}

fn panicked<D: Dialect>(panic: Box<dyn Any + Send>) -> Response {
    log_panic(panic.as_ref());
    D::Error::from(Fault::Internal).into_response()
}
