//! Log-in.

use axum::Json;
use axum::extract::State;
use proto::identity::v1::LoginRequest;
use proto::identity::v1::session_service_client::SessionServiceClient;

use super::Lines;
use super::documents::{Always, Bodied, IdempotencyKey};
use super::error::{Envelope, Error};
use super::wire::Names;
use super::wire::session::{Login, Session};
use crate::address::ClientAddress;
use crate::body::Body;
use crate::caller::Stranger;
use crate::clients::Replayed;
use crate::fault::Checks;

/// Log in
///
/// Authenticates the user and answers with an access token.
#[utoipa::path(
    post, path = "/login", tag = "session", operation_id = "login",
    params(IdempotencyKey),
    request_body = Login,
    responses(
        (status = 200, description = "Logged in", body = Session),
        (status = 401, description = "Unknown e-mail or wrong password", body = Envelope),
        Bodied, Always
    )
)]
pub(super) async fn login(
    State(lines): State<Lines>,
    Stranger(caller): Stranger,
    ClientAddress(address): ClientAddress,
    Body(login, _): Body<Login>,
) -> Result<(Replayed, Json<Session>), Error> {
    let mut checks = Checks::new();
    let password = login.password.take(&mut checks, "password");
    checks.pass()?;
    let request =
        LoginRequest { email: login.email, password, remote_address: address.to_string() };
    let answer = lines
        .clients()
        .identity
        .ask(&caller, request, |to, request| async move {
            SessionServiceClient::new(to).login(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok((answer.replayed, Json(answer.message.token.unwrap_or_default().into())))
}
