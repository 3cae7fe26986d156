use std::collections::BTreeSet;

use chassis::refusal::{invalid, refuse, refuse_until};
use serde_json::{Value, json};

use super::*;
use crate::dialects::reasons_of_the_contracts;

/// Reasons that have no text of their own here: they are bad requests, or never come here.
const ELSEWHERE: &[&str] =
    &["AFFILIATION_CIRCULAR", "COMPANY_HELD", "ENTERPRISE_NOT_OWN", "HOLD_LIFTED"];

async fn told(error: Error) -> (u16, Value, Response) {
    let (parts, body) = error.into_response().into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let status = parts.status.as_u16();
    let headers = Response::from_parts(parts, axum::body::Body::empty());
    (status, serde_json::from_slice(&bytes).unwrap(), headers)
}

#[test]
fn every_reason_of_the_contracts_is_in_the_table() {
    let reasons = reasons_of_the_contracts("enterprises");
    assert!(reasons.contains("ENTERPRISE_IN_USE"), "{reasons:?}");
    let known: BTreeSet<&str> =
        REASONS.iter().map(|(reason, ..)| *reason).chain(ELSEWHERE.iter().copied()).collect();
    let unknown: Vec<_> = reasons
        .iter()
        .filter(|reason| !reason.ends_with("_NOT_FOUND") && !known.contains(reason.as_str()))
        .collect();
    assert_eq!(unknown, Vec::<&String>::new());
}

#[tokio::test]
async fn refusals_have_the_documented_texts() {
    for (deed, code, reason, status, message) in [
        (Deed::Other, Code::InvalidArgument, "INVALID_FIELDS", 400, "Bad Request"),
        (Deed::Other, Code::InvalidArgument, "IDEMPOTENCY_MISMATCH", 400, "Bad Request"),
        (
            Deed::Creation,
            Code::AlreadyExists,
            "ENTERPRISE_CNPJ_TAKEN",
            400,
            "Failed to Create Enterprise",
        ),
        (
            Deed::Creation,
            Code::FailedPrecondition,
            "COUNTRY_UNKNOWN",
            400,
            "Failed to Create Enterprise",
        ),
        (Deed::Other, Code::AlreadyExists, "ENTERPRISE_CNPJ_TAKEN", 400, "Bad Request"),
        (Deed::Other, Code::FailedPrecondition, "COUNTRY_UNKNOWN", 400, "Bad Request"),
        (Deed::Other, Code::FailedPrecondition, "ENTERPRISE_SELF", 400, "Bad Request"),
        (
            Deed::Deletion,
            Code::FailedPrecondition,
            "ENTERPRISE_SELF",
            400,
            "Cannot Delete Self Enterprise",
        ),
        (
            Deed::Deletion,
            Code::FailedPrecondition,
            "ENTERPRISE_MAIN_CLIENT",
            400,
            "Cannot Delete a Main Client Enterprise",
        ),
        (
            Deed::Deletion,
            Code::FailedPrecondition,
            "ENTERPRISE_NOT_AFFILIATED",
            400,
            "Enterprise Not Affiliated",
        ),
        (
            Deed::Deletion,
            Code::FailedPrecondition,
            "ENTERPRISE_AFFILIATION_SUSPENDED",
            400,
            "Invalid Affiliation",
        ),
        (
            Deed::Deletion,
            Code::FailedPrecondition,
            "ENTERPRISE_AFFILIATED_ELSEWHERE",
            400,
            "Cannot Delete Enterprise With Other Affiliations",
        ),
        (
            Deed::Deletion,
            Code::FailedPrecondition,
            "ENTERPRISE_IN_USE",
            400,
            "Cannot Delete Enterprise With Devices, Chips, Vehicles or Users",
        ),
        (Deed::Other, Code::Unauthenticated, "ENTERPRISE_NOT_OWN", 401, "Unauthorized"),
        (Deed::Other, Code::PermissionDenied, "", 401, "Unauthorized"),
        (Deed::Other, Code::NotFound, "ENTERPRISE_NOT_FOUND", 404, "Not Found"),
        (Deed::Deletion, Code::Unavailable, "", 503, "Service Unavailable"),
        (Deed::Other, Code::Internal, "", 500, "Internal Server Error"),
    ] {
        let refused = refuse(code, "company", reason, [], "secret particulars");
        let (told_status, body, _) = told(Error::of(refused, deed)).await;
        assert_eq!(told_status, status, "{reason}");
        assert_eq!(body, json!({"error": {"message": message}}), "{reason}");
    }
    let (status, body, _) =
        told(Error::of(invalid("values.name", "is required"), Deed::Creation)).await;
    assert_eq!((status, body), (400, json!({"error": {"message": "Bad Request"}})));
}

#[tokio::test]
async fn headers_say_what_to_do() {
    let header = |response: &Response, name: &str| {
        response.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
    };
    let (_, _, refused) = told(Fault::Unauthorized.into()).await;
    assert_eq!(header(&refused, "www-authenticate").as_deref(), Some("Bearer"));
    let kind = header(&refused, "content-type");
    assert_eq!(kind.as_deref(), Some("application/json; charset=utf-8"));
    let many = Error::from(Fault::TooManyRequests(Duration::from_millis(1_500))).limited_to(50);
    let (status, body, many) = told(many).await;
    assert_eq!((status, body), (429, json!({"error": {"message": "Too Many Requests"}})));
    for (name, value) in [
        ("retry-after", "2"),
        ("ratelimit-limit", "50"),
        ("ratelimit-remaining", "0"),
        ("ratelimit-reset", "2"),
    ] {
        assert_eq!(header(&many, name).as_deref(), Some(value), "{name}");
    }
    let late = refuse_until(Code::Unavailable, "x", "X", Duration::from_secs(3), "later");
    let (_, _, late) = told(Error::of(late, Deed::Other)).await;
    assert_eq!(header(&late, "retry-after").as_deref(), Some("3"));
}

#[tokio::test]
async fn faults_have_the_documented_texts() {
    for (fault, status, message) in [
        (Fault::NotFound, 404, "Not Found"),
        (Fault::NoId, 400, "Bad Request"),
        (Fault::MethodNotAllowed, 405, "Method Not Allowed"),
        (Fault::Malformed("x".to_owned()), 400, "Bad Request"),
        (Fault::Invalid(vec![]), 400, "Bad Request"),
        (Fault::PayloadTooLarge, 413, "Payload Too Large"),
        (Fault::UnsupportedMediaType, 415, "Unsupported Media Type"),
        (Fault::Unauthorized, 401, "Unauthorized"),
        (Fault::Unavailable, 503, "Service Unavailable"),
        (Fault::Internal, 500, "Internal Server Error"),
    ] {
        let (told_status, body, _) = told(fault.into()).await;
        assert_eq!(told_status, status);
        assert_eq!(body, json!({"error": {"message": message}}));
    }
}
