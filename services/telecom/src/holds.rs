//! `CompanyHoldService`: keeps a company from getting new chips, devices and vehicles, and counts
//! what it has.

use brazil::CompanyId;
use chassis::{Service, holds};
use proto::telecom::v1 as pb;
use proto::telecom::v1::company_hold_service_server::CompanyHoldService;
use sqlx::PgConnection;
use tonic::{Request, Response, Status};

use crate::error::Error;

/// The rpcs.
pub(crate) struct Holds {
    pub(crate) service: Service,
}

#[tonic::async_trait]
impl CompanyHoldService for Holds {
    async fn hold_company(
        &self,
        request: Request<pb::HoldCompanyRequest>,
    ) -> Result<Response<pb::HoldCompanyResponse>, Status> {
        let given = request.get_ref();
        let (company_id, hold_id) = holds::parse(&given.company_id, &given.hold_id)?;
        let now = self.service.clock.now();
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    if !holds::hold(&mut tx, company_id, hold_id, now).await? {
                        return Err(Error::HoldLifted);
                    }
                    Ok(count(&mut tx, company_id).await?)
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
        let now = self.service.clock.now();
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    holds::lift(&mut tx, company_id, hold_id, now).await?;
                    Ok::<_, Error>(pb::LiftCompanyHoldResponse {})
                })
            })
            .await
    }
}

/// What a company has. A line that has not ended counts as a chip, also while it has no card.
async fn count(
    tx: &mut PgConnection,
    company_id: CompanyId,
) -> sqlx::Result<pb::HoldCompanyResponse> {
    let (chips, devices, vehicles) = sqlx::query_as(
        "select (select count(*) from sim_card where company_id = $1)
                + (select count(*) from line
                    where company_id = $1 and status <> 'cancelled' and iccid is null),
                (select count(*) from device where company_id = $1),
                (select count(*) from vehicle where company_id = $1)",
    )
    .bind(company_id.0)
    .fetch_one(tx)
    .await?;
    Ok(pb::HoldCompanyResponse { chips, devices, vehicles })
}

#[cfg(test)]
mod tests {
    use chassis::auth::Role;
    use proto::common::v1::Permission;
    use uuid::Uuid;

    use super::*;
    use crate::devices::testing::{add_device, add_vehicle};
    use crate::sim_cards::{self, Origin};
    use crate::testing::{iccid, request_of, service};

    fn asked<T>(message: T) -> Request<T> {
        request_of(message, Role::Service, None, Permission::CompaniesHold)
    }

    async fn hold(
        holds: &Holds,
        company_id: CompanyId,
        hold_id: Uuid,
    ) -> Result<pb::HoldCompanyResponse, Status> {
        let (company_id, hold_id) = (company_id.to_string(), hold_id.to_string());
        let request = asked(pb::HoldCompanyRequest { company_id, hold_id });
        holds.hold_company(request).await.map(Response::into_inner)
    }

    async fn lift(holds: &Holds, company_id: CompanyId, hold_id: Uuid) {
        let (company_id, hold_id) = (company_id.to_string(), hold_id.to_string());
        let request = asked(pb::LiftCompanyHoldRequest { company_id, hold_id });
        holds.lift_company_hold(request).await.unwrap();
    }

    #[tokio::test]
    async fn what_a_held_company_has_is_counted_and_nothing_is_added() {
        let (service, _database) = service().await;
        let (company_id, other) = (CompanyId::generate(), CompanyId::generate());
        let holds = Holds { service: service.clone() };
        let mut connection = service.db.acquire().await.unwrap();
        let (cards, now) = ([iccid(1), iccid(2)], service.clock.now());
        let cards = cards.each_ref().map(|card| card.as_str());
        let origin = Origin { provider: "x", ..Origin::default() };
        sim_cards::store::add(&mut connection, company_id, origin, &cards, now).await.unwrap();
        drop(connection);
        add_device(&service, company_id, "Rastreador").await.unwrap();
        add_vehicle(&service, company_id, "Carreta").await.unwrap();

        let hold_id = Uuid::now_v7();
        let counted = hold(&holds, company_id, hold_id).await.unwrap();
        assert_eq!((counted.chips, counted.devices, counted.vehicles), (2, 1, 1));
        let again = hold(&holds, company_id, hold_id).await.unwrap();
        assert_eq!(again, counted);
        let refused = add_device(&service, company_id, "Outro").await.unwrap_err();
        assert!(matches!(refused, Error::CompanyHeld(held) if held == company_id));
        assert!(add_vehicle(&service, company_id, "Outra").await.is_err());
        add_device(&service, other, "Outro").await.unwrap();

        lift(&holds, company_id, hold_id).await;
        add_device(&service, company_id, "Outro").await.unwrap();
    }

    #[tokio::test]
    async fn a_hold_that_comes_after_its_end_holds_nothing() {
        let (service, _database) = service().await;
        let (company_id, hold_id) = (CompanyId::generate(), Uuid::now_v7());
        let holds = Holds { service: service.clone() };
        lift(&holds, company_id, hold_id).await;
        let refused = hold(&holds, company_id, hold_id).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::FailedPrecondition);
        add_device(&service, company_id, "Rastreador").await.unwrap();

        let another = Uuid::now_v7();
        assert_eq!(hold(&holds, company_id, another).await.unwrap().devices, 1);
        lift(&holds, company_id, hold_id).await;
        assert!(add_device(&service, company_id, "Outro").await.is_err(), "still held by another");
    }
}
