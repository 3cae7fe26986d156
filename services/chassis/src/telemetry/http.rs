//! One span, one access-log line and the metrics of every HTTP request.
//!
//! Requests are known by their route, `/lines/{id}`, never by their path or query: those may hold
//! personal data.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use ::http::{Method, Request, Response, StatusCode};
use axum::extract::MatchedPath;
use opentelemetry::trace::Status as SpanStatus;
use tower::{Layer, Service};
use tracing::{Instrument, Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::metrics::{HTTP_REQUESTS, HTTP_SECONDS};
use super::propagation;
use super::request_id::request_id;

/// The status of a request whose client left before the answer, as nginx writes it.
const CLIENT_LEFT: u16 = 499;

/// Observes the requests of a router; `dialect` is the label of its metrics.
///
/// Give it to `Router::layer`, inside the layer that sets the request id: around the whole router
/// the route would not be known yet.
pub fn http_layer(dialect: &'static str) -> HttpLayer {
    HttpLayer { dialect }
}

#[derive(Clone, Copy, Debug)]
pub struct HttpLayer {
    dialect: &'static str,
}

impl<S> Layer<S> for HttpLayer {
    type Service = Observed<S>;

    fn layer(&self, inner: S) -> Observed<S> {
        Observed { inner, dialect: self.dialect }
    }
}

/// An HTTP service whose requests are observed.
#[derive(Clone, Debug)]
pub struct Observed<S> {
    inner: S,
    dialect: &'static str,
}

impl<S, Q, B> Service<Request<Q>> for Observed<S>
where
    S: Service<Request<Q>, Response = Response<B>>,
    S::Future: Send + 'static,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<B>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        let mut exchange = Exchange::start(self.dialect, &request);
        let span = exchange.span.clone();
        let answer = span.in_scope(|| self.inner.call(request));
        let observed = async move {
            let answer = answer.await;
            exchange.answered(match &answer {
                Ok(response) => response.status(),
                Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
            });
            answer
        };
        Box::pin(observed.instrument(span))
    }
}

/// A request under way. Reports its end when dropped, answered or not.
struct Exchange {
    dialect: &'static str,
    method: &'static str,
    route: String,
    span: Span,
    started: Instant,
    status: u16,
}

impl Exchange {
    fn start<Q>(dialect: &'static str, request: &Request<Q>) -> Self {
        let method = name(request.method());
        let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
        let span_name = match route {
            Some(route) => format!("{method} {route}"),
            None => method.to_owned(),
        };
        let span = info_span!(
            "http",
            otel.name = span_name,
            otel.kind = "server",
            dialect,
            request_id = request_id(request.headers()),
        );
        propagation::parent_from_headers(&span, request.headers());
        // Attributes rather than fields: every log line repeats the fields of its spans.
        span.set_attribute("http.request.method", method);
        if let Some(route) = route {
            span.set_attribute("http.route", route.to_owned());
        }

        let route = route.unwrap_or("unmatched").to_owned();
        Self { dialect, method, route, span, started: Instant::now(), status: CLIENT_LEFT }
    }

    fn answered(&mut self, status: StatusCode) {
        self.status = status.as_u16();
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let Self { dialect, method, status, .. } = *self;
        let elapsed = self.started.elapsed();
        self.span.set_attribute("http.response.status_code", i64::from(status));
        if status >= 500 {
            self.span.set_status(SpanStatus::error(""));
        }
        metrics::counter!(
            HTTP_REQUESTS,
            "dialect" => dialect,
            "method" => method,
            "route" => self.route.clone(),
            "status" => status.to_string()
        )
        .increment(1);
        metrics::histogram!(
            HTTP_SECONDS, "dialect" => dialect, "method" => method, "route" => self.route.clone()
        )
        .record(elapsed.as_secs_f64());

        let elapsed_ms = elapsed.as_micros() as f64 / 1000.0;
        // The request id is a field of the span, and so of this line.
        self.span.in_scope(|| match self.route.as_str() {
            // Asked for every few seconds, and of no interest to a reader.
            "/healthz" | "/readyz" => {
                tracing::debug!(method, route = self.route, status, elapsed_ms, "answered");
            }
            _ => tracing::info!(method, route = self.route, status, elapsed_ms, "answered"),
        });
    }
}

/// Clients may invent methods; only those of the standard become labels.
fn name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        "CONNECT" => "CONNECT",
        "TRACE" => "TRACE",
        _ => "_OTHER",
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use opentelemetry::trace::SpanKind;
    use tower::ServiceExt;

    use super::*;
    use crate::telemetry::metrics;
    use crate::telemetry::testing::{Recorded, attribute};

    fn router(dialect: &'static str) -> Router {
        let lines = Router::new()
            .route("/{cpf}", get(async || "a line"))
            .route("/broken", get(async || StatusCode::INTERNAL_SERVER_ERROR));
        Router::new().nest("/lines", lines).layer(http_layer(dialect))
    }

    async fn send(dialect: &'static str, path: &str) -> StatusCode {
        let request = Request::get(path)
            .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
            .header("x-request-id", "r-1")
            .body(Body::empty())
            .unwrap();
        router(dialect).oneshot(request).await.unwrap().status()
    }

    #[tokio::test]
    async fn a_request_is_known_by_its_route() {
        let recorded = Recorded::start();
        send("unit", "/lines/11144477735?name=maria").await;

        let [span] = recorded.spans(["GET /lines/{cpf}"]);
        assert_eq!(span.span_kind, SpanKind::Server);
        assert_eq!(span.parent_span_id.to_string(), "b7ad6b7169203331");
        assert_eq!(attribute(&span, "http.response.status_code"), "200");
        assert_eq!(attribute(&span, "request_id"), "r-1");
        let everything = format!("{span:?}");
        assert!(!everything.contains("11144477735") && !everything.contains("maria"));
    }

    #[tokio::test]
    async fn only_failures_of_the_server_are_errors() {
        let recorded = Recorded::start();
        assert_eq!(send("unit", "/nowhere").await, StatusCode::NOT_FOUND);
        send("unit", "/lines/broken").await;

        let [nowhere, broken] = recorded.spans(["GET", "GET /lines/broken"]);
        assert_eq!(nowhere.status, SpanStatus::Unset);
        assert!(matches!(broken.status, SpanStatus::Error { .. }));
    }

    #[tokio::test]
    async fn requests_are_counted_by_dialect_and_route() {
        metrics::install();
        send("counted", "/lines/1").await;
        send("counted", "/lines/2").await;
        send("counted", "/somebody/guesses").await;

        let text = metrics::render();
        for line in [
            r#"linha_http_requests_total{dialect="counted",method="GET",route="/lines/{cpf}",status="200"} 2"#,
            r#"linha_http_requests_total{dialect="counted",method="GET",route="unmatched",status="404"} 1"#,
            r#"linha_http_request_seconds_count{dialect="counted",method="GET",route="/lines/{cpf}"} 2"#,
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
