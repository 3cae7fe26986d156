//! The account.

use axum::Json;
use axum::extract::State;
use proto::company::v1::GetCompanyRequest;
use proto::company::v1::company_service_client::CompanyServiceClient;
use proto::identity::v1::account_user_service_client::AccountUserServiceClient;

use super::auth::Stranger;
use super::body::Given;
use super::documents::{Always, Bodied, Guarded, IdempotencyKey};
use super::error::Error;
use super::rules::Model;
use super::wire::accounts::{Account, MODEL, Signup};
use super::{Session, Voice};
use crate::address::ClientAddress;
use crate::caller::Caller;
use crate::clients::Replayed;

/// Open an account
///
/// With its first ADMIN, who logs in once they have confirmed their e-mail by the mailed link, and
/// an empty wallet. At most five a day come from one address.
#[utoipa::path(
    post, path = "/accounts/signup", tag = "accounts", operation_id = "signup",
    params(IdempotencyKey),
    request_body = Signup,
    responses((status = 200, description = "Opened", body = Account), Bodied, Always)
)]
pub(super) async fn signup(
    State(voice): State<Voice>,
    Stranger(caller): Stranger,
    ClientAddress(address): ClientAddress,
    Given(signup, _): Given<Signup>,
) -> Result<(Replayed, Json<Account>), Error> {
    let request = signup.into_request(address.to_string());
    let answer = voice
        .clients()
        .identity
        .ask(&caller, request, |to, request| async move {
            AccountUserServiceClient::new(to).open_voice_account(request).await
        })
        .await
        .map_err(|status| Error::of(status, &MODEL).of_signup())?;
    let account = read(&voice, &caller, answer.message.company_id).await?;
    Ok((answer.replayed, account))
}

/// Read the account
///
/// The one that the token belongs to; with a signed token the one that `X-Company` names, or the
/// oldest membership.
#[utoipa::path(
    get, path = "/accounts", tag = "accounts", operation_id = "getAccount",
    params(
        ("X-Company" = Option<String>, Header, format = Uuid,
         description = "Which account, with a signed token")
    ),
    responses((status = 200, description = "The account", body = Account), Guarded, Always),
    security(("token" = []))
)]
pub(super) async fn get(
    State(voice): State<Voice>,
    session: Session,
) -> Result<Json<Account>, Error> {
    let account = session.account(&voice).await?;
    read(&voice, &account.caller, account.id).await
}

async fn read(voice: &Voice, caller: &Caller, company_id: String) -> Result<Json<Account>, Error> {
    let answer = voice
        .clients()
        .company
        .ask(caller, GetCompanyRequest { company_id }, |to, request| async move {
            CompanyServiceClient::new(to).get_company(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Model::NONE))?;
    Ok(Json(answer.message.company.unwrap_or_default().into()))
}
