//! `PlanService`.

use brazil::{Cents, PlanId};
use chassis::Service;
use chassis::auth::Caller;
use chassis::refusal::{Fields, Rule};
use chassis::timestamp;
use proto::billing::v1 as pb;
use proto::billing::v1::plan_service_server::PlanService;
use proto::common::v1::Money;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{CompanyPlan, CompanyPrice, DataVolume, NAME_MAX, Plan, Price, store};
use crate::access::enter_company;
use crate::error::Error;
use crate::line_charges;

const BATCH_MAX: usize = 200;

/// The rpcs.
pub(crate) struct Plans {
    pub(crate) service: Service,
}

#[tonic::async_trait]
impl PlanService for Plans {
    async fn create_plan(
        &self,
        request: Request<pb::CreatePlanRequest>,
    ) -> Result<Response<pb::CreatePlanResponse>, Status> {
        let given = request.get_ref().plan.clone().unwrap_or_default();
        let mut fields = Fields::new();
        let name = fields.text("plan.name", &given.name, 1, NAME_MAX);
        let available_data = DataVolume::from_gigabytes(given.available_data_gb)
            .map_err(|error| fields.refuse("plan.available_data_gb", error.to_string()))
            .ok();
        let price = price(&mut fields, "plan.price", given.price);
        let data_unit_price =
            self::price(&mut fields, "plan.data_unit_price", given.data_unit_price);
        let (Some(name), Some(available_data), Some(price), Some(data_unit_price)) =
            (name, available_data, price, data_unit_price)
        else {
            return Err(fields.into_status());
        };
        let plan = &Plan {
            plan_id: PlanId::generate(),
            name,
            available_data,
            price,
            data_unit_price,
            created_at: self.service.clock.now(),
        };
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    store::insert(&mut tx, plan).await?;
                    Ok::<_, Error>(pb::CreatePlanResponse { plan: Some(plan.clone().into()) })
                })
            })
            .await
    }

    async fn list_plans(
        &self,
        request: Request<pb::ListPlansRequest>,
    ) -> Result<Response<pb::ListPlansResponse>, Status> {
        let plans = store::list(&self.service.reader(&request).await?).await?;
        let plans = plans.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListPlansResponse { plans }))
    }

    async fn batch_get_plans(
        &self,
        request: Request<pb::BatchGetPlansRequest>,
    ) -> Result<Response<pb::BatchGetPlansResponse>, Status> {
        let given = &request.get_ref().plan_ids;
        let mut fields = Fields::new();
        if given.len() > BATCH_MAX {
            fields.refuse("plan_ids", format!("has more than {BATCH_MAX} ids"));
        }
        let plan_ids: Vec<Uuid> = given
            .iter()
            .take(BATCH_MAX)
            .filter_map(|id| fields.required::<PlanId>("plan_ids", id))
            .map(Uuid::from)
            .collect();
        fields.check()?;

        let plans = store::find(&self.service.db, &plan_ids).await?;
        let plans = plans.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::BatchGetPlansResponse { plans }))
    }

    async fn list_company_plans(
        &self,
        request: Request<pb::ListCompanyPlansRequest>,
    ) -> Result<Response<pb::ListCompanyPlansResponse>, Status> {
        let mut fields = Fields::new();
        let company_id = fields.required("company_id", &request.get_ref().company_id);
        let Some(company_id) = company_id else { return Err(fields.into_status()) };
        enter_company(&self.service, Caller::of(&request)?, company_id).await?;

        let (db, now) = (&self.service.reader(&request).await?, self.service.clock.now());
        let plans = store::list_for_company(db, company_id, now).await?;
        let plans = plans.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListCompanyPlansResponse { plans }))
    }

    async fn set_company_price(
        &self,
        request: Request<pb::SetCompanyPriceRequest>,
    ) -> Result<Response<pb::SetCompanyPriceResponse>, Status> {
        let given = request.get_ref();
        let mut fields = Fields::new();
        let company_id = fields.required("company_id", &given.company_id);
        let plan_id = fields.required("plan_id", &given.plan_id);
        let price = price(&mut fields, "price", given.price);
        let (Some(company_id), Some(plan_id), Some(price)) = (company_id, plan_id, price) else {
            return Err(fields.into_status());
        };
        let caller = Caller::of(&request)?;
        enter_company(&self.service, caller, company_id).await?;

        let set_by = &caller.key();
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    // From now on no run begins that would not hear of the price: it counts from
                    // a day that no run has taken.
                    line_charges::closing(&mut tx).await?;
                    let effective_from = self.service.clock.now();
                    let set_by = set_by.clone();
                    let price = CompanyPrice { company_id, plan_id, price, effective_from, set_by };
                    store::set_price(&mut tx, &price).await?;
                    Ok::<_, Error>(pb::SetCompanyPriceResponse {})
                })
            })
            .await
    }
}

fn price(fields: &mut Fields, field: &str, given: Option<Money>) -> Option<Price> {
    let Some(given) = given else {
        fields.refuse_as(field, Rule::Required, "is required");
        return None;
    };
    Price::try_from(Cents::new(given.cents))
        .map_err(|error| fields.refuse(field, error.to_string()))
        .ok()
}

fn money(price: Price) -> Money {
    Money { cents: Cents::from(price).get() }
}

impl From<Plan> for pb::Plan {
    fn from(plan: Plan) -> Self {
        Self {
            id: plan.plan_id.to_string(),
            name: plan.name,
            available_data_gb: plan.available_data.gigabytes(),
            price: Some(money(plan.price)),
            data_unit_price: Some(money(plan.data_unit_price)),
            created_at: Some(timestamp::to_proto(plan.created_at)),
        }
    }
}

impl From<CompanyPlan> for pb::CompanyPlan {
    fn from(CompanyPlan { plan, price }: CompanyPlan) -> Self {
        Self { plan: Some(plan.into()), company_price: Some(money(price)) }
    }
}

#[cfg(test)]
mod tests;
