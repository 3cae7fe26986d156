use std::time::Duration;

use ::http::header::CONTENT_TYPE;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;

use super::metrics;

const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const READY_TIMEOUT: Duration = Duration::from_secs(2);

/// What the admin port of a service answers: `/metrics`, `/healthz` (the process runs) and
/// `/readyz` (it should get requests: `ready` says so, and soon). Begins to count.
pub fn admin_router<F, R>(ready: F) -> Router
where
    F: Fn() -> R + Clone + Send + Sync + 'static,
    R: Future<Output = bool> + Send,
{
    metrics::install();
    let readyz = async move || match tokio::time::timeout(READY_TIMEOUT, ready()).await {
        Ok(true) => (StatusCode::OK, "ready\n"),
        Ok(false) | Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
    };
    Router::new()
        .route("/metrics", get(async || ([(CONTENT_TYPE, PROMETHEUS_TEXT)], metrics::render())))
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(readyz))
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::extract::Request;
    use tokio::sync::watch;
    use tower::ServiceExt;

    use super::*;

    async fn answer(router: &Router, path: &str) -> (StatusCode, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8(body.into()).unwrap())
    }

    #[tokio::test]
    async fn readiness_follows_its_source_and_health_does_not() {
        let (set_ready, ready) = watch::channel(false);
        let router = admin_router(move || std::future::ready(*ready.borrow()));

        assert_eq!(answer(&router, "/readyz").await.0, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer(&router, "/healthz").await.0, StatusCode::OK);
        set_ready.send(true).unwrap();
        assert_eq!(answer(&router, "/readyz").await.0, StatusCode::OK);
    }

    #[tokio::test]
    async fn metrics_are_served_as_text() {
        metrics::install();
        ::metrics::counter!("linha_admin_test_total").increment(1);
        let (status, body) = answer(&admin_router(async || true), "/metrics").await;
        assert_eq!(status, StatusCode::OK);
        assert!(body.contains("linha_admin_test_total 1"));
    }
}
