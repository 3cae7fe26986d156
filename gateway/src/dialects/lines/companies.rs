//! Companies and their e-mail domains.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use proto::company::v1::company_service_client::CompanyServiceClient;
use proto::company::v1::email_domain_service_client::EmailDomainServiceClient;
use proto::company::v1::{
    CreateCompanyRequest, DeleteEmailDomainRequest, GetCompanyRequest, ListCompaniesRequest,
    PutEmailDomainRequest, UpdateCompanyRequest,
};

use super::Lines;
use super::documents::{Always, Bodied, Checked, Guarded, IdempotencyKey, Named};
use super::error::{Envelope, Error};
use super::wire::companies::{
    Companies, Company, CompanyChange, DOMAIN_NAMES, Kind, NAMES, NamedEmailDomain, NewCompany,
    NewEmailDomain, SEARCH_NAMES, kind_named,
};
use super::wire::{Names, Part};
use crate::body::{At, Body, Id, Params};
use crate::caller::Caller;
use crate::clients::Replayed;

/// Register a company
#[utoipa::path(
    post, path = "/companies", tag = "companies", operation_id = "createCompany",
    params(IdempotencyKey),
    request_body = NewCompany,
    responses(
        (status = 201, description = "The company", body = Company),
        (status = 409, description = "Another company has the CNPJ", body = Envelope),
        Guarded, Bodied, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn create(
    State(lines): State<Lines>,
    caller: Caller,
    Body(company, _): Body<NewCompany>,
) -> Result<(StatusCode, Replayed, Json<Company>), Error> {
    let request = CreateCompanyRequest { company: Some(company.0.into_company(String::new())) };
    let answer = lines
        .clients()
        .company
        .ask(&caller, request, |to, request| async move {
            CompanyServiceClient::new(to).create_company(request).await
        })
        .await
        .map_err(|status| Error::of(status, &NAMES))?;
    let company = answer.message.company.unwrap_or_default().into();
    Ok((StatusCode::CREATED, answer.replayed, Json(company)))
}

/// Search companies
#[utoipa::path(
    get, path = "/companies", tag = "companies", operation_id = "listCompanies",
    params(
        (
            "searchTerm" = Option<String>, Query, max_length = 200,
            description = "Part of a name, the e-mail or the CNPJ"
        ),
        (
            "limit" = Option<i32>, Query, minimum = 1,
            description = "Companies wanted; 50 by default, at most 200 are given"
        ),
        ("offset" = Option<i32>, Query, minimum = 0, description = "Companies to leave out"),
        ("kind" = Option<Kind>, Query, description = "Only companies of this kind")
    ),
    responses(
        (status = 200, description = "Newest first", body = Companies),
        Guarded, Checked, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn list(
    State(lines): State<Lines>,
    caller: Caller,
    params: Params,
) -> Result<Json<Companies>, Error> {
    let kind = params.text("kind").map(kind_named).transpose()?;
    let request = ListCompaniesRequest {
        search_term: params.text("searchTerm").unwrap_or_default().to_owned(),
        page: Part::of(&params)?.page(),
        every_kind: kind.is_none(),
        kind: kind.unwrap_or_default().into(),
    };
    let answer = lines
        .clients()
        .company
        .ask(&caller, request, |to, request| async move {
            CompanyServiceClient::new(to).list_companies(request).await
        })
        .await
        .map_err(|status| Error::of(status, &SEARCH_NAMES))?;
    Ok(Json(answer.message.into()))
}

/// Read a company
#[utoipa::path(
    get, path = "/companies/{id}", tag = "companies", operation_id = "getCompany",
    params(("id" = String, Path, format = Uuid, description = "The company")),
    responses((status = 200, description = "The company", body = Company), Guarded, Named, Always),
    security(("bearer" = []))
)]
pub(super) async fn get(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
) -> Result<Json<Company>, Error> {
    let answer = lines
        .clients()
        .company
        .ask(&caller, GetCompanyRequest { company_id: id.into() }, |to, request| async move {
            CompanyServiceClient::new(to).get_company(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    Ok(Json(answer.message.company.unwrap_or_default().into()))
}

/// Change a company's registration data
///
/// Members that are null are cleared; those that are absent stay.
#[utoipa::path(
    patch, path = "/companies/{id}", tag = "companies", operation_id = "updateCompany",
    params(("id" = String, Path, format = Uuid, description = "The company")),
    request_body = CompanyChange,
    responses(
        (status = 204, description = "Changed"),
        (status = 409, description = "Another company has the CNPJ", body = Envelope),
        Guarded, Named, Bodied, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn update(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    Body(change, members): Body<CompanyChange>,
) -> Result<StatusCode, Error> {
    let request = UpdateCompanyRequest {
        company: Some(change.into_company(id.into())),
        update_mask: NAMES.mask(&members),
    };
    lines
        .clients()
        .company
        .ask(&caller, request, |to, request| async move {
            CompanyServiceClient::new(to).update_company(request).await
        })
        .await
        .map_err(|status| Error::of(status, &NAMES))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Set an e-mail domain for signup by domain
#[utoipa::path(
    put, path = "/companies/{id}/email-domains", tag = "companies", operation_id = "putEmailDomain",
    params(("id" = String, Path, format = Uuid, description = "The company"), IdempotencyKey),
    request_body = NewEmailDomain,
    responses(
        (status = 204, description = "The domain is the company's"),
        (status = 409, description = "Another company has the domain", body = Envelope),
        Guarded, Named, Bodied, Always
    ),
    security(("bearer" = []))
)]
pub(super) async fn put_email_domain(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    Body(domain, _): Body<NewEmailDomain>,
) -> Result<(StatusCode, Replayed, ()), Error> {
    let request = PutEmailDomainRequest {
        company_id: id.into(),
        email_domain: domain.email_domain,
        default_plan_id: domain.default_subscription_plan_id,
    };
    let answer = lines
        .clients()
        .company
        .ask(&caller, request, |to, request| async move {
            EmailDomainServiceClient::new(to).put_email_domain(request).await
        })
        .await
        .map_err(|status| Error::of(status, &DOMAIN_NAMES))?;
    Ok((StatusCode::NO_CONTENT, answer.replayed, ()))
}

/// Take an e-mail domain away
#[utoipa::path(
    delete, path = "/companies/{id}/email-domains", tag = "companies",
    operation_id = "deleteEmailDomain",
    params(("id" = String, Path, format = Uuid, description = "The company")),
    request_body = NamedEmailDomain,
    responses((status = 204, description = "Gone"), Guarded, Named, Bodied, Always),
    security(("bearer" = []))
)]
pub(super) async fn delete_email_domain(
    State(lines): State<Lines>,
    caller: Caller,
    At(id): At<Id>,
    Body(domain, _): Body<NamedEmailDomain>,
) -> Result<StatusCode, Error> {
    delete_domain(&lines, &caller, id, domain.email_domain).await
}

/// Take an e-mail domain away, named by the path
#[utoipa::path(
    delete, path = "/companies/{id}/email-domains/{domain}", tag = "companies",
    operation_id = "deleteNamedEmailDomain",
    params(
        ("id" = String, Path, format = Uuid, description = "The company"),
        ("domain" = String, Path, description = "The domain, without \"@\"")
    ),
    responses((status = 204, description = "Gone"), Guarded, Named, Checked, Always),
    security(("bearer" = []))
)]
pub(super) async fn delete_named_email_domain(
    State(lines): State<Lines>,
    caller: Caller,
    At((id, domain)): At<(Id, String)>,
) -> Result<StatusCode, Error> {
    delete_domain(&lines, &caller, id, domain).await
}

async fn delete_domain(
    lines: &Lines,
    caller: &Caller,
    id: Id,
    email_domain: String,
) -> Result<StatusCode, Error> {
    let request = DeleteEmailDomainRequest { company_id: id.into(), email_domain };
    lines
        .clients()
        .company
        .ask(caller, request, |to, request| async move {
            EmailDomainServiceClient::new(to).delete_email_domain(request).await
        })
        .await
        .map_err(|status| Error::of(status, &DOMAIN_NAMES))?;
    Ok(StatusCode::NO_CONTENT)
}
