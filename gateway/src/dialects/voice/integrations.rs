//! Integrations: where an account hears of its calls.

use axum::Json;
use axum::extract::State;
use proto::company::v1::integration_service_client::IntegrationServiceClient;
use proto::company::v1::{
    DeleteIntegrationRequest, ListIntegrationDeliveriesRequest, ListIntegrationsRequest,
};

use super::auth::Account;
use super::body::{Given, Taken};
use super::documents::{Always, Bodied, Guarded, Named};
use super::error::Error;
use super::rules::Model;
use super::wire::integrations::{
    Delivery, INTEGRATION, Integration, IntegrationInput, PutIntegration, Removed,
};
use super::{Session, Voice};
use crate::body::At;

/// Make or change an integration
///
/// The account's integration of that gateway: members that are present replace, absent ones stay;
/// a new one has webhook false, no constraint and empty metadata.
///
/// Deliveries are POSTs to `metadata.webhookUrl`, signed as Standard Webhooks prescribes
/// (`webhook-id`, `webhook-timestamp`, `webhook-signature`), at least once and in no promised
/// order. Only 2xx within 15 seconds counts; redirects are not followed; `Retry-After` is heeded;
/// 410 switches the webhook off. What fails is tried again after 5 s, 5 min, 30 min, 2 h, 5 h and
/// 10 h, under the same id.
#[utoipa::path(
    patch, path = "/integrations", tag = "integrations", operation_id = "putIntegration",
    request_body = IntegrationInput,
    responses(
        (status = 200, description = "The integration", body = PutIntegration),
        Bodied, Guarded, Always
    ),
    security(("token" = []))
)]
pub(super) async fn put(
    State(voice): State<Voice>,
    session: Session,
    given: Taken<Given<IntegrationInput>>,
) -> Result<Json<PutIntegration>, Error> {
    let account = session.account(&voice).await?;
    let Given(given, members) = given.unless_denied(|| find_all(&voice, &account)).await?;
    let request = given.into_request(account.id, &members);
    let answer = voice
        .clients()
        .company
        .ask(&account.caller, request, |to, request| async move {
            IntegrationServiceClient::new(to).put_integration(request).await
        })
        .await
        .map_err(|status| Error::of(status, &INTEGRATION))?;
    Ok(Json(answer.message.into()))
}

/// List integrations
#[utoipa::path(
    get, path = "/integrations", tag = "integrations", operation_id = "listIntegrations",
    responses(
        (status = 200, description = "Oldest first", body = Vec<Integration>), Guarded, Always
    ),
    security(("token" = []))
)]
pub(super) async fn list(
    State(voice): State<Voice>,
    session: Session,
) -> Result<Json<Vec<Integration>>, Error> {
    let account = session.account(&voice).await?;
    Ok(Json(find_all(&voice, &account).await?))
}

/// Remove an integration with its deliveries
#[utoipa::path(
    delete, path = "/integrations/{id}", tag = "integrations", operation_id = "deleteIntegration",
    params(("id" = i64, Path, description = "The integration")),
    responses((status = 200, description = "Gone", body = Removed), Named, Guarded, Always),
    security(("token" = []))
)]
pub(super) async fn delete(
    State(voice): State<Voice>,
    session: Session,
    At(id): At<i64>,
) -> Result<Json<Removed>, Error> {
    let account = session.account(&voice).await?;
    let request = DeleteIntegrationRequest { company_id: account.id, id };
    voice
        .clients()
        .company
        .ask(&account.caller, request, |to, request| async move {
            IntegrationServiceClient::new(to).delete_integration(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Model::NONE))?;
    Ok(Json(Removed { count: 1 }))
}

/// List what was delivered for an integration
///
/// The last 100, newest first.
#[utoipa::path(
    get, path = "/integrations/{id}/deliveries", tag = "integrations",
    operation_id = "listIntegrationDeliveries",
    params(("id" = i64, Path, description = "The integration")),
    responses(
        (status = 200, description = "Newest first", body = Vec<Delivery>), Named, Guarded, Always
    ),
    security(("token" = []))
)]
pub(super) async fn deliveries(
    State(voice): State<Voice>,
    session: Session,
    At(id): At<i64>,
) -> Result<Json<Vec<Delivery>>, Error> {
    let account = session.account(&voice).await?;
    let request = ListIntegrationDeliveriesRequest { company_id: account.id, id };
    let answer = voice
        .clients()
        .company
        .ask(&account.caller, request, |to, request| async move {
            IntegrationServiceClient::new(to).list_integration_deliveries(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Model::NONE))?;
    Ok(Json(answer.message.deliveries.into_iter().map(Into::into).collect()))
}

async fn find_all(voice: &Voice, account: &Account) -> Result<Vec<Integration>, Error> {
    let request = ListIntegrationsRequest { company_id: account.id.clone() };
    let answer = voice
        .clients()
        .company
        .ask(&account.caller, request, |to, request| async move {
            IntegrationServiceClient::new(to).list_integrations(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Model::NONE))?;
    Ok(answer.message.integrations.into_iter().map(Into::into).collect())
}
