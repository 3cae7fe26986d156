//! Signing up by an e-mail address in a company's domain.

mod job;
mod rpc;
pub(crate) mod store;

use brazil::{AreaCode, CompanyId, Email, PlanId, State};
use chassis::neighbours::companies;
use proto::company::v1::Company;

pub(crate) use job::DomainSignup;
pub(crate) use rpc::DomainSignups;

use crate::error::Error;
use crate::identity::Identity;
use crate::invitations::announcement::find_affiliations;
use crate::signup::file;
use crate::users::Person;

/// What an address in a company's domain entitles to.
struct Offer {
    company_id: CompanyId,
    plan_id: PlanId,
    /// What the company's employee file with that address knows.
    person: Person,
}

impl Offer {
    /// The offer to an address; none when its domain is no company's.
    async fn to(identity: &Identity, email: &Email) -> Result<Option<Self>, Error> {
        let known = find_affiliations(identity, email).await?;
        let company_id = known.domain_company_id.and_then(|id| id.parse().ok());
        let plan_id = known.domain_plan_id.and_then(|id| id.parse().ok());
        let (Some(company_id), Some(plan_id)) = (company_id, plan_id) else { return Ok(None) };
        let person = known
            .employees
            .into_iter()
            .filter_map(file)
            .find(|file| file.company_id == company_id)
            .map(|file| file.person)
            .unwrap_or_default();
        Ok(Some(Self { company_id, plan_id, person }))
    }

    /// The first area of the state where the company sits, if it says where.
    async fn area_code(&self, identity: &Identity) -> Result<Option<AreaCode>, Error> {
        let found = companies(&identity.service, [self.company_id]).await?;
        Ok(found.first().and_then(seat).map(State::first_area_code))
    }
}

fn seat(company: &Company) -> Option<State> {
    company.address.as_ref()?.state.as_deref()?.parse().ok()
}
