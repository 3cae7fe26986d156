//! Data on top of a line's plan.

use axum::extract::State;
use axum::http::StatusCode;
use proto::telecom::v1::data_top_up_service_client::DataTopUpServiceClient;

use super::Lines;
use super::documents::{Always, Bodied, Guarded, IdempotencyKey, Named};
use super::error::{Envelope, Error};
use super::wire::data_top_ups::{NAMES, NewData};
use crate::body::{At, Body, Id};
use crate::caller::Caller;
use crate::clients::Replayed;

/// Add data to a line
///
/// The carrier gives it soon after, and then it is charged: quantity times price, rounded half to
/// even. A manager pays the plan's catalogue price of a gigabyte.
#[utoipa::path(
    post, path = "/phone-accounts/{id}/add-data", tag = "phone-accounts", operation_id = "addData",
    params(("id" = String, Path, format = Uuid, description = "The line"), IdempotencyKey),
    request_body = NewData,
    responses(
        (status = 204, description = "Taken on"),
        (status = 409, description = "The line is not in service", body = Envelope),
        Guarded, Named, Bodied, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn add(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    Body(data, _): Body<NewData>,
) -> Result<(StatusCode, Replayed, ()), Error> {
    let answer = lines
        .clients()
        .telecom
        .ask(&caller, data.request(id.into())?, |to, request| async move {
            DataTopUpServiceClient::new(to).add_data(request).await
        })
        .await
        .map_err(|status| Error::of(status, &NAMES))?;
    Ok((StatusCode::NO_CONTENT, answer.replayed, ()))
}
