//! `CompanyService`.

use brazil::{CompanyId, Email, HostName};
use chassis::Service;
use chassis::address::Address;
use chassis::auth::Caller;
use chassis::page::Page;
use chassis::refusal::{Fields, Rule, invalid};
use chassis::timestamp;
use proto::company::v1 as pb;
use proto::company::v1::company_service_server::CompanyService;
use tonic::{Code, Request, Response, Status};
use uuid::Uuid;

use super::{
    Changes, Company, ContactNumber, Kind, NAME_MAX, Registration, SearchTerm, status, store,
};
use crate::enterprises;
use crate::error::Error;

const BATCH_MAX: usize = 200;
const ACCOUNT_NAME_MAX: usize = 100;
const CONTACT_NUMBER_MAX: usize = 20;

/// Registration data, by its name in an update mask.
const REGISTRATION: [&str; 7] =
    ["official_name", "trading_name", "cnpj", "phone_number", "email", "billing_email", "address"];

/// The rpcs.
pub(crate) struct Companies {
    pub(crate) service: Service,
}

#[tonic::async_trait]
impl CompanyService for Companies {
    async fn create_company(
        &self,
        request: Request<pb::CreateCompanyRequest>,
    ) -> Result<Response<pb::CreateCompanyResponse>, Status> {
        let given = request.get_ref().company.clone().unwrap_or_default();
        let mut fields = Fields::new();
        if parse_kind(given.kind) != Some(Kind::Customer) {
            fields.refuse_as(
                "company.kind",
                Rule::NotOneOf,
                "is not a kind of company that is registered so",
            );
        }
        let values = parse(&mut fields, &given, REGISTRATION);
        let Some(registration) = Registration::of(values) else {
            return Err(fields.into_status());
        };
        fields.check()?;

        let company = &Company::register(registration, self.service.clock.now());
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    store::insert(&mut tx, company).await?;
                    let company = Some(company.clone().into());
                    Ok::<_, Error>(pb::CreateCompanyResponse { company })
                })
            })
            .await
    }

    async fn get_company(
        &self,
        request: Request<pb::GetCompanyRequest>,
    ) -> Result<Response<pb::GetCompanyResponse>, Status> {
        let company_id = enter(&request, "company_id", &request.get_ref().company_id)?;
        let company = store::find(&self.service.db, company_id).await?;
        Ok(Response::new(pb::GetCompanyResponse { company: Some(company.into()) }))
    }

    async fn batch_get_companies(
        &self,
        request: Request<pb::BatchGetCompaniesRequest>,
    ) -> Result<Response<pb::BatchGetCompaniesResponse>, Status> {
        let scope = Caller::of(&request)?.scope();
        let given = &request.get_ref().company_ids;
        let mut fields = Fields::new();
        if given.len() > BATCH_MAX {
            fields.refuse("company_ids", format!("has more than {BATCH_MAX} ids"));
        }
        let company_ids: Vec<Uuid> = given
            .iter()
            .take(BATCH_MAX)
            .filter_map(|id| fields.required::<CompanyId>("company_ids", id))
            .map(Uuid::from)
            .collect();
        fields.check()?;

        let companies = store::find_in_scope(&self.service.db, &company_ids, &scope).await?;
        let companies = companies.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::BatchGetCompaniesResponse { companies }))
    }

    async fn list_companies(
        &self,
        request: Request<pb::ListCompaniesRequest>,
    ) -> Result<Response<pb::ListCompaniesResponse>, Status> {
        let given = request.get_ref();
        let mut fields = Fields::new();
        let term = fields.text("search_term", &given.search_term, 0, SearchTerm::LENGTH_MAX);
        let kind = parse_kind(given.kind);
        if kind.is_none() {
            fields.refuse_as("kind", Rule::NotOneOf, "is not a kind of company");
        }
        fields.check()?;
        let kind = kind.filter(|_| !given.every_kind);
        let term = term.and_then(|term| SearchTerm::new(&term));
        let page = Page::parse(given.page.clone())?;

        let db = &self.service.reader(&request).await?;
        let (found, total) = store::search(db, kind, term.as_ref(), &page).await?;
        let (found, page) = page.cut(found, total, |company| company.company_id);
        let companies = found.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListCompaniesResponse { companies, page: Some(page) }))
    }

    async fn open_voice_account(
        &self,
        request: Request<pb::OpenVoiceAccountRequest>,
    ) -> Result<Response<pb::OpenVoiceAccountResponse>, Status> {
        let given = request.get_ref();
        let mut fields = Fields::new();
        let company_id: Option<CompanyId> = fields.required("company_id", &given.company_id);
        let name = fields.text("name", &given.name, 1, ACCOUNT_NAME_MAX);
        let email: Option<Email> = fields.required("email", &given.email);
        let phone = fields.text("phone", &given.phone, 1, CONTACT_NUMBER_MAX);
        let domain: Option<HostName> = fields.required("domain", &given.domain);
        let (Some(company_id), Some(official_name), Some(email), Some(phone), Some(domain)) =
            (company_id, name, email, phone, domain)
        else {
            return Err(fields.into_status());
        };

        let registration = Registration {
            official_name,
            trading_name: None,
            cnpj: None,
            phone_number: Some(ContactNumber(phone)),
            email: Some(email),
            billing_email: None,
            address: None,
        };
        let now = self.service.clock.now();
        let account = &Company::open(company_id, domain, registration, now);
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let account = store::open(&mut tx, account).await?;
                    let company = Some(account.into());
                    Ok::<_, Error>(pb::OpenVoiceAccountResponse { company })
                })
            })
            .await
    }

    async fn update_company(
        &self,
        request: Request<pb::UpdateCompanyRequest>,
    ) -> Result<Response<pb::UpdateCompanyResponse>, Status> {
        let given = request.get_ref().company.clone().unwrap_or_default();
        let company_id = enter(&request, "company.id", &given.id)?;
        let paths = request.get_ref().update_mask.clone().unwrap_or_default().paths;
        let mut fields = Fields::new();
        let changes = &parse(&mut fields, &given, paths.iter().map(String::as_str));
        fields.check()?;

        let now = self.service.clock.now();
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let mut company = store::lock(&mut tx, company_id).await?;
                    company.change(changes.clone(), now);
                    store::save(&mut tx, &company).await?;
                    Ok::<_, Error>(pb::UpdateCompanyResponse { company: Some(company.into()) })
                })
            })
            .await
    }

    async fn set_company_status(
        &self,
        request: Request<pb::SetCompanyStatusRequest>,
    ) -> Result<Response<pb::SetCompanyStatusResponse>, Status> {
        let company_id = enter(&request, "company_id", &request.get_ref().company_id)?;
        let is_active = match request.get_ref().status() {
            pb::CompanyStatus::Active => true,
            pb::CompanyStatus::Inactive => false,
            pb::CompanyStatus::Unspecified => return Err(invalid("status", "is required")),
        };
        let (service, actor) = (&self.service, &Caller::of(&request)?.key());
        let now = service.clock.now();
        let answer = service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    if status::set(service, &mut tx, company_id, is_active, now).await? {
                        enterprises::note_status(&mut tx, company_id, actor, is_active, now)
                            .await?;
                    }
                    let company = Some(store::lock(&mut tx, company_id).await?.into());
                    Ok::<_, Error>(pb::SetCompanyStatusResponse { company })
                })
            })
            .await?;
        service.handed_over(company_id).await;
        Ok(answer)
    }
}

/// The company that a request names, if its caller may go on with it.
///
/// # Errors
/// INVALID_ARGUMENT when `id`, at the path `field`, is not an id; NOT_FOUND / COMPANY_NOT_FOUND
/// or PERMISSION_DENIED as [`Caller::enter`].
pub(crate) fn enter<T>(request: &Request<T>, field: &str, id: &str) -> Result<CompanyId, Status> {
    let mut fields = Fields::new();
    let Some(company_id) = fields.required(field, id) else { return Err(fields.into_status()) };
    Caller::of(request)?.enter(company_id, Error::CompanyNotFound(company_id).into())?;
    Ok(company_id)
}

/// Checks that the caller may go on with the company that the field of a body names. One of others
/// and one that does not exist look the same: a wrong field.
///
/// # Errors
/// PERMISSION_DENIED as [`Caller::enter`].
pub(crate) fn check_company(
    fields: &mut Fields,
    field: &str,
    caller: &Caller,
    company_id: CompanyId,
) -> Result<(), Status> {
    match caller.enter(company_id, Error::CompanyNotFound(company_id).into()) {
        Err(absent) if absent.code() == Code::NotFound => {
            fields.refuse(field, "names no company");
            Ok(())
        }
        entered => entered,
    }
}

/// A kind of company; that of customers where none is said.
fn parse_kind(kind: i32) -> Option<Kind> {
    match pb::CompanyKind::try_from(kind).ok()? {
        pb::CompanyKind::Unspecified | pb::CompanyKind::Customer => Some(Kind::Customer),
        pb::CompanyKind::VoiceAccount => Some(Kind::VoiceAccount),
        pb::CompanyKind::Enterprise => Some(Kind::Enterprise),
        pb::CompanyKind::Organization => Some(Kind::Organization),
        pb::CompanyKind::SchoolGroup => Some(Kind::SchoolGroup),
        pb::CompanyKind::School => Some(Kind::School),
    }
}

/// The values of the named registration data.
fn parse<'a>(
    fields: &mut Fields,
    company: &pb::Company,
    names: impl IntoIterator<Item = &'a str>,
) -> Changes {
    let mut values = Changes::default();
    for name in names {
        let path = &format!("company.{name}");
        match name {
            "official_name" => {
                values.official_name = fields.text(path, &company.official_name, 1, NAME_MAX);
            }
            "trading_name" => {
                let name = company.trading_name.as_deref();
                values.trading_name = Some(fields.optional_text(path, name, NAME_MAX));
            }
            "cnpj" => values.cnpj = fields.required(path, &company.cnpj),
            "phone_number" => {
                values.phone_number = Some(fields.optional(path, company.phone_number.as_deref()));
            }
            "email" => values.email = fields.required(path, &company.email),
            "billing_email" => {
                values.billing_email =
                    Some(fields.optional(path, company.billing_email.as_deref()));
            }
            "address" => {
                values.address = Some(Address::parse(fields, path, company.address.as_ref()));
            }
            _ => fields.refuse("update_mask", "names what cannot be changed"),
        }
    }
    values
}

impl From<Company> for pb::Company {
    fn from(company: Company) -> Self {
        let Registration {
            official_name,
            trading_name,
            cnpj,
            phone_number,
            email,
            billing_email,
            address,
        } = company.registration;
        Self {
            id: company.company_id.to_string(),
            kind: match company.kind {
                Kind::Customer => pb::CompanyKind::Customer,
                Kind::VoiceAccount => pb::CompanyKind::VoiceAccount,
                Kind::Enterprise => pb::CompanyKind::Enterprise,
                Kind::Organization => pb::CompanyKind::Organization,
                Kind::SchoolGroup => pb::CompanyKind::SchoolGroup,
                Kind::School => pb::CompanyKind::School,
            }
            .into(),
            official_name,
            trading_name,
            cnpj: cnpj.map(|cnpj| cnpj.formatted()).unwrap_or_default(),
            phone_number: phone_number.map(|number| number.0),
            email: email.map(|email| email.to_string()).unwrap_or_default(),
            billing_email: billing_email.map(|email| email.to_string()),
            address: address.map(Into::into),
            status: match company.status {
                super::Status::Active => pb::CompanyStatus::Active,
                super::Status::Inactive => pb::CompanyStatus::Inactive,
            }
            .into(),
            created_at: Some(timestamp::to_proto(company.created_at)),
            updated_at: Some(timestamp::to_proto(company.updated_at)),
            domain: company.domain.map(|domain| domain.to_string()).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests;
