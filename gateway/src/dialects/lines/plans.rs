//! Plans and what companies pay for them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use proto::billing::v1::plan_service_client::PlanServiceClient;
use proto::billing::v1::{
    CreatePlanRequest, ListCompanyPlansRequest, ListPlansRequest, SetCompanyPriceRequest,
};

use super::Lines;
use super::documents::{Always, Bodied, Guarded, IdempotencyKey, Named};
use super::error::{Envelope, Error};
use super::wire::Names;
use super::wire::plans::{CompanyPlans, NAMES, NewPlan, NewPrice, PRICE_NAMES, Plan, Plans};
use crate::body::{At, Body, Id};
use crate::caller::Caller;
use crate::clients::Replayed;

/// Add a plan to the catalogue
#[utoipa::path(
    post, path = "/subscription-plans", tag = "subscription-plans",
    operation_id = "createSubscriptionPlan",
    params(IdempotencyKey),
    request_body = NewPlan,
    responses(
        (status = 201, description = "The plan", body = Plan),
        (status = 409, description = "Another plan has the name", body = Envelope),
        Guarded, Bodied, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn create(
    State(lines): State<Lines>,
    caller: Caller,
    Body(plan, _): Body<NewPlan>,
) -> Result<(StatusCode, Replayed, Json<Plan>), Error> {
    let answer = lines
        .clients()
        .billing
        .ask(&caller, CreatePlanRequest { plan: Some(plan.into()) }, |to, request| async move {
            PlanServiceClient::new(to).create_plan(request).await
        })
        .await
        .map_err(|status| Error::of(status, &NAMES))?;
    let plan = answer.message.plan.unwrap_or_default().into();
    Ok((StatusCode::CREATED, answer.replayed, Json(plan)))
}

/// List the catalogue
#[utoipa::path(
    get, path = "/subscription-plans", tag = "subscription-plans",
    operation_id = "listSubscriptionPlans",
    responses((status = 200, description = "Oldest first", body = Plans), Guarded, Always),
    security(("bearer" = []))
)]
pub(super) async fn list(State(lines): State<Lines>, caller: Caller) -> Result<Json<Plans>, Error> {
    let answer = lines
        .clients()
        .billing
        .ask(&caller, ListPlansRequest {}, |to, request| async move {
            PlanServiceClient::new(to).list_plans(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok(Json(answer.message.plans.into()))
}

/// List the plans at a company's prices
#[utoipa::path(
    get, path = "/companies/{id}/subscription-plans", tag = "subscription-plans",
    operation_id = "listCompanySubscriptionPlans",
    params(("id" = String, Path, format = Uuid, description = "The company")),
    responses(
        (status = 200, description = "Oldest plan first", body = CompanyPlans),
        Guarded, Named, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn list_of_company(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
) -> Result<Json<CompanyPlans>, Error> {
    let request = ListCompanyPlansRequest { company_id: id.into() };
    let answer = lines
        .clients()
        .billing
        .ask(&caller, request, |to, request| async move {
            PlanServiceClient::new(to).list_company_plans(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok(Json(answer.message.plans.into()))
}

/// Decide what a company pays for a plan
#[utoipa::path(
    patch, path = "/companies/{companyId}/subscription-plans/{subscriptionPlanId}",
    tag = "subscription-plans", operation_id = "setCompanyPrice",
    params(
        ("companyId" = String, Path, format = Uuid, description = "The company"),
        ("subscriptionPlanId" = String, Path, format = Uuid, description = "The plan")
    ),
    request_body = NewPrice,
    responses((status = 204, description = "From now on"), Guarded, Named, Bodied, Always),
    security(("bearer" = []))
)]
pub(super) async fn set_price(
    State(lines): State<Lines>,
    caller: Caller,
    At((company_id, plan_id)): At<(Id, Id)>,
    Body(price, _): Body<NewPrice>,
) -> Result<StatusCode, Error> {
    let request = SetCompanyPriceRequest {
        company_id: company_id.into(),
        plan_id: plan_id.into(),
        price: price.into(),
    };
    lines
        .clients()
        .billing
        .ask(&caller, request, |to, request| async move {
            PlanServiceClient::new(to).set_company_price(request).await
        })
        .await
        .map_err(|status| Error::of(status, &PRICE_NAMES))?;
    Ok(StatusCode::NO_CONTENT)
}
