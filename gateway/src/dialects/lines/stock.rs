//! What lines are made of: SIM cards and phone numbers.

use axum::Json;
use axum::extract::State;
use proto::telecom::v1::stock_service_client::StockServiceClient;
use proto::telecom::v1::{AddPhoneNumbersRequest, AddSimCardsRequest, ListSimCardsRequest};

use super::Lines;
use super::documents::{Always, Bodied, Checked, Guarded, IdempotencyKey, Named};
use super::error::Error;
use super::wire::companies::SEARCH_NAMES;
use super::wire::stock::{
    AddedPhoneNumbers, AddedSimCards, NewPhoneNumbers, NewSimCards, SimCards,
};
use super::wire::{Names, Part, area_code};
use crate::body::{At, Body, Id, Params};
use crate::caller::Caller;
use crate::clients::Replayed;
use crate::fault::Checks;

/// Add SIM cards to a company's stock
///
/// Good ones stand, bad ones are named.
#[utoipa::path(
    post, path = "/sim-cards", tag = "stock", operation_id = "addSimCards",
    params(IdempotencyKey),
    request_body = NewSimCards,
    responses(
        (status = 200, description = "What became of them", body = AddedSimCards),
        Guarded, Bodied, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn add_sim_cards(
    State(lines): State<Lines>,
    caller: Caller,
    Body(cards, _): Body<NewSimCards>,
) -> Result<(Replayed, Json<AddedSimCards>), Error> {
    let NewSimCards { company_id, iccids, provider } = cards;
    let request = AddSimCardsRequest {
        company_id,
        iccids,
        provider: provider.unwrap_or_default(),
        ..Default::default()
    };
    let answer = lines
        .clients()
        .telecom
        .ask(&caller, request, |to, request| async move {
            StockServiceClient::new(to).add_sim_cards(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok((answer.replayed, Json(answer.message.into())))
}

/// List a company's SIM cards
#[utoipa::path(
    get, path = "/companies/{id}/sim-cards", tag = "stock", operation_id = "listSimCards",
    params(
        ("id" = String, Path, format = Uuid, description = "The company"),
        (
            "limit" = Option<i32>, Query, minimum = 1,
            description = "Cards wanted; 50 by default, at most 200 are given"
        ),
        ("offset" = Option<i32>, Query, minimum = 0, description = "Cards to leave out")
    ),
    responses(
        (status = 200, description = "By number", body = SimCards),
        Guarded, Named, Checked, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn list_sim_cards(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    params: Params,
) -> Result<Json<SimCards>, Error> {
    let request = ListSimCardsRequest { company_id: id.into(), page: Part::of(&params)?.page() };
    let answer = lines
        .clients()
        .telecom
        .ask(&caller, request, |to, request| async move {
            StockServiceClient::new(to).list_sim_cards(request).await
        })
        .await
        .map_err(|status| Error::of(status, &SEARCH_NAMES))?;
    Ok(Json(answer.message.into()))
}

/// Add a range of phone numbers to the free stock
#[utoipa::path(
    post, path = "/phone-numbers", tag = "stock", operation_id = "addPhoneNumbers",
    params(IdempotencyKey),
    request_body = NewPhoneNumbers,
    responses(
        (status = 200, description = "What became of them", body = AddedPhoneNumbers),
        Guarded, Bodied, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn add_phone_numbers(
    State(lines): State<Lines>,
    caller: Caller,
    Body(range, _): Body<NewPhoneNumbers>,
) -> Result<(Replayed, Json<AddedPhoneNumbers>), Error> {
    let mut checks = Checks::new();
    let area_code = area_code(&mut checks, "area_code", range.area_code);
    checks.pass()?;
    let request = AddPhoneNumbersRequest {
        area_code,
        first_number: range.first_number,
        last_number: range.last_number,
    };
    let answer = lines
        .clients()
        .telecom
        .ask(&caller, request, |to, request| async move {
            StockServiceClient::new(to).add_phone_numbers(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok((answer.replayed, Json(answer.message.into())))
}
