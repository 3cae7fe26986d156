//! Addresses of organizations.

use axum::extract::State;
use axum::response::Response;
use proto::company::v1 as company;
use proto::company::v1::organization_address_service_client::OrganizationAddressServiceClient;

use super::Workspaces;
use super::body::{Given, Session};
use super::error::Error;
use super::iri;
use super::page::Paging;
use super::wire::{OrganizationAddress, OrganizationAddressInput};
use crate::body::At;

const COUNTRIES: &str = "/countries";

/// Those of all of the caller's organizations.
pub(super) async fn list(
    State(workspaces): State<Workspaces>,
    session: Session,
    paging: Paging,
) -> Result<Response, Error> {
    let request = company::ListOrganizationAddressesRequest { page: paging.request() };
    let answer = workspaces
        .clients()
        .company
        .ask(&session.caller, request, |to, request| async move {
            OrganizationAddressServiceClient::new(to).list_organization_addresses(request).await
        })
        .await?;
    let items: Vec<OrganizationAddress> =
        answer.message.addresses.into_iter().map(Into::into).collect();
    let total = answer.message.page.unwrap_or_default().total_size;
    Ok(session.form.collection(&paging, &items, total))
}

/// Adds one to the current organization.
pub(super) async fn create(
    State(workspaces): State<Workspaces>,
    session: Session,
    Given(new, _): Given<OrganizationAddressInput>,
) -> Result<Response, Error> {
    let country = iri::or_empty("country", COUNTRIES, new.country.as_deref())?;
    let address = new.with(String::new(), session.organization_id, country);
    let request = company::CreateOrganizationAddressRequest { address: Some(address) };
    let answer = workspaces
        .clients()
        .company
        .ask(&session.caller, request, |to, request| async move {
            OrganizationAddressServiceClient::new(to).create_organization_address(request).await
        })
        .await?;
    let address = OrganizationAddress::from(answer.message.address.unwrap_or_default());
    Ok(session.form.made(answer.replayed, &address))
}

/// Reads one.
pub(super) async fn get(
    State(workspaces): State<Workspaces>,
    session: Session,
    At(address_id): At<String>,
) -> Result<Response, Error> {
    let request = company::GetOrganizationAddressRequest { address_id };
    let answer = workspaces
        .clients()
        .company
        .ask(&session.caller, request, |to, request| async move {
            OrganizationAddressServiceClient::new(to).get_organization_address(request).await
        })
        .await?;
    let address = OrganizationAddress::from(answer.message.address.unwrap_or_default());
    Ok(session.form.item(&address))
}

/// Changes one.
pub(super) async fn update(
    State(workspaces): State<Workspaces>,
    session: Session,
    At(address_id): At<String>,
    Given(change, members): Given<OrganizationAddressInput>,
) -> Result<Response, Error> {
    let country = iri::or_empty("country", COUNTRIES, change.country.as_deref())?;
    let request = company::UpdateOrganizationAddressRequest {
        address: Some(change.with(address_id, String::new(), country)),
        update_mask: Some(members.mask(OrganizationAddressInput::FIELDS)),
    };
    let answer = workspaces
        .clients()
        .company
        .ask(&session.caller, request, |to, request| async move {
            OrganizationAddressServiceClient::new(to).update_organization_address(request).await
        })
        .await?;
    let address = OrganizationAddress::from(answer.message.address.unwrap_or_default());
    Ok(session.form.item(&address))
}
