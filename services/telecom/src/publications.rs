//! Which contexts hear of what happens here.

use prost::Name;
use proto::events::v1::{
    CallAnswered, CallCreated, CallEnded, DataToppedUp, LineActivated, LineBlocked, LineCancelled,
    LineCompanyChanged, LineNumberChanged, LineOrderFinished, LineOrdered, LinePlanChanged,
    LineSimCardChanged, LineUnblocked, LineUserChanged, PortInChanged, ShipmentChanged,
};

/// (subscriber, full name of an event) for every pair. Company tells its companies' webhooks of
/// everything.
pub(crate) fn subscriptions() -> Vec<(&'static str, String)> {
    let to_billing = [
        DataToppedUp::full_name(),
        LineActivated::full_name(),
        LineCancelled::full_name(),
        LineCompanyChanged::full_name(),
        LinePlanChanged::full_name(),
    ];
    let to_company = [
        CallAnswered::full_name(),
        CallCreated::full_name(),
        CallEnded::full_name(),
        DataToppedUp::full_name(),
        LineActivated::full_name(),
        LineBlocked::full_name(),
        LineCancelled::full_name(),
        LineCompanyChanged::full_name(),
        LineNumberChanged::full_name(),
        LineOrderFinished::full_name(),
        LineOrdered::full_name(),
        LinePlanChanged::full_name(),
        LineSimCardChanged::full_name(),
        LineUnblocked::full_name(),
        LineUserChanged::full_name(),
        PortInChanged::full_name(),
        ShipmentChanged::full_name(),
    ];
    let to_billing = to_billing.into_iter().map(|event| ("billing", event));
    let to_company = to_company.into_iter().map(|event| ("company", event));
    to_billing.chain(to_company).collect()
}
