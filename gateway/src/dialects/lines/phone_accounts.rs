//! Lines: "phone accounts" on the wire.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use proto::telecom::v1::line_service_client::LineServiceClient;
use proto::telecom::v1::{
    ActivateSimCardRequest, ApproveLineRequest, GetLineRequest, ListLinePermissionsRequest,
    ListMyLinesRequest, OrderLineRequest,
};

use super::Lines;
use super::documents::{Always, Bodied, Checked, Guarded, IdempotencyKey, Named};
use super::error::{Envelope, Error};
use super::wire::lines::{
    NewPhoneAccount, ORDER_NAMES, OwnPhoneAccounts, Permission, PhoneAccount, SimCardActivation,
};
use super::wire::{Names, area_code};
use crate::body::{At, Body, Id, Params};
use crate::caller::Caller;
use crate::clients::Replayed;
use crate::fault::Checks;

/// List the caller's own lines
#[utoipa::path(
    get, path = "/phone-accounts", tag = "phone-accounts", operation_id = "listPhoneAccounts",
    responses((status = 200, description = "Newest first", body = OwnPhoneAccounts), Guarded, Always),
    security(("bearer" = []))
)]
pub(super) async fn list_own(
    State(lines): State<Lines>,
    caller: Caller,
) -> Result<Json<OwnPhoneAccounts>, Error> {
    let answer = lines
        .clients()
        .telecom
        .ask(&caller, ListMyLinesRequest {}, |to, request| async move {
            LineServiceClient::new(to).list_my_lines(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok(Json(answer.message.lines.into()))
}

/// Read a line
#[utoipa::path(
    get, path = "/phone-accounts/{id}", tag = "phone-accounts", operation_id = "getPhoneAccount",
    params(("id" = String, Path, format = Uuid, description = "The line")),
    responses((status = 200, description = "The line", body = PhoneAccount), Guarded, Named, Always),
    security(("bearer" = []))
)]
pub(super) async fn get(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
) -> Result<Json<PhoneAccount>, Error> {
    let answer = lines
        .clients()
        .telecom
        .ask(&caller, GetLineRequest { line_id: id.into() }, |to, request| async move {
            LineServiceClient::new(to).get_line(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok(Json(answer.message.line.unwrap_or_default().into()))
}

/// Approve a line
///
/// Lets the company pay for a line that somebody signed up for in its name.
#[utoipa::path(
    post, path = "/phone-accounts/{id}/approve", tag = "phone-accounts",
    operation_id = "approvePhoneAccount",
    params(("id" = String, Path, format = Uuid, description = "The line"), IdempotencyKey),
    responses(
        (status = 204, description = "Approved"),
        (status = 409, description = "The line does not wait for approval", body = Envelope),
        Guarded, Named, Checked, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn approve(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
) -> Result<(StatusCode, Replayed, ()), Error> {
    let answer = lines
        .clients()
        .telecom
        .ask(&caller, ApproveLineRequest { line_id: id.into() }, |to, request| async move {
            LineServiceClient::new(to).approve_line(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok((StatusCode::NO_CONTENT, answer.replayed, ()))
}

/// Put a SIM card into a line
///
/// The last seven digits are looked up in the owning company's stock.
#[utoipa::path(
    post, path = "/phone-accounts/{id}/activate-sim-card", tag = "phone-accounts",
    operation_id = "activateSimCard",
    params(("id" = String, Path, format = Uuid, description = "The line"), IdempotencyKey),
    request_body = SimCardActivation,
    responses(
        (status = 204, description = "The line has the card"),
        (
            status = 409,
            description = "The card is in another line, the digits fit several cards, or the \
                line has a card",
            body = Envelope
        ),
        Guarded, Named, Bodied, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn activate_sim_card(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    Body(activation, _): Body<SimCardActivation>,
) -> Result<(StatusCode, Replayed, ()), Error> {
    let request =
        ActivateSimCardRequest { line_id: id.into(), sim_card_number: activation.sim_card_number };
    let answer = lines
        .clients()
        .telecom
        .ask(&caller, request, |to, request| async move {
            LineServiceClient::new(to).activate_sim_card(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok((StatusCode::NO_CONTENT, answer.replayed, ()))
}

/// Order a line for a company
#[utoipa::path(
    post, path = "/companies/{id}/phone-accounts", tag = "phone-accounts",
    operation_id = "createPhoneAccount",
    params(("id" = String, Path, format = Uuid, description = "The company"), IdempotencyKey),
    request_body = NewPhoneAccount,
    responses(
        (status = 201, description = "The line, pending until the carrier has it", body = PhoneAccount),
        (status = 409, description = "No number of the area is free", body = Envelope),
        Guarded, Named, Bodied, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn order(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    Body(line, _): Body<NewPhoneAccount>,
) -> Result<(StatusCode, Replayed, Json<PhoneAccount>), Error> {
    let mut checks = Checks::new();
    let area_code = area_code(&mut checks, "area_code", line.area_code);
    checks.pass()?;
    let request = OrderLineRequest {
        company_id: id.into(),
        plan_id: line.subscription_plan_id,
        area_code,
        user_id: line.user_id,
    };
    let answer = lines
        .clients()
        .telecom
        .ask(&caller, request, |to, request| async move {
            LineServiceClient::new(to).order_line(request).await
        })
        .await
        .map_err(|status| Error::of(status, &ORDER_NAMES))?;
    let line = answer.message.line.unwrap_or_default().into();
    Ok((StatusCode::CREATED, answer.replayed, Json(line)))
}

/// List what the caller may do with a line
#[utoipa::path(
    get, path = "/permissions", tag = "phone-accounts", operation_id = "listPermissions",
    params(("phoneAccountId" = String, Query, format = Uuid, description = "The line")),
    responses(
        (
            status = 200,
            description = "Billing first",
            body = Vec<Permission>,
            example = json!(["app:stripe-manage-billing", "app:read-phone-account"])
        ),
        Guarded, Named, Checked, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn list_permissions(
    State(lines): State<Lines>,
    caller: Caller,
    params: Params,
) -> Result<Json<Vec<Permission>>, Error> {
    let id: Id = params.required("phoneAccountId", "is not a valid id")?;
    let request = ListLinePermissionsRequest { line_id: id.into() };
    let answer = lines
        .clients()
        .telecom
        .ask(&caller, request, |to, request| async move {
            LineServiceClient::new(to).list_line_permissions(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok(Json(Permission::listed(answer.message.permissions())))
}
