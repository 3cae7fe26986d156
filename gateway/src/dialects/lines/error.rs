//! How this dialect says that something is wrong. What a service refuses becomes a status and a
//! code by one table.

use std::time::Duration;

use axum::Json;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chassis::refusal::Refusal;
use serde::Serialize;
use tonic::{Code, Status};
use utoipa::ToSchema;

use super::wire::Names;
use crate::fault::{Fault, Violation, whole_seconds};

/// A way in which things go wrong: HTTP status, code, message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind(pub(super) StatusCode, pub(super) &'static str, pub(super) &'static str);

const fn kind(status: StatusCode, code: &'static str, message: &'static str) -> Kind {
    Kind(status, code, message)
}

pub(super) const NOT_FOUND: Kind =
    kind(StatusCode::NOT_FOUND, "resource-not-found", "Resource not found!");
const METHOD_NOT_ALLOWED: Kind =
    kind(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "This method is not allowed here.");
pub(super) const MALFORMED: Kind =
    kind(StatusCode::BAD_REQUEST, "malformed-request", "The request cannot be read.");
pub(super) const INVALID: Kind = kind(
    StatusCode::UNPROCESSABLE_ENTITY,
    "input-validation-error",
    "Some values of the request are not valid.",
);
pub(super) const TOO_LARGE: Kind =
    kind(StatusCode::PAYLOAD_TOO_LARGE, "payload-too-large", "The body is too long.");
pub(super) const UNSUPPORTED: Kind = kind(
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    "unsupported-media-type",
    "The body must be application/json.",
);
pub(super) const UNAUTHORIZED: Kind =
    kind(StatusCode::UNAUTHORIZED, "unauthorized", "The credentials are missing or not valid.");
pub(super) const FORBIDDEN: Kind = kind(StatusCode::FORBIDDEN, "forbidden", "You may not do this.");
pub(super) const TOO_MANY: Kind =
    kind(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "Too many requests; try later.");
pub(super) const UNAVAILABLE: Kind = kind(
    StatusCode::SERVICE_UNAVAILABLE,
    "unavailable",
    "This cannot be done at the moment; try again.",
);
pub(super) const INTERNAL: Kind =
    kind(StatusCode::INTERNAL_SERVER_ERROR, "internal-error", "Something went wrong on our side.");
const INVALID_STATUS: Kind =
    kind(StatusCode::CONFLICT, "invalid-status", "Its present status does not allow this.");
const CONFLICT: Kind = kind(StatusCode::CONFLICT, "conflict", "Something else has this already.");

/// What services say, and what it is here. Everything else goes by its gRPC code.
const REASONS: &[(&str, Kind)] = &[
    ("INVALID_FIELDS", INVALID),
    (
        "IDEMPOTENCY_MISMATCH",
        kind(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency-mismatch",
            "This Idempotency-Key came with another request before.",
        ),
    ),
    ("INVALID_CREDENTIALS", UNAUTHORIZED),
    ("INVALID_CLIENT", UNAUTHORIZED),
    ("COMPANY_INACTIVE", UNAUTHORIZED),
    ("COMPANY_HELD", INVALID_STATUS),
    ("TOO_MANY_ATTEMPTS", TOO_MANY),
    ("BUSY", UNAVAILABLE),
    (
        "EMAIL_ALREADY_REGISTERED",
        kind(
            StatusCode::CONFLICT,
            "email-already-registered",
            "This e-mail is registered already.",
        ),
    ),
    (
        "AREA_CODE_OUT_OF_STOCK",
        kind(
            StatusCode::CONFLICT,
            "area-code-out-of-stock",
            "No number of this area is free at the moment.",
        ),
    ),
    (
        "SIM_CARD_IN_USE",
        kind(StatusCode::CONFLICT, "sim-card-in-use", "This SIM card is in another line."),
    ),
    (
        "AMBIGUOUS_SIM_CARD",
        kind(
            StatusCode::CONFLICT,
            "ambiguous-sim-card",
            "Several SIM cards end in these digits; give the whole number.",
        ),
    ),
    (
        "INVALID_PHONE_NUMBER",
        kind(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid-phone-number",
            "This is not a mobile number of another operator in the line's area.",
        ),
    ),
    (
        "PORT_IN_IN_PROGRESS",
        kind(
            StatusCode::CONFLICT,
            "portability-in-progress",
            "The number or the line has an open portability.",
        ),
    ),
    (
        "PORT_IN_TOO_LATE_TO_CANCEL",
        kind(
            StatusCode::CONFLICT,
            "too-late-to-cancel",
            "The last day on which this could be cancelled is over.",
        ),
    ),
    (
        "PRICE_MISMATCH",
        kind(
            StatusCode::UNPROCESSABLE_ENTITY,
            "price-mismatch",
            "This is not the price of the catalogue.",
        ),
    ),
    ("PORT_IN_CLOSED", INVALID_STATUS),
    ("LINE_NOT_ACTIVE", INVALID_STATUS),
    ("HOLDER_DOCUMENT_MISSING", INVALID_STATUS),
    ("SHIPMENT_STATUS_ORDER", INVALID_STATUS),
    ("SIGNUP_FORM_COMPLETED", INVALID_STATUS),
    ("LINE_NOT_AWAITING_APPROVAL", INVALID_STATUS),
    ("LINE_AWAITING_APPROVAL", INVALID_STATUS),
    ("NO_PAY_TOO_EARLY", INVALID_STATUS),
    ("LINE_HAS_SIM_CARD", INVALID_STATUS),
    ("LINE_CANCELLED", INVALID_STATUS),
    ("INVOICE_NOT_PAID", INVALID_STATUS),
    ("WEBHOOK_ENDPOINT_DISABLED", INVALID_STATUS),
    ("LINE_NOT_IN_SERVICE", INVALID_STATUS),
    ("CUSTOM_FIELD_EXISTS", CONFLICT),
    ("CNPJ_TAKEN", CONFLICT),
    ("FISCAL_NOTE_PENDING", UNAVAILABLE),
    ("FISCAL_NOTE_REJECTED", CONFLICT),
    ("RECIPIENT_INCOMPLETE", INVALID_STATUS),
    ("LAST_ADMINISTRATOR", INVALID_STATUS),
    ("LAST_OWNER", INVALID_STATUS),
    ("WORK_EMAIL_TAKEN", CONFLICT),
    ("EMAIL_DOMAIN_TAKEN", CONFLICT),
    ("PLAN_NAME_TAKEN", CONFLICT),
];

/// Reasons whose particulars are in the service's own words, which it means for people to read.
const IN_THE_SERVICES_WORDS: &[&str] =
    &["FISCAL_NOTE_REJECTED", "NO_PAY_TOO_EARLY", "RECIPIENT_INCOMPLETE"];

fn kind_of(code: Code, reason: &str) -> Kind {
    if let Some((_, kind)) = REASONS.iter().find(|(known, _)| *known == reason) {
        return *kind;
    }
    match code {
        Code::NotFound => NOT_FOUND,
        Code::InvalidArgument => INVALID,
        Code::AlreadyExists => CONFLICT,
        Code::FailedPrecondition => INVALID_STATUS,
        Code::Unauthenticated => UNAUTHORIZED,
        Code::PermissionDenied => FORBIDDEN,
        Code::Unavailable
        | Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::ResourceExhausted => UNAVAILABLE,
        _ => INTERNAL,
    }
}

const RETRY_AFTER_USUAL: Duration = Duration::from_secs(1);

/// An answer that says what went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: Kind,
    message: Option<String>,
    violations: Vec<Violation>,
    retry_after: Option<Duration>,
}

impl Error {
    /// What a service refused; `names` tells what its fields are called here.
    pub(super) fn of(status: Status, names: &Names) -> Self {
        let refusal = Refusal::of(&status);
        let kind = kind_of(status.code(), &refusal.reason);
        if kind == INTERNAL && status.code() != Code::Internal {
            // An INTERNAL was logged where it arose; this was understood nowhere.
            tracing::error!(code = ?status.code(), reason = refusal.reason, "unexpected refusal");
        }
        let violations = refusal
            .violations
            .into_iter()
            .map(|broken| Violation::new(names.member(&broken.field), broken.message))
            .collect();
        let message = IN_THE_SERVICES_WORDS
            .contains(&refusal.reason.as_str())
            .then(|| status.message().to_owned());
        Self { message, violations, retry_after: refusal.retry_after, ..Self::from(kind) }
    }

    /// Its HTTP status.
    pub(super) fn status(&self) -> StatusCode {
        self.kind.0
    }
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Self {
        Self { kind, message: None, violations: vec![], retry_after: None }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::NotFound | Fault::NoId => NOT_FOUND.into(),
            Fault::MethodNotAllowed => METHOD_NOT_ALLOWED.into(),
            Fault::Malformed(message) => Self { message: Some(message), ..MALFORMED.into() },
            Fault::Invalid(violations) => Self { violations, ..INVALID.into() },
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
pub(super) struct Envelope {
    /// What went wrong, for programs: kebab-case.
    code: &'static str,
    /// What went wrong, for people.
    message: String,
    /// The members at fault, where there are any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    details: Vec<Detail>,
}

/// A member at fault.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Detail {
    /// The member: `cpf`, `address.zip_code`.
    key: String,
    /// What is wrong with it.
    message: String,
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let Kind(status, code, message) = self.kind;
        let envelope = Envelope {
            code,
            message: self.message.unwrap_or_else(|| message.to_owned()),
            details: self
                .violations
                .into_iter()
                .map(|Violation { member, message }| Detail { key: member, message })
                .collect(),
        };
        let mut response = (status, Json(envelope)).into_response();
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(&status) {
            let after = self.retry_after.unwrap_or(RETRY_AFTER_USUAL);
            headers.insert(RETRY_AFTER, whole_seconds(after).into());
        }
        response
    }
}

#[cfg(test)]
mod tests;
