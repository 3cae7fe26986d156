//! Countries and languages.

use axum::extract::State;
use axum::response::Response;
use proto::company::v1 as company;
use proto::company::v1::country_service_client::CountryServiceClient;
use proto::company::v1::language_service_client::LanguageServiceClient;

use super::Workspaces;
use super::body::{Given, Session};
use super::error::Error;
use super::page::Paging;
use super::wire::{Country, Language, LanguageInput};
use crate::body::At;
use crate::caller::Caller;

impl Workspaces {
    async fn all_countries(&self, caller: &Caller) -> Result<Vec<Country>, Error> {
        let answer = self
            .clients()
            .company
            .ask(caller, company::ListCountriesRequest {}, |to, request| async move {
                CountryServiceClient::new(to).list_countries(request).await
            })
            .await?;
        let countries = answer.message.countries.into_iter();
        Ok(countries.map(|country| Country { id: country.code }).collect())
    }
}

/// Countries, the same for everybody.
pub(super) async fn countries(
    State(workspaces): State<Workspaces>,
    session: Session,
    paging: Paging,
) -> Result<Response, Error> {
    let all = workspaces.all_countries(&session.caller).await?;
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    Ok(session.form.collection(&paging, &paging.cut(all), total))
}

/// Reads a country.
pub(super) async fn country(
    State(workspaces): State<Workspaces>,
    session: Session,
    At(id): At<String>,
) -> Result<Response, Error> {
    let all = workspaces.all_countries(&session.caller).await?;
    let found = all.into_iter().find(|country| country.id == id);
    Ok(session.form.item(&found.ok_or_else(Error::not_found)?))
}

/// Languages of the current organization.
pub(super) async fn list(
    State(workspaces): State<Workspaces>,
    session: Session,
    paging: Paging,
) -> Result<Response, Error> {
    let request = company::ListLanguagesRequest {
        organization_id: session.organization_id,
        page: paging.request(),
    };
    let answer = workspaces
        .clients()
        .company
        .ask(&session.caller, request, |to, request| async move {
            LanguageServiceClient::new(to).list_languages(request).await
        })
        .await?;
    let items: Vec<_> = answer.message.tags.into_iter().map(|id| Language { id }).collect();
    let total = answer.message.page.unwrap_or_default().total_size;
    Ok(session.form.collection(&paging, &items, total))
}

/// Adds a language.
pub(super) async fn create(
    State(workspaces): State<Workspaces>,
    session: Session,
    Given(new, _): Given<LanguageInput>,
) -> Result<Response, Error> {
    let request = company::CreateLanguageRequest {
        organization_id: session.organization_id,
        tag: new.id.unwrap_or_default(),
    };
    let answer = workspaces
        .clients()
        .company
        .ask(&session.caller, request, |to, request| async move {
            LanguageServiceClient::new(to).create_language(request).await
        })
        .await?;
    Ok(session.form.made(answer.replayed, &Language { id: answer.message.tag }))
}

/// Reads a language.
pub(super) async fn get(
    State(workspaces): State<Workspaces>,
    session: Session,
    At(tag): At<String>,
) -> Result<Response, Error> {
    let organization_id = session.organization_id;
    let request = company::GetLanguageRequest { organization_id, tag };
    let answer = workspaces
        .clients()
        .company
        .ask(&session.caller, request, |to, request| async move {
            LanguageServiceClient::new(to).get_language(request).await
        })
        .await?;
    Ok(session.form.item(&Language { id: answer.message.tag }))
}
