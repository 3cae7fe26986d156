//! Finding lines of a company.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use proto::billing::v1::plan_service_client::PlanServiceClient;
use proto::billing::v1::{BatchGetPlansRequest, Plan};
use proto::telecom::v1::line_search_service_client::LineSearchServiceClient;
use proto::telecom::v1::{FoundLine, SearchLinesRequest};

use super::Lines;
use super::documents::{Always, Checked, Guarded, Named};
use super::error::Error;
use super::wire::line_search::{FoundPhoneAccounts, NAMES};
use super::wire::{Names, Part};
use crate::body::{At, Id, Params};
use crate::caller::Caller;

/// Search a company's lines
///
/// The term is looked for, whatever its case, accents and formatting, in numbers, in names and
/// e-mails of who uses them, in tags and in the values of custom fields, and at the end of the
/// numbers of SIM cards.
#[utoipa::path(
    get, path = "/companies/{id}/phone-accounts", tag = "phone-accounts",
    operation_id = "searchPhoneAccounts",
    params(
        ("id" = String, Path, format = Uuid, description = "The company"),
        (
            "searchTerm" = Option<String>, Query, max_length = 200,
            description = "What to look for, taken literally; all lines where absent"
        ),
        (
            "limit" = Option<i32>, Query, minimum = 1,
            description = "Lines wanted; 50 by default, at most 200 are given"
        ),
        ("offset" = Option<i32>, Query, minimum = 0, description = "Lines to leave out")
    ),
    responses(
        (status = 200, description = "Newest first", body = FoundPhoneAccounts),
        Guarded, Named, Checked, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn search(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    params: Params,
) -> Result<Json<FoundPhoneAccounts>, Error> {
    let request = SearchLinesRequest {
        company_id: id.into(),
        search_term: params.text("searchTerm").unwrap_or_default().to_owned(),
        page: Part::of(&params)?.page(),
    };
    let found = lines
        .clients()
        .telecom
        .ask(&caller, request, |to, request| async move {
            LineSearchServiceClient::new(to).search_lines(request).await
        })
        .await
        .map_err(|status| Error::of(status, &NAMES))?
        .message;
    let plans = plans_of(&lines, &caller, &found.lines).await?;
    Ok(Json(FoundPhoneAccounts::new(found, plans)))
}

/// The plans of all the lines, in one call.
async fn plans_of(lines: &Lines, caller: &Caller, found: &[FoundLine]) -> Result<Vec<Plan>, Error> {
    let plan_ids: BTreeSet<&str> =
        found.iter().filter_map(|found| found.line.as_ref()).map(|line| &*line.plan_id).collect();
    if plan_ids.is_empty() {
        return Ok(vec![]);
    }
    let plan_ids = plan_ids.into_iter().map(str::to_owned).collect();
    let answer = lines
        .clients()
        .billing
        .ask(caller, BatchGetPlansRequest { plan_ids }, |to, request| async move {
            PlanServiceClient::new(to).batch_get_plans(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok(answer.message.plans)
}
