//! Orders of a line with everything around it.

use proto::telecom::v1::{self as telecom, LineOrderState};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::address::CamelAddress;
use super::{Integer, Names, area_code, object, utc};
use crate::body::Input;
use crate::fault::Checks;

/// What the members of an order are called in the contract.
pub(crate) const NAMES: Names = Names::new(
    "",
    &[
        ("subscriptionPlanId", "plan_id"),
        ("areaCode", "area_code"),
        ("user.email", "user_email"),
        ("user.name", "user_name"),
        ("changeOwnership", "change_ownership"),
        ("simcardDeliveryAddress", "delivery_address"),
        ("simcardDeliveryAddress.zipCode", "delivery_address.zip_code"),
        ("simcardDeliveryAddress.streetName", "delivery_address.street_name"),
        ("simcardDeliveryAddress.streetNumber", "delivery_address.street_number"),
    ],
);

/// An order of a line with everything around it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "subscriptionPlanId": "e885e8e1-8925-4e2a-a9e1-d6326b719209",
    "areaCode": 41,
    "user": {"email": "test@test.com", "name": "Test"},
    "changeOwnership": true,
    "simcardDeliveryAddress": {
        "zipCode": "80010-010",
        "streetName": "Rua Marechal Deodoro",
        "streetNumber": "666",
        "complement": "Apartamento 101",
        "neighborhood": "Centro",
        "city": "Curitiba",
        "state": "PR"
    }
}))]
pub(crate) struct NewPhoneAccountRequest {
    /// The plan.
    #[serde(default)]
    #[schema(required = true, format = Uuid)]
    subscription_plan_id: String,
    /// The area code wanted.
    #[serde(default)]
    #[schema(required = true, value_type = i32, minimum = 11, maximum = 99)]
    area_code: Integer,
    /// Who will use the line.
    #[serde(default, deserialize_with = "object")]
    user: Option<Invitee>,
    /// Whether the contract is the company's; else it is that person's, and the company pays.
    /// False needs a person. Absent means false where a person is named, else true.
    change_ownership: Option<bool>,
    /// Where the SIM card goes; absent when none is to be sent.
    #[serde(default, deserialize_with = "object")]
    simcard_delivery_address: Option<CamelAddress>,
}

/// Somebody who is to use a line.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({"email": "test@test.com", "name": "Test"}))]
struct Invitee {
    /// E-mail; one that nobody has becomes an invited user.
    #[schema(required = true)]
    email: Option<String>,
    /// Name of an invited user; nobody who is known is renamed.
    #[schema(required = true)]
    name: Option<String>,
}

impl Input for NewPhoneAccountRequest {
    const REQUIRED: &'static [&'static str] = &["subscriptionPlanId", "areaCode"];
}

impl NewPhoneAccountRequest {
    /// The order in the terms of the contract.
    pub(crate) fn into_order(
        self,
        company_id: String,
        checks: &mut Checks,
    ) -> telecom::PlaceLineOrderRequest {
        // A person without an e-mail is one whose e-mail is missing, not nobody.
        let user = self.user.map(|user| (user.email.unwrap_or_default(), user.name));
        let (user_email, user_name) = user.unzip();
        telecom::PlaceLineOrderRequest {
            company_id,
            plan_id: self.subscription_plan_id,
            area_code: area_code(checks, "areaCode", self.area_code),
            user_email,
            user_name: user_name.flatten(),
            change_ownership: self.change_ownership,
            delivery_address: self.simcard_delivery_address.map(Into::into),
        }
    }
}

/// Where an order or one of its steps is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = PhoneAccountRequestState)]
enum State {
    /// Its turn has not come.
    Pending,
    /// Under way, or tried again.
    Running,
    /// Done.
    Done,
    /// Not asked for.
    Skipped,
    /// Refused for good.
    Failed,
    /// Done, and undone because another step failed.
    Compensated,
}

impl From<LineOrderState> for State {
    fn from(state: LineOrderState) -> Self {
        match state {
            LineOrderState::Unspecified | LineOrderState::Pending => Self::Pending,
            LineOrderState::Running => Self::Running,
            LineOrderState::Done => Self::Done,
            LineOrderState::Skipped => Self::Skipped,
            LineOrderState::Failed => Self::Failed,
            LineOrderState::Compensated => Self::Compensated,
        }
    }
}

/// An order, and how far it has come.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "7b145d46-9d72-467d-aa37-4add0d6d697c",
    "state": "running",
    "phone_account_id": "53af5437-dd2b-4efb-84c2-d16c6fffd376",
    "steps": [
        {"name": "line", "state": "done", "reason": null, "updated_at": "2022-01-01T00:00:00Z"},
        {"name": "user", "state": "done", "reason": null, "updated_at": "2022-01-01T00:00:00Z"},
        {
            "name": "ownership",
            "state": "skipped",
            "reason": null,
            "updated_at": "2022-01-01T00:00:00Z"
        },
        {
            "name": "shipment",
            "state": "running",
            "reason": "awaiting-parcel-carrier",
            "updated_at": "2022-01-01T00:00:00Z"
        }
    ]
}))]
pub(crate) struct PhoneAccountRequest {
    /// Its id.
    #[schema(format = Uuid)]
    id: String,
    /// Running, done or failed.
    state: State,
    /// The line, once there is one.
    #[schema(required = true)]
    phone_account_id: Option<String>,
    /// Line, user, ownership and shipment.
    steps: Vec<Step>,
}

/// A step of an order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PhoneAccountRequestStep)]
struct Step {
    /// `line`, `user`, `ownership` or `shipment`.
    name: String,
    /// Where it is.
    state: State,
    /// Why it waits or failed.
    #[schema(required = true)]
    reason: Option<String>,
    /// When it last changed.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: Option<OffsetDateTime>,
}

impl From<telecom::LineOrder> for PhoneAccountRequest {
    fn from(order: telecom::LineOrder) -> Self {
        Self {
            state: order.state().into(),
            id: order.id,
            phone_account_id: order.line_id,
            steps: order.steps.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<telecom::LineOrderStep> for Step {
    fn from(step: telecom::LineOrderStep) -> Self {
        Self {
            state: step.state().into(),
            name: step.name,
            reason: step.reason,
            updated_at: utc(step.updated_at),
        }
    }
}
