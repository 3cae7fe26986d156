//! What services ask of each other before they take a reference to something that is not theirs.

use brazil::{CompanyId, PlanId};
use proto::billing::v1::BatchGetPlansRequest;
use proto::billing::v1::plan_service_client::PlanServiceClient;
use proto::company::v1::BatchGetCompaniesRequest;
use proto::company::v1::company_service_client::CompanyServiceClient;
use tonic::Status;

use crate::Service;
use crate::refusal::upstream;

/// Whether billing's catalogue has the plan.
///
/// # Errors
/// UNAVAILABLE while billing does not answer.
pub async fn plan_exists(service: &Service, plan_id: PlanId) -> Result<bool, Status> {
    let request = BatchGetPlansRequest { plan_ids: vec![plan_id.to_string()] };
    let answer = PlanServiceClient::new(service.billing.clone())
        .batch_get_plans(request)
        .await
        .map_err(upstream)?;
    Ok(!answer.into_inner().plans.is_empty())
}

/// Whether the company is registered.
///
/// # Errors
/// UNAVAILABLE while company does not answer.
pub async fn company_exists(service: &Service, company_id: CompanyId) -> Result<bool, Status> {
    let request = BatchGetCompaniesRequest { company_ids: vec![company_id.to_string()] };
    let answer = CompanyServiceClient::new(service.company.clone())
        .batch_get_companies(request)
        .await
        .map_err(upstream)?;
    Ok(!answer.into_inner().companies.is_empty())
}
