//! Lines: "phone accounts" on the wire.

use proto::telecom::v1::{self as telecom, LinePermission, LineStatus};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::{Integer, Names, utc};
use crate::body::Input;

/// What the members of an order are called in the contract.
pub(crate) const ORDER_NAMES: Names = Names::new(
    "",
    &[("subscription_plan_id", "plan_id"), ("area_code", "area_code"), ("user_id", "user_id")],
);

/// Where a line is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = PhoneAccountStatus)]
pub(crate) enum Status {
    /// Waits for a free number of its area.
    Ordered,
    /// Waits for the company's approval, or for the carrier.
    Pending,
    /// Works.
    Active,
    /// Barred for one or more reasons.
    Blocked,
    /// Ended for good.
    Cancelled,
}

impl From<LineStatus> for Status {
    fn from(status: LineStatus) -> Self {
        match status {
            LineStatus::Ordered => Self::Ordered,
            LineStatus::Unspecified | LineStatus::Pending => Self::Pending,
            LineStatus::Active => Self::Active,
            LineStatus::Blocked => Self::Blocked,
            LineStatus::Cancelled => Self::Cancelled,
        }
    }
}

/// A mobile line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "53af5437-dd2b-4efb-84c2-d16c6fffd376",
    "user_id": "53af5437-dd2b-4efb-84c2-d16c6fffd376",
    "company_id": "bf0443ca-18f2-436a-b846-eb2b4fd8b418",
    "provider": "americanet",
    "phone_number": "+5541999999999",
    "is_portability": false,
    "simcard_number": "8955060000000000012",
    "status": "active",
    "subscription_plan_id": "e0483338-15e0-4ec4-aab8-c00e17edd6cf",
    "created_at": "2022-01-01T00:00:00Z",
    "updated_at": "2022-01-01T00:00:00Z"
}))]
pub(crate) struct PhoneAccount {
    /// Its id.
    #[schema(format = Uuid)]
    id: String,
    /// The person who uses it.
    #[schema(required = true)]
    user_id: Option<String>,
    /// The company that owns the contract; null for a person's own line.
    #[schema(required = true)]
    company_id: Option<String>,
    /// The carrier it runs on.
    provider: String,
    /// Its number; null while it has none.
    #[schema(required = true)]
    phone_number: Option<String>,
    /// Whether the number was ported in.
    is_portability: bool,
    /// Number of its SIM card; null while it has none.
    #[schema(required = true)]
    simcard_number: Option<String>,
    /// Where it is in its life.
    status: Status,
    /// Its plan.
    #[schema(format = Uuid)]
    subscription_plan_id: String,
    /// When it was ordered.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Option<OffsetDateTime>,
    /// When it was last changed.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: Option<OffsetDateTime>,
}

impl From<telecom::Line> for PhoneAccount {
    fn from(line: telecom::Line) -> Self {
        Self {
            status: line.status().into(),
            id: line.id,
            user_id: line.user_id,
            company_id: line.company_id,
            provider: line.provider,
            phone_number: line.phone_number,
            is_portability: line.is_portability,
            simcard_number: line.iccid,
            subscription_plan_id: line.plan_id,
            created_at: utc(line.created_at),
            updated_at: utc(line.updated_at),
        }
    }
}

/// The lines that the caller uses.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnPhoneAccounts {
    /// Newest first.
    phone_accounts: Vec<OwnPhoneAccount>,
}

impl From<Vec<telecom::Line>> for OwnPhoneAccounts {
    fn from(lines: Vec<telecom::Line>) -> Self {
        Self { phone_accounts: lines.into_iter().map(Into::into).collect() }
    }
}

/// A line that the caller uses.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "53af5437-dd2b-4efb-84c2-d16c6fffd376",
    "user_id": "53af5437-dd2b-4efb-84c2-d16c6fffd376",
    "phone_number": "+5541999999999",
    "is_portability": false,
    "status": "active"
}))]
struct OwnPhoneAccount {
    /// Its id.
    #[schema(format = Uuid)]
    id: String,
    /// The caller.
    #[schema(required = true)]
    user_id: Option<String>,
    /// Its number; null while it has none.
    #[schema(required = true)]
    phone_number: Option<String>,
    /// Whether the number was ported in.
    is_portability: bool,
    /// Where it is in its life.
    status: Status,
}

impl From<telecom::Line> for OwnPhoneAccount {
    fn from(line: telecom::Line) -> Self {
        Self {
            status: line.status().into(),
            id: line.id,
            user_id: line.user_id,
            phone_number: line.phone_number,
            is_portability: line.is_portability,
        }
    }
}

/// A line to be ordered.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({
    "subscription_plan_id": "e885e8e1-8925-4e2a-a9e1-d6326b719209",
    "area_code": 41,
    "user_id": "8307fddf-2cdc-47f4-bbc1-5bc26fa78fbc"
}))]
pub(crate) struct NewPhoneAccount {
    /// The plan.
    #[serde(default)]
    #[schema(required = true, format = Uuid)]
    pub(crate) subscription_plan_id: String,
    /// The area code wanted.
    #[serde(default)]
    #[schema(required = true, value_type = i32, minimum = 11, maximum = 99)]
    pub(crate) area_code: Integer,
    /// The person who will use it.
    #[schema(format = Uuid)]
    pub(crate) user_id: Option<String>,
}

impl Input for NewPhoneAccount {
    const REQUIRED: &'static [&'static str] = &["subscription_plan_id", "area_code"];
}

/// A SIM card to be put into a line.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({"sim_card_number": "8955060000000000012"}))]
pub(crate) struct SimCardActivation {
    /// The whole number, or its last seven digits.
    #[serde(default)]
    #[schema(required = true)]
    pub(crate) sim_card_number: String,
}

impl Input for SimCardActivation {
    const REQUIRED: &'static [&'static str] = &["sim_card_number"];
}

/// Something that may be done with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[schema(as = PhoneAccountPermission)]
pub(crate) enum Permission {
    /// Manage how it is paid for.
    #[serde(rename = "app:stripe-manage-billing")]
    ManageBilling,
    /// Read it.
    #[serde(rename = "app:read-phone-account")]
    Read,
    /// Ask for a number to be ported into it.
    #[serde(rename = "app:request-portability")]
    RequestPortability,
    /// Block it for theft or loss, and lift that.
    #[serde(rename = "app:block-phone-account")]
    Block,
    /// Change its plan, number, SIM card, user and fields.
    #[serde(rename = "app:manage-phone-account")]
    Manage,
}

impl Permission {
    /// Billing first, then as the contract has them.
    pub(crate) fn listed(permissions: impl Iterator<Item = LinePermission>) -> Vec<Self> {
        let mut listed: Vec<_> = permissions
            .filter_map(|permission| match permission {
                LinePermission::Unspecified => None,
                LinePermission::Read => Some(Self::Read),
                LinePermission::RequestPortability => Some(Self::RequestPortability),
                LinePermission::Block => Some(Self::Block),
                LinePermission::Manage => Some(Self::Manage),
                LinePermission::ManageBilling => Some(Self::ManageBilling),
            })
            .collect();
        listed.sort();
        listed
    }
}
