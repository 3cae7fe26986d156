//! Users.

use axum::extract::State;
use axum::http::StatusCode;
use proto::identity::v1::UpdateUserRequest;
use proto::identity::v1::user_service_client::UserServiceClient;

use super::Lines;
use super::documents::{Always, Bodied, Guarded, Named};
use super::error::{Envelope, Error};
use super::wire::people::{USER_NAMES, UserChange};
use crate::body::{At, Body, Id};
use crate::caller::Caller;

/// Change a user's registration data
///
/// Members that are null are cleared; those that are absent stay. A new e-mail counts once the
/// link that is mailed there was used.
#[utoipa::path(
    patch, path = "/users/{id}", tag = "users", operation_id = "updateUser",
    params(("id" = String, Path, format = Uuid, description = "The user")),
    request_body = UserChange,
    responses(
        (status = 204, description = "Changed"),
        (status = 409, description = "The e-mail is registered", body = Envelope),
        Guarded, Named, Bodied, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn update(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    Body(change, members): Body<UserChange>,
) -> Result<StatusCode, Error> {
    let request = UpdateUserRequest {
        user: Some(change.into_user(id.into())),
        update_mask: USER_NAMES.mask(&members),
    };
    lines
        .clients()
        .identity
        .ask(&caller, request, |to, request| async move {
            UserServiceClient::new(to).update_user(request).await
        })
        .await
        .map_err(|status| Error::of(status, &USER_NAMES))?;
    Ok(StatusCode::NO_CONTENT)
}
