//! What lines have to do with other contexts: what they tell, and what they hear.

mod wire;

use brazil::{AreaCode, CompanyId};
use chassis::Service;
use chassis::events::{EventHandlers, HandlerError};
use chassis::refusal::Fields;
use proto::events::v1::{EmailProven, SignupCompleted, UserReplaced};
use sqlx::PgConnection;
use uuid::Uuid;

use super::story::Change;
use super::{LineEvent, Lines, NewLine, TellCarrier};
use crate::line_orders::AdvanceLineOrder;

/// Tells whom it concerns what happened to lines alike, with the transaction that made it happen.
pub(super) async fn announce(
    tx: &mut PgConnection,
    service: &Service,
    changes: &[Change<'_>],
    event: LineEvent,
    reason: Option<&str>,
) -> sqlx::Result<()> {
    let outbox = &service.outbox;
    match event {
        LineEvent::Requested
        | LineEvent::NumberTaken
        | LineEvent::ActivationRefused
        | LineEvent::OwnerChanged
        | LineEvent::Shown
        | LineEvent::TagChanged => {}
        LineEvent::Ordered | LineEvent::Approved => {
            outbox.publish_all(tx, &each(changes, wire::ordered)).await?;
        }
        LineEvent::Activated => outbox.publish_all(tx, &each(changes, wire::activated)).await?,
        LineEvent::PlanChanged => outbox.publish_all(tx, &each(changes, wire::plan)).await?,
        LineEvent::CompanyChanged => outbox.publish_all(tx, &each(changes, wire::company)).await?,
        LineEvent::UserChanged => outbox.publish_all(tx, &each(changes, wire::user)).await?,
        LineEvent::NumberChanged => outbox.publish_all(tx, &each(changes, wire::number)).await?,
        LineEvent::SimCardChanged => outbox.publish_all(tx, &each(changes, wire::sim_card)).await?,
        LineEvent::Blocked(why) => {
            outbox.publish_all(tx, &each(changes, |change| wire::blocked(change, why))).await?;
        }
        LineEvent::Unblocked(why) => {
            outbox.publish_all(tx, &each(changes, |change| wire::unblocked(change, why))).await?;
        }
        LineEvent::Cancelled => {
            outbox
                .publish_all(tx, &each(changes, |change| wire::cancelled(change, reason)))
                .await?;
        }
    }
    if concerns_carrier(event) {
        let line_ids = changes.iter().map(|change| change.line.line_id);
        TellCarrier::enqueue_all(tx, service, line_ids).await?;
    }
    if concerns_orders(event) {
        let line_ids = changes.iter().map(|change| change.line.line_id);
        AdvanceLineOrder::enqueue_for_lines(tx, service, line_ids).await?;
    }
    Ok(())
}

/// Whether the carrier has to do something about it.
fn concerns_carrier(event: LineEvent) -> bool {
    match event {
        LineEvent::NumberTaken
        | LineEvent::PlanChanged
        | LineEvent::NumberChanged
        | LineEvent::SimCardChanged
        | LineEvent::Blocked(_)
        | LineEvent::Unblocked(_)
        | LineEvent::Cancelled => true,
        LineEvent::Requested
        | LineEvent::Ordered
        | LineEvent::Approved
        | LineEvent::Activated
        | LineEvent::ActivationRefused
        | LineEvent::CompanyChanged
        | LineEvent::OwnerChanged
        | LineEvent::UserChanged
        | LineEvent::Shown
        | LineEvent::TagChanged => false,
    }
}

/// Whether an order that the line is of may go on, or has to be given up.
fn concerns_orders(event: LineEvent) -> bool {
    matches!(event, LineEvent::Activated | LineEvent::ActivationRefused | LineEvent::Cancelled)
}

fn each<M>(changes: &[Change<'_>], message: impl Fn(&Change<'_>) -> M) -> Vec<(Uuid, M)> {
    changes.iter().map(|change| (change.line.line_id.into(), message(change))).collect()
}

/// What lines do about identity's events.
pub(crate) fn event_handlers(lines: &Lines) -> EventHandlers {
    let (signups, proofs, replacements) = (lines.clone(), lines.clone(), lines.clone());
    EventHandlers::new()
        .on::<SignupCompleted, _>(move |tx, received| {
            let lines = signups.clone();
            Box::pin(async move { signup_completed(&lines, tx, &received.event).await })
        })
        .on::<EmailProven, _>(move |tx, received| {
            let lines = proofs.clone();
            Box::pin(async move { email_proven(&lines, tx, &received.event).await })
        })
        .on::<UserReplaced, _>(move |tx, received| {
            let lines = replacements.clone();
            Box::pin(async move { user_replaced(&lines, tx, &received.event).await })
        })
}

async fn signup_completed(
    lines: &Lines,
    tx: &mut PgConnection,
    event: &SignupCompleted,
) -> Result<(), HandlerError> {
    let mut fields = Fields::new();
    let line_id = fields.required("line_id", &event.line_id);
    let user_id = fields.required("user_id", &event.user_id);
    let company_id = fields.optional("company_id", event.company_id.as_deref());
    let plan_id = fields.required("plan_id", &event.plan_id);
    let area_code = AreaCode::try_from(event.area_code)
        .map_err(|error| fields.refuse("area_code", error.to_string()));
    let (Some(line_id), Some(plan_id), Ok(area_code)) = (line_id, plan_id, area_code) else {
        return Err(fields.into_status().into());
    };
    fields.check()?;
    // It is what the person made themself, so they see it whether their e-mail is proven or not.
    let new = NewLine { line_id, company_id, user_id, visible_to_user: true, plan_id, area_code };
    Ok(lines.sign_up(tx, new, event.approved).await?)
}

async fn email_proven(
    lines: &Lines,
    tx: &mut PgConnection,
    event: &EmailProven,
) -> Result<(), HandlerError> {
    let mut fields = Fields::new();
    let user_id = fields.required("user_id", &event.user_id);
    let company_ids: Vec<CompanyId> = event
        .company_ids
        .iter()
        .filter_map(|company_id| fields.required("company_ids", company_id))
        .collect();
    let Some(user_id) = user_id else { return Err(fields.into_status().into()) };
    fields.check()?;
    Ok(lines.prove_email(tx, user_id, &company_ids).await?)
}

async fn user_replaced(
    lines: &Lines,
    tx: &mut PgConnection,
    event: &UserReplaced,
) -> Result<(), HandlerError> {
    let mut fields = Fields::new();
    let owner = fields.required("user_id", &event.user_id);
    let replaced = fields.required("replaced_user_id", &event.replaced_user_id);
    let (Some(owner), Some(replaced)) = (owner, replaced) else {
        return Err(fields.into_status().into());
    };
    Ok(lines.pass_on(tx, replaced, owner).await?)
}

#[cfg(test)]
mod tests;
