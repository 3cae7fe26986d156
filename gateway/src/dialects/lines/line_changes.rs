//! What is changed of a line: its user, company, tag, plan, number and SIM card, and its end.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chassis::refusal::Refusal;
use proto::telecom::v1::line_service_client::LineServiceClient;
use proto::telecom::v1::{
    AttributeUserRequest, CancelLineRequest, ChangeCompanyRequest, ChangePlanRequest,
    ChangeSimCardRequest, ProvisionNumberRequest, SetTagRequest,
};

use super::Lines;
use super::documents::{Always, Bodied, Checked, Guarded, IdempotencyKey, Named};
use super::error::{Envelope, Error, NOT_FOUND};
use super::wire::Names;
use super::wire::line_changes::{
    Cancellation, NewOwner, NumberProvision, SIM_CARD_NAMES, SimCardChange, Tag,
};
use super::wire::lines::PhoneAccount;
use super::wire::people::NamedPerson;
use crate::body::{At, Body, Id};
use crate::caller::Caller;
use crate::clients::Replayed;
use crate::fault::Checks;

/// Give a line to somebody
///
/// An unknown e-mail is invited; somebody who is known keeps their name, and sees the line once
/// their e-mail is proven.
#[utoipa::path(
    put, path = "/phone-accounts/{id}/user", tag = "phone-accounts",
    operation_id = "putPhoneAccountUser",
    params(("id" = String, Path, format = Uuid, description = "The line"), IdempotencyKey),
    request_body = NamedPerson,
    responses(
        (status = 200, description = "The line", body = PhoneAccount),
        (status = 409, description = "The line is cancelled", body = Envelope),
        Guarded, Named, Bodied, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn put_user(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    Body(person, _): Body<NamedPerson>,
) -> Result<(Replayed, Json<PhoneAccount>), Error> {
    let NamedPerson { user_email, user_name } = person;
    let request = AttributeUserRequest { line_id: id.into(), user_email, user_name };
    let answer = lines
        .clients()
        .telecom
        .ask(&caller, request, |to, request| async move {
            LineServiceClient::new(to).attribute_user(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok((answer.replayed, Json(answer.message.line.unwrap_or_default().into())))
}

/// Give a line a new number
///
/// The number is drawn from those of the area that are free. The old one is given to nobody else
/// for a while.
#[utoipa::path(
    post, path = "/phone-accounts/{id}/provision-number", tag = "phone-accounts",
    operation_id = "provisionNumber",
    params(("id" = String, Path, format = Uuid, description = "The line"), IdempotencyKey),
    request_body = Option<NumberProvision>,
    responses(
        (status = 200, description = "The line with its new number", body = PhoneAccount),
        (
            status = 409,
            description = "No number of the area is free, the line is cancelled or waits for \
                approval, or another number is on its way to it",
            body = Envelope
        ),
        Guarded, Named, Bodied, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn provision_number(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    Body(provision, _): Body<NumberProvision>,
) -> Result<(Replayed, Json<PhoneAccount>), Error> {
    let mut checks = Checks::new();
    let area_code = provision.area_code(&mut checks);
    checks.pass()?;
    let request = ProvisionNumberRequest { line_id: id.into(), area_code };
    let answer = lines
        .clients()
        .telecom
        .ask(&caller, request, |to, request| async move {
            LineServiceClient::new(to).provision_number(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok((answer.replayed, Json(answer.message.line.unwrap_or_default().into())))
}

/// Replace the SIM card of a line
///
/// The number stays; the old card is never used again. The last seven digits are looked up in the
/// owning company's stock.
#[utoipa::path(
    put, path = "/phone-accounts/{id}/sim-card", tag = "phone-accounts",
    operation_id = "putSimCard",
    params(("id" = String, Path, format = Uuid, description = "The line"), IdempotencyKey),
    request_body = SimCardChange,
    responses(
        (status = 200, description = "The line with its card", body = PhoneAccount),
        (
            status = 409,
            description = "The card is in another line, the digits fit several cards, or the \
                line is cancelled",
            body = Envelope
        ),
        Guarded, Named, Bodied, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn put_sim_card(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    Body(change, _): Body<SimCardChange>,
) -> Result<(Replayed, Json<PhoneAccount>), Error> {
    let request = ChangeSimCardRequest { line_id: id.into(), sim_card_number: change.new_sim_card };
    let answer = lines
        .clients()
        .telecom
        .ask(&caller, request, |to, request| async move {
            LineServiceClient::new(to).change_sim_card(request).await
        })
        .await
        .map_err(|status| Error::of(status, &SIM_CARD_NAMES))?;
    Ok((answer.replayed, Json(answer.message.line.unwrap_or_default().into())))
}

/// Change the owner of a line's contract
///
/// The caller manages lines in both companies; a person's own line is moved by an operator. The
/// SIM card goes along.
#[utoipa::path(
    put, path = "/phone-accounts/{id}/company", tag = "phone-accounts",
    operation_id = "putPhoneAccountCompany",
    params(("id" = String, Path, format = Uuid, description = "The line"), IdempotencyKey),
    request_body = NewOwner,
    responses(
        (status = 204, description = "The company owns the contract"),
        (
            status = 409,
            description = "The line is cancelled or waits for approval, or a number is on its \
                way to it",
            body = Envelope
        ),
        Guarded, Named, Bodied, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn put_company(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    Body(owner, _): Body<NewOwner>,
) -> Result<(StatusCode, Replayed, ()), Error> {
    let request = ChangeCompanyRequest { line_id: id.into(), company_id: owner.company_id };
    let answer = lines
        .clients()
        .telecom
        .ask(&caller, request, |to, request| async move {
            LineServiceClient::new(to).change_company(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok((StatusCode::NO_CONTENT, answer.replayed, ()))
}

/// Set or remove the tag of a line
#[utoipa::path(
    put, path = "/phone-accounts/{id}/tag", tag = "phone-accounts", operation_id = "putTag",
    params(("id" = String, Path, format = Uuid, description = "The line")),
    request_body = Option<Tag>,
    responses(
        (status = 204, description = "The line has the tag, or none"),
        (status = 409, description = "The line is cancelled", body = Envelope),
        Guarded, Named, Bodied, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn put_tag(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    Body(tag, _): Body<Tag>,
) -> Result<StatusCode, Error> {
    let request = SetTagRequest { line_id: id.into(), tag: tag.tag };
    lines
        .clients()
        .telecom
        .ask(&caller, request, |to, request| async move {
            LineServiceClient::new(to).set_tag(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Put a line on another plan
///
/// It is charged for the new plan from now on.
#[utoipa::path(
    put, path = "/phone-accounts/{id}/subscription-plan/{planId}", tag = "phone-accounts",
    operation_id = "putSubscriptionPlan",
    params(
        ("id" = String, Path, format = Uuid, description = "The line"),
        ("planId" = String, Path, format = Uuid, description = "The plan"),
        IdempotencyKey
    ),
    responses(
        (status = 204, description = "The line is on the plan"),
        (status = 409, description = "The line is cancelled", body = Envelope),
        Guarded, Named, Checked, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn put_plan(
    State(lines): State<Lines>,
    caller: Caller,
    At((id, plan_id)): At<(Id, Id)>,
) -> Result<(StatusCode, Replayed, ()), Error> {
    let request = ChangePlanRequest { line_id: id.into(), plan_id: plan_id.into() };
    let answer = lines
        .clients()
        .telecom
        .ask(&caller, request, |to, request| async move {
            LineServiceClient::new(to).change_plan(request).await
        })
        .await
        .map_err(|status| {
            // What the path names does not exist.
            let absent =
                Refusal::of(&status).violations.iter().any(|broken| broken.field == "plan_id");
            if absent { NOT_FOUND.into() } else { Error::of(status, &Names::NONE) }
        })?;
    Ok((StatusCode::NO_CONTENT, answer.replayed, ()))
}

/// End a line for good
///
/// Its number is given to nobody else for a while, its SIM card is never used again, and a number
/// that is on its way to it is called back.
#[utoipa::path(
    post, path = "/phone-accounts/{id}/cancel", tag = "phone-accounts",
    operation_id = "cancelPhoneAccount",
    params(("id" = String, Path, format = Uuid, description = "The line"), IdempotencyKey),
    request_body = Option<Cancellation>,
    responses(
        (status = 204, description = "The line has ended"),
        Guarded, Named, Bodied, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn cancel(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    Body(cancellation, _): Body<Cancellation>,
) -> Result<(StatusCode, Replayed, ()), Error> {
    let request = CancelLineRequest { line_id: id.into(), reason: cancellation.reason };
    let answer = lines
        .clients()
        .telecom
        .ask(&caller, request, |to, request| async move {
            LineServiceClient::new(to).cancel_line(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok((StatusCode::NO_CONTENT, answer.replayed, ()))
}
