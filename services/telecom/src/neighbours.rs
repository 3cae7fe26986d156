//! What this service asks of its neighbours.

use brazil::{CompanyId, PlanId, UserId};
use chassis::Service;
use chassis::refusal::upstream;
use proto::billing::v1::BatchGetPlansRequest;
use proto::billing::v1::plan_service_client::PlanServiceClient;
use proto::company::v1::BatchGetCompaniesRequest;
use proto::company::v1::company_service_client::CompanyServiceClient;
use proto::identity::v1::BatchGetUsersRequest;
use proto::identity::v1::user_service_client::UserServiceClient;
use tonic::Status;

/// What identity says of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) email_is_proven: bool,
}

/// Whether billing's catalogue has the plan.
///
/// # Errors
/// UNAVAILABLE while billing does not answer.
pub(crate) async fn plan_exists(service: &Service, plan_id: PlanId) -> Result<bool, Status> {
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
pub(crate) async fn company_exists(
    service: &Service,
    company_id: CompanyId,
) -> Result<bool, Status> {
    let request = BatchGetCompaniesRequest { company_ids: vec![company_id.to_string()] };
    let answer = CompanyServiceClient::new(service.company.clone())
        .batch_get_companies(request)
        .await
        .map_err(upstream)?;
    Ok(!answer.into_inner().companies.is_empty())
}

/// The person with this id, if there is one.
///
/// # Errors
/// UNAVAILABLE while identity does not answer.
pub(crate) async fn find_person(
    service: &Service,
    user_id: UserId,
) -> Result<Option<Person>, Status> {
    let request = BatchGetUsersRequest { user_ids: vec![user_id.to_string()] };
    let answer = UserServiceClient::new(service.identity.clone())
        .batch_get_users(request)
        .await
        .map_err(upstream)?;
    let user = answer.into_inner().users.pop();
    Ok(user.map(|user| Person { email_is_proven: user.email_proven_at.is_some() }))
}
