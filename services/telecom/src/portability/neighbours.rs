//! What is asked of the neighbours about a contract's owner.

use brazil::{CompanyId, UserId};
use chassis::Service;
use chassis::neighbours::{companies, find_user};
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
    let company = companies(service, [company_id]).await?.pop();
    Ok(company.map(|company| company.cnpj).filter(|cnpj| !cnpj.is_empty()))
}

async fn cpf(service: &Service, user_id: UserId) -> Result<Option<String>, Status> {
    Ok(find_user(service, user_id).await?.and_then(|user| user.cpf))
}
