//! Orders over gRPC.

use brazil::{AreaCode, CompanyId};
use chassis::address::Address;
use chassis::auth::Caller;
use chassis::neighbours::{company_exists, plan_exists};
use chassis::refusal::{Fields, Rule, internal};
use chassis::timestamp;
use proto::telecom::v1 as pb;
use proto::telecom::v1::line_order_service_server::LineOrderService;
use tonic::{Request, Response, Status};

use super::{
    AdvanceLineOrder, Invitee, LineOrder, LineOrders, State, Step, StepState, Wanted, store,
};
use crate::error::Error;
use crate::timeline::Actor;

const NAME_LENGTH_MAX: usize = 200;

#[tonic::async_trait]
impl LineOrderService for LineOrders {
    async fn place_line_order(
        &self,
        request: Request<pb::PlaceLineOrderRequest>,
    ) -> Result<Response<pb::PlaceLineOrderResponse>, Status> {
        let caller = Caller::of(&request)?;
        let mut fields = Fields::new();
        let company_id = fields.required("company_id", &request.get_ref().company_id);
        let Some(company_id) = company_id else { return Err(fields.into_status()) };
        caller.enter(company_id, Error::CompanyNotFound(company_id).into())?;
        let wanted = self.check(company_id, request.get_ref(), caller).await?;
        let placed_by = Actor::of(caller, Some(company_id));
        let order = &LineOrder::place(wanted, placed_by, self.service.clock.now());
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    store::insert(&mut tx, order).await?;
                    let line_order_id = order.line_order_id;
                    AdvanceLineOrder::enqueue(&mut tx, &self.service, line_order_id).await?;
                    let order = Some(order.clone().into());
                    Ok::<_, Error>(pb::PlaceLineOrderResponse { order })
                })
            })
            .await
    }

    async fn get_line_order(
        &self,
        request: Request<pb::GetLineOrderRequest>,
    ) -> Result<Response<pb::GetLineOrderResponse>, Status> {
        let scope = Caller::of(&request)?.scope();
        let mut fields = Fields::new();
        let id = fields.required("line_order_id", &request.get_ref().line_order_id);
        let Some(id) = id else { return Err(fields.into_status()) };
        let order = store::find_in_scope(&self.service.db, id, &scope)
            .await
            .map_err(|error| internal(&error))?;
        let order = order.ok_or(Error::LineOrderNotFound(id))?;
        Ok(Response::new(pb::GetLineOrderResponse { order: Some(order.into()) }))
    }
}

impl LineOrders {
    /// Checks an order, also with those who know what it names. The company of a caller who may
    /// do this in some companies only is one of theirs, and needs no check.
    async fn check(
        &self,
        company_id: CompanyId,
        given: &pb::PlaceLineOrderRequest,
        caller: &Caller,
    ) -> Result<Wanted, Status> {
        let mut fields = Fields::new();
        let plan_id = fields.required("plan_id", &given.plan_id);
        let company = async {
            match caller.scope().everything {
                true => company_exists(&self.service, company_id).await,
                false => Ok(true),
            }
        };
        let plan = async {
            match plan_id {
                Some(plan_id) => plan_exists(&self.service, plan_id).await,
                None => Ok(true),
            }
        };
        let (company_exists, plan_exists) = tokio::try_join!(company, plan)?;
        if !company_exists {
            return Err(Error::CompanyNotFound(company_id).into());
        }
        if !plan_exists {
            fields.refuse("plan_id", "is not a plan of the catalogue");
        }
        let area_code = AreaCode::try_from(given.area_code)
            .map_err(|error| fields.refuse("area_code", error.to_string()));
        let user = invitee(&mut fields, given);
        let nobody = given.user_email.is_none() && given.user_name.is_none();
        let change_ownership = given.change_ownership.unwrap_or(nobody);
        if nobody && !change_ownership {
            fields.refuse_as(
                "user_email",
                Rule::Required,
                "is required where the contract is to be the person's",
            );
        }
        let address = given.delivery_address.as_ref();
        let delivery_address = Address::parse(&mut fields, "delivery_address", address);
        let (Some(plan_id), Ok(area_code)) = (plan_id, area_code) else {
            return Err(fields.into_status());
        };
        fields.check()?;
        Ok(Wanted { company_id, plan_id, area_code, user, change_ownership, delivery_address })
    }
}

/// The person who is to use the line; e-mail and name come together.
fn invitee(fields: &mut Fields, given: &pb::PlaceLineOrderRequest) -> Option<Invitee> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    if given.user_email.is_none() && given.user_name.is_none() {
        return None;
    }
    let email = fields.required("user_email", &text(&given.user_email));
    let name = fields.text("user_name", &text(&given.user_name), 1, NAME_LENGTH_MAX);
    Some(Invitee { email: email?, name: name? })
}

impl From<LineOrder> for pb::LineOrder {
    fn from(order: LineOrder) -> Self {
        Self {
            id: order.line_order_id.to_string(),
            company_id: order.wanted.company_id.to_string(),
            state: match order.progress.state() {
                State::Running => pb::LineOrderState::Running,
                State::Done => pb::LineOrderState::Done,
                State::Failed => pb::LineOrderState::Failed,
            }
            .into(),
            line_id: order.made_line().map(|line_id| line_id.to_string()),
            steps: order.progress.steps.into_iter().map(Into::into).collect(),
            created_at: Some(timestamp::to_proto(order.created_at)),
        }
    }
}

impl From<Step> for pb::LineOrderStep {
    fn from(step: Step) -> Self {
        Self {
            name: step.name.as_str().to_owned(),
            state: match step.state {
                StepState::Pending => pb::LineOrderState::Pending,
                StepState::Running => pb::LineOrderState::Running,
                StepState::Done => pb::LineOrderState::Done,
                StepState::Skipped => pb::LineOrderState::Skipped,
                StepState::Failed => pb::LineOrderState::Failed,
                StepState::Compensated => pb::LineOrderState::Compensated,
            }
            .into(),
            reason: step.reason,
            updated_at: Some(timestamp::to_proto(step.updated_at)),
        }
    }
}

#[cfg(test)]
mod tests;
