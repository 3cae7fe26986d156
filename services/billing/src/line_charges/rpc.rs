//! `LineChargeService`, and the events that open charge periods.

use brazil::LineChargeId;
use chassis::auth::Caller;
use chassis::events::HandlerError;
use chassis::refusal::{Fields, invalid};
use chassis::{Service, crash, timestamp};
use proto::billing::v1 as pb;
use proto::billing::v1::line_charge_service_server::LineChargeService;
use proto::events::v1::LineActivated;
use sqlx::PgConnection;
use tonic::{Request, Response, Status};

use super::{LineCharge, Payer, store};
use crate::error::Error;

/// The rpcs.
pub(crate) struct LineCharges {
    pub(crate) service: Service,
}

#[tonic::async_trait]
impl LineChargeService for LineCharges {
    async fn list_line_charges(
        &self,
        request: Request<pb::ListLineChargesRequest>,
    ) -> Result<Response<pb::ListLineChargesResponse>, Status> {
        let mut fields = Fields::new();
        let line_id = fields.required("line_id", &request.get_ref().line_id);
        let Some(line_id) = line_id else { return Err(fields.into_status()) };
        let scope = Caller::of(&request)?.scope();
        let charges =
            store::list(&self.service.db, line_id, &scope).await.map_err(Error::Database)?;
        let charges = charges.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListLineChargesResponse { charges }))
    }
}

/// Charges a line from the moment it works.
///
/// # Errors
/// When the event does not say what is to be charged, or the database fails.
pub(crate) async fn line_activated(
    tx: &mut PgConnection,
    event: LineActivated,
) -> Result<(), HandlerError> {
    store::open(tx, &parse(&event)?).await?;
    crash::point("billing.line_activated.before_commit").await;
    Ok(())
}

fn parse(event: &LineActivated) -> Result<LineCharge, Status> {
    let mut fields = Fields::new();
    let line_id = fields.required("line_id", &event.line_id);
    let company_id = fields.optional("company_id", event.company_id.as_deref());
    let user_id = fields.optional("user_id", event.user_id.as_deref());
    let plan_id = fields.required("plan_id", &event.plan_id);
    let started_at = timestamp::parse(&mut fields, "activated_at", event.activated_at.as_ref());
    fields.check()?;
    let (Some(line_id), Some(plan_id), Some(payer), Some(started_at)) =
        (line_id, plan_id, Payer::of(company_id, user_id), started_at)
    else {
        return Err(invalid("event.data", "names no payer, or no beginning"));
    };
    let charge_id = LineChargeId::generate();
    Ok(LineCharge { charge_id, line_id, payer, plan_id, started_at, ended_at: None })
}

impl From<LineCharge> for pb::LineCharge {
    fn from(charge: LineCharge) -> Self {
        Self {
            id: charge.charge_id.to_string(),
            line_id: charge.line_id.to_string(),
            company_id: charge.payer.company_id().map(|company_id| company_id.to_string()),
            user_id: charge.payer.user_id().map(|user_id| user_id.to_string()),
            plan_id: charge.plan_id.to_string(),
            started_at: Some(timestamp::to_proto(charge.started_at)),
            ended_at: charge.ended_at.map(timestamp::to_proto),
        }
    }
}

#[cfg(test)]
mod tests;
