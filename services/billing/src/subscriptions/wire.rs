//! Subscriptions as messages.

use brazil::Cents;
use chassis::timestamp;
use proto::billing::v1 as pb;
use proto::common::v1::Money;

use super::store::Account;
use super::{
    COUPON_KEY, Invoice, InvoiceStatus, Metadata, Per, Product, ProductKind, Rhythm, Status,
    Subscription,
};

fn money(amount: Cents) -> Option<Money> {
    Some(Money { cents: amount.get() })
}

impl From<Metadata> for pb::SubscriptionMetadata {
    fn from(Metadata { key, value }: Metadata) -> Self {
        Self { key, value }
    }
}

impl From<Subscription> for pb::Subscription {
    fn from(subscription: Subscription) -> Self {
        let coupon =
            subscription.coupon.map(|value| Metadata { key: COUPON_KEY.to_owned(), value });
        Self {
            id: subscription.subscription_id.to_string(),
            organization_id: subscription.organization_id,
            address_id: subscription.address_id.to_string(),
            r#type: match subscription.rhythm {
                Rhythm::Monthly => pb::SubscriptionType::Monthly,
                Rhythm::Yearly => pb::SubscriptionType::Yearly,
            }
            .into(),
            payment_method_id: subscription.payment_method_id.map(|id| id.to_string()),
            products: subscription.products,
            seats: subscription.seats.into(),
            modules: subscription.modules,
            status: match subscription.status {
                Status::Awaiting => pb::SubscriptionStatus::Awaiting,
                Status::Active => pb::SubscriptionStatus::Active,
                Status::PastDue => pb::SubscriptionStatus::PastDue,
                Status::Canceled => pb::SubscriptionStatus::Canceled,
            }
            .into(),
            external_id: subscription.external_id,
            metadata: subscription.metadata.into_iter().chain(coupon).map(Into::into).collect(),
            created_at: Some(timestamp::to_proto(subscription.created_at)),
            updated_at: Some(timestamp::to_proto(subscription.updated_at)),
        }
    }
}

impl From<Invoice> for pb::SubscriptionInvoice {
    fn from(invoice: Invoice) -> Self {
        Self {
            id: invoice.invoice_id.to_string(),
            subscription_id: invoice.subscription_id.to_string(),
            organization_id: invoice.organization_id,
            name: format!("{}/{:06}", invoice.issued_on.year(), invoice.number),
            r#type: "subscription".to_owned(),
            status: match invoice.status {
                InvoiceStatus::Open => pb::SubscriptionInvoiceStatus::Open,
                InvoiceStatus::Paid => pb::SubscriptionInvoiceStatus::Paid,
                InvoiceStatus::Void => pb::SubscriptionInvoiceStatus::Void,
            }
            .into(),
            amount_net: money(invoice.amount),
            amount: money(invoice.amount),
            issue_date: invoice.issued_on.to_string(),
            sale_date: invoice.sold_on.to_string(),
            due_date: invoice.due_on.to_string(),
            paid_at: invoice.paid_at.map(timestamp::to_proto),
        }
    }
}

impl From<Product> for pb::SubscriptionProduct {
    fn from(product: Product) -> Self {
        Self {
            code: product.code,
            kind: match product.kind {
                ProductKind::Product => pb::SubscriptionProductKind::Product,
                ProductKind::Module => pb::SubscriptionProductKind::Module,
            }
            .into(),
            name: product.name,
            amount_net: money(product.amount),
            per: match product.per {
                Per::Seat => pb::SubscriptionPriceUnit::Seat,
                Per::Organization => pb::SubscriptionPriceUnit::Organization,
            }
            .into(),
        }
    }
}

impl From<Account> for pb::OrganizationAccount {
    fn from(account: Account) -> Self {
        let enabled = account.current_is_active.unwrap_or_default();
        let modules = account.modules.unwrap_or_default().into_iter();
        Self {
            company_id: account.company_id.to_string(),
            subscription_ids: account.subscription_ids.iter().map(ToString::to_string).collect(),
            current_subscription_id: account.current_id.map(|id| id.to_string()),
            customer_id: account.customer_id,
            manual_billing: account.manual_billing,
            modules: modules.map(|code| pb::OrganizationModule { code, enabled }).collect(),
        }
    }
}
