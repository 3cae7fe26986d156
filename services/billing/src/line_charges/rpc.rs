//! `LineChargeService`, and the events that open and close charge periods.

use chassis::auth::Caller;
use chassis::events::HandlerError;
use chassis::refusal::{Fields, invalid};
use chassis::{Service, crash, timestamp};
use prost_types::Timestamp;
use proto::billing::v1 as pb;
use proto::billing::v1::line_charge_service_server::LineChargeService;
use proto::events::v1::{LineActivated, LineCancelled, LineCompanyChanged, LinePlanChanged};
use sqlx::PgConnection;
use tonic::{Request, Response, Status};

use super::{End, LineCharge, Payer, store};
use crate::error::Error;

/// The path of what an event says.
const EVENT: &str = "event.data";

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
        let db = &self.service.reader(&request).await?;
        let charges = store::list(db, line_id, &scope).await.map_err(Error::Database)?;
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
    let payer = (event.company_id.as_deref(), event.user_id.as_deref());
    let charge = charge(&event.line_id, payer, &event.plan_id, event.activated_at.as_ref())?;
    let closing = store::closing(tx).await?;
    store::open(tx, &charge, &closing).await?;
    crash::point("billing.line_activated.before_commit").await;
    Ok(())
}

/// Charges a line for its new plan from that moment on. A line that is not charged yet is so from
/// its activation on.
///
/// # Errors
/// When the event does not say what is to be charged, or the database fails.
pub(crate) async fn line_plan_changed(
    tx: &mut PgConnection,
    event: LinePlanChanged,
) -> Result<(), HandlerError> {
    let payer = (event.company_id.as_deref(), event.user_id.as_deref());
    let charge = charge(&event.line_id, payer, &event.plan_id, event.changed_at.as_ref())?;
    change(tx, charge).await?;
    crash::point("billing.line_plan_changed.before_commit").await;
    Ok(())
}

/// Charges a line to its new owner from that moment on.
///
/// # Errors
/// When the event does not say what is to be charged, or the database fails.
pub(crate) async fn line_company_changed(
    tx: &mut PgConnection,
    event: LineCompanyChanged,
) -> Result<(), HandlerError> {
    let payer = (event.company_id.as_deref(), event.user_id.as_deref());
    let charge = charge(&event.line_id, payer, &event.plan_id, event.changed_at.as_ref())?;
    change(tx, charge).await?;
    crash::point("billing.line_company_changed.before_commit").await;
    Ok(())
}

/// Charges a line no more from the day after.
///
/// # Errors
/// When the event does not say which line ended when, or the database fails.
pub(crate) async fn line_cancelled(
    tx: &mut PgConnection,
    event: LineCancelled,
) -> Result<(), HandlerError> {
    let mut fields = Fields::new();
    let line_id = fields.required("line_id", &event.line_id);
    let ended_at = timestamp::parse(&mut fields, EVENT, event.cancelled_at.as_ref());
    fields.check()?;
    let (Some(line_id), Some(ended_at)) = (line_id, ended_at) else {
        return Err(invalid(EVENT, "says no end").into());
    };
    let closing = store::closing(tx).await?;
    if let Some(running) = store::lock_running(tx, line_id).await?
        && running.started_at <= ended_at
    {
        store::close(tx, &running, ended_at, End::Cancelled, &closing).await?;
    }
    crash::point("billing.line_cancelled.before_commit").await;
    Ok(())
}

/// Ends what is charged and begins the next charge at the same moment.
async fn change(tx: &mut PgConnection, next: LineCharge) -> sqlx::Result<()> {
    let closing = store::closing(tx).await?;
    let Some(running) = store::lock_running(tx, next.line_id).await? else { return Ok(()) };
    let same = (running.payer, running.plan_id) == (next.payer, next.plan_id);
    if same || running.started_at > next.started_at {
        return Ok(());
    }
    store::close(tx, &running, next.started_at, End::Changed, &closing).await?;
    store::open(tx, &next, &closing).await?;
    Ok(())
}

/// The charge that an event begins: of which line, to which company or person, for which plan.
fn charge(
    line_id: &str,
    (company_id, user_id): (Option<&str>, Option<&str>),
    plan_id: &str,
    started_at: Option<&Timestamp>,
) -> Result<LineCharge, Status> {
    let mut fields = Fields::new();
    let line_id = fields.required("line_id", line_id);
    let company_id = fields.optional("company_id", company_id);
    let user_id = fields.optional("user_id", user_id);
    let plan_id = fields.required("plan_id", plan_id);
    let started_at = timestamp::parse(&mut fields, EVENT, started_at);
    fields.check()?;
    let (Some(line_id), Some(plan_id), Some(payer), Some(started_at)) =
        (line_id, plan_id, Payer::of(company_id, user_id), started_at)
    else {
        return Err(invalid(EVENT, "names no payer, or no beginning"));
    };
    Ok(LineCharge::beginning(line_id, payer, plan_id, started_at))
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
