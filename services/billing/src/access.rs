//! Who may see what a company pays.

use brazil::CompanyId;
use chassis::Service;
use chassis::auth::Caller;
use chassis::neighbours::is_no_company;
use tonic::Status;

use crate::error::Error;

/// Lets the caller go on with a company that exists.
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
    if is_no_company(service, caller, company_id).await? {
        return Err(absent());
    }
    Ok(())
}
