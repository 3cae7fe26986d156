use chassis::refusal::{Fields, refuse, refuse_until};

use super::*;
use crate::dialects::reasons_of_the_contracts;

/// Reasons that never reach this dialect: services say them to each other, or to operators.
const ELSEWHERE: &[&str] = &["CHARGE_NOT_PAID", "DOMAIN_TAKEN"];

const NAMES: Names = Names::new("form", &[("subscription_plan_id", "plan_id")]);

#[test]
fn every_reason_of_the_contracts_is_in_the_table() {
    let reasons = reasons_of_the_contracts("lines");
    assert!(reasons.contains("CNPJ_TAKEN") && reasons.len() > 15, "{reasons:?}");
    let unknown: Vec<_> = reasons
        .iter()
        .filter(|reason| !reason.ends_with("_NOT_FOUND"))
        .filter(|reason| !ELSEWHERE.contains(&reason.as_str()))
        .filter(|reason| REASONS.iter().all(|(known, _)| known != reason))
        .collect();
    assert_eq!(unknown, Vec::<&String>::new());
}

#[test]
fn every_reason_has_its_status_and_code() {
    let said = |code, reason: &str| {
        let status = refuse(code, "any", reason, [], "secret particulars");
        let Kind(status, code, message) = Error::of(status, &NAMES).kind;
        assert!(!message.contains("secret"));
        (status.as_u16(), code)
    };
    for (code, reason, expected) in [
        (Code::NotFound, "LINE_NOT_FOUND", (404, "resource-not-found")),
        (Code::AlreadyExists, "EMAIL_ALREADY_REGISTERED", (409, "email-already-registered")),
        (Code::ResourceExhausted, "AREA_CODE_OUT_OF_STOCK", (409, "area-code-out-of-stock")),
        (Code::AlreadyExists, "SIM_CARD_IN_USE", (409, "sim-card-in-use")),
        (Code::FailedPrecondition, "AMBIGUOUS_SIM_CARD", (409, "ambiguous-sim-card")),
        (Code::Unavailable, "FISCAL_NOTE_PENDING", (503, "unavailable")),
        (Code::FailedPrecondition, "FISCAL_NOTE_REJECTED", (409, "conflict")),
        (Code::FailedPrecondition, "RECIPIENT_INCOMPLETE", (409, "invalid-status")),
        (Code::FailedPrecondition, "LAST_ADMINISTRATOR", (409, "invalid-status")),
        (Code::FailedPrecondition, "LAST_OWNER", (409, "invalid-status")),
        (Code::FailedPrecondition, "SHIPMENT_STATUS_ORDER", (409, "invalid-status")),
        (Code::FailedPrecondition, "SIGNUP_FORM_COMPLETED", (409, "invalid-status")),
        (Code::FailedPrecondition, "LINE_NOT_AWAITING_APPROVAL", (409, "invalid-status")),
        (Code::FailedPrecondition, "LINE_AWAITING_APPROVAL", (409, "invalid-status")),
        (Code::FailedPrecondition, "LINE_HAS_SIM_CARD", (409, "invalid-status")),
        (Code::FailedPrecondition, "LINE_CANCELLED", (409, "invalid-status")),
        (Code::FailedPrecondition, "INVOICE_NOT_PAID", (409, "invalid-status")),
        (Code::FailedPrecondition, "WEBHOOK_ENDPOINT_DISABLED", (409, "invalid-status")),
        (Code::FailedPrecondition, "LINE_NOT_IN_SERVICE", (409, "invalid-status")),
        (Code::InvalidArgument, "PRICE_MISMATCH", (422, "price-mismatch")),
        (Code::AlreadyExists, "CUSTOM_FIELD_EXISTS", (409, "conflict")),
        (Code::AlreadyExists, "CNPJ_TAKEN", (409, "conflict")),
        (Code::AlreadyExists, "WORK_EMAIL_TAKEN", (409, "conflict")),
        (Code::AlreadyExists, "EMAIL_DOMAIN_TAKEN", (409, "conflict")),
        (Code::AlreadyExists, "PLAN_NAME_TAKEN", (409, "conflict")),
        (Code::InvalidArgument, "IDEMPOTENCY_MISMATCH", (422, "idempotency-mismatch")),
        (Code::AlreadyExists, "PORT_IN_IN_PROGRESS", (409, "portability-in-progress")),
        (Code::FailedPrecondition, "PORT_IN_TOO_LATE_TO_CANCEL", (409, "too-late-to-cancel")),
        (Code::FailedPrecondition, "PORT_IN_CLOSED", (409, "invalid-status")),
        (Code::FailedPrecondition, "LINE_NOT_ACTIVE", (409, "invalid-status")),
        (Code::FailedPrecondition, "HOLDER_DOCUMENT_MISSING", (409, "invalid-status")),
        (Code::InvalidArgument, "INVALID_PHONE_NUMBER", (422, "invalid-phone-number")),
        (Code::InvalidArgument, "INVALID_FIELDS", (422, "input-validation-error")),
        (Code::Unauthenticated, "INVALID_CREDENTIALS", (401, "unauthorized")),
        (Code::Unauthenticated, "INVALID_CLIENT", (401, "unauthorized")),
        (Code::Unauthenticated, "", (401, "unauthorized")),
        (Code::PermissionDenied, "", (403, "forbidden")),
        (Code::ResourceExhausted, "TOO_MANY_ATTEMPTS", (429, "too-many-requests")),
        (Code::ResourceExhausted, "BUSY", (503, "unavailable")),
        (Code::Unavailable, "", (503, "unavailable")),
        (Code::Cancelled, "", (503, "unavailable")),
        (Code::DeadlineExceeded, "", (503, "unavailable")),
        (Code::Internal, "", (500, "internal-error")),
        (Code::Unknown, "", (500, "internal-error")),
        (Code::Unimplemented, "", (500, "internal-error")),
        (Code::DataLoss, "SOMETHING_NEW", (500, "internal-error")),
    ] {
        assert_eq!(said(code, reason), expected, "{code:?} {reason}");
    }
}

#[test]
fn wrong_fields_are_called_what_they_are_called_here() {
    let mut fields = Fields::new();
    fields.refuse("form.plan_id", "does not exist");
    fields.refuse("form.address.zip_code", "is not a CEP");
    let error = Error::of(fields.into_status(), &NAMES);
    let keys: Vec<_> = error.violations.iter().map(|v| v.member.as_str()).collect();
    assert_eq!(keys, ["subscription_plan_id", "address.zip_code"]);
}

#[test]
fn what_passes_says_when_to_try_again() {
    let status = refuse_until(
        Code::ResourceExhausted,
        "identity",
        "TOO_MANY_ATTEMPTS",
        Duration::from_millis(2500),
        "",
    );
    let response = Error::of(status, &NAMES).into_response();
    assert_eq!(response.headers()[RETRY_AFTER], "3");
    let response = Error::from(Fault::Unavailable).into_response();
    assert_eq!(response.headers()[RETRY_AFTER], "1");
    let response = Error::from(Fault::Unauthorized).into_response();
    assert_eq!(response.headers()[WWW_AUTHENTICATE], "Bearer");
}
