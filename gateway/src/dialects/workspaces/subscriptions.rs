//! Subscriptions, their invoices and coupons, and the catalogue.

use axum::extract::State;
use axum::response::Response;
use proto::billing::v1 as billing;
use proto::billing::v1::subscription_service_client::SubscriptionServiceClient;

use super::Workspaces;
use super::body::{Given, Session};
use super::error::Error;
use super::iri;
use super::page::Paging;
use super::wire::{
    CouponClearing, CouponInput, Invoice, Nothing, Subscription, SubscriptionInput,
    SubscriptionProduct,
};
use crate::body::At;

const SUBSCRIPTIONS: &str = "/subscriptions";

/// Those of all of the caller's organizations.
pub(super) async fn list(
    State(workspaces): State<Workspaces>,
    session: Session,
    paging: Paging,
) -> Result<Response, Error> {
    let request = billing::ListSubscriptionsRequest { page: paging.request() };
    let answer = workspaces
        .clients()
        .billing
        .ask(&session.caller, request, |to, request| async move {
            SubscriptionServiceClient::new(to).list_subscriptions(request).await
        })
        .await?;
    let items: Vec<Subscription> =
        answer.message.subscriptions.into_iter().map(Into::into).collect();
    let total = answer.message.page.unwrap_or_default().total_size;
    Ok(session.form.collection(&paging, &items, total))
}

/// Subscribes.
pub(super) async fn create(
    State(workspaces): State<Workspaces>,
    session: Session,
    Given(new, _): Given<SubscriptionInput>,
) -> Result<Response, Error> {
    let (organization, address) =
        (new.organization.as_deref(), new.organization_address.as_deref());
    let method = new.payment_method.as_deref();
    let metadata = new.metadata.unwrap_or_default().into_iter();
    let request = billing::CreateSubscriptionRequest {
        organization_id: iri::or_empty("organization", "/organizations", organization)?,
        address_id: iri::or_empty("organizationAddress", "/organization-addresses", address)?,
        payment_method_id: iri::optional("paymentMethod", "/payment-methods", method)?,
        r#type: new.r#type.unwrap_or_default(),
        products: new.products.unwrap_or_default(),
        seats: new.seats,
        modules: new.modules.unwrap_or_default(),
        metadata: metadata
            .map(|note| billing::SubscriptionMetadata {
                key: note.key.unwrap_or_default(),
                value: note.value.unwrap_or_default(),
            })
            .collect(),
    };
    let answer = workspaces
        .clients()
        .billing
        .ask(&session.caller, request, |to, request| async move {
            SubscriptionServiceClient::new(to).create_subscription(request).await
        })
        .await?;
    let subscription = Subscription::from(answer.message.subscription.unwrap_or_default());
    Ok(session.form.made(answer.replayed, &subscription))
}

/// Reads one.
pub(super) async fn get(
    State(workspaces): State<Workspaces>,
    session: Session,
    At(subscription_id): At<String>,
) -> Result<Response, Error> {
    let request = billing::GetSubscriptionRequest { subscription_id };
    let answer = workspaces
        .clients()
        .billing
        .ask(&session.caller, request, |to, request| async move {
            SubscriptionServiceClient::new(to).get_subscription(request).await
        })
        .await?;
    let subscription = Subscription::from(answer.message.subscription.unwrap_or_default());
    Ok(session.form.item(&subscription))
}

/// Ends one.
pub(super) async fn cancel(
    State(workspaces): State<Workspaces>,
    session: Session,
    At(subscription_id): At<String>,
    Given(_, _): Given<Nothing>,
) -> Result<Response, Error> {
    let request = billing::CancelSubscriptionRequest { subscription_id };
    let answer = workspaces
        .clients()
        .billing
        .ask(&session.caller, request, |to, request| async move {
            SubscriptionServiceClient::new(to).cancel_subscription(request).await
        })
        .await?;
    let subscription = Subscription::from(answer.message.subscription.unwrap_or_default());
    Ok(session.form.made(answer.replayed, &subscription))
}

/// Applies a coupon.
pub(super) async fn apply_coupon(
    State(workspaces): State<Workspaces>,
    session: Session,
    Given(given, _): Given<CouponInput>,
) -> Result<Response, Error> {
    let named = given.subscription.as_deref();
    let request = billing::ApplyCouponRequest {
        organization_id: session.organization_id,
        subscription_id: iri::optional("subscription", SUBSCRIPTIONS, named)?,
        coupon: given.coupon.unwrap_or_default(),
    };
    let answer = workspaces
        .clients()
        .billing
        .ask(&session.caller, request, |to, request| async move {
            SubscriptionServiceClient::new(to).apply_coupon(request).await
        })
        .await?;
    let subscription = Subscription::from(answer.message.subscription.unwrap_or_default());
    Ok(session.form.made(answer.replayed, &subscription))
}

/// Takes the coupon off.
pub(super) async fn clear_coupon(
    State(workspaces): State<Workspaces>,
    session: Session,
    Given(given, _): Given<CouponClearing>,
) -> Result<Response, Error> {
    let named = given.subscription.as_deref();
    let request = billing::ClearCouponRequest {
        organization_id: session.organization_id,
        subscription_id: iri::optional("subscription", SUBSCRIPTIONS, named)?,
    };
    let answer = workspaces
        .clients()
        .billing
        .ask(&session.caller, request, |to, request| async move {
            SubscriptionServiceClient::new(to).clear_coupon(request).await
        })
        .await?;
    let subscription = Subscription::from(answer.message.subscription.unwrap_or_default());
    Ok(session.form.made(answer.replayed, &subscription))
}

/// The invoices of one, newest first.
pub(super) async fn invoices(
    State(workspaces): State<Workspaces>,
    session: Session,
    At(subscription_id): At<String>,
    paging: Paging,
) -> Result<Response, Error> {
    let page = paging.request();
    let request = billing::ListSubscriptionInvoicesRequest { subscription_id, page };
    let answer = workspaces
        .clients()
        .billing
        .ask(&session.caller, request, |to, request| async move {
            SubscriptionServiceClient::new(to).list_subscription_invoices(request).await
        })
        .await?;
    let items: Vec<Invoice> = answer.message.invoices.into_iter().map(Into::into).collect();
    let total = answer.message.page.unwrap_or_default().total_size;
    Ok(session.form.collection(&paging, &items, total))
}

/// Reads an invoice.
pub(super) async fn invoice(
    State(workspaces): State<Workspaces>,
    session: Session,
    At((subscription_id, invoice_id)): At<(String, String)>,
) -> Result<Response, Error> {
    let request = billing::GetSubscriptionInvoiceRequest { subscription_id, invoice_id };
    let answer = workspaces
        .clients()
        .billing
        .ask(&session.caller, request, |to, request| async move {
            SubscriptionServiceClient::new(to).get_subscription_invoice(request).await
        })
        .await?;
    let invoice = Invoice::from(answer.message.invoice.unwrap_or_default());
    Ok(session.form.item(&invoice))
}

/// What can be subscribed to.
pub(super) async fn products(
    State(workspaces): State<Workspaces>,
    session: Session,
    paging: Paging,
) -> Result<Response, Error> {
    let answer = workspaces
        .clients()
        .billing
        .ask(
            &session.caller,
            billing::ListSubscriptionProductsRequest {},
            |to, request| async move {
                SubscriptionServiceClient::new(to).list_subscription_products(request).await
            },
        )
        .await?;
    let all: Vec<SubscriptionProduct> =
        answer.message.products.into_iter().map(Into::into).collect();
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    Ok(session.form.collection(&paging, &paging.cut(all), total))
}
