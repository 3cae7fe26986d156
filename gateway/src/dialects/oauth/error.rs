//! How a request for a token is refused: in the form of RFC 6749, section 5.2. For what that
//! section has no word for, its words for the authorization endpoint stand in.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chassis::refusal::Refusal;
use serde::Serialize;
use serde_json::json;
use tonic::{Code, Status};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::{HeaderBuilder, ObjectBuilder, Ref, RefOr, Response as Described, Type};
use utoipa::{IntoResponses, ToSchema};

use crate::fault::{Fault, whole_seconds};

/// A way in which things go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    status: StatusCode,
    error: &'static str,
    description: &'static str,
}

const fn kind(status: StatusCode, error: &'static str, description: &'static str) -> Kind {
    Kind { status, error, description }
}

pub(super) const INVALID_REQUEST: Kind = kind(
    StatusCode::BAD_REQUEST,
    "invalid_request",
    "The form is incomplete, repeats a member, or cannot be read.",
);
pub(super) const INVALID_CLIENT: Kind = kind(
    StatusCode::UNAUTHORIZED,
    "invalid_client",
    "The client is unknown or its secret is wrong.",
);
pub(super) const UNSUPPORTED_GRANT_TYPE: Kind = kind(
    StatusCode::BAD_REQUEST,
    "unsupported_grant_type",
    "The grant type must be client_credentials.",
);
const NO_METHOD: Kind =
    kind(StatusCode::METHOD_NOT_ALLOWED, "invalid_request", "Tokens are asked for by POST.");
const TOO_MANY: Kind =
    kind(StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable", "Too many requests; try later.");
const INTERNAL: Kind =
    kind(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "Something went wrong on our side.");
const UNAVAILABLE: Kind = kind(
    StatusCode::SERVICE_UNAVAILABLE,
    "temporarily_unavailable",
    "This cannot be done at the moment; try again.",
);

const RETRY_AFTER_USUAL: Duration = Duration::from_secs(1);

/// An answer that says why there is no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: Kind,
    retry_after: Option<Duration>,
}

impl Error {
    /// What identity refused.
    pub(super) fn of(status: Status) -> Self {
        let refusal = Refusal::of(&status);
        match (refusal.reason.as_str(), status.code()) {
            ("INVALID_CLIENT", _) => INVALID_CLIENT.into(),
            (
                _,
                Code::Unavailable
                | Code::Cancelled
                | Code::DeadlineExceeded
                | Code::Aborted
                | Code::ResourceExhausted,
            ) => Self { retry_after: refusal.retry_after, ..UNAVAILABLE.into() },
            (_, Code::Internal) => INTERNAL.into(),
            (reason, code) => {
                // An INTERNAL was logged where it arose; this was understood nowhere.
                tracing::error!(?code, reason, "unexpected refusal");
                INTERNAL.into()
            }
        }
    }
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Self {
        Self { kind, retry_after: None }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::MethodNotAllowed => NO_METHOD.into(),
            Fault::TooManyRequests(after) => Self { retry_after: Some(after), ..TOO_MANY.into() },
            Fault::Unavailable => UNAVAILABLE.into(),
            Fault::Internal => INTERNAL.into(),
            Fault::NotFound
            | Fault::NoId
            | Fault::Malformed(_)
            | Fault::Invalid(_)
            | Fault::PayloadTooLarge
            | Fault::UnsupportedMediaType
            | Fault::Unauthorized => INVALID_REQUEST.into(),
        }
    }
}

/// Why there is no token, as RFC 6749 says it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "error": "invalid_client",
    "error_description": "The client is unknown or its secret is wrong."
}))]
pub(super) struct TokenError {
    /// For programs.
    error: &'static str,
    /// For people.
    error_description: &'static str,
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let Kind { status, error, description } = self.kind;
        let body = TokenError { error, error_description: description };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        if self.kind == INVALID_CLIENT {
            let challenge = HeaderValue::from_static("Basic realm=\"linha\"");
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        if [TOO_MANY, UNAVAILABLE].contains(&self.kind) {
            let after = self.retry_after.unwrap_or(RETRY_AFTER_USUAL);
            headers.insert(RETRY_AFTER, whole_seconds(after).into());
        }
        response
    }
}

/// All refusals, as the document describes them.
pub(super) struct Refusals;

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Described>> {
        let kinds = [INVALID_REQUEST, INVALID_CLIENT, TOO_MANY, INTERNAL, UNAVAILABLE];
        kinds.map(described).into()
    }
}

fn described(kind: Kind) -> (String, RefOr<Described>) {
    let Kind { status, error, description } = kind;
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("TokenError")))
        .example(Some(json!({"error": error, "error_description": description})))
        .build();
    let header = |kind, description: &str| {
        let schema = ObjectBuilder::new().schema_type(kind).build();
        HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build()
    };
    let mut response =
        ResponseBuilder::new().description(description).content("application/json", content);
    if kind == INVALID_CLIENT {
        response = response.header("WWW-Authenticate", header(Type::String, "Basic"));
    }
    if [TOO_MANY, UNAVAILABLE].contains(&kind) {
        let after = header(Type::Integer, "Seconds after which to try again");
        response = response.header("Retry-After", after);
    }
    (status.as_str().to_owned(), response.build().into())
}
