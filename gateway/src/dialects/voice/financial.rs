//! Who pays for credit.

use axum::Json;
use axum::extract::State;
use proto::billing::v1::credit_charge_service_client::CreditChargeServiceClient;
use proto::billing::v1::{
    CreateFinancialAccountRequest, GetFinancialAccountRequest, ReplaceFinancialAccountRequest,
};

use super::auth::Account;
use super::body::{Given, Taken};
use super::documents::{Always, Bodied, Guarded, IdempotencyKey, Named};
use super::error::Error;
use super::wire::financial::{FINANCIAL, Financial, FinancialInput};
use super::{Session, Voice};
use crate::clients::Replayed;

/// Read who pays for credit
#[utoipa::path(
    get, path = "/accounts/financial", tag = "accounts", operation_id = "getFinancialAccount",
    responses((status = 200, description = "Who pays", body = Financial), Named, Guarded, Always),
    security(("token" = []))
)]
pub(super) async fn get(
    State(voice): State<Voice>,
    session: Session,
) -> Result<Json<Financial>, Error> {
    let account = session.account(&voice).await?;
    Ok(Json(find(&voice, &account).await?))
}

/// Say who pays for credit
#[utoipa::path(
    post, path = "/accounts/financial", tag = "accounts", operation_id = "createFinancialAccount",
    params(IdempotencyKey),
    request_body = FinancialInput,
    responses((status = 200, description = "Who pays", body = Financial), Bodied, Guarded, Always),
    security(("token" = []))
)]
pub(super) async fn create(
    State(voice): State<Voice>,
    session: Session,
    given: Taken<Given<FinancialInput>>,
) -> Result<(Replayed, Json<Financial>), Error> {
    let account = session.account(&voice).await?;
    let Given(given, _) = given.unless_denied(|| find(&voice, &account)).await?;
    let request =
        CreateFinancialAccountRequest { company_id: account.id, account: Some(given.into()) };
    let answer = voice
        .clients()
        .billing
        .ask(&account.caller, request, |to, request| async move {
            CreditChargeServiceClient::new(to).create_financial_account(request).await
        })
        .await
        .map_err(|status| Error::of(status, &FINANCIAL))?;
    Ok((answer.replayed, Json(answer.message.account.unwrap_or_default().into())))
}

/// Say anew who pays for credit
///
/// In full: an optional member that is absent becomes null.
#[utoipa::path(
    put, path = "/accounts/financial", tag = "accounts", operation_id = "replaceFinancialAccount",
    params(IdempotencyKey),
    request_body = FinancialInput,
    responses(
        (status = 200, description = "Who pays", body = Financial),
        Bodied, Named, Guarded, Always
    ),
    security(("token" = []))
)]
pub(super) async fn replace(
    State(voice): State<Voice>,
    session: Session,
    given: Taken<Given<FinancialInput>>,
) -> Result<(Replayed, Json<Financial>), Error> {
    let account = session.account(&voice).await?;
    let Given(given, _) = given.unless_absent(|| find(&voice, &account)).await?;
    let request =
        ReplaceFinancialAccountRequest { company_id: account.id, account: Some(given.into()) };
    let answer = voice
        .clients()
        .billing
        .ask(&account.caller, request, |to, request| async move {
            CreditChargeServiceClient::new(to).replace_financial_account(request).await
        })
        .await
        .map_err(|status| Error::of(status, &FINANCIAL))?;
    Ok((answer.replayed, Json(answer.message.account.unwrap_or_default().into())))
}

/// Who pays for an account's credit.
///
/// # Errors
/// What the service refuses.
pub(super) async fn find(voice: &Voice, account: &Account) -> Result<Financial, Error> {
    let request = GetFinancialAccountRequest { company_id: account.id.clone() };
    let answer = voice
        .clients()
        .billing
        .ask(&account.caller, request, |to, request| async move {
            CreditChargeServiceClient::new(to).get_financial_account(request).await
        })
        .await
        .map_err(|status| Error::of(status, &FINANCIAL))?;
    Ok(answer.message.account.unwrap_or_default().into())
}
