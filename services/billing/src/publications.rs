//! Which contexts hear of what happens here.

use prost::Name;
use proto::events::v1::{
    FiscalNoteAuthorized, InvoiceIssued, InvoiceOverdue, InvoicePaid, NonPaymentCleared,
    NonPaymentSuspended, NonPaymentTerminated,
};

/// (subscriber, full name of an event) for every pair. Company tells its companies' webhooks of
/// everything; telecom bars the lines of those who do not pay.
pub(crate) fn subscriptions() -> Vec<(&'static str, String)> {
    let to_company = [
        FiscalNoteAuthorized::full_name(),
        InvoiceIssued::full_name(),
        InvoiceOverdue::full_name(),
        InvoicePaid::full_name(),
        NonPaymentCleared::full_name(),
        NonPaymentSuspended::full_name(),
        NonPaymentTerminated::full_name(),
    ];
    let to_telecom = [
        NonPaymentCleared::full_name(),
        NonPaymentSuspended::full_name(),
        NonPaymentTerminated::full_name(),
    ];
    let to_company = to_company.into_iter().map(|event| ("company", event));
    let to_telecom = to_telecom.into_iter().map(|event| ("telecom", event));
    to_company.chain(to_telecom).collect()
}
