//! How this dialect says that something is wrong: problem details, with violations where members
//! are at fault. What a service refuses becomes a status, a path and a code by one table.

use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue, LINK, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use chassis::refusal::{Refusal, Rule};
use serde::Serialize;
use serde_json::{Map, Value, json};
use tonic::{Code, Status};
use utoipa::ToSchema;

use super::negotiation::Form;
use crate::fault::Fault;

const TITLE: &str = "An error occurred";
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json; charset=utf-8");
const HYDRA_LINK: HeaderValue = HeaderValue::from_static(
    "<http://www.w3.org/ns/hydra/error>; rel=\"http://www.w3.org/ns/json-ld#error\"",
);
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
    ("TOO_MANY_ORGANIZATIONS", ""),
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

/// A member that is at fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Violation {
    /// Which; empty when it is none in particular.
    #[schema(example = "name")]
    property_path: String,
    /// What is wrong with it, for people.
    message: String,
    /// What is wrong with it, for programs.
    #[schema(example = "not-blank")]
    code: &'static str,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Problem>);

/// What is wrong, before it has a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
    violations: Vec<Violation>,
    retry_after: Option<Duration>,
}

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

impl Problem {
    fn kind(&self) -> String {
        match self.violations.first() {
            Some(first) => format!("/validation_errors/{}", first.code),
            None => format!("/errors/{}", self.status.as_u16()),
        }
    }

    fn members(&self, form: Form) -> Map<String, Value> {
        let kind = self.kind();
        let mut members = Map::new();
        let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
        if form == Form::JsonLd {
            let is_violation = !self.violations.is_empty();
            let name = if is_violation { "ConstraintViolation" } else { "Error" };
            put("@context", format!("/contexts/{name}").into());
            put("@id", kind.clone().into());
            put("@type", if is_violation { name } else { "hydra:Error" }.into());
            put("hydra:title", TITLE.into());
            put("hydra:description", self.detail.clone().into());
        }
        put("type", kind.into());
        put("title", TITLE.into());
        put("detail", self.detail.clone().into());
        put("status", self.status.as_u16().into());
        if !self.violations.is_empty() {
            put("violations", json!(self.violations));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            put("code", self.status.as_u16().into());
            put("message", self.detail.clone().into());
        }
        members
    }

    /// The answer in a form.
    pub(super) fn render(&self, form: Form) -> Response {
        let mut response = (self.status, Json(self.members(form))).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, PROBLEM);
        headers.insert(LINK, HYDRA_LINK);
        if let Some(after) = self.retry_after {
            let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
            headers.insert(RETRY_AFTER, seconds.max(1).into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
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
mod tests {
    use chassis::refusal::{refuse, refuse_field, refuse_taken};

    use super::*;

    fn told(status: Status, form: Form) -> Value {
        Error::from(status).0.members(form).into()
    }

    #[test]
    fn a_broken_rule_is_told_with_its_member_and_code() {
        let mut fields = chassis::refusal::Fields::new();
        fields.refuse_as("name", Rule::Required, "is required");
        fields.refuse_as("office_open_hour", Rule::OutOfRange, "is out of range: 0 to 24");
        let expected = json!({
            "type": "/validation_errors/not-blank",
            "title": "An error occurred",
            "detail": "name: is required\nofficeOpenHour: is out of range: 0 to 24",
            "status": 422,
            "violations": [
                {"propertyPath": "name", "message": "is required", "code": "not-blank"},
                {"propertyPath": "officeOpenHour", "message": "is out of range: 0 to 24", "code": "out-of-range"}
            ]
        });
        let status = fields.into_status();
        assert_eq!(told(status.clone(), Form::Json), expected);
        let linked = told(status, Form::JsonLd);
        assert_eq!(linked["@type"], "ConstraintViolation");
        assert_eq!(linked["@context"], "/contexts/ConstraintViolation");
        assert_eq!(linked["@id"], "/validation_errors/not-blank");
        assert_eq!(linked["hydra:description"], linked["detail"]);
    }

    /// Reasons that go by their code, or by the members that they name.
    const BY_CODE: &[&str] = &[
        "BANK_PROVIDER_FAILED",
        "BANK_PROVIDER_TIMEOUT",
        "BANK_SESSION_DENIED",
        "COUPON_EXISTS",
        "COUPON_INVALID",
        "EMAIL_NOT_PROVEN",
        "INVALID_PICTURE",
        "LANGUAGE_EXISTS",
        "NOT_BILLED_BY_HAND",
        "ORGANIZATION_READ_ONLY",
        "ORGANIZATION_USER_EXISTS",
        "SLUG_TAKEN",
        "TOO_MANY_COUPONS",
    ];

    #[test]
    fn every_reason_of_the_contracts_has_an_answer() {
        let reasons = crate::dialects::reasons_of_the_contracts("workspaces");
        assert!(reasons.contains("SUBSCRIPTION_EXISTS"), "{reasons:?}");
        let unknown: Vec<_> = reasons
            .iter()
            .filter(|reason| !reason.ends_with("_NOT_FOUND"))
            .filter(|reason| !STATES.iter().any(|(state, _)| *state == reason.as_str()))
            .filter(|reason| !BY_CODE.contains(&reason.as_str()))
            .collect();
        assert_eq!(unknown, Vec::<&String>::new());
    }

    #[test]
    fn reasons_have_their_answers() {
        let answer = |status: Status| {
            let told = told(status, Form::Json);
            let first = told["violations"][0].clone();
            let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
            (told["status"].as_u64().unwrap(), text(&first["propertyPath"]), text(&first["code"]))
        };
        let state = |reason| refuse(Code::FailedPrecondition, "x", reason, [], "no");
        let of = |status: u64, path: &str, code: &str| (status, path.to_owned(), code.to_owned());
        assert_eq!(
            answer(refuse_taken("x", "SLUG_TAKEN", &["slug"])),
            of(422, "slug", "not-unique")
        );
        assert_eq!(
            answer(refuse_taken("x", "LANGUAGE_EXISTS", &["tag"])),
            of(422, "id", "not-unique")
        );
        assert_eq!(
            answer(refuse_field("x", "INVALID_PICTURE", "file", "is none")),
            of(422, "file", "invalid-file")
        );
        assert_eq!(
            answer(refuse_field("x", "COUPON_INVALID", "coupon", "is not valid")),
            of(422, "coupon", "invalid-value")
        );
        assert_eq!(
            answer(refuse_field("x", "REFERENCE_NOT_FOUND", "employee_id", "leads nowhere")),
            of(400, "-", "-")
        );
        assert_eq!(answer(state("SUBSCRIPTION_EXISTS")), of(422, "", "invalid-state"));
        assert_eq!(
            answer(state("BANK_CONNECTION_REQUIRED")),
            of(422, "bankConnection", "invalid-state")
        );
        let unavailable = |reason| refuse(Code::Unavailable, "x", reason, [], "no");
        assert_eq!(answer(unavailable("BANK_PROVIDER_FAILED")).0, 502);
        assert_eq!(answer(unavailable("BANK_PROVIDER_TIMEOUT")).0, 504);
        assert_eq!(answer(unavailable("")).0, 503);
        assert_eq!(answer(Status::permission_denied("")).0, 403);
        assert_eq!(answer(Status::internal("secret")), of(500, "-", "-"));
    }

    #[test]
    fn every_rule_has_its_code_whatever_the_words() {
        let code = |rule| {
            let mut fields = chassis::refusal::Fields::new();
            fields.refuse_as("name", rule, "is required, out of range and has more than enough");
            told(fields.into_status(), Form::Json)["violations"][0]["code"].clone()
        };
        for (rule, expected) in [
            (Rule::Required, "not-blank"),
            (Rule::TooLong, "too-long"),
            (Rule::TooShort, "invalid-value"),
            (Rule::Format, "invalid-value"),
            (Rule::NotOneOf, "invalid-value"),
            (Rule::OutOfRange, "out-of-range"),
            (Rule::Taken, "not-unique"),
            (Rule::Other, "invalid-value"),
        ] {
            assert_eq!(code(rule), expected, "{rule:?}");
        }
    }

    #[test]
    fn errors_are_problems_in_both_forms() {
        let plain = Error::from(Fault::NotFound).0.members(Form::Json);
        let expected = json!({
            "type": "/errors/404", "title": "An error occurred", "detail": "Not Found", "status": 404
        });
        assert_eq!(Value::from(plain), expected);
        let linked: Value = Error::from(Fault::NotFound).0.members(Form::JsonLd).into();
        assert_eq!(linked["@type"], "hydra:Error");
        assert_eq!(
            (&linked["@id"], &linked["hydra:title"]),
            (&json!("/errors/404"), &json!(TITLE))
        );
        let unauthorized = Error::from(Fault::Unauthorized);
        let members: Value = unauthorized.0.members(Form::Json).into();
        assert_eq!((&members["code"], &members["message"]), (&json!(401), &members["detail"]));
        let response = unauthorized.into_response();
        assert_eq!(response.headers()[WWW_AUTHENTICATE], "Bearer");
        assert_eq!(response.headers()[CONTENT_TYPE], PROBLEM);
        assert_eq!(response.headers()[LINK], HYDRA_LINK);
        let told = told(Status::internal("secret"), Form::Json);
        assert_eq!(told["detail"], "Internal Server Error");
    }
}
