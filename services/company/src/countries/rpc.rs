//! `CountryService`.

use chassis::Service;
use proto::company::v1 as pb;
use proto::company::v1::country_service_server::CountryService;
use tonic::{Request, Response, Status};

use super::{Country, store};
use crate::error::Error;

/// The rpcs.
pub(crate) struct Countries {
    pub(crate) service: Service,
}

#[tonic::async_trait]
impl CountryService for Countries {
    async fn list_countries(
        &self,
        request: Request<pb::ListCountriesRequest>,
    ) -> Result<Response<pb::ListCountriesResponse>, Status> {
        let db = &self.service.reader(&request).await?;
        let countries = store::list(db).await.map_err(Error::from)?;
        let countries = countries.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListCountriesResponse { countries }))
    }
}

impl From<Country> for pb::Country {
    fn from(country: Country) -> Self {
        let Country { code, name, public_id } = country;
        Self { code, name, public_id }
    }
}
