//! What is refused about organizations' subscriptions, payment methods and bank data.

use std::time::Duration;

use chassis::refusal::{refuse, refuse_field, refuse_until};
use tonic::{Code, Status};

const DOMAIN: &str = "billing";

/// There is no such subscription for the caller.
pub(crate) fn subscription_not_found() -> Status {
    absent("SUBSCRIPTION_NOT_FOUND", "there is no such subscription")
}

/// The subscription has no such invoice.
pub(crate) fn invoice_not_found() -> Status {
    absent("INVOICE_NOT_FOUND", "there is no such invoice")
}

/// There is no such payment method for the caller.
pub(crate) fn payment_method_not_found() -> Status {
    absent("PAYMENT_METHOD_NOT_FOUND", "there is no such payment method")
}

/// An organization has only so many.
pub(crate) fn too_many_payment_methods() -> Status {
    state("TOO_MANY_PAYMENT_METHODS", "an organization has at most a hundred payment methods")
}

/// There is no such connection for the caller.
pub(crate) fn bank_connection_not_found() -> Status {
    absent("BANK_CONNECTION_NOT_FOUND", "there is no such bank connection")
}

/// Nothing such was asked of the aggregator by the caller.
pub(crate) fn integration_not_found() -> Status {
    absent("INTEGRATION_NOT_FOUND", "there is no such integration")
}

/// A field names something that is not there, or not of that organization.
pub(crate) fn reference_not_found(field: &str) -> Status {
    refuse_field(DOMAIN, "REFERENCE_NOT_FOUND", field, "leads nowhere")
}

/// An organization has one subscription at a time.
pub(crate) fn subscription_exists() -> Status {
    state("SUBSCRIPTION_EXISTS", "the organization has a subscription that is not cancelled")
}

/// What was ended stays so.
pub(crate) fn subscription_canceled() -> Status {
    state("SUBSCRIPTION_CANCELED", "the subscription is cancelled")
}

/// None is named, and none is current.
pub(crate) fn no_subscription() -> Status {
    state("NO_SUBSCRIPTION", "the organization has no subscription")
}

/// Nobody looks after these payments by hand.
pub(crate) fn not_billed_by_hand() -> Status {
    state("NOT_BILLED_BY_HAND", "the organization is not billed by hand")
}

/// Unknown, not valid now, or used up: nobody learns which.
pub(crate) fn coupon_invalid() -> Status {
    refuse_field(DOMAIN, "COUPON_INVALID", "coupon", "is not valid")
}

/// Once for each organization.
pub(crate) fn coupon_used() -> Status {
    state("COUPON_USED", "the organization has used this coupon")
}

/// One at a time.
pub(crate) fn coupon_applied() -> Status {
    state("COUPON_APPLIED", "the subscription has a coupon")
}

/// There is a coupon with this code.
pub(crate) fn coupon_exists() -> Status {
    chassis::refusal::refuse_taken(DOMAIN, "COUPON_EXISTS", &["code"])
}

/// Nobody finds coupons by trying.
pub(crate) fn too_many_coupons(pause: Duration) -> Status {
    let message = "too many coupons were tried, try again later";
    refuse_until(Code::ResourceExhausted, DOMAIN, "TOO_MANY_COUPONS", pause, message)
}

/// There is not exactly one active connection.
pub(crate) fn bank_connection_required() -> Status {
    state("BANK_CONNECTION_REQUIRED", "there is not exactly one active bank connection")
}

/// Nothing is imported over a connection that was ended.
pub(crate) fn bank_connection_inactive() -> Status {
    state("BANK_CONNECTION_INACTIVE", "the bank connection is not active")
}

/// The aggregator does not take the session.
pub(crate) fn bank_session_denied() -> Status {
    refuse_field(DOMAIN, "BANK_SESSION_DENIED", "session_id", "is not accepted by the bank")
}

/// The aggregator fails.
pub(crate) fn bank_provider_failed() -> Status {
    let message = "the bank-data provider failed";
    refuse(Code::Unavailable, DOMAIN, "BANK_PROVIDER_FAILED", [], message)
}

/// The aggregator does not answer in time.
pub(crate) fn bank_provider_timeout() -> Status {
    let message = "the bank-data provider did not answer";
    refuse(Code::Unavailable, DOMAIN, "BANK_PROVIDER_TIMEOUT", [], message)
}

/// Whether a state forbids what is asked: maybe the one that the first of two equal requests has
/// brought about.
pub(crate) fn forbidden_by_state(refusal: &Status) -> bool {
    refusal.code() == Code::FailedPrecondition
}

fn absent(reason: &str, message: &str) -> Status {
    refuse(Code::NotFound, DOMAIN, reason, [], message)
}

fn state(reason: &str, message: &str) -> Status {
    refuse(Code::FailedPrecondition, DOMAIN, reason, [], message)
}
