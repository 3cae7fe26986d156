//! What services ask about organizations before they do something for one of their people.

use brazil::CompanyId;
use proto::company::v1 as pb;
use proto::company::v1::organization_service_client::OrganizationServiceClient;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::Service;
use crate::auth::Caller;
use crate::refusal::{refuse, upstream};

const BATCH_MAX: usize = 200;

/// An organization, as far as others than company need to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// The company that it is.
    pub company_id: CompanyId,
    /// How everybody outside names it.
    pub organization_id: String,
    /// Its name.
    pub name: String,
    /// Whether anything may change there.
    pub is_active: bool,
    /// Its addresses.
    pub address_ids: Vec<Uuid>,
    /// HTML below its mails, known to be harmless.
    pub mail_footer: Option<String>,
}

/// The organization with a public id, or the caller's oldest membership where none is named, if
/// it is one of the caller's.
///
/// # Errors
/// NOT_FOUND / ORGANIZATION_NOT_FOUND; UNAVAILABLE while company does not answer.
pub async fn locate(
    service: &Service,
    caller: &Caller,
    organization_id: &str,
) -> Result<Organization, Status> {
    let memberships: Vec<Uuid> = caller.company_ids().take(BATCH_MAX).collect();
    let mut found = if organization_id.is_empty() {
        ask(service, memberships.clone(), vec![]).await?
    } else {
        ask(service, vec![], vec![organization_id.to_owned()]).await?
    };
    found.sort_by_key(|found| memberships.iter().position(|id| *id == found.company_id.0));
    let organization = found.into_iter().next().ok_or_else(organization_not_found)?;
    match caller.enter(organization.company_id, organization_not_found()) {
        Err(absent) if absent.code() == Code::NotFound => Err(absent),
        _ => Ok(organization),
    }
}

/// Lets somebody go on who is to change something in an organization.
///
/// # Errors
/// PERMISSION_DENIED for those who may not; PERMISSION_DENIED / ORGANIZATION_READ_ONLY.
pub fn permit(caller: &Caller, organization: &Organization) -> Result<(), Status> {
    caller.enter(organization.company_id, organization_not_found())?;
    changeable(organization)
}

/// Refuses a change of an organization that can only be read.
///
/// # Errors
/// PERMISSION_DENIED / ORGANIZATION_READ_ONLY.
pub fn changeable(organization: &Organization) -> Result<(), Status> {
    if organization.is_active {
        return Ok(());
    }
    let message = "the organization can only be read";
    Err(refuse(Code::PermissionDenied, "company", "ORGANIZATION_READ_ONLY", [], message))
}

/// As [`locate`], for somebody who is to change something there.
///
/// # Errors
/// Those too, and those of [`permit`].
pub async fn writable(
    service: &Service,
    caller: &Caller,
    organization_id: &str,
) -> Result<Organization, Status> {
    let organization = locate(service, caller, organization_id).await?;
    permit(caller, &organization)?;
    Ok(organization)
}

/// The organization that a company is, if it is one.
///
/// # Errors
/// UNAVAILABLE while company does not answer.
pub async fn of_company(
    service: &Service,
    company_id: CompanyId,
) -> Result<Option<Organization>, Status> {
    Ok(ask(service, vec![company_id.0], vec![]).await?.pop())
}

/// There is no such organization for the caller.
pub fn organization_not_found() -> Status {
    let message = "there is no such organization";
    refuse(Code::NotFound, "company", "ORGANIZATION_NOT_FOUND", [], message)
}

async fn ask(
    service: &Service,
    company_ids: Vec<Uuid>,
    organization_ids: Vec<String>,
) -> Result<Vec<Organization>, Status> {
    if company_ids.is_empty() && organization_ids.is_empty() {
        return Ok(vec![]);
    }
    let company_ids = company_ids.iter().map(ToString::to_string).collect();
    let answer = OrganizationServiceClient::new(service.company.clone())
        .batch_get_organizations(pb::BatchGetOrganizationsRequest { company_ids, organization_ids })
        .await
        .map_err(upstream)?;
    Ok(answer.into_inner().organizations.into_iter().filter_map(read).collect())
}

fn read(organization: pb::Organization) -> Option<Organization> {
    Some(Organization {
        company_id: organization.company_id.parse().ok()?,
        is_active: organization.status() == pb::OrganizationStatus::Active,
        organization_id: organization.id,
        name: organization.name,
        address_ids: organization.address_ids.iter().filter_map(|id| id.parse().ok()).collect(),
        mail_footer: organization.mail_footer,
    })
}
