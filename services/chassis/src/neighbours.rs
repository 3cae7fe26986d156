//! What services ask of each other before they take a reference to something that is not theirs.

use brazil::{CompanyId, PlanId, UserId};
use proto::billing::v1::BatchGetPlansRequest;
use proto::billing::v1::plan_service_client::PlanServiceClient;
use proto::company::v1::company_service_client::CompanyServiceClient;
use proto::company::v1::{BatchGetCompaniesRequest, Company};
use proto::identity::v1::user_service_client::UserServiceClient;
use proto::identity::v1::{BatchGetUsersRequest, User};
use tonic::Status;

use crate::Service;
use crate::auth::Caller;
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

/// Up to 200 companies, in no particular order; those that are unknown are left out.
///
/// # Errors
/// UNAVAILABLE while company does not answer.
pub async fn companies(
    service: &Service,
    company_ids: impl IntoIterator<Item = CompanyId>,
) -> Result<Vec<Company>, Status> {
    let company_ids = company_ids.into_iter().map(|id| id.to_string()).collect();
    let answer = CompanyServiceClient::new(service.company.clone())
        .batch_get_companies(BatchGetCompaniesRequest { company_ids })
        .await
        .map_err(upstream)?;
    Ok(answer.into_inner().companies)
}

/// Whether the company is registered.
///
/// # Errors
/// UNAVAILABLE while company does not answer.
pub async fn company_exists(service: &Service, company_id: CompanyId) -> Result<bool, Status> {
    Ok(!companies(service, [company_id]).await?.is_empty())
}

/// Whether a company that the caller may go on with is none: whoever may go on with all of them
/// may have named one that does not exist.
///
/// # Errors
/// UNAVAILABLE while company does not answer.
pub async fn is_no_company(
    service: &Service,
    caller: &Caller,
    company_id: CompanyId,
) -> Result<bool, Status> {
    Ok(caller.scope().everything && !company_exists(service, company_id).await?)
}

/// A person, if there is such a one.
///
/// # Errors
/// UNAVAILABLE while identity does not answer.
pub async fn find_user(service: &Service, user_id: UserId) -> Result<Option<User>, Status> {
    let request = BatchGetUsersRequest { user_ids: vec![user_id.to_string()] };
    let answer = UserServiceClient::new(service.identity.clone())
        .batch_get_users(request)
        .await
        .map_err(upstream)?;
    Ok(answer.into_inner().users.pop())
}
