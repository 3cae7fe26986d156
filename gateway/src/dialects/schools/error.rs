//! How this dialect says that something is wrong. What a service refuses becomes a status and a
//! code by one table.

use std::time::Duration;

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chassis::refusal::Refusal;
use serde::Serialize;
use tonic::{Code, Status};
use utoipa::ToSchema;

use crate::fault::{Fault, whole_seconds};

/// What an answer is, with its letters' code.
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// A way in which things go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: &'static str,
}

const fn kind(status: StatusCode, code: &'static str, message: &'static str) -> Kind {
    Kind { status, code, message }
}

const fn absent(message: &'static str) -> Kind {
    kind(StatusCode::BAD_REQUEST, "CLA001", message)
}

pub(super) const NO_TENANT: Kind = absent("Tenant not found.");
pub(super) const NO_SCHOOL: Kind = absent("School not found.");
pub(super) const NO_ACCOUNT: Kind = absent("Account not found.");
pub(super) const UNAUTHORIZED: Kind = kind(StatusCode::UNAUTHORIZED, "", "A token is needed.");
pub(super) const NO_ROUTE: Kind = kind(StatusCode::NOT_FOUND, "CLA001", "Route not found.");
pub(super) const NO_METHOD: Kind =
    kind(StatusCode::METHOD_NOT_ALLOWED, "CLA001", "Method not allowed.");
pub(super) const INVALID: Kind =
    kind(StatusCode::CONFLICT, "FLU001", "Error validating properties");
pub(super) const TOO_MANY: Kind =
    kind(StatusCode::TOO_MANY_REQUESTS, "LIM429", "Too many requests.");
pub(super) const INTERNAL: Kind =
    kind(StatusCode::INTERNAL_SERVER_ERROR, "INT500", "Internal server error.");
pub(super) const UNAVAILABLE: Kind =
    kind(StatusCode::SERVICE_UNAVAILABLE, "UNA503", "Service unavailable.");

/// What services refuse with, and what it is here.
const REASONS: &[(&str, Kind)] = &[
    ("TENANT_NOT_FOUND", NO_TENANT),
    ("SCHOOL_NOT_FOUND", NO_SCHOOL),
    ("ACCOUNT_NOT_FOUND", NO_ACCOUNT),
];

const RETRY_AFTER_USUAL: Duration = Duration::from_secs(1);

/// A parameter at fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = SchoolsErrorProperty)]
pub(super) struct Property {
    /// Its name, in lower case with lines.
    #[schema(example = "tenant_id")]
    pub(super) property_name: String,
    /// What is wrong with it.
    #[schema(example = "tenant_id is required.")]
    pub(super) error_message: String,
}

/// An answer that says what went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: Kind,
    properties: Vec<Property>,
    retry_after: Option<Duration>,
    showed_token: bool,
}

impl Error {
    /// What a service refused.
    pub(super) fn of(status: Status) -> Self {
        let refusal = Refusal::of(&status);
        let reason = refusal.reason.as_str();
        if let Some((_, kind)) = REASONS.iter().find(|(known, _)| *known == reason) {
            return (*kind).into();
        }
        match status.code() {
            Code::Unauthenticated => Self::invalid_token(),
            Code::Unavailable
            | Code::Cancelled
            | Code::DeadlineExceeded
            | Code::Aborted
            | Code::ResourceExhausted => {
                Self { retry_after: refusal.retry_after, ..UNAVAILABLE.into() }
            }
            Code::Internal => INTERNAL.into(),
            code => {
                // An INTERNAL was logged where it arose; this was understood nowhere.
                tracing::error!(?code, reason, "unexpected refusal");
                INTERNAL.into()
            }
        }
    }

    /// Parameters at fault.
    pub(super) fn invalid(properties: Vec<Property>) -> Self {
        Self { properties, ..INVALID.into() }
    }

    /// The token that was shown is not good.
    pub(super) fn invalid_token() -> Self {
        Self { showed_token: true, ..UNAUTHORIZED.into() }
    }
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Self {
        Self { kind, properties: vec![], retry_after: None, showed_token: false }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::NotFound => NO_ROUTE.into(),
            Fault::MethodNotAllowed => NO_METHOD.into(),
            Fault::Unauthorized => UNAUTHORIZED.into(),
            Fault::TooManyRequests(after) => Self { retry_after: Some(after), ..TOO_MANY.into() },
            Fault::Unavailable => UNAVAILABLE.into(),
            Fault::Internal => INTERNAL.into(),
            // Nothing here takes a body, or a header that can be wrong.
            Fault::NoId
            | Fault::Malformed(_)
            | Fault::Invalid(_)
            | Fault::PayloadTooLarge
            | Fault::UnsupportedMediaType => INVALID.into(),
        }
    }
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = SchoolsError)]
pub(super) struct Envelope {
    /// All of it.
    error: Told,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = SchoolsErrorBody)]
pub(super) struct Told {
    /// For programs: CLA001 for what is not there, FLU001 for parameters, LIM429, INT500, UNA503.
    #[schema(example = "CLA001")]
    code: &'static str,
    /// For people.
    #[schema(example = "School not found.")]
    message: &'static str,
    /// The parameters at fault; only of FLU001.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_properties: Option<Vec<Property>>,
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let Kind { status, code, message } = self.kind;
        if self.kind == UNAUTHORIZED {
            let challenge =
                if self.showed_token { "Bearer error=\"invalid_token\"" } else { "Bearer" };
            let challenge = HeaderValue::from_static(challenge);
            return (status, [(WWW_AUTHENTICATE, challenge)]).into_response();
        }
        let error_properties = (self.kind == INVALID).then_some(self.properties);
        let envelope = Envelope { error: Told { code, message, error_properties } };
        let mut response = (status, Json(envelope)).into_response();
        response.headers_mut().insert(CONTENT_TYPE, JSON);
        if [TOO_MANY, UNAVAILABLE].contains(&self.kind) {
            let after = whole_seconds(self.retry_after.unwrap_or(RETRY_AFTER_USUAL));
            response.headers_mut().insert(RETRY_AFTER, after.into());
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chassis::refusal::refuse;
    use serde_json::{Value, json};

    use super::*;
    use crate::dialects::reasons_of_the_contracts;

    /// Reasons that only an operator, who calls the services, gets to hear.
    const ELSEWHERE: &[&str] = &[
        "ACCOUNT_HAS_LOGIN",
        "CLIENT_APP_NOT_FOUND",
        "CLIENT_ID_TAKEN",
        "CLIENT_SECRET_NOT_FOUND",
        "IMPORT_RUNNING",
        "NO_CONTACT_EMAIL",
        "SCHOOL_PERSON_NOT_FOUND",
        "TOO_MANY_CLIENT_SECRETS",
        "TOO_MANY_ROWS",
    ];

    async fn told(error: Error) -> (u16, Value) {
        let response = error.into_response();
        let status = response.status().as_u16();
        let kind = response.headers().get(CONTENT_TYPE).cloned();
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        if bytes.is_empty() {
            return (status, Value::Null);
        }
        assert_eq!(kind, Some(JSON));
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    #[test]
    fn every_reason_of_the_contracts_is_in_a_table() {
        let reasons = reasons_of_the_contracts("schools");
        let known: BTreeSet<String> = REASONS
            .iter()
            .map(|(reason, _)| *reason)
            .chain(ELSEWHERE.iter().copied())
            .map(str::to_owned)
            .collect();
        assert_eq!(reasons, known);
    }

    #[tokio::test]
    async fn refusals_have_the_contracts_envelope() {
        let absent = |reason| refuse(Code::NotFound, "company", reason, [], "secret");
        for (reason, message) in [
            ("TENANT_NOT_FOUND", "Tenant not found."),
            ("SCHOOL_NOT_FOUND", "School not found."),
            ("ACCOUNT_NOT_FOUND", "Account not found."),
        ] {
            let expected = json!({"Error": {"Code": "CLA001", "Message": message}});
            assert_eq!(told(Error::of(absent(reason))).await, (400, expected));
        }
        let unforeseen = json!({"Error": {"Code": "INT500", "Message": "Internal server error."}});
        for status in [Status::internal("x"), Status::permission_denied("x"), absent("OTHER")] {
            assert_eq!(told(Error::of(status)).await, (500, unforeseen.clone()));
        }
        let away = json!({"Error": {"Code": "UNA503", "Message": "Service unavailable."}});
        assert_eq!(told(Error::of(Status::unavailable("x"))).await, (503, away));
        let empty = (401, Value::Null);
        assert_eq!(told(Error::of(Status::unauthenticated("x"))).await, empty);
        assert_eq!(told(Fault::Unauthorized.into()).await, empty);
        let route = json!({"Error": {"Code": "CLA001", "Message": "Route not found."}});
        assert_eq!(told(Fault::NotFound.into()).await, (404, route));
        let method = json!({"Error": {"Code": "CLA001", "Message": "Method not allowed."}});
        assert_eq!(told(Fault::MethodNotAllowed.into()).await, (405, method));
        let many = json!({"Error": {"Code": "LIM429", "Message": "Too many requests."}});
        let fault = Fault::TooManyRequests(Duration::from_millis(1_200));
        assert_eq!(told(fault.clone().into()).await, (429, many));
        let response = Error::from(fault).into_response();
        assert_eq!(response.headers()[RETRY_AFTER], "2");
    }

    #[tokio::test]
    async fn the_sample_of_wrong_parameters_is_met() {
        let property = Property {
            property_name: "tenant_id".to_owned(),
            error_message: "tenant_id is required.".to_owned(),
        };
        let sample = json!({
            "Error": {
                "Code": "FLU001",
                "Message": "Error validating properties",
                "ErrorProperties": [
                    {"PropertyName": "tenant_id", "ErrorMessage": "tenant_id is required."}
                ]
            }
        });
        assert_eq!(told(Error::invalid(vec![property])).await, (409, sample));
    }

    #[test]
    fn whoever_showed_a_token_learns_that_it_is_not_good() {
        let challenge = |error: Error| error.into_response().headers()[WWW_AUTHENTICATE].clone();
        assert_eq!(challenge(Fault::Unauthorized.into()), "Bearer");
        assert_eq!(challenge(Error::invalid_token()), "Bearer error=\"invalid_token\"");
    }
}
