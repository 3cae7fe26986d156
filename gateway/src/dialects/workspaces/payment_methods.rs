//! Payment methods.

use axum::extract::State;
use axum::response::Response;
use proto::billing::v1 as billing;
use proto::billing::v1::payment_method_service_client::PaymentMethodServiceClient;

use super::Workspaces;
use super::body::{Given, Session};
use super::error::Error;
use super::page::Paging;
use super::wire::{PaymentMethod, PaymentMethodInput};
use crate::body::At;

/// Those of all of the caller's organizations.
pub(super) async fn list(
    State(workspaces): State<Workspaces>,
    session: Session,
    paging: Paging,
) -> Result<Response, Error> {
    let request = billing::ListPaymentMethodsRequest { page: paging.request() };
    let answer = workspaces
        .clients()
        .billing
        .ask(&session.caller, request, |to, request| async move {
            PaymentMethodServiceClient::new(to).list_payment_methods(request).await
        })
        .await?;
    let items: Vec<PaymentMethod> =
        answer.message.payment_methods.into_iter().map(Into::into).collect();
    let total = answer.message.page.unwrap_or_default().total_size;
    Ok(session.form.collection(&paging, &items, total))
}

/// Adds one to the current organization.
pub(super) async fn create(
    State(workspaces): State<Workspaces>,
    session: Session,
    Given(new, _): Given<PaymentMethodInput>,
) -> Result<Response, Error> {
    let request = billing::CreatePaymentMethodRequest {
        organization_id: session.organization_id,
        r#type: new.r#type.unwrap_or_default(),
        label: new.label,
        provider_token: new.provider_token,
    };
    let answer = workspaces
        .clients()
        .billing
        .ask(&session.caller, request, |to, request| async move {
            PaymentMethodServiceClient::new(to).create_payment_method(request).await
        })
        .await?;
    let method = PaymentMethod::from(answer.message.payment_method.unwrap_or_default());
    Ok(session.form.made(answer.replayed, &method))
}

/// Reads one.
pub(super) async fn get(
    State(workspaces): State<Workspaces>,
    session: Session,
    At(payment_method_id): At<String>,
) -> Result<Response, Error> {
    let request = billing::GetPaymentMethodRequest { payment_method_id };
    let answer = workspaces
        .clients()
        .billing
        .ask(&session.caller, request, |to, request| async move {
            PaymentMethodServiceClient::new(to).get_payment_method(request).await
        })
        .await?;
    let method = PaymentMethod::from(answer.message.payment_method.unwrap_or_default());
    Ok(session.form.item(&method))
}
