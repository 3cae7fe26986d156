//! `CompanyHoldService`: keeps a company from getting new people, and counts those that it has.

use chassis::holds;
use proto::identity::v1 as pb;
use proto::identity::v1::company_hold_service_server::CompanyHoldService;
use tonic::{Request, Response, Status};

use super::store;
use crate::error::Error;
use crate::identity::Identity;

/// Answers CompanyHoldService.
pub(crate) struct Holds {
    pub(crate) identity: Identity,
}

#[tonic::async_trait]
impl CompanyHoldService for Holds {
    async fn hold_company(
        &self,
        request: Request<pb::HoldCompanyRequest>,
    ) -> Result<Response<pb::HoldCompanyResponse>, Status> {
        let given = request.get_ref();
        let (company_id, hold_id) = holds::parse(&given.company_id, &given.hold_id)?;
        let now = self.identity.now();
        self.identity
            .service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    if !holds::hold(&mut tx, company_id, hold_id, now).await? {
                        return Err(Error::HoldLifted);
                    }
                    let users = store::count_people(&mut tx, company_id).await?;
                    Ok(pb::HoldCompanyResponse { users })
                })
            })
            .await
    }

    async fn lift_company_hold(
        &self,
        request: Request<pb::LiftCompanyHoldRequest>,
    ) -> Result<Response<pb::LiftCompanyHoldResponse>, Status> {
        let given = request.get_ref();
        let (company_id, hold_id) = holds::parse(&given.company_id, &given.hold_id)?;
        let now = self.identity.now();
        self.identity
            .service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    holds::lift(&mut tx, company_id, hold_id, now).await?;
                    Ok::<_, Error>(pb::LiftCompanyHoldResponse {})
                })
            })
            .await
    }
}
