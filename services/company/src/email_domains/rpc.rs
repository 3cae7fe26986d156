//! `EmailDomainService`.

use brazil::{Email, EmailDomain, PlanId};
use chassis::Service;
use chassis::auth::Caller;
use chassis::neighbours::plan_exists;
use chassis::refusal::Fields;
use proto::company::v1 as pb;
use proto::company::v1::email_domain_service_server::EmailDomainService;
use tonic::{Request, Response, Status};

use super::{OwnedDomain, is_public, store};
use crate::companies::rpc::enter;
use crate::employees::Employee;
use crate::employees::rpc::log_reading;
use crate::error::Error;

/// The rpcs.
pub(crate) struct EmailDomains {
    pub(crate) service: Service,
}

#[tonic::async_trait]
impl EmailDomainService for EmailDomains {
    async fn put_email_domain(
        &self,
        request: Request<pb::PutEmailDomainRequest>,
    ) -> Result<Response<pb::PutEmailDomainResponse>, Status> {
        let given = request.get_ref();
        let company_id = enter(&request, "company_id", &given.company_id)?;
        let mut fields = Fields::new();
        let domain: Option<EmailDomain> = fields.required("email_domain", &given.email_domain);
        if domain.as_ref().is_some_and(is_public) {
            fields.refuse("email_domain", "is a public mail provider's");
        }
        let plan_id: Option<PlanId> = fields.required("default_plan_id", &given.default_plan_id);
        if let Some(plan_id) = plan_id
            && !plan_exists(&self.service, plan_id).await?
        {
            fields.refuse("default_plan_id", "names no plan");
        }
        let (Some(domain), Some(default_plan_id)) = (domain, plan_id) else {
            return Err(fields.into_status());
        };
        fields.check()?;

        let (domain, owned) = (&domain, &OwnedDomain { company_id, default_plan_id });
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    store::put(&mut tx, domain, owned).await?;
                    Ok::<_, Error>(pb::PutEmailDomainResponse {})
                })
            })
            .await
    }

    async fn delete_email_domain(
        &self,
        request: Request<pb::DeleteEmailDomainRequest>,
    ) -> Result<Response<pb::DeleteEmailDomainResponse>, Status> {
        let given = request.get_ref();
        let company_id = enter(&request, "company_id", &given.company_id)?;
        let mut fields = Fields::new();
        let domain: Option<EmailDomain> = fields.required("email_domain", &given.email_domain);
        let Some(domain) = &domain else { return Err(fields.into_status()) };

        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    store::delete(&mut tx, company_id, domain).await?;
                    Ok::<_, Error>(pb::DeleteEmailDomainResponse {})
                })
            })
            .await
    }

    async fn find_affiliations(
        &self,
        request: Request<pb::FindAffiliationsRequest>,
    ) -> Result<Response<pb::FindAffiliationsResponse>, Status> {
        let mut fields = Fields::new();
        let email: Option<Email> = fields.required("email", &request.get_ref().email);
        let Some(email) = email else { return Err(fields.into_status()) };
        let Service { db, keyring, .. } = &self.service;
        let found = store::affiliations(db, keyring, &email).await?;
        log_reading(Caller::of(&request)?, &found.employees);
        let (domain_company_id, domain_plan_id) = found
            .domain
            .map(|domain| (domain.company_id.to_string(), domain.default_plan_id.to_string()))
            .unzip();
        Ok(Response::new(pb::FindAffiliationsResponse {
            employees: found.employees.into_iter().map(Into::into).collect(),
            domain_company_id,
            domain_plan_id,
        }))
    }
}

impl From<Employee> for pb::AffiliatedEmployee {
    fn from(Employee { employee_id, file, .. }: Employee) -> Self {
        let phone_number = file.personal_phone_number.or(file.work_phone_number);
        Self {
            employee_id: employee_id.to_string(),
            company_id: file.company_id.to_string(),
            full_name: file.full_name,
            social_name: file.social_name,
            phone_number: phone_number.map(|number| number.to_string()),
            cpf: file.cpf.map(|cpf| cpf.formatted()),
            birth_date: file.birth_date.map(|date| date.to_string()),
            address: file.address.map(Into::into),
        }
    }
}
