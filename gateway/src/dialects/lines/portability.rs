//! Numbers that lines bring along from other operators.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use proto::telecom::v1::portability_service_client::PortabilityServiceClient;
use proto::telecom::v1::{CancelPortInRequest, GetPortInRequest, RequestPortInRequest};

use super::Lines;
use super::documents::{Always, Bodied, Checked, Guarded, IdempotencyKey, Named};
use super::error::{Envelope, Error};
use super::wire::Names;
use super::wire::portability::{NewPortability, Portability};
use crate::body::{At, Body, Id};
use crate::caller::Caller;
use crate::clients::Replayed;

/// Ask for a number to be ported into a line
///
/// The holder, who must be the owner of the line's contract, asks us only. A person's number
/// waits for the answer to an SMS; a company's goes to the administrator at once. The line keeps
/// its number until the other one has come.
#[utoipa::path(
    post, path = "/phone-accounts/{id}/portability", tag = "phone-accounts",
    operation_id = "requestPortability",
    params(("id" = String, Path, format = Uuid, description = "The line"), IdempotencyKey),
    request_body = NewPortability,
    responses(
        (status = 204, description = "Taken on"),
        (
            status = 409,
            description = "The number or the line has an open request, the line is not active, \
                or the owner's CPF is not known",
            body = Envelope
        ),
        Guarded, Named, Bodied, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn request(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    Body(portability, _): Body<NewPortability>,
) -> Result<(StatusCode, Replayed, ()), Error> {
    let request =
        RequestPortInRequest { line_id: id.into(), phone_number: portability.phone_number };
    let answer = lines
        .clients()
        .telecom
        .ask(&caller, request, |to, request| async move {
            PortabilityServiceClient::new(to).request_port_in(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok((StatusCode::NO_CONTENT, answer.replayed, ()))
}

/// Read where a line's newest portability is
#[utoipa::path(
    get, path = "/phone-accounts/{id}/portability", tag = "phone-accounts",
    operation_id = "getPortability",
    params(("id" = String, Path, format = Uuid, description = "The line")),
    responses(
        (status = 200, description = "Where it is, and why", body = Portability),
        Guarded, Named, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn get(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
) -> Result<Json<Portability>, Error> {
    let answer = lines
        .clients()
        .telecom
        .ask(&caller, GetPortInRequest { line_id: id.into() }, |to, request| async move {
            PortabilityServiceClient::new(to).get_port_in(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok(Json(answer.message.port_in.unwrap_or_default().into()))
}

/// Cancel a line's portability
///
/// Until the end of the business day before the number changes over.
#[utoipa::path(
    delete, path = "/phone-accounts/{id}/portability", tag = "phone-accounts",
    operation_id = "cancelPortability",
    params(("id" = String, Path, format = Uuid, description = "The line")),
    responses(
        (status = 204, description = "Cancelled"),
        (status = 409, description = "It is too late, or it has ended", body = Envelope),
        Guarded, Named, Checked, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn cancel(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
) -> Result<(StatusCode, Replayed, ()), Error> {
    let answer = lines
        .clients()
        .telecom
        .ask(&caller, CancelPortInRequest { line_id: id.into() }, |to, request| async move {
            PortabilityServiceClient::new(to).cancel_port_in(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok((StatusCode::NO_CONTENT, answer.replayed, ()))
}
