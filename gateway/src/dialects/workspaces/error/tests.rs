use axum::http::header::{CONTENT_TYPE, LINK, WWW_AUTHENTICATE};
use chassis::refusal::{refuse, refuse_field, refuse_taken};
use serde_json::{Value, json};

use super::problem::{HYDRA_LINK, PROBLEM, TITLE};
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
    assert_eq!(answer(refuse_taken("x", "SLUG_TAKEN", &["slug"])), of(422, "slug", "not-unique"));
    assert_eq!(answer(refuse_taken("x", "LANGUAGE_EXISTS", &["tag"])), of(422, "id", "not-unique"));
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
    assert_eq!((&linked["@id"], &linked["hydra:title"]), (&json!("/errors/404"), &json!(TITLE)));
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
