//! The accounts that extensions are in, as company tells of them.

use brazil::CompanyId;
use chassis::Service;
use chassis::auth::Caller;
use chassis::neighbours::companies;
use chassis::refusal::internal;
use proto::company::v1::CompanyKind;
use tonic::Status;

use super::store;
use crate::error::Error;

/// A company that is a voice account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VoiceAccount {
    pub(crate) company_id: CompanyId,
    /// Its host name.
    pub(crate) domain: String,
}

/// Lets the caller go on with what belongs to an account.
///
/// # Errors
/// NOT_FOUND / VOICE_ACCOUNT_NOT_FOUND when there is none, or none of theirs; PERMISSION_DENIED
/// when their role there does not carry the rpc's permission; UNAVAILABLE while company does not
/// answer.
pub(crate) async fn voice_account(
    service: &Service,
    caller: &Caller,
    company_id: CompanyId,
) -> Result<VoiceAccount, Status> {
    let absent = || Status::from(Error::VoiceAccountNotFound(company_id));
    caller.enter(company_id, absent())?;
    let known =
        store::find_account(&service.db, company_id).await.map_err(|error| internal(&error))?;
    if let Some(account) = known {
        return Ok(account);
    }
    let company = companies(service, [company_id])
        .await?
        .into_iter()
        .find(|company| company.kind() == CompanyKind::VoiceAccount)
        .ok_or_else(absent)?;
    let account = VoiceAccount { company_id, domain: company.domain };
    store::keep_account(&service.db, &account, service.clock.now())
        .await
        .map_err(|error| internal(&error))?;
    Ok(account)
}
