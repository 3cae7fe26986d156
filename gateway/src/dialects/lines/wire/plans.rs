//! Plans and prices.

use proto::billing::v1 as billing;
use proto::common::v1::Money;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Gigabytes, Integer, Names};
use crate::body::Input;

/// What the members of a plan are called in the contract.
pub(crate) const NAMES: Names = Names::new(
    "plan",
    &[
        ("name", "name"),
        ("available_data_gb", "available_data_gb"),
        ("price_cents", "price"),
        ("price_cents", "price.cents"),
        ("data_unit_amount_cents", "data_unit_price"),
        ("data_unit_amount_cents", "data_unit_price.cents"),
    ],
);

/// What the members of a company's price are called in the contract.
pub(crate) const PRICE_NAMES: Names =
    Names::new("", &[("priceCents", "price"), ("priceCents", "price.cents")]);

fn money(number: Integer) -> Option<Money> {
    Some(Money { cents: number.0 })
}

fn cents(money: Option<Money>) -> i64 {
    money.unwrap_or_default().cents
}

/// A plan to be added to the catalogue.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({
    "name": "10GB",
    "available_data_gb": 10,
    "price_cents": 4990,
    "data_unit_amount_cents": 1000
}))]
pub(crate) struct NewPlan {
    /// Unique name.
    #[serde(default)]
    #[schema(required = true)]
    name: String,
    /// Mobile data a month, gigabytes.
    #[serde(default)]
    #[schema(required = true, minimum = 0)]
    available_data_gb: f64,
    /// List price a month.
    #[serde(default)]
    #[schema(required = true, value_type = i64, minimum = 0)]
    price_cents: Integer,
    /// List price of a gigabyte on top.
    #[serde(default)]
    #[schema(required = true, value_type = i64, minimum = 0)]
    data_unit_amount_cents: Integer,
}

impl Input for NewPlan {
    const REQUIRED: &'static [&'static str] =
        &["name", "available_data_gb", "price_cents", "data_unit_amount_cents"];
}

impl From<NewPlan> for billing::Plan {
    fn from(plan: NewPlan) -> Self {
        Self {
            id: String::new(),
            name: plan.name,
            available_data_gb: plan.available_data_gb,
            price: money(plan.price_cents),
            data_unit_price: money(plan.data_unit_amount_cents),
            created_at: None,
        }
    }
}

/// A plan of the catalogue.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "53af5437-dd2b-4efb-84c2-d16c6fffd376",
    "name": "10GB",
    "available_data_gb": 10,
    "price_cents": 4990,
    "data_unit_amount_cents": 1000
}))]
pub(crate) struct Plan {
    /// Its id.
    #[schema(format = Uuid)]
    id: String,
    /// Unique name.
    name: String,
    /// Mobile data a month, gigabytes.
    #[schema(value_type = f64)]
    available_data_gb: Gigabytes,
    /// List price a month.
    price_cents: i64,
    /// List price of a gigabyte on top.
    data_unit_amount_cents: i64,
}

impl From<billing::Plan> for Plan {
    fn from(plan: billing::Plan) -> Self {
        Self {
            id: plan.id,
            name: plan.name,
            available_data_gb: Gigabytes(plan.available_data_gb),
            price_cents: cents(plan.price),
            data_unit_amount_cents: cents(plan.data_unit_price),
        }
    }
}

/// The catalogue.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Plans {
    /// Oldest first.
    subscription_plans: Vec<Plan>,
}

impl From<Vec<billing::Plan>> for Plans {
    fn from(plans: Vec<billing::Plan>) -> Self {
        Self { subscription_plans: plans.into_iter().map(Into::into).collect() }
    }
}

/// A plan at a company's price.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "53af5437-dd2b-4efb-84c2-d16c6fffd376",
    "name": "Plano WhatsApp",
    "available_data_gb": 0,
    "price_cents_company": 1490
}))]
struct CompanyPlan {
    /// Its id.
    #[schema(format = Uuid)]
    id: String,
    /// Name.
    name: String,
    /// Mobile data a month, gigabytes.
    #[schema(value_type = f64)]
    available_data_gb: Gigabytes,
    /// What the company pays a month.
    price_cents_company: i64,
}

impl From<billing::CompanyPlan> for CompanyPlan {
    fn from(plan: billing::CompanyPlan) -> Self {
        let billing::Plan { id, name, available_data_gb, .. } = plan.plan.unwrap_or_default();
        Self {
            id,
            name,
            available_data_gb: Gigabytes(available_data_gb),
            price_cents_company: cents(plan.company_price),
        }
    }
}

/// The catalogue at a company's prices.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CompanyPlans {
    /// Oldest plan first.
    subscription_plans: Vec<CompanyPlan>,
}

impl From<Vec<billing::CompanyPlan>> for CompanyPlans {
    fn from(plans: Vec<billing::CompanyPlan>) -> Self {
        Self { subscription_plans: plans.into_iter().map(Into::into).collect() }
    }
}

/// A price for a company.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"priceCents": 990}))]
pub(crate) struct NewPrice {
    /// What the company pays a month from now on.
    #[serde(default)]
    #[schema(required = true, value_type = i64, minimum = 0)]
    price_cents: Integer,
}

impl Input for NewPrice {
    const REQUIRED: &'static [&'static str] = &["priceCents"];
}

impl From<NewPrice> for Option<Money> {
    fn from(price: NewPrice) -> Self {
        money(price.price_cents)
    }
}
