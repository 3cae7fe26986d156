//! `DunningService`.

use brazil::CompanyId;
use chassis::auth::Caller;
use chassis::refusal::Fields;
use chassis::timestamp;
use proto::billing::v1 as pb;
use proto::billing::v1::dunning_service_server::DunningService;
use tonic::{Request, Response, Status};

use super::{Dunning, Standing, State, store};
use crate::error::Error;

#[tonic::async_trait]
impl DunningService for Dunning {
    async fn get_standing(
        &self,
        request: Request<pb::GetStandingRequest>,
    ) -> Result<Response<pb::GetStandingResponse>, Status> {
        let mut fields = Fields::new();
        let company_id: Option<CompanyId> =
            fields.required("company_id", &request.get_ref().company_id);
        let Some(company_id) = company_id else { return Err(fields.into_status()) };
        Caller::of(&request)?.enter(company_id, Error::CompanyNotFound(company_id).into())?;
        let standing = store::find(&self.service.db, company_id).await.map_err(Error::Database)?;
        let standing = standing.unwrap_or_else(|| Standing::good(company_id));
        Ok(Response::new(pb::GetStandingResponse {
            standing: pb::Standing::from(standing.state).into(),
            noticed_at: standing.noticed_at.map(timestamp::to_proto),
            suspension_at: standing.suspension_from(self.terms).map(timestamp::to_proto),
            termination_at: standing.termination_from(self.terms).map(timestamp::to_proto),
        }))
    }
}

impl From<State> for pb::Standing {
    fn from(state: State) -> Self {
        match state {
            State::Good => Self::Good,
            State::Noticed => Self::Noticed,
            State::Suspended => Self::Suspended,
            State::Terminated => Self::Terminated,
        }
    }
}
