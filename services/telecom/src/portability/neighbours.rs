//! What is asked of the neighbours about a contract's owner.

use brazil::{CompanyId, UserId};
use chassis::Service;
use chassis::refusal::upstream;
use proto::company::v1::BatchGetCompaniesRequest;
use proto::company::v1::company_service_client::CompanyServiceClient;
use proto::identity::v1::BatchGetUsersRequest;
use proto::identity::v1::user_service_client::UserServiceClient;
use tonic::Status;

use crate::lines::Owner;

/// CNPJ of the company that owns a contract, or CPF of the person who owns it, if it is known.
///
/// # Errors
/// UNAVAILABLE while the neighbour does not answer.
pub(super) async fn owner_document(
    service: &Service,
    owner: Option<Owner>,
) -> Result<Option<String>, Status> {
    match owner {
        Some(Owner::Company(company_id)) => cnpj(service, company_id).await,
        Some(Owner::Person(user_id)) => cpf(service, user_id).await,
        None => Ok(None),
    }
}

async fn cnpj(service: &Service, company_id: CompanyId) -> Result<Option<String>, Status> {
    let request = BatchGetCompaniesRequest { company_ids: vec![company_id.to_string()] };
    let answer = CompanyServiceClient::new(service.company.clone())
        .batch_get_companies(request)
        .await
        .map_err(upstream)?;
    Ok(answer.into_inner().companies.pop().map(|company| company.cnpj))
}

async fn cpf(service: &Service, user_id: UserId) -> Result<Option<String>, Status> {
    let request = BatchGetUsersRequest { user_ids: vec![user_id.to_string()] };
    let answer = UserServiceClient::new(service.identity.clone())
        .batch_get_users(request)
        .await
        .map_err(upstream)?;
    Ok(answer.into_inner().users.pop().and_then(|user| user.cpf))
}
