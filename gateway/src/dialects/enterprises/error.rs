//! How this dialect says that something is wrong: a status, and one of few texts. What a service
//! refuses becomes one of them by one table.

use std::time::Duration;

use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chassis::refusal::Refusal;
use serde::Serialize;
use tonic::{Code, Status};
use utoipa::ToSchema;

use crate::fault::{Fault, whole_seconds};
use crate::limits;

const RETRY_AFTER_USUAL: Duration = Duration::from_secs(1);

/// A way in which things go wrong: status and text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind(pub(super) StatusCode, pub(super) &'static str);

pub(super) const BAD_REQUEST: Kind = Kind(StatusCode::BAD_REQUEST, "Bad Request");
pub(super) const NOT_CREATED: Kind = Kind(StatusCode::BAD_REQUEST, "Failed to Create Enterprise");
pub(super) const UNAUTHORIZED: Kind = Kind(StatusCode::UNAUTHORIZED, "Unauthorized");
pub(super) const NOT_FOUND: Kind = Kind(StatusCode::NOT_FOUND, "Not Found");
pub(super) const METHOD_NOT_ALLOWED: Kind =
    Kind(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
pub(super) const TOO_LARGE: Kind = Kind(StatusCode::PAYLOAD_TOO_LARGE, "Payload Too Large");
pub(super) const UNSUPPORTED: Kind =
    Kind(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Unsupported Media Type");
pub(super) const TOO_MANY: Kind = Kind(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
pub(super) const INTERNAL: Kind = Kind(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
pub(super) const UNAVAILABLE: Kind = Kind(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable");

/// What is being done; it decides on the text of some refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Something new is made.
    Creation,
    /// Something is deleted.
    Deletion,
    /// Anything else.
    Other,
}

/// Reasons with texts of their own, and when they have them. All else goes by its gRPC code.
const REASONS: &[(&str, Deed, Kind)] = &[
    ("ENTERPRISE_CNPJ_TAKEN", Deed::Creation, NOT_CREATED),
    ("COUNTRY_UNKNOWN", Deed::Creation, NOT_CREATED),
    ("ENTERPRISE_SELF", Deed::Deletion, refusal("Cannot Delete Self Enterprise")),
    ("ENTERPRISE_MAIN_CLIENT", Deed::Deletion, refusal("Cannot Delete a Main Client Enterprise")),
    ("ENTERPRISE_NOT_AFFILIATED", Deed::Deletion, refusal("Enterprise Not Affiliated")),
    ("ENTERPRISE_AFFILIATION_SUSPENDED", Deed::Deletion, refusal("Invalid Affiliation")),
    (
        "ENTERPRISE_AFFILIATED_ELSEWHERE",
        Deed::Deletion,
        refusal("Cannot Delete Enterprise With Other Affiliations"),
    ),
    (
        "ENTERPRISE_IN_USE",
        Deed::Deletion,
        refusal("Cannot Delete Enterprise With Devices, Chips, Vehicles or Users"),
    ),
];

const fn refusal(message: &'static str) -> Kind {
    Kind(StatusCode::BAD_REQUEST, message)
}

/// The texts of a deletion that is refused.
pub(super) fn deletion_messages() -> impl Iterator<Item = &'static str> {
    let of_deletion = REASONS.iter().filter(|(_, deed, _)| *deed == Deed::Deletion);
    of_deletion.map(|(.., Kind(_, message))| *message)
}

fn kind_of(code: Code, reason: &str, deed: Deed) -> Kind {
    let known = REASONS.iter().find(|(known, when, _)| *known == reason && *when == deed);
    if let Some((.., kind)) = known {
        return *kind;
    }
    match code {
        Code::InvalidArgument | Code::AlreadyExists | Code::FailedPrecondition => BAD_REQUEST,
        Code::Unauthenticated | Code::PermissionDenied => UNAUTHORIZED,
        Code::NotFound => NOT_FOUND,
        Code::Unavailable
        | Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::ResourceExhausted => UNAVAILABLE,
        _ => INTERNAL,
    }
}

/// An answer that says what went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: Kind,
    retry_after: Option<Duration>,
    limit: Option<u32>,
}

impl Error {
    /// What a service refused while something was being done.
    pub(super) fn of(status: Status, deed: Deed) -> Self {
        let refusal = Refusal::of(&status);
        let kind = kind_of(status.code(), &refusal.reason, deed);
        if kind == INTERNAL && status.code() != Code::Internal {
            // An INTERNAL was logged where it arose; this was understood nowhere.
            tracing::error!(code = ?status.code(), reason = refusal.reason, "unexpected refusal");
        }
        Self { retry_after: refusal.retry_after, ..Self::from(kind) }
    }

    /// Says how many a limit lets through.
    #[must_use]
    pub(super) fn limited_to(self, limit: u32) -> Self {
        Self { limit: Some(limit), ..self }
    }
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Self {
        Self { kind, retry_after: None, limit: None }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::NotFound => NOT_FOUND.into(),
            Fault::MethodNotAllowed => METHOD_NOT_ALLOWED.into(),
            Fault::NoId | Fault::Malformed(_) | Fault::Invalid(_) => BAD_REQUEST.into(),
            Fault::PayloadTooLarge => TOO_LARGE.into(),
            Fault::UnsupportedMediaType => UNSUPPORTED.into(),
            Fault::Unauthorized => UNAUTHORIZED.into(),
            Fault::TooManyRequests(after) => Self { retry_after: Some(after), ..TOO_MANY.into() },
            Fault::Unavailable => UNAVAILABLE.into(),
            Fault::Internal => INTERNAL.into(),
        }
    }
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EnterpriseError)]
pub(super) struct Envelope {
    /// All of it.
    error: Told,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EnterpriseErrorBody)]
pub(super) struct Told {
    /// One of few texts.
    #[schema(example = "Bad Request")]
    message: &'static str,
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let Kind(status, message) = self.kind;
        let mut response =
            (status, super::wire::Json(Envelope { error: Told { message } })).into_response();
        let headers = response.headers_mut();
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                let after = whole_seconds(self.retry_after.unwrap_or(RETRY_AFTER_USUAL));
                headers.insert(RETRY_AFTER, after.into());
                if status == StatusCode::TOO_MANY_REQUESTS {
                    limits::tell(headers, self.limit.unwrap_or_default(), after);
                }
            }
            _ => {}
        }
        response
    }
}

#[cfg(test)]
mod tests;
