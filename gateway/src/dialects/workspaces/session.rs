//! Logging in.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use proto::identity::v1::LoginRequest;
use proto::identity::v1::session_service_client::SessionServiceClient;
use serde_json::json;

use super::Workspaces;
use super::body::Given;
use super::error::Error;
use super::negotiation::Form;
use super::wire::Login;
use crate::address::ClientAddress;
use crate::caller::Stranger;

/// Logs somebody in.
pub(super) async fn login(
    State(workspaces): State<Workspaces>,
    form: Form,
    Stranger(caller): Stranger,
    ClientAddress(address): ClientAddress,
    Given(login, _): Given<Login>,
) -> Result<Response, Error> {
    let missing = |name| Error::bad_request(format!("\"{name}\" is required."));
    let email = login.username.filter(|text| !text.is_empty());
    let email = email.ok_or_else(|| missing("username"))?;
    let password = login.password.filter(|text| !text.is_empty());
    let password = password.ok_or_else(|| missing("password"))?;
    let request = LoginRequest { email, password, remote_address: address.to_string() };
    let answer = workspaces
        .clients()
        .identity
        .ask(&caller, request, |to, request| async move {
            SessionServiceClient::new(to).login(request).await
        })
        .await;
    let answer = answer.map_err(|status| match status.code() {
        // What is no e-mail is nobody's.
        tonic::Code::InvalidArgument => Error::invalid_credentials(),
        _ => status.into(),
    })?;
    let token = answer.message.token.unwrap_or_default().access_token;
    Ok(form.answer(StatusCode::OK, json!({ "token": token })))
}
