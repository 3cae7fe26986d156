//! Forgotten passwords.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{HeaderValue, LOCATION};
use axum::response::{IntoResponse, Response};
use proto::identity::v1::password_reset_service_client::PasswordResetServiceClient;
use proto::identity::v1::{
    CheckPasswordResetRequest, CompletePasswordResetRequest, CreatePasswordResetRequest,
};

use super::Lines;
use super::documents::{Always, Bodied, IdempotencyKey, Named};
use super::error::Error;
use super::wire::Names;
use super::wire::session::{NewPasswordReset, PasswordResetCompletion};
use crate::address::ClientAddress;
use crate::body::{At, Body, Secret};
use crate::caller::Stranger;
use crate::clients::Replayed;
use crate::dialects::Dialect;
use crate::fault::{Checks, Fault};
use crate::pages::{self, Form};

/// Start a password reset
///
/// A mail with a single-use link goes out if somebody has the e-mail; the answer is the same if
/// nobody has.
#[utoipa::path(
    post, path = "/password-resets", tag = "session", operation_id = "createPasswordReset",
    params(IdempotencyKey),
    request_body = NewPasswordReset,
    responses((status = 204, description = "Always"), Bodied, Always)
)]
pub(super) async fn create(
    State(lines): State<Lines>,
    Stranger(caller): Stranger,
    ClientAddress(address): ClientAddress,
    Body(reset, _): Body<NewPasswordReset>,
) -> Result<(StatusCode, Replayed, ()), Error> {
    let request =
        CreatePasswordResetRequest { email: reset.email, remote_address: address.to_string() };
    let answer = lines
        .clients()
        .identity
        .ask(&caller, request, |to, request| async move {
            PasswordResetServiceClient::new(to).create_password_reset(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok((StatusCode::NO_CONTENT, answer.replayed, ()))
}

/// Follow the mailed link
///
/// Redirects to the form where a new password is chosen.
#[utoipa::path(
    get, path = "/password-resets/{id}", tag = "session", operation_id = "followPasswordReset",
    params(("id" = String, Path, description = "Secret id of the mailed link")),
    responses(
        (
            status = 302,
            description = "To the form",
            headers(("Location" = String, description = "The form's address"))
        ),
        Named, Always
    )
)]
pub(super) async fn follow(
    State(lines): State<Lines>,
    Stranger(caller): Stranger,
    At(id): At<Secret>,
) -> Result<Response, Error> {
    let target = &lines.gateway().config.web.password_reset_form_url;
    let target: HeaderValue =
        target.replace("{id}", id.text()).parse().map_err(|_| Fault::NotFound)?;
    let request = CheckPasswordResetRequest { reset_id: id.into() };
    lines
        .clients()
        .identity
        .ask(&caller, request, |to, request| async move {
            PasswordResetServiceClient::new(to).check_password_reset(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok((StatusCode::FOUND, [(LOCATION, target)]).into_response())
}

/// The form where a new password is chosen
#[utoipa::path(
    get, path = "/password-resets/{id}/form", tag = "session", operation_id = "passwordResetForm",
    params(("id" = String, Path, description = "Secret id of the mailed link")),
    responses(
        (status = 200, description = "A page", body = String, content_type = "text/html"),
        Always
    )
)]
pub(super) async fn form() -> Response {
    pages::password_form(
        "Choose a new password",
        Form {
            action: "complete",
            password: "new_password",
            button: "Set password",
            done: "Your password is set. You can log in with it now.",
        },
    )
}

/// Finish a password reset
///
/// Sets the new password and ends all sessions of the user.
#[utoipa::path(
    post, path = "/password-resets/{id}/complete", tag = "session",
    operation_id = "completePasswordReset",
    params(("id" = String, Path, description = "Secret id of the mailed link"), IdempotencyKey),
    request_body = PasswordResetCompletion,
    responses((status = 204, description = "Done"), Named, Bodied, Always)
)]
pub(super) async fn complete(
    State(lines): State<Lines>,
    Stranger(caller): Stranger,
    At(id): At<Secret>,
    Body(completion, _): Body<PasswordResetCompletion>,
) -> Result<(StatusCode, Replayed, ()), Error> {
    let mut checks = Checks::new();
    let new_password = completion.new_password.take(&mut checks, "new_password");
    checks.pass()?;
    let request = CompletePasswordResetRequest { reset_id: id.into(), new_password };
    let answer = lines
        .clients()
        .identity
        .ask(&caller, request, |to, request| async move {
            PasswordResetServiceClient::new(to).complete_password_reset(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok((StatusCode::NO_CONTENT, answer.replayed, ()))
}
