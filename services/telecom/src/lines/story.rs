//! What is told of a change to a line: to its timeline, and to whom it concerns.

use sqlx::PgConnection;

use super::events::announce;
use super::{Line, LineEvent, Lines, Status};
use crate::timeline::{self, Actor, Entry, Facts};

impl LineEvent {
    /// What the timeline calls it.
    fn action(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Ordered => "ordered",
            Self::Approved => "approved",
            Self::NumberTaken => "number_taken",
            Self::Activated => "activated",
            Self::ActivationRefused => "activation_refused",
            Self::SimCardPut => "sim_card_put",
        }
    }
}

impl Line {
    /// Everything about it that can change, as the timeline shows it.
    fn facts(&self) -> Facts {
        let facts = [
            ("status", Some(self.status.name().to_owned())),
            ("company_id", self.company_id.map(|id| id.to_string())),
            ("user_id", self.user_id.map(|id| id.to_string())),
            ("phone_number", self.phone_number.as_ref().map(ToString::to_string)),
            ("is_portability", self.phone_number.as_ref().map(|_| self.is_portability.to_string())),
            ("iccid", self.iccid.as_ref().map(ToString::to_string)),
            ("plan_id", Some(self.plan_id.to_string())),
            ("area_code", Some(self.area_code.to_string())),
        ];
        facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Ordered => "ordered",
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Blocked => "blocked",
            Self::Cancelled => "cancelled",
        }
    }
}

/// The entry that says how a line came from `before`, if it was there, to what it is.
fn entry(
    before: Option<&Line>,
    line: &Line,
    event: LineEvent,
    actor: &Actor,
    reason: Option<String>,
) -> Entry {
    let (before, after) =
        timeline::differences(before.map(Line::facts).unwrap_or_default(), line.facts());
    Entry {
        line_id: line.line_id,
        company_id: line.company_id,
        at: line.updated_at,
        actor: actor.clone(),
        action: event.action(),
        before,
        after,
        reason,
    }
}

impl Lines {
    /// Tells of a change that the transaction has written: `before` is the line as it was, none
    /// for a new one; `reason` is what somebody said why.
    pub(super) async fn tell(
        &self,
        tx: &mut PgConnection,
        before: Option<&Line>,
        line: &Line,
        event: LineEvent,
        actor: &Actor,
        reason: Option<String>,
    ) -> sqlx::Result<()> {
        timeline::record(tx, &entry(before, line, event, actor, reason)).await?;
        announce(tx, &self.service, line, event).await
    }
}
