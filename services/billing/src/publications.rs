//! Which contexts hear of what happens here.

use prost::Name;
use proto::events::v1::{NonPaymentCleared, NonPaymentSuspended, NonPaymentTerminated};

/// (subscriber, full name of an event) for every pair. Telecom bars lines, lifts that, and ends
/// them.
pub(crate) fn subscriptions() -> Vec<(&'static str, String)> {
    let to_telecom = [
        NonPaymentCleared::full_name(),
        NonPaymentSuspended::full_name(),
        NonPaymentTerminated::full_name(),
    ];
    to_telecom.into_iter().map(|event| ("telecom", event)).collect()
}
