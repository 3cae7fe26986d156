//! Lines that are barred, and the record of what happened to lines.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use proto::telecom::v1::line_service_client::LineServiceClient;
use proto::telecom::v1::timeline_service_client::TimelineServiceClient;
use proto::telecom::v1::{BlockLineRequest, ListTimelineRequest, UnblockLineRequest};

use super::Lines;
use super::documents::{Always, Bodied, Checked, Guarded, IdempotencyKey, Named};
use super::error::{Envelope, Error};
use super::wire::line_changes::Block;
use super::wire::timeline::Timeline;
use super::wire::{Names, Part};
use crate::body::{At, Body, Id, Params};
use crate::caller::Caller;
use crate::clients::Replayed;

/// Bar a line
///
/// Its holder and its company's managers may for theft and loss, operators for every reason; for
/// no-pay only once a notice of non-payment lets them. Calls to emergency services stay possible.
#[utoipa::path(
    post, path = "/phone-accounts/{id}/block", tag = "phone-accounts",
    operation_id = "blockPhoneAccount",
    params(("id" = String, Path, format = Uuid, description = "The line"), IdempotencyKey),
    request_body = Block,
    responses(
        (status = 204, description = "The line is barred for this reason"),
        (
            status = 409,
            description = "The line does not work yet, is cancelled, or may not be barred for \
                no-pay before the day that the message names",
            body = Envelope
        ),
        Guarded, Named, Bodied, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn block(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    Body(block, _): Body<Block>,
) -> Result<(StatusCode, Replayed, ()), Error> {
    let request = BlockLineRequest { line_id: id.into(), reason: block.reason().into() };
    let answer = lines
        .clients()
        .telecom
        .ask(&caller, request, |to, request| async move {
            LineServiceClient::new(to).block_line(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok((StatusCode::NO_CONTENT, answer.replayed, ()))
}

/// Take a reason to bar a line away
///
/// It works again when that was the last one. Who may set a reason may lift it.
#[utoipa::path(
    post, path = "/phone-accounts/{id}/unblock", tag = "phone-accounts",
    operation_id = "unblockPhoneAccount",
    params(("id" = String, Path, format = Uuid, description = "The line"), IdempotencyKey),
    request_body = Block,
    responses(
        (status = 204, description = "The line is not barred for this reason"),
        (status = 409, description = "The line is cancelled", body = Envelope),
        Guarded, Named, Bodied, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn unblock(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    Body(block, _): Body<Block>,
) -> Result<(StatusCode, Replayed, ()), Error> {
    let request = UnblockLineRequest { line_id: id.into(), reason: block.reason().into() };
    let answer = lines
        .clients()
        .telecom
        .ask(&caller, request, |to, request| async move {
            LineServiceClient::new(to).unblock_line(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok((StatusCode::NO_CONTENT, answer.replayed, ()))
}

/// List what happened to a line
///
/// Who did what, when, and what it was before and after.
#[utoipa::path(
    get, path = "/phone-accounts/{id}/timeline", tag = "phone-accounts",
    operation_id = "listTimeline",
    params(
        ("id" = String, Path, format = Uuid, description = "The line"),
        (
            "limit" = Option<i32>, Query, minimum = 1,
            description = "Entries wanted; 50 by default, at most 200 are given"
        ),
        ("offset" = Option<i32>, Query, minimum = 0, description = "Entries to leave out")
    ),
    responses(
        (status = 200, description = "Newest first", body = Timeline),
        Guarded, Named, Checked, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn list_timeline(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    params: Params,
) -> Result<Json<Timeline>, Error> {
    let request = ListTimelineRequest { line_id: id.into(), page: Part::of(&params)?.page() };
    let answer = lines
        .clients()
        .telecom
        .ask(&caller, request, |to, request| async move {
            TimelineServiceClient::new(to).list_timeline(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok(Json(answer.message.entries.into()))
}
