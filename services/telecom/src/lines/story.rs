//! What is told of a change to a line: to its timeline, and to whom it concerns.

use sqlx::PgConnection;

use super::{BlockReason, Line, LineEvent, Lines, events, store};
use crate::timeline::{self, Actor, Entry, Facts};

/// A line as it was, if it was there, and as the transaction has written it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change<'a> {
    pub(super) before: Option<&'a Line>,
    pub(super) line: &'a Line,
}

/// Who made a line what it is, and what they said why.
#[derive(Clone, Debug)]
pub(crate) struct Cause {
    pub(crate) actor: Actor,
    pub(crate) reason: Option<String>,
}

impl From<Actor> for Cause {
    fn from(actor: Actor) -> Self {
        Self { actor, reason: None }
    }
}

impl Cause {
    /// Somebody, and why.
    pub(crate) fn new(actor: Actor, reason: Option<String>) -> Self {
        Self { actor, reason }
    }
}

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
            Self::PlanChanged => "plan_changed",
            Self::CompanyChanged => "company_changed",
            Self::OwnerChanged => "contract_owner_changed",
            Self::UserChanged => "user_changed",
            Self::Shown => "shown_to_user",
            Self::NumberChanged => "number_changed",
            Self::SimCardChanged => "sim_card_changed",
            Self::TagChanged => "tag_changed",
            Self::Blocked(_) => "blocked",
            Self::Unblocked(_) => "unblocked",
            Self::Cancelled => "cancelled",
        }
    }
}

impl Line {
    /// Everything about it that can change, as the timeline shows it.
    fn facts(&self) -> Facts {
        let blocks: Vec<&str> = self.blocks.iter().copied().map(BlockReason::as_str).collect();
        let facts = [
            ("status", Some(self.status.name().to_owned())),
            ("blocks", Some(blocks.join(", ")).filter(|blocks| !blocks.is_empty())),
            ("company_id", self.company_id.map(|id| id.to_string())),
            ("contract_owner", self.personal_owner().map(|user_id| user_id.to_string())),
            ("user_id", self.user_id.map(|id| id.to_string())),
            ("phone_number", self.phone_number.as_ref().map(ToString::to_string)),
            ("is_portability", self.phone_number.as_ref().map(|_| self.is_portability.to_string())),
            ("iccid", self.iccid.as_ref().map(ToString::to_string)),
            ("plan_id", Some(self.plan_id.to_string())),
            ("area_code", Some(self.area_code.to_string())),
            ("tag", self.tag.clone()),
        ];
        facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

impl Change<'_> {
    fn entry(&self, event: LineEvent, cause: &Cause) -> Entry {
        let before = self.before.map(Line::facts).unwrap_or_default();
        let (before, after) = timeline::differences(before, self.line.facts());
        Entry {
            line_id: self.line.line_id,
            company_id: self.line.company_id,
            at: self.line.updated_at,
            actor: cause.actor.clone(),
            action: event.action(),
            before,
            after,
            reason: cause.reason.clone(),
        }
    }
}

impl Lines {
    /// Adds a line, and tells of it.
    pub(super) async fn add(
        &self,
        tx: &mut PgConnection,
        line: &Line,
        event: LineEvent,
        cause: &Cause,
    ) -> sqlx::Result<()> {
        store::insert(tx, line).await?;
        self.tell(tx, &[Change { before: None, line }], event, cause).await
    }

    /// Writes what a line that the transaction has locked has become, and tells of it.
    pub(super) async fn keep(
        &self,
        tx: &mut PgConnection,
        before: &Line,
        line: &Line,
        event: LineEvent,
        cause: &Cause,
    ) -> sqlx::Result<()> {
        store::save(tx, line).await?;
        self.tell(tx, &[Change { before: Some(before), line }], event, cause).await
    }

    /// Tells of something that happened to different lines alike, and that the transaction has
    /// written.
    pub(super) async fn tell(
        &self,
        tx: &mut PgConnection,
        changes: &[Change<'_>],
        event: LineEvent,
        cause: &Cause,
    ) -> sqlx::Result<()> {
        let entries: Vec<Entry> = changes.iter().map(|change| change.entry(event, cause)).collect();
        timeline::record_all(tx, &entries).await?;
        events::announce(tx, &self.service, changes, event, cause.reason.as_deref()).await
    }
}
