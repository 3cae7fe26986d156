use std::collections::BTreeSet;

use chassis::refusal::{self, Fields, invalid, refuse, refuse_until};
use serde_json::{Value, json};

use super::*;
use crate::dialects::reasons_of_the_contracts;

const USER: Model = Model::new("User", &[("emailVerified", "is_email_verified")]);

/// Reasons that never reach this dialect: services say them to each other, or to operators.
const ELSEWHERE: &[&str] = &["CALL_SETTLED", "NO_SIMULATED_SWITCH"];

async fn told(error: Error) -> (StatusCode, Value) {
    let response = error.into_response();
    let status = response.status();
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap())
}

#[test]
fn every_reason_of_the_contracts_is_in_a_table() {
    let reasons = reasons_of_the_contracts("voice");
    assert!(reasons.contains("EXTENSION_OFFLINE"), "{reasons:?}");
    let known: BTreeSet<&str> = REASONS
        .iter()
        .map(|(reason, _)| *reason)
        .chain(FIELD_REASONS.iter().map(|(reason, ..)| *reason))
        .chain(ELSEWHERE.iter().copied())
        .collect();
    let unknown: Vec<_> = reasons
        .iter()
        .filter(|reason| !reason.ends_with("_NOT_FOUND") && !known.contains(reason.as_str()))
        .collect();
    assert_eq!(unknown, Vec::<&String>::new());
}

#[tokio::test]
async fn refusals_have_their_status_name_and_code() {
    for (code, reason, expected) in [
        (Code::Unauthenticated, "INVALID_CREDENTIALS", (401, "Error", "LOGIN_FAILED")),
        (
            Code::Unauthenticated,
            "EMAIL_NOT_PROVEN",
            (401, "Error", "LOGIN_FAILED_EMAIL_NOT_VERIFIED"),
        ),
        (Code::Unauthenticated, "INVALID_ACCESS_TOKEN", (401, "Error", "INVALID_TOKEN")),
        (Code::Unauthenticated, "", (401, "Error", "INVALID_TOKEN")),
        (Code::FailedPrecondition, "INVALID_CONFIRMATION", (400, "Error", "INVALID_TOKEN")),
        (Code::FailedPrecondition, "INSUFFICIENT_CREDITS", (402, "Error", "INSUFFICIENT_CREDITS")),
        (Code::PermissionDenied, "", (403, "Error", "ACCESS_DENIED")),
        (Code::PermissionDenied, "NO_VOICE_ACCOUNT", (403, "Error", "ACCESS_DENIED")),
        (Code::NotFound, "", (404, "Error", "MODEL_NOT_FOUND")),
        (Code::NotFound, "CHARGE_NOT_FOUND", (404, "Error", "MODEL_NOT_FOUND")),
        (Code::NotFound, "USER_NOT_FOUND", (404, "Error", "USER_NOT_FOUND")),
        (Code::NotFound, "EXTENSION_NOT_FOUND", (404, "Error", "EXTENSION_NOT_FOUND")),
        (Code::NotFound, "CALL_NOT_FOUND", (404, "Error", "CALL_NOT_FOUND")),
        (
            Code::NotFound,
            "FINANCIAL_ACCOUNT_NOT_FOUND",
            (404, "Error", "FINANCIAL_ACCOUNT_NOT_FOUND"),
        ),
        (Code::FailedPrecondition, "INVALID_PHONE", (422, "Error", "INVALID_PHONE")),
        (Code::FailedPrecondition, "EXTENSION_OFFLINE", (422, "Error", "EXTENSION_OFFLINE")),
        (Code::FailedPrecondition, "EXTENSION_BUSY", (422, "Error", "EXTENSION_BUSY")),
        (
            Code::FailedPrecondition,
            "FINANCIAL_ACCOUNT_REQUIRED",
            (422, "Error", "FINANCIAL_ACCOUNT_REQUIRED"),
        ),
        (
            Code::AlreadyExists,
            "FINANCIAL_ACCOUNT_EXISTS",
            (422, "Error", "FINANCIAL_ACCOUNT_EXISTS"),
        ),
        (Code::InvalidArgument, "IDEMPOTENCY_MISMATCH", (422, "Error", "IDEMPOTENCY_MISMATCH")),
        (
            Code::ResourceExhausted,
            "TOO_MANY_DIALS",
            (429, "TooManyRequests", "RATE_LIMIT_EXCEEDED"),
        ),
    ] {
        let status = refuse(code, "any", reason, [], "secret particulars");
        let (status, body) = told(Error::of(status, &USER)).await;
        let error = &body["error"];
        assert_eq!(
            (status.as_u16(), error["name"].as_str().unwrap(), error["code"].as_str().unwrap()),
            expected,
            "{code:?} {reason}"
        );
        assert_eq!(error["statusCode"], status.as_u16());
        assert!(!body.to_string().contains("secret"), "{body}");
        assert!(error.get("details").is_none());
    }
}

#[tokio::test]
async fn faults_of_ours_say_nothing_else() {
    for (code, status, message) in [
        (Code::Internal, 500, "Internal Server Error"),
        (Code::DataLoss, 500, "Internal Server Error"),
        (Code::Unavailable, 503, "Service Unavailable"),
        (Code::DeadlineExceeded, 503, "Service Unavailable"),
    ] {
        let (_, body) = told(Error::of(Status::new(code, "secret"), &USER)).await;
        assert_eq!(body, json!({"error": {"statusCode": status, "message": message}}));
    }
}

#[tokio::test]
async fn wrong_members_are_told_by_name_and_rule() {
    let mut fields = Fields::new();
    fields.refuse_as("user.name", refusal::Rule::Required, "is required");
    fields.refuse_as("user.is_email_verified", refusal::Rule::Format, "is not a boolean");
    let (status, body) = told(Error::of(fields.into_status(), &USER)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        body,
        json!({"error": {
            "statusCode": 422,
            "name": "ValidationError",
            "message": "The `User` instance is not valid. Details: `name` is required; \
                        `emailVerified` is not a boolean.",
            "details": {
                "context": "User",
                "codes": {"name": ["presence"], "emailVerified": ["format"]},
                "messages": {"name": ["is required"], "emailVerified": ["is not a boolean"]},
            },
        }})
    );

    let taken = refuse(Code::AlreadyExists, "identity", "EMAIL_ALREADY_REGISTERED", [], "");
    let (_, body) = told(Error::of(taken, &USER)).await;
    assert_eq!(body["error"]["details"]["codes"], json!({"email": ["uniqueness"]}));

    let (status, body) = told(Error::of(invalid("query", "has no sense"), &USER)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(body["error"]["code"], "INVALID_FILTER");
}

#[tokio::test]
async fn limits_say_what_they_are() {
    let status = refuse_until(
        Code::ResourceExhausted,
        "identity",
        "TOO_MANY_ATTEMPTS",
        Duration::from_millis(2_500),
        "",
    );
    let header =
        |response: &Response, name: &str| response.headers()[name].to_str().unwrap().to_owned();
    for (error, name, limit) in [
        (Error::of(status.clone(), &USER), "TooManyRequests", "10"),
        (Error::of(status, &USER).of_signup(), "TooManySignups", "5"),
    ] {
        let response = error.clone().into_response();
        assert_eq!(header(&response, "retry-after"), "3");
        assert_eq!(header(&response, "ratelimit-limit"), limit);
        assert_eq!(header(&response, "ratelimit-remaining"), "0");
        assert_eq!(header(&response, "ratelimit-reset"), "3");
        let (_, body) = told(error).await;
        assert_eq!(body["error"]["name"], name);
        assert_eq!(body["error"].get("code").is_some(), name == "TooManyRequests");
    }
}
