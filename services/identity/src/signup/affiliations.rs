//! What billing and company know of what stands on a form.

use std::collections::BTreeSet;

use brazil::{CompanyId, Email, PlanId};
use chassis::address::Address;
use chassis::neighbours::companies;
use chassis::refusal::{Fields, upstream};
use proto::billing::v1::BatchGetPlansRequest;
use proto::billing::v1::plan_service_client::PlanServiceClient;
use proto::company::v1::{AffiliatedEmployee, CompanyStatus};

use super::{Affiliations, File};
use crate::error::Error;
use crate::identity::Identity;
use crate::invitations::announcement::{company_ids, find_affiliations};
use crate::users::{Person, parse_date};

/// Asks, at the same time, whether the plan and the company exist, and what companies know of the
/// e-mail. What is absent is not asked for.
///
/// # Errors
/// INVALID_ARGUMENT that names a plan or company that does not exist; UNAVAILABLE when a service
/// does not answer.
pub(super) async fn check(
    identity: &Identity,
    plan_id: Option<PlanId>,
    company_id: Option<CompanyId>,
    email: Option<&Email>,
) -> Result<Affiliations, Error> {
    let (has_plan, has_company, affiliations) = tokio::try_join!(
        has_plan(identity, plan_id),
        has_company(identity, company_id),
        affiliations_of(identity, email),
    )?;
    let mut fields = Fields::new();
    if !has_plan {
        fields.refuse("form.plan_id", "names no plan");
    }
    if !has_company {
        fields.refuse("form.company_id", "names no company");
    }
    fields.check()?;
    Ok(affiliations)
}

/// The companies that an e-mail belongs to.
pub(super) async fn companies_of(
    identity: &Identity,
    email: &Email,
) -> Result<BTreeSet<CompanyId>, Error> {
    Ok(company_ids(&find_affiliations(identity, email).await?))
}

async fn has_plan(identity: &Identity, plan_id: Option<PlanId>) -> Result<bool, Error> {
    let Some(plan_id) = plan_id else { return Ok(true) };
    let request = BatchGetPlansRequest { plan_ids: vec![plan_id.to_string()] };
    let found = PlanServiceClient::new(identity.service.billing.clone())
        .batch_get_plans(request)
        .await
        .map_err(upstream)?;
    Ok(!found.get_ref().plans.is_empty())
}

async fn has_company(identity: &Identity, company_id: Option<CompanyId>) -> Result<bool, Error> {
    let Some(company_id) = company_id else { return Ok(true) };
    let found = companies(&identity.service, [company_id]).await?;
    Ok(found.iter().any(|company| company.status() == CompanyStatus::Active))
}

async fn affiliations_of(
    identity: &Identity,
    email: Option<&Email>,
) -> Result<Affiliations, Error> {
    let Some(email) = email else { return Ok(Affiliations::default()) };
    let answer = find_affiliations(identity, email).await?;
    Ok(Affiliations {
        company_ids: company_ids(&answer),
        files: answer.employees.into_iter().filter_map(file).collect(),
    })
}

/// A file as far as a form can take it over: a form's number is a mobile one.
pub(crate) fn file(employee: AffiliatedEmployee) -> Option<File> {
    let mobile = |text: String| text.parse::<brazil::MobileNumber>().ok();
    Some(File {
        company_id: employee.company_id.parse().ok()?,
        person: Person {
            full_name: Some(employee.full_name).filter(|name| !name.is_empty()),
            social_name: employee.social_name,
            phone_number: employee.phone_number.and_then(mobile).map(Into::into),
            cpf: employee.cpf.and_then(|text| text.parse().ok()),
            date_of_birth: employee.birth_date.as_deref().and_then(parse_date),
            address: Address::parse(&mut Fields::new(), "", employee.address.as_ref()),
        },
    })
}
