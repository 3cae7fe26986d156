//! Who may see what a company pays.

use brazil::CompanyId;
use chassis::Service;
use chassis::auth::Caller;
use chassis::neighbours::company_exists;
use tonic::Status;

use crate::error::Error;

/// Lets the caller go on with a company. Who may go on with all of them may still have named one
/// that does not exist.
///
/// # Errors
/// NOT_FOUND / COMPANY_NOT_FOUND; PERMISSION_DENIED for those of the company who may not.
pub(crate) async fn enter_company(
    service: &Service,
    caller: &Caller,
    company_id: CompanyId,
) -> Result<(), Status> {
    let absent = || Status::from(Error::CompanyNotFound(company_id));
    caller.enter(company_id, absent())?;
    if caller.scope().everything && !company_exists(service, company_id).await? {
        return Err(absent());
    }
    Ok(())
}
