//! How this dialect says that something is wrong. What a service refuses becomes a status, a name
//! and a code by one table.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use chassis::refusal::Refusal;
use serde::Serialize;
use tonic::{Code, Status};
use utoipa::ToSchema;

use super::rules::{Broken, Model, Rule};
use crate::fault::{Fault, whole_seconds};
use crate::limits;

/// A way in which things go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) status: StatusCode,
    pub(super) name: &'static str,
    pub(super) code: Option<&'static str>,
    pub(super) message: &'static str,
}

const fn kind(status: StatusCode, code: &'static str, message: &'static str) -> Kind {
    Kind { status, name: "Error", code: Some(code), message }
}

const fn codeless(status: StatusCode, name: &'static str, message: &'static str) -> Kind {
    Kind { status, name, code: None, message }
}

pub(super) const BAD_REQUEST: Kind =
    kind(StatusCode::BAD_REQUEST, "BAD_REQUEST", "The request cannot be read.");
pub(super) const INVALID_FILTER: Kind =
    kind(StatusCode::BAD_REQUEST, "INVALID_FILTER", "The filter cannot be understood.");
pub(super) const USERNAME_EMAIL_REQUIRED: Kind =
    kind(StatusCode::BAD_REQUEST, "USERNAME_EMAIL_REQUIRED", "username or email is required");
pub(super) const INVALID_CONFIRMATION: Kind =
    kind(StatusCode::BAD_REQUEST, "INVALID_TOKEN", "The confirmation is wrong or has expired.");
pub(super) const INVALID_REDIRECT: Kind =
    kind(StatusCode::BAD_REQUEST, "INVALID_REDIRECT", "This is no place to redirect to.");
pub(super) const AUTHORIZATION_REQUIRED: Kind =
    kind(StatusCode::UNAUTHORIZED, "AUTHORIZATION_REQUIRED", "Authorization Required");
pub(super) const INVALID_TOKEN: Kind =
    kind(StatusCode::UNAUTHORIZED, "INVALID_TOKEN", "Invalid Access Token");
pub(super) const ACCESS_DENIED: Kind =
    kind(StatusCode::FORBIDDEN, "ACCESS_DENIED", "Access Denied");
pub(super) const MODEL_NOT_FOUND: Kind =
    kind(StatusCode::NOT_FOUND, "MODEL_NOT_FOUND", "There is no such thing.");
const NO_ROUTE: Kind =
    codeless(StatusCode::NOT_FOUND, "Error", "There is no method to handle this path.");
const METHOD_NOT_ALLOWED: Kind =
    kind(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", "This method is not allowed here.");
pub(super) const TOO_LARGE: Kind =
    kind(StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", "The body is too long.");
pub(super) const UNSUPPORTED: Kind = kind(
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    "UNSUPPORTED_MEDIA_TYPE",
    "The body must be application/json.",
);
pub(super) const INVALID: Kind =
    codeless(StatusCode::UNPROCESSABLE_ENTITY, "ValidationError", "Some values are not valid.");
pub(super) const TOO_MANY: Kind = Kind {
    status: StatusCode::TOO_MANY_REQUESTS,
    name: "TooManyRequests",
    code: Some("RATE_LIMIT_EXCEEDED"),
    message: "Too many requests; try later.",
};
pub(super) const TOO_MANY_SIGNUPS: Kind = codeless(
    StatusCode::TOO_MANY_REQUESTS,
    "TooManySignups",
    "Too many accounts were opened from here; try later.",
);
pub(super) const INTERNAL: Kind =
    codeless(StatusCode::INTERNAL_SERVER_ERROR, "Error", "Internal Server Error");
pub(super) const UNAVAILABLE: Kind =
    codeless(StatusCode::SERVICE_UNAVAILABLE, "Error", "Service Unavailable");

pub(super) const USER_NOT_FOUND: Kind = absent("USER_NOT_FOUND", "There is no such user.");

const fn forbidden_by_state(code: &'static str, message: &'static str) -> Kind {
    kind(StatusCode::UNPROCESSABLE_ENTITY, code, message)
}

const fn absent(code: &'static str, message: &'static str) -> Kind {
    kind(StatusCode::NOT_FOUND, code, message)
}

/// What services say, and what it is here. Everything else goes by its gRPC code.
const REASONS: &[(&str, Kind)] = &[
    ("INVALID_CREDENTIALS", kind(StatusCode::UNAUTHORIZED, "LOGIN_FAILED", "login failed")),
    (
        "EMAIL_NOT_PROVEN",
        kind(
            StatusCode::UNAUTHORIZED,
            "LOGIN_FAILED_EMAIL_NOT_VERIFIED",
            "login failed as the email has not been verified",
        ),
    ),
    ("INVALID_ACCESS_TOKEN", INVALID_TOKEN),
    ("NO_VOICE_ACCOUNT", ACCESS_DENIED),
    ("INVALID_CONFIRMATION", INVALID_CONFIRMATION),
    ("USER_NOT_FOUND", USER_NOT_FOUND),
    ("EXTENSION_NOT_FOUND", absent("EXTENSION_NOT_FOUND", "There is no such extension.")),
    ("CALL_NOT_FOUND", absent("CALL_NOT_FOUND", "There is no such call.")),
    (
        "FINANCIAL_ACCOUNT_NOT_FOUND",
        absent("FINANCIAL_ACCOUNT_NOT_FOUND", "There is no financial account yet."),
    ),
    (
        "INSUFFICIENT_CREDITS",
        kind(StatusCode::PAYMENT_REQUIRED, "INSUFFICIENT_CREDITS", "There is not enough credit."),
    ),
    ("INVALID_PHONE", forbidden_by_state("INVALID_PHONE", "This number cannot be called.")),
    ("EXTENSION_OFFLINE", forbidden_by_state("EXTENSION_OFFLINE", "The extension is offline.")),
    ("EXTENSION_BUSY", forbidden_by_state("EXTENSION_BUSY", "The extension is in a call.")),
    (
        "FINANCIAL_ACCOUNT_REQUIRED",
        forbidden_by_state("FINANCIAL_ACCOUNT_REQUIRED", "A financial account is needed first."),
    ),
    (
        "FINANCIAL_ACCOUNT_EXISTS",
        forbidden_by_state("FINANCIAL_ACCOUNT_EXISTS", "There is a financial account already."),
    ),
    (
        "IDEMPOTENCY_MISMATCH",
        forbidden_by_state(
            "IDEMPOTENCY_MISMATCH",
            "This Idempotency-Key came with another request before.",
        ),
    ),
    ("TOO_MANY_ATTEMPTS", TOO_MANY),
    ("TOO_MANY_DIALS", TOO_MANY),
    ("BUSY", UNAVAILABLE),
];

/// Reasons that are about one member: (reason, field, rule, what is wrong with it).
const FIELD_REASONS: &[(&str, &str, Rule, &str)] = &[
    ("EMAIL_ALREADY_REGISTERED", "email", Rule::Uniqueness, "is in use already"),
    ("DOMAIN_TAKEN", "domain", Rule::Uniqueness, "is in use already"),
    ("EXTENSION_NUMBER_TAKEN", "number", Rule::Uniqueness, "is in use already"),
    ("NO_FREE_EXTENSION", "number", Rule::Custom, "has none left"),
    ("LAST_ADMINISTRATOR", "role", Rule::Custom, "belongs to the last ADMIN, who stays one"),
];

/// How many a limit lets through, where the service that keeps it does not say.
const LIMITS: &[(&str, u32)] = &[("TOO_MANY_ATTEMPTS", 10), ("TOO_MANY_DIALS", 30)];
const SIGNUPS_A_DAY: u32 = 5;
const LIMIT_FACT: &str = "limit";

fn kind_of(code: Code, reason: &str) -> Kind {
    if let Some((_, kind)) = REASONS.iter().find(|(known, _)| *known == reason) {
        return *kind;
    }
    match code {
        Code::NotFound => MODEL_NOT_FOUND,
        Code::InvalidArgument | Code::AlreadyExists | Code::FailedPrecondition => INVALID,
        Code::Unauthenticated => INVALID_TOKEN,
        Code::PermissionDenied => ACCESS_DENIED,
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
    message: Option<Box<str>>,
    details: Option<Box<Details>>,
    retry_after: Option<Duration>,
    limit: Option<u32>,
}

impl Error {
    /// What a service refused; `model` tells what its fields are called here.
    pub(super) fn of(status: Status, model: &Model) -> Self {
        let refusal = Refusal::of(&status);
        let reason = refusal.reason.as_str();
        // A refusal that names its fields knows best which they are.
        if let Some((_, field, rule, message)) =
            FIELD_REASONS.iter().find(|(known, ..)| *known == reason)
            && refusal.violations.is_empty()
        {
            return Self::invalid(model, vec![Broken::new(model.member(field), *rule, *message)]);
        }
        let kind = kind_of(status.code(), reason);
        if kind == INVALID {
            return Self::of_fields(refusal, status.message(), model);
        }
        if kind == INTERNAL && status.code() != Code::Internal {
            // An INTERNAL was logged where it arose; this was understood nowhere.
            tracing::error!(code = ?status.code(), reason, "unexpected refusal");
        }
        let limit = refusal.facts.get(LIMIT_FACT).and_then(|limit| limit.parse().ok());
        let usual = || LIMITS.iter().find(|(known, _)| *known == reason).map(|(_, limit)| *limit);
        let limit = limit.or_else(usual);
        Self { retry_after: refusal.retry_after, limit, ..Self::from(kind) }
    }

    fn of_fields(refusal: Refusal, message: &str, model: &Model) -> Self {
        if let [first, ..] = refusal.violations.as_slice()
            && first.field == chassis::query::FIELD
        {
            return Self::filter(format!("filter {}", first.message));
        }
        let broken: Vec<_> = refusal
            .violations
            .into_iter()
            .map(|wrong| Broken::new(model.member(&wrong.field), wrong.rule.into(), wrong.message))
            .collect();
        if broken.is_empty() {
            tracing::error!(reason = refusal.reason, "a refusal without its fields");
            return Self { message: Some(message.into()), ..INVALID.into() };
        }
        Self::invalid(model, broken)
    }

    /// Members of a thing that are wrong.
    pub(super) fn invalid(model: &Model, broken: Vec<Broken>) -> Self {
        let mut details = Details { context: model.name, ..Details::default() };
        let mut told = Vec::with_capacity(broken.len());
        for Broken { member, rule, message } in broken {
            told.push(format!("`{member}` {message}"));
            details.codes.entry(member.clone()).or_default().push(rule.as_str());
            details.messages.entry(member).or_default().push(message);
        }
        let message =
            format!("The `{}` instance is not valid. Details: {}.", model.name, told.join("; "));
        Self { message: Some(message.into()), details: Some(Box::new(details)), ..INVALID.into() }
    }

    /// A filter that cannot be understood; the text says why.
    pub(super) fn filter(cause: impl Into<Box<str>>) -> Self {
        Self { message: Some(cause.into()), ..INVALID_FILTER.into() }
    }

    /// A request that cannot be read; the text says why.
    pub(super) fn unreadable(cause: impl Into<Box<str>>) -> Self {
        Self { message: Some(cause.into()), ..BAD_REQUEST.into() }
    }

    /// Whether rules about members are broken.
    pub(super) fn is_invalid(&self) -> bool {
        self.kind == INVALID
    }

    /// Whether the caller may not.
    pub(super) fn is_denied(&self) -> bool {
        self.kind == ACCESS_DENIED
    }

    /// Whether something is not there.
    pub(super) fn is_absence(&self) -> bool {
        self.kind.status == StatusCode::NOT_FOUND
    }

    /// The same for an operation that tells no kinds of absence apart.
    #[must_use]
    pub(super) fn without_kind_of_absence(self) -> Self {
        if self.kind.status == StatusCode::NOT_FOUND { MODEL_NOT_FOUND.into() } else { self }
    }

    /// The same for the opening of accounts, which has a limit of its own.
    #[must_use]
    pub(super) fn of_signup(self) -> Self {
        if self.kind != TOO_MANY {
            return self;
        }
        let limit = self.limit.filter(|limit| *limit != 10).or(Some(SIGNUPS_A_DAY));
        Self { kind: TOO_MANY_SIGNUPS, limit, ..self }
    }

    /// Says how many a limit lets through.
    #[must_use]
    pub(super) fn limited_to(self, limit: u32) -> Self {
        Self { limit: Some(limit), ..self }
    }
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Self {
        Self { kind, message: None, details: None, retry_after: None, limit: None }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::NotFound => NO_ROUTE.into(),
            Fault::NoId => Self::unreadable("The id in the path is none."),
            Fault::MethodNotAllowed => METHOD_NOT_ALLOWED.into(),
            Fault::Malformed(message) => Self::unreadable(message),
            Fault::Invalid(violations) => {
                let broken = violations
                    .into_iter()
                    .map(|wrong| Broken::new(wrong.member, Rule::Format, wrong.message))
                    .collect();
                Self::invalid(&Model::NONE, broken)
            }
            Fault::PayloadTooLarge => TOO_LARGE.into(),
            Fault::UnsupportedMediaType => UNSUPPORTED.into(),
            Fault::Unauthorized => INVALID_TOKEN.into(),
            Fault::TooManyRequests(after) => Self { retry_after: Some(after), ..TOO_MANY.into() },
            Fault::Unavailable => UNAVAILABLE.into(),
            Fault::Internal => INTERNAL.into(),
        }
    }
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VoiceError)]
pub(super) struct Envelope {
    /// All of it.
    error: Told,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VoiceErrorBody)]
pub(super) struct Told {
    /// The HTTP status once more.
    #[schema(example = 404)]
    status_code: u16,
    /// Its kind: Error, ValidationError, TooManyRequests, TooManySignups. Not with 5xx.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Error")]
    name: Option<&'static str>,
    /// What went wrong, for people.
    message: String,
    /// What went wrong, for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "MODEL_NOT_FOUND")]
    code: Option<&'static str>,
    /// The members at fault; only of a ValidationError.
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Details>,
}

/// Members at fault.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = VoiceErrorDetails)]
pub(super) struct Details {
    /// What they belong to: `User`.
    context: &'static str,
    /// By member, the rules that it breaks: presence, length, format, inclusion, uniqueness,
    /// custom.
    codes: BTreeMap<String, Vec<&'static str>>,
    /// By member, what is wrong with it.
    messages: BTreeMap<String, Vec<String>>,
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let Kind { status, name, code, message } = self.kind;
        let is_ours = status.is_server_error();
        let told = Told {
            status_code: status.as_u16(),
            name: (!is_ours).then_some(name),
            message: self.message.map_or_else(|| message.to_owned(), String::from),
            code,
            details: self.details.map(|details| *details),
        };
        let mut response = (status, Json(Envelope { error: told })).into_response();
        let headers = response.headers_mut();
        let is_too_many = status == StatusCode::TOO_MANY_REQUESTS;
        if is_too_many || status == StatusCode::SERVICE_UNAVAILABLE {
            let after = whole_seconds(self.retry_after.unwrap_or(RETRY_AFTER_USUAL));
            headers.insert(RETRY_AFTER, after.into());
            if is_too_many {
                limits::tell(headers, self.limit.unwrap_or_default(), after);
            }
        }
        response
    }
}

#[cfg(test)]
mod tests;
