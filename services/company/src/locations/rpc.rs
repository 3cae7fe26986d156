//! `LocationService`.

use chassis::Service;
use chassis::auth::Caller;
use chassis::page::Page;
use chassis::refusal::{Fields, Rule};
use proto::company::v1 as pb;
use proto::company::v1::location_service_server::LocationService;
use tonic::{Request, Response, Status};

use super::{Location, NAME_MAX, closes_after_it_opens, hour, store};
use crate::error::Error;
use crate::organizations::rpc::whole;
use crate::organizations::{locate, permit, readable, writable};

const MEMBERS: [&str; 3] = ["name", "office_open_hour", "office_close_hour"];

/// The rpcs.
pub(crate) struct Locations {
    pub(crate) service: Service,
}

#[tonic::async_trait]
impl LocationService for Locations {
    async fn list_locations(
        &self,
        request: Request<pb::ListLocationsRequest>,
    ) -> Result<Response<pb::ListLocationsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let page = Page::parse(request.get_ref().page.clone())?;
        let organization =
            readable(&self.service, caller, &request.get_ref().organization_id).await?;
        let db = &self.service.reader(&request).await?;
        let found = store::list(db, organization.company_id, &page).await;
        let (found, total) = found.map_err(Error::from)?;
        Ok(Response::new(pb::ListLocationsResponse {
            locations: found.into_iter().map(Into::into).collect(),
            page: Some(whole(total)),
        }))
    }

    async fn get_location(
        &self,
        request: Request<pb::GetLocationRequest>,
    ) -> Result<Response<pb::GetLocationResponse>, Status> {
        let pb::GetLocationRequest { organization_id, location_id } = request.get_ref();
        let organization = readable(&self.service, Caller::of(&request)?, organization_id).await?;
        let found = store::find(&self.service.db, organization.company_id, *location_id).await?;
        Ok(Response::new(pb::GetLocationResponse { location: Some(found.into()) }))
    }

    async fn create_location(
        &self,
        request: Request<pb::CreateLocationRequest>,
    ) -> Result<Response<pb::CreateLocationResponse>, Status> {
        let given = request.get_ref();
        let organization =
            writable(&self.service, Caller::of(&request)?, &given.organization_id).await?;
        let given = given.location.clone().unwrap_or_default();
        let mut location = Location {
            location_id: 0,
            name: String::new(),
            office_open_hour: None,
            office_close_hour: None,
        };
        change(&mut location, &given, MEMBERS)?;
        let (location, company_id) = (&location, organization.company_id);
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let location_id = store::insert(&mut tx, company_id, location).await?;
                    let location = Some(Location { location_id, ..location.clone() }.into());
                    Ok::<_, Error>(pb::CreateLocationResponse { location })
                })
            })
            .await
    }

    async fn update_location(
        &self,
        request: Request<pb::UpdateLocationRequest>,
    ) -> Result<Response<pb::UpdateLocationResponse>, Status> {
        let caller = Caller::of(&request)?;
        let given = &request.get_ref().location.clone().unwrap_or_default();
        let organization_id = &request.get_ref().organization_id;
        let organization = locate(&self.service, caller, organization_id).await?;
        let company_id = organization.company_id;
        store::find(&self.service.db, company_id, given.id).await?;
        permit(caller, &organization)?;
        let paths = &request.get_ref().update_mask.clone().unwrap_or_default().paths;
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let mut location = store::lock(&mut tx, company_id, given.id).await?;
                    change(&mut location, given, paths.iter().map(String::as_str))?;
                    store::save(&mut tx, &location).await?;
                    let location = Some(location.into());
                    Ok::<_, Error>(pb::UpdateLocationResponse { location })
                })
            })
            .await
    }
}

/// Takes the named members over.
///
/// # Errors
/// INVALID_ARGUMENT with field violations.
fn change<'a>(
    location: &mut Location,
    given: &pb::Location,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<(), Status> {
    let mut fields = Fields::new();
    for name in names {
        match name {
            "name" => {
                if let Some(text) = fields.text(name, &given.name, 1, NAME_MAX) {
                    location.name = text;
                }
            }
            "office_open_hour" => {
                location.office_open_hour = parse_hour(&mut fields, name, given.office_open_hour);
            }
            "office_close_hour" => {
                location.office_close_hour = parse_hour(&mut fields, name, given.office_close_hour);
            }
            _ => fields.refuse("update_mask", "names what cannot be changed"),
        }
    }
    if !closes_after_it_opens(location.office_open_hour, location.office_close_hour) {
        fields.refuse_as("office_close_hour", Rule::OutOfRange, "is not after the opening");
    }
    fields.check()
}

fn parse_hour(fields: &mut Fields, name: &str, number: Option<i64>) -> Option<i16> {
    let number = number?;
    let parsed = hour(number);
    if parsed.is_none() {
        fields.refuse_as(name, Rule::OutOfRange, "is out of range: 0 to 24");
    }
    parsed
}

impl From<Location> for pb::Location {
    fn from(location: Location) -> Self {
        Self {
            id: location.location_id,
            name: location.name,
            office_open_hour: location.office_open_hour.map(Into::into),
            office_close_hour: location.office_close_hour.map(Into::into),
        }
    }
}

#[cfg(test)]
mod tests;
