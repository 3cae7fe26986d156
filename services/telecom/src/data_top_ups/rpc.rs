//! Top-ups over gRPC.

use brazil::{Cents, LineId, PlanId};
use chassis::auth::Caller;
use chassis::refusal::{Fields, Rule, refuse_field, upstream};
use proto::billing::v1::BatchGetPlansRequest;
use proto::billing::v1::plan_service_client::PlanServiceClient;
use proto::common::v1::{Money, Permission};
use proto::telecom::v1 as pb;
use proto::telecom::v1::data_top_up_service_server::DataTopUpService;
use sqlx::PgConnection;
use tonic::{Request, Response, Status};

use super::{GiveData, InvalidPrice, Price, TopUp, TopUpId, store};
use crate::error::Error;
use crate::lines::{self, Line, Lines};
use crate::timeline::{self, Actor, Entry, Facts};

/// Answers the rpcs of DataTopUpService.
#[derive(Clone)]
pub(crate) struct TopUps {
    pub(crate) lines: Lines,
}

#[tonic::async_trait]
impl DataTopUpService for TopUps {
    async fn add_data(
        &self,
        request: Request<pb::AddDataRequest>,
    ) -> Result<Response<pb::AddDataResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (line_id, price) = read(request.get_ref())?;
        let line = self.lines.line_with_permission(&request, &line_id.to_string()).await?;
        let any_price = caller.scope_of(Permission::LinesManage).everything;
        if !any_price {
            self.check_price(line.plan_id(), price).await?;
        }
        let checked_for = (!any_price).then(|| line.plan_id());
        self.lines
            .service()
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let line = lines::lock_managed(&mut tx, line_id, caller).await?;
                    if checked_for.is_some_and(|plan_id| plan_id != line.plan_id()) {
                        return Err(Status::aborted("the line's plan was just changed").into());
                    }
                    let actor = Actor::of(caller, line.company_id());
                    let top_up_id = self.take_on(&mut tx, &line, price, actor).await?;
                    Ok::<_, Error>(pb::AddDataResponse {
                        top_up_id: top_up_id.to_string(),
                        total: Some(Money { cents: price.total.get() }),
                    })
                })
            })
            .await
    }
}

impl TopUps {
    /// A manager pays what the catalogue says.
    async fn check_price(&self, plan_id: PlanId, price: Price) -> Result<(), Status> {
        let request = BatchGetPlansRequest { plan_ids: vec![plan_id.to_string()] };
        let answer = PlanServiceClient::new(self.lines.service().billing.clone())
            .batch_get_plans(request)
            .await
            .map_err(upstream)?;
        let plan = answer.into_inner().plans.pop().unwrap_or_default();
        let listed = plan.data_unit_price.map(|price| Cents::new(price.cents));
        if listed == Some(price.unit) {
            return Ok(());
        }
        let message = "is not the catalogue price of the line's plan";
        Err(refuse_field("telecom", "PRICE_MISMATCH", "unit_price", message))
    }

    async fn take_on(
        &self,
        tx: &mut PgConnection,
        line: &Line,
        price: Price,
        actor: Actor,
    ) -> Result<TopUpId, Error> {
        line.is_in_service().map_err(|refusal| Error::Line(line.line_id(), refusal))?;
        let top_up = TopUp {
            top_up_id: TopUpId::generate(),
            line_id: line.line_id(),
            company_id: line.company_id(),
            user_id: line.user_id(),
            price,
            created_at: self.lines.service().clock.now(),
        };
        store::insert(tx, &top_up).await?;
        let entry = Entry {
            line_id: top_up.line_id,
            company_id: top_up.company_id,
            at: top_up.created_at,
            actor,
            action: "data_asked",
            before: Facts::new(),
            after: top_up.facts(),
            reason: None,
        };
        timeline::record(tx, &entry).await?;
        GiveData::enqueue(tx, self.lines.service(), top_up.top_up_id).await?;
        Ok(top_up.top_up_id)
    }
}

fn read(input: &pb::AddDataRequest) -> Result<(LineId, Price), Status> {
    let mut fields = Fields::new();
    let line_id = fields.required("line_id", &input.line_id);
    let unit = input.unit_price.map_or(-1, |price| price.cents);
    let price = Price::new(input.quantity_mb, Cents::new(unit)).map_err(|error| match error {
        InvalidPrice::Quantity => fields.refuse_as(
            "quantity_mb",
            Rule::OutOfRange,
            "must be from 1 to 10,000,000 megabytes",
        ),
        InvalidPrice::Unit => {
            fields.refuse_as("unit_price", Rule::OutOfRange, "must be from 0 to 100,000,000 cents")
        }
    });
    match (line_id, price) {
        (Some(line_id), Ok(price)) => Ok((line_id, price)),
        _ => Err(fields.into_status()),
    }
}

#[cfg(test)]
mod tests;
