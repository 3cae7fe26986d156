//! Mailed links: invitations, and proofs of an e-mail.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use proto::identity::v1::invitation_service_client::InvitationServiceClient;
use proto::identity::v1::{AcceptInvitationRequest, ProveEmailRequest};

use super::Lines;
use super::documents::{Always, Bodied, IdempotencyKey, Named};
use super::error::{Envelope, Error};
use super::wire::Names;
use super::wire::session::{InvitationAcceptance, InvitedUser, ProvenEmail};
use crate::body::{At, Body, Id, NotByHead, Params};
use crate::caller::Stranger;
use crate::clients::Replayed;
use crate::fault::{Checks, Fault};
use crate::pages::{self, Form};

/// The form where an invited user chooses a password
#[utoipa::path(
    get, path = "/invitations/{id}", tag = "session", operation_id = "invitationForm",
    params(
        ("id" = String, Path, format = Uuid, description = "The invitation"),
        ("token" = Option<String>, Query, description = "Secret of the mailed link; the page reads it")
    ),
    responses(
        (status = 200, description = "A page", body = String, content_type = "text/html"),
        Named, Always
    )
)]
pub(super) async fn form(_: At<Id>) -> Response {
    pages::password_form(
        "Welcome",
        Form {
            action: "accept",
            password: "password",
            button: "Choose password",
            done: "Your password is set. You can log in with it now.",
        },
    )
}

/// Accept an invitation
///
/// Gives the invited user a password, proves the e-mail, and logs the user in.
#[utoipa::path(
    post, path = "/invitations/{id}/accept", tag = "session", operation_id = "acceptInvitation",
    params(("id" = String, Path, format = Uuid, description = "The invitation"), IdempotencyKey),
    request_body = InvitationAcceptance,
    responses(
        (status = 200, description = "The user, logged in", body = InvitedUser),
        Named, Bodied, Always
    )
)]
pub(super) async fn accept(
    State(lines): State<Lines>,
    Stranger(caller): Stranger,
    At(id): At<Id>,
    Body(acceptance, _): Body<InvitationAcceptance>,
) -> Result<(Replayed, Json<InvitedUser>), Error> {
    let mut checks = Checks::new();
    let password = acceptance.password.take(&mut checks, "password");
    checks.pass()?;
    let request =
        AcceptInvitationRequest { invitation_id: id.into(), token: acceptance.token, password };
    let answer = lines
        .clients()
        .identity
        .ask(&caller, request, |to, request| async move {
            InvitationServiceClient::new(to).accept_invitation(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok((answer.replayed, Json(answer.message.into())))
}

/// Prove an e-mail through its mailed link
///
/// Answers with a page, or with JSON to whoever asks for that. The link is good once.
#[utoipa::path(
    get, path = "/email-proofs/{id}", tag = "session", operation_id = "proveEmail",
    params(
        ("id" = String, Path, format = Uuid, description = "The proof"),
        ("token" = String, Query, description = "Secret of the mailed link")
    ),
    responses(
        (
            status = 200,
            description = "The address is confirmed",
            content((ProvenEmail = "application/json"), (String = "text/html"))
        ),
        (
            status = 409,
            description = "Somebody else confirmed the address in between",
            body = Envelope
        ),
        (
            status = 404,
            description = "The link is no longer good",
            content((Envelope = "application/json"), (String = "text/html"))
        ),
        Always
    )
)]
pub(super) async fn prove_email(
    State(lines): State<Lines>,
    _: NotByHead,
    Stranger(caller): Stranger,
    At(id): At<Id>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let token = params.text("token").ok_or(Fault::NotFound)?.to_owned();
    let request = ProveEmailRequest { proof_id: id.into(), token };
    let answer = lines
        .clients()
        .identity
        .ask(&caller, request, |to, request| async move {
            InvitationServiceClient::new(to).prove_email(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE));
    let wants_page = pages::wants_page(&headers);
    match answer {
        Ok(_) if wants_page => Ok(pages::notice(
            StatusCode::OK,
            "Address confirmed",
            "Your e-mail address is confirmed. You can close this page.",
        )),
        Ok(_) => Ok(Json(ProvenEmail { confirmed: true }).into_response()),
        Err(error) if wants_page && error.status() == StatusCode::NOT_FOUND => Ok(pages::notice(
            StatusCode::NOT_FOUND,
            "This link is no longer good",
            "It was used already, or it is too old.",
        )),
        Err(error) => Err(error),
    }
}
