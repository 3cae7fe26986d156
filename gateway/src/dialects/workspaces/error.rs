//! How this dialect says that something is wrong: problem details, with violations where members
//! are at fault. What a service refuses becomes a status, a path and a code by one table.

mod problem;

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chassis::refusal::{Refusal, Rule};
use tonic::{Code, Status};

pub(super) use self::problem::{Problem, Violation};
use super::negotiation::Form;
use crate::fault::Fault;

const INVALID_FILE: &str = "invalid-file";
const RETRY_AFTER_USUAL: Duration = Duration::from_secs(1);

/// States that forbid something: the reason, and the member that it is about.
const STATES: &[(&str, &str)] = &[
    ("BANK_CONNECTION_INACTIVE", "bankConnection"),
    ("BANK_CONNECTION_REQUIRED", "bankConnection"),
    ("COUPON_APPLIED", "coupon"),
    ("COUPON_USED", "coupon"),
    ("IDEMPOTENCY_MISMATCH", ""),
    ("LAST_OWNER", ""),
    ("NO_SUBSCRIPTION", "subscription"),
    ("ORGANIZATION_NOT_DEMO", ""),
    ("SUBSCRIPTION_CANCELED", ""),
    ("SUBSCRIPTION_EXISTS", ""),
    ("TOO_MANY_ADDRESSES", ""),
    ("TOO_MANY_INVITATIONS", ""),
    ("TOO_MANY_LANGUAGES", ""),
    ("TOO_MANY_LOCATIONS", ""),
    ("TOO_MANY_MEETINGS", ""),
    ("TOO_MANY_ORGANIZATIONS", ""),
    ("TOO_MANY_PAYMENT_METHODS", ""),
];

/// Members whose name here is not that of the contract's field in another case.
const RENAMED: &[(&str, &str)] = &[
    ("address_id", "organizationAddress"),
    ("connection_id", "bankConnection"),
    ("employee_id", "employee"),
    ("organization_id", "organization"),
    ("payment_method_id", "paymentMethod"),
    ("subscription_id", "subscription"),
    ("tag", "id"),
    ("user_email", "email"),
];

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Problem>);

impl Error {
    fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self(Box::new(Problem { status, detail, violations: vec![], retry_after: None }))
    }

    /// The request cannot be understood.
    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// There is no such thing.
    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not Found")
    }

    /// No form of the answer is one that is asked for.
    pub(super) fn not_acceptable() -> Self {
        let detail = "Answers are application/ld+json or application/json.";
        Self::new(StatusCode::NOT_ACCEPTABLE, detail)
    }

    /// A member breaks a rule.
    pub(super) fn violation(path: &str, message: &str, code: &'static str) -> Self {
        Self::invalid(vec![Violation {
            property_path: path.to_owned(),
            message: message.to_owned(),
            code,
        }])
    }

    /// Nobody has this e-mail with this password.
    pub(super) fn invalid_credentials() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Invalid credentials.")
    }

    fn invalid(violations: Vec<Violation>) -> Self {
        let line = |violation: &Violation| match violation.property_path.as_str() {
            "" => violation.message.clone(),
            path => format!("{path}: {}", violation.message),
        };
        let detail = violations.iter().map(line).collect::<Vec<_>>().join("\n");
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self(Box::new(Problem { status, detail, violations, retry_after: None }))
    }

    fn later(status: StatusCode, detail: &str, retry_after: Option<Duration>) -> Self {
        let retry_after = Some(retry_after.unwrap_or(RETRY_AFTER_USUAL));
        let detail = detail.to_owned();
        Self(Box::new(Problem { status, detail, violations: vec![], retry_after }))
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        let refusal = Refusal::of(&status);
        let reason = refusal.reason.as_str();
        if let Some((_, path)) = STATES.iter().find(|(known, _)| *known == reason) {
            return Self::violation(path, status.message(), "invalid-state");
        }
        match (status.code(), reason) {
            (_, "REFERENCE_NOT_FOUND") => {
                let field = refusal.violations.first().map(|broken| member(&broken.field));
                Self::bad_request(format!("\"{}\" leads nowhere.", field.unwrap_or_default()))
            }
            (_, "INVITATION_NOT_FOUND") => {
                Self::violation("token", status.message(), "invalid-value")
            }
            (_, "BANK_PROVIDER_FAILED") => Self::new(StatusCode::BAD_GATEWAY, status.message()),
            (_, "BANK_PROVIDER_TIMEOUT") => {
                Self::new(StatusCode::GATEWAY_TIMEOUT, status.message())
            }
            (Code::InvalidArgument | Code::AlreadyExists, _) if !refusal.violations.is_empty() => {
                let is_file = reason == "INVALID_PICTURE";
                let violations = refusal.violations.iter().map(|broken| Violation {
                    property_path: member(&broken.field),
                    message: broken.message.clone(),
                    code: if is_file { INVALID_FILE } else { code_of(broken.rule) },
                });
                Self::invalid(violations.collect())
            }
            (Code::InvalidArgument | Code::OutOfRange, _) => Self::bad_request(status.message()),
            (Code::AlreadyExists | Code::FailedPrecondition, _) => {
                Self::violation("", status.message(), "invalid-state")
            }
            (Code::NotFound, _) => Self::not_found(),
            (Code::PermissionDenied, "") => Self::new(StatusCode::FORBIDDEN, "Access Denied."),
            (Code::PermissionDenied, _) => Self::new(StatusCode::FORBIDDEN, status.message()),
            (Code::Unauthenticated, "INVALID_CREDENTIALS") => Self::invalid_credentials(),
            (Code::Unauthenticated, _) => Fault::Unauthorized.into(),
            (Code::ResourceExhausted, "BUSY") | (Code::Unavailable, _) => {
                let unavailable = StatusCode::SERVICE_UNAVAILABLE;
                Self::later(unavailable, "Service Unavailable", refusal.retry_after)
            }
            (Code::ResourceExhausted, _) => {
                let too_many = StatusCode::TOO_MANY_REQUESTS;
                Self::later(too_many, "Too Many Requests", refusal.retry_after)
            }
            (Code::DeadlineExceeded | Code::Cancelled | Code::Aborted, _) => {
                Fault::Unavailable.into()
            }
            _ => {
                tracing::error!(code = ?status.code(), reason, "a service fails");
                Fault::Internal.into()
            }
        }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::NotFound | Fault::NoId => Self::not_found(),
            Fault::MethodNotAllowed => {
                Self::new(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")
            }
            Fault::Malformed(message) => Self::bad_request(message),
            Fault::Invalid(wrong) => {
                let violations = wrong.into_iter().map(|wrong| Violation {
                    code: code_of(Rule::Other),
                    property_path: wrong.member,
                    message: wrong.message,
                });
                Self::invalid(violations.collect())
            }
            Fault::PayloadTooLarge => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "The body is too long.")
            }
            Fault::UnsupportedMediaType => Self::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The body is not in a format that is read here.",
            ),
            Fault::Unauthorized => Self::new(StatusCode::UNAUTHORIZED, "A good token is needed."),
            Fault::TooManyRequests(after) => {
                Self::later(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests", Some(after))
            }
            Fault::Unavailable => {
                Self::later(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable", None)
            }
            Fault::Internal => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }
        }
    }
}

/// What a field of a contract is called here.
fn member(field: &str) -> String {
    let field = field.strip_prefix("page.").unwrap_or(field);
    if let Some((_, name)) = RENAMED.iter().find(|(known, _)| *known == field) {
        return (*name).to_owned();
    }
    let mut name = String::with_capacity(field.len());
    let mut is_next_upper = false;
    for c in field.chars() {
        if c == '_' {
            is_next_upper = true;
        } else if std::mem::take(&mut is_next_upper) {
            name.push(c.to_ascii_uppercase());
        } else {
            name.push(c);
        }
    }
    name
}

/// What a broken rule is called here.
fn code_of(rule: Rule) -> &'static str {
    match rule {
        Rule::Required => "not-blank",
        Rule::TooLong => "too-long",
        Rule::OutOfRange => "out-of-range",
        Rule::Taken => "not-unique",
        Rule::TooShort | Rule::Format | Rule::NotOneOf | Rule::Other => "invalid-value",
    }
}

impl IntoResponse for Error {
    /// In JSON-LD, until it is known what is asked for.
    fn into_response(self) -> Response {
        let mut response = self.0.render(Form::JsonLd);
        response.extensions_mut().insert(*self.0);
        response
    }
}

#[cfg(test)]
mod tests;
