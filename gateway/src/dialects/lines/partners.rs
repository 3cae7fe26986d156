//! Partners' programs.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use proto::identity::v1::CreatePartnerRequest;
use proto::identity::v1::grant_service_client::GrantServiceClient;

use super::Lines;
use super::documents::{Always, Bodied, Guarded, IdempotencyKey};
use super::error::Error;
use super::wire::Names;
use super::wire::people::{NewPartner, PartnerCredentials};
use crate::body::Body;
use crate::caller::Caller;
use crate::clients::Replayed;

/// Register a partner's program
///
/// Its tokens come from POST /oauth2/token.
#[utoipa::path(
    post, path = "/partners", tag = "platform", operation_id = "createPartner",
    params(IdempotencyKey),
    request_body = NewPartner,
    responses(
        (status = 201, description = "Its credentials", body = PartnerCredentials),
        Guarded, Bodied, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn create(
    State(lines): State<Lines>,
    caller: Caller,
    Body(partner, _): Body<NewPartner>,
) -> Result<(StatusCode, Replayed, Json<PartnerCredentials>), Error> {
    let request = CreatePartnerRequest { name: partner.name, product: partner.product };
    let answer = lines
        .clients()
        .identity
        .ask(&caller, request, |to, request| async move {
            GrantServiceClient::new(to).create_partner(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok((StatusCode::CREATED, answer.replayed, Json(answer.message.into())))
}
