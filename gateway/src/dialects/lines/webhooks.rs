//! Webhooks: where companies hear of what happens.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use proto::company::v1::webhook_service_client::WebhookServiceClient;
use proto::company::v1::{
    CreateWebhookEndpointRequest, DeleteWebhookEndpointRequest, ListWebhookDeliveriesRequest,
    ListWebhookEndpointsRequest, ReplayWebhookDeliveriesRequest,
};

use super::Lines;
use super::documents::{Always, Bodied, Checked, Guarded, IdempotencyKey, Named};
use super::error::{Envelope, Error};
use super::wire::companies::SEARCH_NAMES;
use super::wire::webhooks::{
    NAMES, NewWebhookEndpoint, RegisteredWebhookEndpoint, WebhookDeliveries, WebhookEndpoints,
    WebhookReplay, WebhookReplayed,
};
use super::wire::{Names, Part};
use crate::body::{At, Body, Id, Params};
use crate::caller::Caller;
use crate::clients::Replayed;
use crate::fault::Checks;

/// Register a webhook endpoint
///
/// Deliveries are POSTs of `{"type", "timestamp", "data"}`, signed as Standard Webhooks prescribes
/// (`webhook-id`, `webhook-timestamp`, `webhook-signature`), at least once and in no promised
/// order. Only 2xx within 15 seconds counts; redirects are not followed; `Retry-After` is heeded;
/// 410 ends deliveries for good. What fails is tried again after 5 s, 5 min, 30 min, 2 h, 5 h,
/// 10 h, 14 h, 20 h and 24 h, under the same id.
#[utoipa::path(
    post, path = "/webhook-endpoints", tag = "webhooks", operation_id = "createWebhookEndpoint",
    params(IdempotencyKey),
    request_body = NewWebhookEndpoint,
    responses(
        (status = 201, description = "The endpoint and its secret", body = RegisteredWebhookEndpoint),
        Guarded, Bodied, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn create(
    State(lines): State<Lines>,
    caller: Caller,
    Body(endpoint, _): Body<NewWebhookEndpoint>,
) -> Result<(StatusCode, Replayed, Json<RegisteredWebhookEndpoint>), Error> {
    let request = CreateWebhookEndpointRequest { endpoint: Some(endpoint.into()) };
    let answer = lines
        .clients()
        .company
        .ask(&caller, request, |to, request| async move {
            WebhookServiceClient::new(to).create_webhook_endpoint(request).await
        })
        .await
        .map_err(|status| Error::of(status, &NAMES))?;
    Ok((StatusCode::CREATED, answer.replayed, Json(answer.message.into())))
}

/// List a company's webhook endpoints
#[utoipa::path(
    get, path = "/webhook-endpoints", tag = "webhooks", operation_id = "listWebhookEndpoints",
    params(("company_id" = String, Query, format = Uuid, description = "The company")),
    responses(
        (status = 200, description = "Oldest first", body = WebhookEndpoints),
        Guarded, Named, Checked, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn list(
    State(lines): State<Lines>,
    caller: Caller,
    params: Params,
) -> Result<Json<WebhookEndpoints>, Error> {
    let company_id: Id = params.required("company_id", "is not a valid id")?;
    let request = ListWebhookEndpointsRequest { company_id: company_id.into() };
    let answer = lines
        .clients()
        .company
        .ask(&caller, request, |to, request| async move {
            WebhookServiceClient::new(to).list_webhook_endpoints(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok(Json(answer.message.endpoints.into()))
}

/// Remove a webhook endpoint with its deliveries
#[utoipa::path(
    delete, path = "/webhook-endpoints/{id}", tag = "webhooks",
    operation_id = "deleteWebhookEndpoint",
    params(("id" = String, Path, format = Uuid, description = "The endpoint")),
    responses((status = 204, description = "Gone"), Guarded, Named, Always),
    security(("bearer" = []))
)]
pub(super) async fn delete(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
) -> Result<StatusCode, Error> {
    let request = DeleteWebhookEndpointRequest { endpoint_id: id.into() };
    lines
        .clients()
        .company
        .ask(&caller, request, |to, request| async move {
            WebhookServiceClient::new(to).delete_webhook_endpoint(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok(StatusCode::NO_CONTENT)
}

/// List an endpoint's deliveries
///
/// Those that were delivered or given up are kept for 30 days.
#[utoipa::path(
    get, path = "/webhook-endpoints/{id}/deliveries", tag = "webhooks",
    operation_id = "listWebhookDeliveries",
    params(
        ("id" = String, Path, format = Uuid, description = "The endpoint"),
        (
            "limit" = Option<i32>, Query, minimum = 1,
            description = "Deliveries wanted; 50 by default, at most 200 are given"
        ),
        ("offset" = Option<i32>, Query, minimum = 0, description = "Deliveries to leave out")
    ),
    responses(
        (status = 200, description = "Newest first", body = WebhookDeliveries),
        Guarded, Named, Checked, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn list_deliveries(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    params: Params,
) -> Result<Json<WebhookDeliveries>, Error> {
    let page = Part::of(&params)?.page();
    let request = ListWebhookDeliveriesRequest { endpoint_id: id.into(), page };
    let answer = lines
        .clients()
        .company
        .ask(&caller, request, |to, request| async move {
            WebhookServiceClient::new(to).list_webhook_deliveries(request).await
        })
        .await
        .map_err(|status| Error::of(status, &SEARCH_NAMES))?;
    Ok(Json(answer.message.into()))
}

/// Deliver again what happened in a stretch of time
///
/// Under the same ids, so that a receiver knows what it has already.
#[utoipa::path(
    post, path = "/webhook-endpoints/{id}/replay", tag = "webhooks",
    operation_id = "replayWebhookDeliveries",
    params(("id" = String, Path, format = Uuid, description = "The endpoint"), IdempotencyKey),
    request_body = WebhookReplay,
    responses(
        (status = 200, description = "How much is delivered again", body = WebhookReplayed),
        (status = 409, description = "The endpoint has answered 410 Gone", body = Envelope),
        Guarded, Named, Bodied, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn replay(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    Body(replay, _): Body<WebhookReplay>,
) -> Result<(Replayed, Json<WebhookReplayed>), Error> {
    let mut checks = Checks::new();
    let (from, to) = replay.stretch(&mut checks);
    checks.pass()?;
    let request = ReplayWebhookDeliveriesRequest { endpoint_id: id.into(), from, to };
    let answer = lines
        .clients()
        .company
        .ask(&caller, request, |to, request| async move {
            WebhookServiceClient::new(to).replay_webhook_deliveries(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok((answer.replayed, Json(answer.message.into())))
}
