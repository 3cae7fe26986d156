//! Orders of a line with everything around it: "phone account requests" on the wire.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::AppendHeaders;
use proto::telecom::v1::GetLineOrderRequest;
use proto::telecom::v1::line_order_service_client::LineOrderServiceClient;

use super::Lines;
use super::documents::{Always, Bodied, Guarded, IdempotencyKey, Named};
use super::error::Error;
use super::wire::Names;
use super::wire::line_orders::{NAMES, NewPhoneAccountRequest, PhoneAccountRequest};
use crate::body::{At, Body, Id};
use crate::caller::Caller;
use crate::clients::Replayed;
use crate::fault::Checks;

/// Where an order can be looked at.
type Location = AppendHeaders<[(axum::http::HeaderName, String); 1]>;

/// Order a line with everything around it
///
/// Makes the line, gives it to the person, settles whose the contract is, and sends the SIM card,
/// each once. While nobody answers, a step is tried again; while the area has no free number, the
/// line waits for one. A step that is refused for good undoes those before.
#[utoipa::path(
    post, path = "/companies/{id}/phone-account-requests", tag = "phone-accounts",
    operation_id = "createPhoneAccountRequest",
    params(("id" = String, Path, format = Uuid, description = "The company"), IdempotencyKey),
    request_body = NewPhoneAccountRequest,
    responses(
        (
            status = 202,
            description = "Taken on",
            headers(("Location" = String, description = "Where the order can be looked at"))
        ),
        Guarded, Named, Bodied, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn place(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    Body(order, _): Body<NewPhoneAccountRequest>,
) -> Result<(StatusCode, Replayed, Location), Error> {
    let mut checks = Checks::new();
    let request = order.into_order(id.into(), &mut checks);
    checks.pass()?;
    let answer = lines
        .clients()
        .telecom
        .ask(&caller, request, |to, request| async move {
            LineOrderServiceClient::new(to).place_line_order(request).await
        })
        .await
        .map_err(|status| Error::of(status, &NAMES))?;
    let id = answer.message.order.unwrap_or_default().id;
    let location = AppendHeaders([(LOCATION, format!("/phone-account-requests/{id}"))]);
    Ok((StatusCode::ACCEPTED, answer.replayed, location))
}

/// Look at an order
#[utoipa::path(
    get, path = "/phone-account-requests/{id}", tag = "phone-accounts",
    operation_id = "getPhoneAccountRequest",
    params(("id" = String, Path, format = Uuid, description = "The order")),
    responses(
        (status = 200, description = "The order and its steps", body = PhoneAccountRequest),
        Guarded, Named, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn get(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
) -> Result<Json<PhoneAccountRequest>, Error> {
    let answer = lines
        .clients()
        .telecom
        .ask(&caller, GetLineOrderRequest { line_order_id: id.into() }, |to, request| async move {
            LineOrderServiceClient::new(to).get_line_order(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok(Json(answer.message.order.unwrap_or_default().into()))
}
