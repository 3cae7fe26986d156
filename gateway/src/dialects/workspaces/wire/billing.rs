//! Subscriptions, invoices, payment methods.

use proto::billing::v1 as billing;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::body::Moment;
use super::super::resource::Resource;
use super::{CURRENCY, decimal, input};

/// A subscription.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Subscription {
    id: String,
    organization: String,
    organization_address: String,
    /// monthly or yearly.
    r#type: &'static str,
    payment_method: Option<String>,
    products: Vec<String>,
    seats: i64,
    modules: Vec<String>,
    /// awaiting, active, past_due or canceled.
    status: &'static str,
    external_id: Option<String>,
    metadata: Vec<SubscriptionMetadata>,
    created_at: Option<String>,
    updated_at: Option<String>,
    active: bool,
    awaiting: bool,
}

impl Resource for Subscription {
    const TYPE: &'static str = "Subscription";

    fn iri(&self) -> Option<String> {
        Some(format!("/subscriptions/{}", self.id))
    }
}

impl From<billing::Subscription> for Subscription {
    fn from(subscription: billing::Subscription) -> Self {
        let status = subscription.status();
        Self {
            r#type: match subscription.r#type() {
                billing::SubscriptionType::Yearly => "yearly",
                _ => "monthly",
            },
            status: match status {
                billing::SubscriptionStatus::Active => "active",
                billing::SubscriptionStatus::PastDue => "past_due",
                billing::SubscriptionStatus::Canceled => "canceled",
                _ => "awaiting",
            },
            active: status == billing::SubscriptionStatus::Active,
            awaiting: status == billing::SubscriptionStatus::Awaiting,
            id: subscription.id,
            organization: format!("/organizations/{}", subscription.organization_id),
            organization_address: format!("/organization-addresses/{}", subscription.address_id),
            payment_method: subscription
                .payment_method_id
                .map(|id| format!("/payment-methods/{id}")),
            products: subscription.products,
            seats: subscription.seats,
            modules: subscription.modules,
            external_id: subscription.external_id,
            metadata: subscription
                .metadata
                .into_iter()
                .map(|note| SubscriptionMetadata { key: note.key, value: note.value })
                .collect(),
            created_at: Moment::shown(subscription.created_at.as_ref()),
            updated_at: Moment::shown(subscription.updated_at.as_ref()),
        }
    }
}

/// A note.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct SubscriptionMetadata {
    key: String,
    value: String,
}

/// A note to be made.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(in super::super) struct SubscriptionNote {
    /// 1 to 100 characters.
    #[schema(example = "order")]
    pub(in super::super) key: Option<String>,
    /// Up to 500 characters; empty unless said.
    #[schema(example = "A-17")]
    pub(in super::super) value: Option<String>,
}

/// A subscription to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct SubscriptionInput {
    /// Path of the organization.
    #[schema(example = "/organizations/k3m9x2ab")]
    pub(in super::super) organization: Option<String>,
    /// Path of one of its addresses.
    #[schema(example = "/organization-addresses/0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d")]
    pub(in super::super) organization_address: Option<String>,
    /// monthly or yearly.
    #[schema(example = "monthly")]
    pub(in super::super) r#type: Option<String>,
    /// Codes of the catalogue, at least one.
    #[schema(example = json!(["workspace"]))]
    pub(in super::super) products: Option<Vec<String>>,
    /// 1 to 10,000.
    #[schema(example = 3)]
    pub(in super::super) seats: Option<i64>,
    /// Codes of the catalogue.
    #[schema(example = json!(["meetings"]))]
    pub(in super::super) modules: Option<Vec<String>>,
    /// Path of one of its payment methods.
    #[schema(example = "/payment-methods/0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d")]
    pub(in super::super) payment_method: Option<String>,
    /// At most 20.
    pub(in super::super) metadata: Option<Vec<SubscriptionNote>>,
}

/// A coupon for a subscription.
#[derive(Debug, Deserialize, ToSchema)]
pub(in super::super) struct CouponInput {
    #[schema(example = "WELCOME-10")]
    pub(in super::super) coupon: Option<String>,
    /// Path of the subscription; absent for the current one.
    pub(in super::super) subscription: Option<String>,
}

/// A subscription whose coupon is to go.
#[derive(Debug, Deserialize, ToSchema)]
pub(in super::super) struct CouponClearing {
    /// Path of the subscription; absent for the current one.
    pub(in super::super) subscription: Option<String>,
}

/// An invoice of a subscription.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SubscriptionInvoice)]
pub(in super::super) struct Invoice {
    id: String,
    /// Its number.
    name: String,
    r#type: String,
    /// open, paid or void.
    status: &'static str,
    client: String,
    tin_type: Option<String>,
    tin: Option<String>,
    amount_net: f64,
    amount: f64,
    currency: &'static str,
    issue_date: String,
    sale_date: String,
    due_date: String,
    paid_at: Option<String>,
    #[serde(skip)]
    subscription_id: String,
}

impl Resource for Invoice {
    const TYPE: &'static str = "Invoice";

    fn iri(&self) -> Option<String> {
        Some(format!("/subscriptions/{}/invoices/{}", self.subscription_id, self.id))
    }
}

impl From<billing::SubscriptionInvoice> for Invoice {
    fn from(invoice: billing::SubscriptionInvoice) -> Self {
        Self {
            status: match invoice.status() {
                billing::SubscriptionInvoiceStatus::Paid => "paid",
                billing::SubscriptionInvoiceStatus::Void => "void",
                _ => "open",
            },
            id: invoice.id,
            name: invoice.name,
            r#type: invoice.r#type,
            client: format!("/organizations/{}", invoice.organization_id),
            tin_type: None,
            tin: None,
            amount_net: decimal(invoice.amount_net),
            amount: decimal(invoice.amount),
            currency: CURRENCY,
            issue_date: invoice.issue_date,
            sale_date: invoice.sale_date,
            due_date: invoice.due_date,
            paid_at: Moment::shown(invoice.paid_at.as_ref()),
            subscription_id: invoice.subscription_id,
        }
    }
}

/// Something that can be subscribed to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct SubscriptionProduct {
    code: String,
    /// product or module.
    kind: &'static str,
    name: String,
    /// Price of a month.
    amount_net: f64,
    currency: &'static str,
    /// seat or organization.
    per: &'static str,
}

impl Resource for SubscriptionProduct {
    const TYPE: &'static str = "SubscriptionProduct";

    fn iri(&self) -> Option<String> {
        None
    }
}

impl From<billing::SubscriptionProduct> for SubscriptionProduct {
    fn from(product: billing::SubscriptionProduct) -> Self {
        Self {
            kind: match product.kind() {
                billing::SubscriptionProductKind::Module => "module",
                _ => "product",
            },
            per: match product.per() {
                billing::SubscriptionPriceUnit::Organization => "organization",
                _ => "seat",
            },
            code: product.code,
            name: product.name,
            amount_net: decimal(product.amount_net),
            currency: CURRENCY,
        }
    }
}

/// A way to pay.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct PaymentMethod {
    id: String,
    /// card, pix or boleto.
    r#type: String,
    label: Option<String>,
}

impl Resource for PaymentMethod {
    const TYPE: &'static str = "PaymentMethod";

    fn iri(&self) -> Option<String> {
        Some(format!("/payment-methods/{}", self.id))
    }
}

impl From<billing::PaymentMethod> for PaymentMethod {
    fn from(method: billing::PaymentMethod) -> Self {
        Self { id: method.id, r#type: method.r#type, label: method.label }
    }
}

/// A way to pay, to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct PaymentMethodInput {
    /// card, pix or boleto.
    #[schema(example = "pix")]
    pub(in super::super) r#type: Option<String>,
    /// Up to 100 characters.
    pub(in super::super) label: Option<String>,
    /// The provider's token; a card needs one. Never a card's number.
    pub(in super::super) provider_token: Option<String>,
}

input!(SubscriptionInput, CouponInput, PaymentMethodInput);
input!(or nothing: CouponClearing);
