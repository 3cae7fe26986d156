//! Charges, and the credit that they bought.

use axum::Json;
use axum::extract::State;
use proto::billing::v1::credit_charge_service_client::CreditChargeServiceClient;
use proto::billing::v1::wallet_service_client::WalletServiceClient;
use proto::billing::v1::{GetCreditChargeRequest, GetWalletRequest, ListCreditChargesRequest};
use proto::common::v1::PageRequest;

use super::body::{Given, Taken};
use super::documents::{Always, Bodied, Guarded, IdempotencyKey, Named};
use super::error::Error;
use super::rules::{Model, Rule, Rules};
use super::wire::charges::{Balance, CHARGE, Charge, ChargeInput};
use super::{Session, Voice, financial};
use crate::body::{At, Id};
use crate::clients::Replayed;

/// As many as a page of the service holds.
const PAGE: i32 = 200;
/// As many as a list of this dialect holds.
const LISTED_MAX: usize = 1_000;

/// Buy credit
///
/// The credit is there when the charge is paid, once, however often that is reported.
#[utoipa::path(
    post, path = "/charges", tag = "credits", operation_id = "createCharge",
    params(IdempotencyKey),
    request_body = ChargeInput,
    responses((status = 200, description = "To be paid", body = Charge), Bodied, Guarded, Always),
    security(("token" = []))
)]
pub(super) async fn create(
    State(voice): State<Voice>,
    session: Session,
    given: Taken<Given<ChargeInput>>,
) -> Result<(Replayed, Json<Charge>), Error> {
    let account = session.account(&voice).await?;
    let given = given.and_then(|Given(given, _)| match given.billing_type() {
        Some(billing_type) => Ok((given, billing_type)),
        None => {
            let mut rules = Rules::of(&CHARGE);
            let ways = "is not one of PIX, BOLETO, CREDIT_CARD, UNDEFINED";
            rules.refuse("billingType", Rule::Inclusion, ways);
            Err(rules.into_error())
        }
    });
    let (given, billing_type) = given.unless_denied(|| financial::find(&voice, &account)).await?;
    let request = given.into_request(account.id, billing_type);
    let answer = voice
        .clients()
        .billing
        .ask(&account.caller, request, |to, request| async move {
            CreditChargeServiceClient::new(to).create_credit_charge(request).await
        })
        .await
        .map_err(|status| Error::of(status, &CHARGE))?;
    Ok((answer.replayed, Json(answer.message.charge.unwrap_or_default().into())))
}

/// List charges
///
/// Newest first, at most 1000.
#[utoipa::path(
    get, path = "/charges", tag = "credits", operation_id = "listCharges",
    responses((status = 200, description = "Newest first", body = Vec<Charge>), Guarded, Always),
    security(("token" = []))
)]
pub(super) async fn list(
    State(voice): State<Voice>,
    session: Session,
) -> Result<Json<Vec<Charge>>, Error> {
    let account = session.account(&voice).await?;
    let mut charges: Vec<Charge> = vec![];
    let mut page_token = String::new();
    loop {
        let page = PageRequest { page_size: PAGE, page_token, skip: 0 };
        let request = ListCreditChargesRequest { company_id: account.id.clone(), page: Some(page) };
        let answer = voice
            .clients()
            .billing
            .ask(&account.caller, request, |to, request| async move {
                CreditChargeServiceClient::new(to).list_credit_charges(request).await
            })
            .await
            .map_err(|status| Error::of(status, &Model::NONE))?;
        charges.extend(answer.message.charges.into_iter().map(Charge::from));
        page_token = answer.message.page.unwrap_or_default().next_page_token;
        if page_token.is_empty() || charges.len() >= LISTED_MAX {
            return Ok(Json(charges));
        }
    }
}

/// Read a charge
#[utoipa::path(
    get, path = "/charges/{id}", tag = "credits", operation_id = "getCharge",
    params(("id" = String, Path, format = Uuid, description = "The charge")),
    responses((status = 200, description = "The charge", body = Charge), Named, Guarded, Always),
    security(("token" = []))
)]
pub(super) async fn get(
    State(voice): State<Voice>,
    session: Session,
    At(id): At<Id>,
) -> Result<Json<Charge>, Error> {
    let account = session.account(&voice).await?;
    let request = GetCreditChargeRequest { company_id: account.id, charge_id: id.into() };
    let answer = voice
        .clients()
        .billing
        .ask(&account.caller, request, |to, request| async move {
            CreditChargeServiceClient::new(to).get_credit_charge(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Model::NONE))?;
    Ok(Json(answer.message.charge.unwrap_or_default().into()))
}

/// Read the balance
///
/// What calls in progress hold is not taken off.
#[utoipa::path(
    get, path = "/credits/balance", tag = "credits", operation_id = "getBalance",
    responses((status = 200, description = "What there is", body = Balance), Guarded, Always),
    security(("token" = []))
)]
pub(super) async fn balance(
    State(voice): State<Voice>,
    session: Session,
) -> Result<Json<Balance>, Error> {
    let account = session.account(&voice).await?;
    let request = GetWalletRequest { company_id: account.id };
    let answer = voice
        .clients()
        .billing
        .ask(&account.caller, request, |to, request| async move {
            WalletServiceClient::new(to).get_wallet(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Model::NONE))?;
    Ok(Json(answer.message.into()))
}
