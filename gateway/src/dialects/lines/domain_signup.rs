//! Signing up by an e-mail address in a company's domain.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use proto::identity::v1::domain_signup_service_client::DomainSignupServiceClient;
use proto::identity::v1::{CompleteDomainSignupRequest, RequestDomainSignupRequest};

use super::Lines;
use super::documents::{Always, Bodied, IdempotencyKey, Named};
use super::error::{Envelope, Error};
use super::wire::signup::{CompletedSignup, DomainSignupCompletion, NewDomainSignup};
use super::wire::{Names, area_code};
use crate::address::ClientAddress;
use crate::body::{At, Body, Secret};
use crate::caller::Stranger;
use crate::clients::Replayed;
use crate::fault::Checks;
use crate::pages::{self, Form};

/// Sign up by e-mail domain
///
/// A mail with a single-use link goes out if the address is in a company's domain; the answer is
/// the same if it is not.
#[utoipa::path(
    post, path = "/login/email-domain", tag = "signup", operation_id = "requestDomainSignup",
    params(IdempotencyKey),
    request_body = NewDomainSignup,
    responses((status = 204, description = "Always"), Bodied, Always)
)]
pub(super) async fn request(
    State(lines): State<Lines>,
    Stranger(caller): Stranger,
    ClientAddress(address): ClientAddress,
    Body(signup, _): Body<NewDomainSignup>,
) -> Result<(StatusCode, Replayed, ()), Error> {
    let request =
        RequestDomainSignupRequest { email: signup.email, remote_address: address.to_string() };
    let answer = lines
        .clients()
        .identity
        .ask(&caller, request, |to, request| async move {
            DomainSignupServiceClient::new(to).request_domain_signup(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok((StatusCode::NO_CONTENT, answer.replayed, ()))
}

/// The form where somebody with a mailed link chooses a password
#[utoipa::path(
    get, path = "/login/email-domain/{id}", tag = "signup", operation_id = "domainSignupForm",
    params(("id" = String, Path, description = "Secret id of the mailed link")),
    responses(
        (status = 200, description = "A page", body = String, content_type = "text/html"),
        Always
    )
)]
pub(super) async fn form() -> Response {
    pages::password_form(
        "Get your line",
        Form {
            action: "complete",
            password: "password",
            button: "Get the line",
            done: "Your line is on its way. You can log in with your password now.",
        },
    )
}

/// Finish a signup by e-mail domain
///
/// Makes the user, whose e-mail the link proves, and orders a line at the domain's default plan,
/// at the company's cost.
#[utoipa::path(
    post, path = "/login/email-domain/{id}/complete", tag = "signup",
    operation_id = "completeDomainSignup",
    params(("id" = String, Path, description = "Secret id of the mailed link"), IdempotencyKey),
    request_body = DomainSignupCompletion,
    responses(
        (status = 200, description = "The new user, logged in", body = CompletedSignup),
        (status = 409, description = "The e-mail is registered", body = Envelope),
        Named, Bodied, Always
    )
)]
pub(super) async fn complete(
    State(lines): State<Lines>,
    Stranger(caller): Stranger,
    At(id): At<Secret>,
    Body(completion, _): Body<DomainSignupCompletion>,
) -> Result<(Replayed, Json<CompletedSignup>), Error> {
    let mut checks = Checks::new();
    let password = completion.password.take(&mut checks, "password");
    let area_code = completion.area_code.map(|number| area_code(&mut checks, "area_code", number));
    checks.pass()?;
    let request = CompleteDomainSignupRequest { domain_signup_id: id.into(), password, area_code };
    let answer = lines
        .clients()
        .identity
        .ask(&caller, request, |to, request| async move {
            DomainSignupServiceClient::new(to).complete_domain_signup(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok((answer.replayed, Json(answer.message.into())))
}
