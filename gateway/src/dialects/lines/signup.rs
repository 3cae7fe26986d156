//! Signup: from a form to a user with a line.

use axum::Json;
use axum::extract::State;
use proto::identity::v1::signup_service_client::SignupServiceClient;
use proto::identity::v1::{
    CompleteSignupRequest, CreateSignupFormRequest, OpenSignupFormRequest, UpdateSignupFormRequest,
};

use super::Lines;
use super::documents::{Always, Bodied, IdempotencyKey, Named};
use super::error::{Envelope, Error};
use super::wire::Names;
use super::wire::signup::{
    CompletedSignup, NAMES, NewSignupForm, SignupCompletion, SignupForm, SignupFormChange,
};
use crate::body::{At, Body, Id, NotByHead, Params};
use crate::caller::Anyone;
use crate::clients::Replayed;
use crate::fault::{Checks, Fault};

/// Open a signup form
///
/// What employees' files know of the e-mail fills what the request left out: shown at once to a
/// partner and to a manager of that company, to anybody else only through the link that is mailed
/// to the address.
#[utoipa::path(
    post, path = "/signup-forms", tag = "signup", operation_id = "createSignupForm",
    params(IdempotencyKey),
    request_body = NewSignupForm,
    responses(
        (status = 200, description = "The form, as the caller may see it", body = SignupForm),
        (status = 401, description = "A token came that is not good", body = Envelope),
        Bodied, Always
    ),
    security((), ("bearer" = []))
)]
pub(super) async fn create_form(
    State(lines): State<Lines>,
    Anyone(caller): Anyone,
    Body(form, _): Body<NewSignupForm>,
) -> Result<(Replayed, Json<SignupForm>), Error> {
    let request = CreateSignupFormRequest { form: Some(form.0.into_form(String::new())) };
    let answer = lines
        .clients()
        .identity
        .ask(&caller, request, |to, request| async move {
            SignupServiceClient::new(to).create_signup_form(request).await
        })
        .await
        .map_err(|status| Error::of(status, &NAMES))?;
    Ok((answer.replayed, Json(answer.message.form.unwrap_or_default().into())))
}

/// Show a signup form through its mailed link
///
/// Proves the e-mail, and shows all that was filled in. The link is good once.
#[utoipa::path(
    get, path = "/signup-forms/{id}", tag = "signup", operation_id = "openSignupForm",
    params(
        ("id" = String, Path, format = Uuid, description = "The form"),
        ("token" = String, Query, description = "Secret of the mailed link")
    ),
    responses(
        (status = 200, description = "The form", body = SignupForm),
        (status = 401, description = "A token came that is not good", body = Envelope),
        Named, Always
    ),
    security((), ("bearer" = []))
)]
pub(super) async fn open_form(
    State(lines): State<Lines>,
    _: NotByHead,
    Anyone(caller): Anyone,
    At(id): At<Id>,
    params: Params,
) -> Result<Json<SignupForm>, Error> {
    let token = params.text("token").ok_or(Fault::NotFound)?.to_owned();
    let request = OpenSignupFormRequest { form_id: id.into(), token };
    let answer = lines
        .clients()
        .identity
        .ask(&caller, request, |to, request| async move {
            SignupServiceClient::new(to).open_signup_form(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok(Json(answer.message.form.unwrap_or_default().into()))
}

/// Change a signup form
///
/// Members that are null are cleared; those that are absent stay.
#[utoipa::path(
    patch, path = "/signup-forms/{id}", tag = "signup", operation_id = "updateSignupForm",
    params(("id" = String, Path, format = Uuid, description = "The form")),
    request_body = SignupFormChange,
    responses(
        (status = 200, description = "The changed form", body = SignupForm),
        (status = 401, description = "A token came that is not good", body = Envelope),
        (status = 409, description = "The form is completed", body = Envelope),
        Named, Bodied, Always
    ),
    security((), ("bearer" = []))
)]
pub(super) async fn update_form(
    State(lines): State<Lines>,
    Anyone(caller): Anyone,
    At(id): At<Id>,
    Body(change, members): Body<SignupFormChange>,
) -> Result<(Replayed, Json<SignupForm>), Error> {
    let form = Some(change.into_form(id.into()));
    let request = UpdateSignupFormRequest { form, update_mask: NAMES.mask(&members) };
    let answer = lines
        .clients()
        .identity
        .ask(&caller, request, |to, request| async move {
            SignupServiceClient::new(to).update_signup_form(request).await
        })
        .await
        .map_err(|status| Error::of(status, &NAMES))?;
    Ok((answer.replayed, Json(answer.message.form.unwrap_or_default().into())))
}

/// Complete a signup form
///
/// Makes the user, logs them in, and orders their line.
#[utoipa::path(
    post, path = "/signup-forms/{id}/complete", tag = "signup", operation_id = "completeSignup",
    params(("id" = String, Path, format = Uuid, description = "The form"), IdempotencyKey),
    request_body = SignupCompletion,
    responses(
        (status = 200, description = "The new user, logged in", body = CompletedSignup),
        (status = 401, description = "A token came that is not good", body = Envelope),
        (
            status = 409,
            description = "The form is completed, or the e-mail is registered",
            body = Envelope
        ),
        Named, Bodied, Always
    ),
    security((), ("bearer" = []))
)]
pub(super) async fn complete_form(
    State(lines): State<Lines>,
    Anyone(caller): Anyone,
    At(id): At<Id>,
    Body(completion, _): Body<SignupCompletion>,
) -> Result<(Replayed, Json<CompletedSignup>), Error> {
    let mut checks = Checks::new();
    let password = completion.into_password(&mut checks);
    checks.pass()?;
    let request = CompleteSignupRequest { form_id: id.into(), password };
    let answer = lines
        .clients()
        .identity
        .ask(&caller, request, |to, request| async move {
            SignupServiceClient::new(to).complete_signup(request).await
        })
        .await
        .map_err(|status| Error::of(status, &NAMES))?;
    Ok((answer.replayed, Json(answer.message.into())))
}
