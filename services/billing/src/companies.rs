//! What billing asks the company service: to whom invoices and letters go.

use std::collections::HashMap;

use brazil::{CompanyId, Email};
use chassis::Service;
use chassis::neighbours::companies;
use proto::company::v1::Company;
use tonic::Status;
use uuid::Uuid;

/// A company, as invoices and letters name it.
#[derive(Clone, Debug)]
pub(crate) struct Recipient {
    /// Registered name.
    pub(crate) name: String,
    /// CNPJ, formatted.
    pub(crate) cnpj: String,
    /// Where invoices go.
    pub(crate) billing_email: Email,
}

/// Reads up to 200 companies; those that are unknown, or have no address, are left out.
///
/// # Errors
/// UNAVAILABLE while company does not answer.
pub(crate) async fn recipients(
    service: &Service,
    company_ids: &[Uuid],
) -> Result<HashMap<CompanyId, Recipient>, Status> {
    let found = companies(service, company_ids.iter().copied().map(CompanyId)).await?;
    Ok(found.into_iter().filter_map(recipient).collect())
}

fn recipient(company: Company) -> Option<(CompanyId, Recipient)> {
    let billing_email = company.billing_email.as_deref().unwrap_or(&company.email).parse().ok()?;
    let recipient = Recipient { name: company.official_name, cnpj: company.cnpj, billing_email };
    Some((company.id.parse().ok()?, recipient))
}
