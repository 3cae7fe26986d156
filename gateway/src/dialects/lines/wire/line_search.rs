//! What a search of lines answers.

use std::collections::{BTreeMap, HashMap};

use proto::billing::v1 as billing;
use proto::telecom::v1 as telecom;
use serde::Serialize;
use utoipa::ToSchema;

use super::lines::PhoneAccount;
use super::{Gigabytes, Names, Pagination};

/// What the parameters are called in the contract.
pub(crate) const NAMES: Names = Names::new("", &[("searchTerm", "search_term")]);

/// A page of a company's lines.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FoundPhoneAccounts {
    pagination: Pagination,
    /// Newest first.
    phone_accounts: Vec<FoundPhoneAccount>,
}

/// A line with the person who uses it and its plan.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "53af5437-dd2b-4efb-84c2-d16c6fffd376",
    "user_id": "53af5437-dd2b-4efb-84c2-d16c6fffd376",
    "user": {
        "id": "53af5437-dd2b-4efb-84c2-d16c6fffd376",
        "full_name": "Jhon Doe",
        "email": "test@email.com",
        "social_name": "Jhon"
    },
    "company_id": "bf0443ca-18f2-436a-b846-eb2b4fd8b418",
    "provider": "americanet",
    "phone_number": "+5541999999999",
    "is_portability": false,
    "simcard_number": "8955060000000000012",
    "status": "active",
    "subscription_plan_id": "e0483338-15e0-4ec4-aab8-c00e17edd6cf",
    "subscription_plan": {
        "id": "e0483338-15e0-4ec4-aab8-c00e17edd6cf",
        "name": "10GB",
        "availableDataAmountGb": 10
    },
    "custom_fields": {"Equipamento": "Motorola"},
    "created_at": "2022-01-01T00:00:00Z",
    "updated_at": "2022-01-01T00:00:00Z"
}))]
struct FoundPhoneAccount {
    #[serde(flatten)]
    line: PhoneAccount,
    /// The person who uses it; null while nobody does.
    #[schema(required = true)]
    user: Option<LineUser>,
    /// Its plan.
    #[schema(required = true)]
    subscription_plan: Option<LinePlan>,
    /// What the company notes about it.
    custom_fields: BTreeMap<String, String>,
}

/// The person who uses a line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PhoneAccountUser)]
struct LineUser {
    /// Their id.
    #[schema(format = Uuid)]
    id: String,
    /// Name.
    #[schema(required = true)]
    full_name: Option<String>,
    /// The e-mail that logs in.
    email: String,
    /// Name that they go by.
    #[schema(required = true)]
    social_name: Option<String>,
}

/// The plan of a line.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PhoneAccountPlan)]
struct LinePlan {
    /// Its id.
    #[schema(format = Uuid)]
    id: String,
    /// Name.
    name: String,
    /// Mobile data a month, gigabytes.
    #[schema(value_type = f64)]
    available_data_amount_gb: Gigabytes,
}

impl FoundPhoneAccounts {
    /// Joins what telecom found with the plans of the catalogue.
    pub(crate) fn new(found: telecom::SearchLinesResponse, plans: Vec<billing::Plan>) -> Self {
        let plans: HashMap<String, LinePlan> =
            plans.into_iter().map(|plan| (plan.id.clone(), plan.into())).collect();
        let joined = |found: telecom::FoundLine| {
            let mut line = found.line.unwrap_or_default();
            FoundPhoneAccount {
                user: found.user.map(Into::into),
                subscription_plan: plans.get(&line.plan_id).cloned(),
                custom_fields: std::mem::take(&mut line.custom_fields).into_iter().collect(),
                line: line.into(),
            }
        };
        Self {
            pagination: found.page.into(),
            phone_accounts: found.lines.into_iter().map(joined).collect(),
        }
    }
}

impl From<telecom::LineUser> for LineUser {
    fn from(user: telecom::LineUser) -> Self {
        Self {
            id: user.id,
            full_name: user.full_name,
            email: user.email,
            social_name: user.social_name,
        }
    }
}

impl From<billing::Plan> for LinePlan {
    fn from(plan: billing::Plan) -> Self {
        Self {
            id: plan.id,
            name: plan.name,
            available_data_amount_gb: Gigabytes(plan.available_data_gb),
        }
    }
}
