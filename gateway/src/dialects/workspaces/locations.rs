//! Locations.

use axum::extract::State;
use axum::response::Response;
use proto::company::v1 as company;
use proto::company::v1::location_service_client::LocationServiceClient;

use super::Workspaces;
use super::body::{Given, Session};
use super::error::Error;
use super::page::Paging;
use super::wire::{Location, LocationInput};
use crate::body::At;

/// Those of the current organization.
pub(super) async fn list(
    State(workspaces): State<Workspaces>,
    session: Session,
    paging: Paging,
) -> Result<Response, Error> {
    let request = company::ListLocationsRequest {
        organization_id: session.organization_id,
        page: paging.request(),
    };
    let answer = workspaces
        .clients()
        .company
        .ask(&session.caller, request, |to, request| async move {
            LocationServiceClient::new(to).list_locations(request).await
        })
        .await?;
    let items: Vec<Location> = answer.message.locations.into_iter().map(Into::into).collect();
    let total = answer.message.page.unwrap_or_default().total_size;
    Ok(session.form.collection(&paging, &items, total))
}

/// Adds one.
pub(super) async fn create(
    State(workspaces): State<Workspaces>,
    session: Session,
    Given(new, _): Given<LocationInput>,
) -> Result<Response, Error> {
    let request = company::CreateLocationRequest {
        organization_id: session.organization_id,
        location: Some(new.with_id(0)),
    };
    let answer = workspaces
        .clients()
        .company
        .ask(&session.caller, request, |to, request| async move {
            LocationServiceClient::new(to).create_location(request).await
        })
        .await?;
    let location = Location::from(answer.message.location.unwrap_or_default());
    Ok(session.form.made(answer.replayed, &location))
}

/// Reads one.
pub(super) async fn get(
    State(workspaces): State<Workspaces>,
    session: Session,
    At(location_id): At<i64>,
) -> Result<Response, Error> {
    let organization_id = session.organization_id;
    let request = company::GetLocationRequest { organization_id, location_id };
    let answer = workspaces
        .clients()
        .company
        .ask(&session.caller, request, |to, request| async move {
            LocationServiceClient::new(to).get_location(request).await
        })
        .await?;
    let location = Location::from(answer.message.location.unwrap_or_default());
    Ok(session.form.item(&location))
}

/// Changes one.
pub(super) async fn update(
    State(workspaces): State<Workspaces>,
    session: Session,
    At(location_id): At<i64>,
    Given(change, members): Given<LocationInput>,
) -> Result<Response, Error> {
    let request = company::UpdateLocationRequest {
        organization_id: session.organization_id,
        location: Some(change.with_id(location_id)),
        update_mask: Some(members.mask(LocationInput::FIELDS)),
    };
    let answer = workspaces
        .clients()
        .company
        .ask(&session.caller, request, |to, request| async move {
            LocationServiceClient::new(to).update_location(request).await
        })
        .await?;
    let location = Location::from(answer.message.location.unwrap_or_default());
    Ok(session.form.item(&location))
}
