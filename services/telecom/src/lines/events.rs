//! What lines have to do with other contexts: what they tell, and what they hear.

use brazil::{AreaCode, CompanyId};
use chassis::Service;
use chassis::events::{EventHandlers, HandlerError};
use chassis::refusal::Fields;
use chassis::timestamp;
use proto::events::v1::{EmailProven, LineActivated, LineOrdered, SignupCompleted, UserReplaced};
use sqlx::PgConnection;

use super::{ActivateLine, Line, LineEvent, Lines, NewLine, store};

/// Tells whom it concerns what happened to a line, with the transaction that made it happen.
pub(super) async fn announce(
    tx: &mut PgConnection,
    service: &Service,
    line: &Line,
    event: LineEvent,
) -> sqlx::Result<()> {
    let line_id = line.line_id.to_string();
    let company_id = line.company_id.map(|id| id.to_string());
    let user_id = line.user_id.map(|id| id.to_string());
    let plan_id = line.plan_id.to_string();
    match event {
        LineEvent::Requested | LineEvent::ActivationRefused | LineEvent::SimCardPut => Ok(()),
        LineEvent::Ordered | LineEvent::Approved => {
            let ordered = LineOrdered { line_id, company_id, user_id, plan_id };
            service.outbox.publish(tx, line.line_id, &ordered).await
        }
        LineEvent::NumberTaken => ActivateLine::enqueue(tx, service, line.line_id).await,
        LineEvent::Activated => {
            let activated = LineActivated {
                line_id,
                company_id,
                user_id,
                plan_id,
                phone_number: line
                    .phone_number
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
                activated_at: line.activated_at.map(timestamp::to_proto),
            };
            service.outbox.publish(tx, line.line_id, &activated).await
        }
    }
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
    let now = lines.service.clock.now();
    Ok(store::pass_on(tx, replaced, owner, now).await?)
}

#[cfg(test)]
mod tests;
