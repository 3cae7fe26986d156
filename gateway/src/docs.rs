//! The browsable documents: /docs and /openapi/<dialect>.json.

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_SECURITY_POLICY;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::IntoParams;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::{HeaderBuilder, ObjectBuilder, OpenApi, Type};
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

/// Describes an answer that says when to try again.
pub(crate) fn with_retry_after(answer: ResponseBuilder) -> ResponseBuilder {
    with_number(answer, "Retry-After", "Seconds after which to try again")
}

/// Describes an answer that tells of a limit that was reached.
pub(crate) fn with_limit(answer: ResponseBuilder) -> ResponseBuilder {
    let answer = with_retry_after(answer);
    let answer = with_number(answer, "RateLimit-Limit", "Requests that the limit lets through");
    let answer = with_number(answer, "RateLimit-Remaining", "How many of them are left: 0");
    with_number(answer, "RateLimit-Reset", "Seconds after which the limit starts anew")
}

fn with_number(answer: ResponseBuilder, name: &str, description: &str) -> ResponseBuilder {
    let number = HeaderBuilder::new()
        .schema(Some(ObjectBuilder::new().schema_type(Type::Integer).build()))
        .description(Some(description));
    answer.header(name, number.build())
}

/// The header that makes a request safe to repeat.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes a header to the document; the caller reads it")]
pub(crate) struct IdempotencyKey {
    /// 1 to 255 printable ASCII characters that no other request of this caller has. Without a
    /// token, the caller is the address that it comes from.
    #[param(
        rename = "Idempotency-Key",
        min_length = 1,
        max_length = 255,
        example = "0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d"
    )]
    idempotency_key: Option<String>,
}
