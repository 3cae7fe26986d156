//! Which organization a request is about.

use chassis::Service;
use chassis::auth::Caller;
use tonic::{Code, Status};
use uuid::Uuid;

use super::{Organization, is_public_id, refusals, store};
use crate::error::Error;

/// The organization with a public id, or the caller's oldest membership where none is named, if
/// it is one of the caller's.
///
/// # Errors
/// NOT_FOUND / ORGANIZATION_NOT_FOUND.
pub(crate) async fn locate(
    service: &Service,
    caller: &Caller,
    organization_id: &str,
) -> Result<Organization, Status> {
    let found = if organization_id.is_empty() {
        let memberships: Vec<Uuid> = caller.company_ids().collect();
        store::find_first(&service.db, &memberships).await
    } else if !is_public_id(organization_id) {
        Ok(None)
    } else {
        store::find_by_public_id(&service.db, organization_id).await
    };
    let organization = found.map_err(Error::from)?.ok_or_else(refusals::organization_not_found)?;
    match enter(caller, &organization) {
        Err(absent) if absent.code() == Code::NotFound => Err(absent),
        _ => Ok(organization),
    }
}

/// Lets somebody go on who is to change something there.
///
/// # Errors
/// PERMISSION_DENIED for those who may not; PERMISSION_DENIED / ORGANIZATION_READ_ONLY.
pub(crate) fn permit(caller: &Caller, organization: &Organization) -> Result<(), Status> {
    enter(caller, organization)?;
    match organization.status {
        super::Status::Active => Ok(()),
        super::Status::Suspended | super::Status::Pending => Err(refusals::read_only()),
    }
}

/// As [`locate`], for somebody who is to read there.
///
/// # Errors
/// Those too; PERMISSION_DENIED for those who may not.
pub(crate) async fn readable(
    service: &Service,
    caller: &Caller,
    organization_id: &str,
) -> Result<Organization, Status> {
    let organization = locate(service, caller, organization_id).await?;
    enter(caller, &organization)?;
    Ok(organization)
}

/// As [`locate`], for somebody who is to change something there.
///
/// # Errors
/// Those too, and those of [`permit`].
pub(crate) async fn writable(
    service: &Service,
    caller: &Caller,
    organization_id: &str,
) -> Result<Organization, Status> {
    let organization = locate(service, caller, organization_id).await?;
    permit(caller, &organization)?;
    Ok(organization)
}

fn enter(caller: &Caller, organization: &Organization) -> Result<(), Status> {
    caller.enter(organization.company_id, refusals::organization_not_found())
}
