//! Orders of a line with everything around it: line, user, ownership of the contract, SIM card by
//! parcel. Each step happens once, also across crashes; one that is refused for good undoes the
//! ones before.
//!
//! A line whose area has no free number waits for one, as a line that was signed up for does: an
//! order is nothing that somebody waits at the counter for.

mod advance;
pub(crate) mod rpc;
mod store;
#[cfg(test)]
mod testing;

use std::fmt;

use brazil::{AreaCode, CompanyId, Email, LineId, PlanId, UserId};
use chassis::address::Address;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::lines::Cause;
use crate::parcels::ShipmentId;
use crate::shipments::{self, Details, Shipment};
use crate::timeline::Actor;

pub(crate) use advance::{AdvanceLineOrder, LineOrders};

brazil::id!(
    /// An order of a line with everything around it.
    LineOrderId
);

/// Where an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum State {
    /// Under way.
    Running,
    /// All that was asked for is there.
    Done,
    /// Refused for good, and undone.
    Failed,
}

/// What an order consists of, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StepName {
    /// There is a line, and it works.
    Line,
    /// The person has it.
    User,
    /// The contract is the company's.
    Ownership,
    /// The SIM card is labeled for its way.
    Shipment,
}

impl StepName {
    const ALL: [Self; 4] = [Self::Line, Self::User, Self::Ownership, Self::Shipment];

    /// Its name.
    fn as_str(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::User => "user",
            Self::Ownership => "ownership",
            Self::Shipment => "shipment",
        }
    }
}

/// Where a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StepState {
    /// Its turn has not come.
    Pending,
    /// Under way, or tried again.
    Running,
    /// Done.
    Done,
    /// Not asked for.
    Skipped,
    /// Refused for good.
    Failed,
    /// Done, and undone because another step failed.
    Compensated,
}

/// A step of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Step {
    name: StepName,
    state: StepState,
    /// Why it waits or failed.
    reason: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
}

/// How far an order has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Progress {
    /// One for each name, in order.
    steps: Vec<Step>,
}

impl Progress {
    /// Nothing is done; what is not asked for is skipped.
    fn new(asked_for: impl Fn(StepName) -> bool, now: OffsetDateTime) -> Self {
        let steps = StepName::ALL.map(|name| Step {
            name,
            state: if asked_for(name) { StepState::Pending } else { StepState::Skipped },
            reason: None,
            updated_at: now,
        });
        Self { steps: steps.into() }
    }

    /// Where the order is.
    fn state(&self) -> State {
        if self.steps.iter().any(|step| step.state == StepState::Failed) {
            State::Failed
        } else if self.open().is_some() {
            State::Running
        } else {
            State::Done
        }
    }

    /// The step whose turn it is; none when the order has ended.
    fn current(&self) -> Option<StepName> {
        self.open().filter(|_| self.state() == State::Running)
    }

    /// Why the order failed.
    fn failure(&self) -> Option<&str> {
        let failed = self.steps.iter().find(|step| step.state == StepState::Failed)?;
        failed.reason.as_deref()
    }

    /// Notes why the step goes on waiting; false when it is not its turn, or that is known.
    fn wait(&mut self, name: StepName, reason: &str, now: OffsetDateTime) -> bool {
        self.set(name, StepState::Running, Some(reason), now)
    }

    /// Notes that the step is done; false when it is not its turn.
    fn complete(&mut self, name: StepName, now: OffsetDateTime) -> bool {
        self.set(name, StepState::Done, None, now)
    }

    /// Notes that the step is refused for good, and what was done before undone; false when it
    /// is not its turn.
    fn refuse(&mut self, name: StepName, reason: &str, now: OffsetDateTime) -> bool {
        if !self.set(name, StepState::Failed, Some(reason), now) {
            return false;
        }
        for step in self.steps.iter_mut().filter(|step| step.state == StepState::Done) {
            step.state = StepState::Compensated;
            step.updated_at = now;
        }
        true
    }

    fn open(&self) -> Option<StepName> {
        let open = |step: &&Step| matches!(step.state, StepState::Pending | StepState::Running);
        self.steps.iter().find(open).map(|step| step.name)
    }

    fn set(
        &mut self,
        name: StepName,
        state: StepState,
        reason: Option<&str>,
        now: OffsetDateTime,
    ) -> bool {
        if self.current() != Some(name) {
            return false;
        }
        let Some(step) = self.steps.iter_mut().find(|step| step.name == name) else {
            return false;
        };
        if step.state == state && step.reason.as_deref() == reason {
            return false;
        }
        step.state = state;
        step.reason = reason.map(str::to_owned);
        step.updated_at = now;
        true
    }
}

/// Somebody who is to use a line.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Invitee {
    pub(crate) email: Email,
    pub(crate) name: String,
}

/// What somebody is called is personal data.
impl fmt::Debug for Invitee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invitee").field("email", &self.email).finish_non_exhaustive()
    }
}

/// What somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Who pays.
    pub(crate) company_id: CompanyId,
    pub(crate) plan_id: PlanId,
    pub(crate) area_code: AreaCode,
    /// Who will use it.
    pub(crate) user: Option<Invitee>,
    /// Whether the contract is the company's; else it is that person's.
    pub(crate) change_ownership: bool,
    /// Where the SIM card goes, if one is to be sent.
    pub(crate) delivery_address: Option<Address>,
}

/// An order of a line with everything around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LineOrder {
    line_order_id: LineOrderId,
    wanted: Wanted,
    line_id: LineId,
    shipment_id: ShipmentId,
    user_id: Option<UserId>,
    placed_by: Actor,
    progress: Progress,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl LineOrder {
    /// A new order, nothing of which is done.
    fn place(wanted: Wanted, placed_by: Actor, now: OffsetDateTime) -> Self {
        let asked_for = |name| match name {
            StepName::Line => true,
            StepName::User => wanted.user.is_some(),
            StepName::Ownership => wanted.change_ownership,
            StepName::Shipment => wanted.delivery_address.is_some(),
        };
        Self {
            line_order_id: LineOrderId::generate(),
            progress: Progress::new(asked_for, now),
            wanted,
            line_id: LineId::generate(),
            shipment_id: ShipmentId::generate(),
            user_id: None,
            placed_by,
            created_at: now,
            updated_at: now,
        }
    }

    /// Who does what is done for it.
    fn cause(&self) -> Cause {
        Cause::from(self.placed_by.clone())
    }

    /// The parcel with the SIM card.
    fn parcel(&self, address: Address, now: OffsetDateTime) -> Shipment {
        let details = Details { quantity: Some(1), address: Some(address), ..Details::default() };
        let status = shipments::Status::Processing;
        Shipment::new(self.shipment_id, self.wanted.company_id, status, details, now)
            .awaited_by(self.line_order_id)
    }

    /// The line, once there is one.
    fn made_line(&self) -> Option<LineId> {
        let line = self.progress.steps.iter().find(|step| step.name == StepName::Line)?;
        (line.state != StepState::Pending).then_some(self.line_id)
    }
}

#[cfg(test)]
mod tests;
