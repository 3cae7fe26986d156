//! The browsable documents: /docs and /openapi/<dialect>.json.

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_SECURITY_POLICY;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

// The viewer styles its elements one by one, and draws pictures from data.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Serves the documents, of which the viewer shows the first one first.
pub(crate) fn routes(documents: Vec<(&'static str, OpenApi)>) -> Router {
    let viewer = SwaggerUi::new("/docs").config(
        // The viewer would have every document checked by somebody else's server.
        Config::default().validator_url("none").try_it_out_enabled(true),
    );
    let viewer =
        documents.into_iter().fold(viewer, |viewer, (url, document)| viewer.url(url, document));
    Router::from(viewer).layer(SetResponseHeaderLayer::overriding(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    ))
}
