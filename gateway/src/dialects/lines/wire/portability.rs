//! Numbers that lines bring along from other operators.

use proto::telecom::v1::{PortIn, PortInStatus};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::body::Input;

/// A number to be ported into a line.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({"phone_number": "+5541987654321"}))]
pub(crate) struct NewPortability {
    /// A Brazilian mobile number of the line's own area.
    #[serde(default)]
    #[schema(required = true)]
    pub(crate) phone_number: String,
}

impl Input for NewPortability {
    const REQUIRED: &'static [&'static str] = &["phone_number"];
}

/// Where a port-in is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = PortabilityStatus)]
pub(crate) enum Status {
    /// Taken on.
    Requested,
    /// The holder is asked by SMS.
    AwaitingConfirmation,
    /// The holder did not answer in time, and is asked again.
    Parked,
    /// Sent to the administrator.
    Submitted,
    /// The other operator looks at it.
    InValidation,
    /// Its day is set.
    Scheduled,
    /// Its day has come.
    InTransition,
    /// The line has the number.
    Successful,
    /// The other operator or the rules refused.
    Denied,
    /// Withdrawn.
    Cancelled,
    /// It went wrong on its day; the line keeps its number.
    Failed,
}

impl From<PortInStatus> for Status {
    fn from(status: PortInStatus) -> Self {
        match status {
            PortInStatus::Unspecified | PortInStatus::Requested => Self::Requested,
            PortInStatus::AwaitingConfirmation => Self::AwaitingConfirmation,
            PortInStatus::Parked => Self::Parked,
            PortInStatus::Submitted => Self::Submitted,
            PortInStatus::InValidation => Self::InValidation,
            PortInStatus::Scheduled => Self::Scheduled,
            PortInStatus::InTransition => Self::InTransition,
            PortInStatus::Successful => Self::Successful,
            PortInStatus::Denied => Self::Denied,
            PortInStatus::Cancelled => Self::Cancelled,
            PortInStatus::Failed => Self::Failed,
        }
    }
}

/// A number's way into a line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "53af5437-dd2b-4efb-84c2-d16c6fffd376",
    "status": "DENIED",
    "status_reason": "holder-mismatch",
    "phone_number": "+5541999999999"
}))]
pub(crate) struct Portability {
    /// Its id.
    #[schema(format = Uuid)]
    id: String,
    /// Where it is.
    status: Status,
    /// Why it was denied, cancelled, or failed; else null.
    #[schema(required = true)]
    status_reason: Option<String>,
    /// The number that is to come.
    phone_number: String,
}

impl From<PortIn> for Portability {
    fn from(port_in: PortIn) -> Self {
        Self {
            status: port_in.status().into(),
            id: port_in.id,
            status_reason: port_in.status_reason,
            phone_number: port_in.phone_number,
        }
    }
}
