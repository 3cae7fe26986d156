//! Countries.

use axum::extract::State;
use proto::company::v1::ListCountriesRequest;
use proto::company::v1::country_service_client::CountryServiceClient;

use super::Enterprises;
use super::auth::Session;
use super::documents::{Always, Guarded};
use super::error::{Deed, Error};
use super::wire::{Country, CountryAttributes, Json, One};

/// List the countries
///
/// All of them, by code.
#[utoipa::path(
    get, path = "/countries", tag = "countries", operation_id = "listCountries",
    responses((status = 200, description = "249 countries", body = One<Vec<Country>>),
              Guarded, Always),
    security(("bearer" = []))
)]
pub(super) async fn list(
    State(enterprises): State<Enterprises>,
    session: Session,
) -> Result<Json<One<Vec<Country>>>, Error> {
    let answer = enterprises
        .clients()
        .company
        .ask(&session.caller, ListCountriesRequest {}, |to, request| async move {
            CountryServiceClient::new(to).list_countries(request).await
        })
        .await
        .map_err(|status| Error::of(status, Deed::Other))?;
    let countries = answer.message.countries.into_iter().map(|country| Country {
        id: country.public_id,
        r#type: "country",
        attributes: CountryAttributes { code: country.code, name: country.name },
    });
    Ok(Json(One { data: countries.collect() }))
}
