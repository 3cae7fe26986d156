//! Mobile lines: what they are, and the rules of their life.

mod access;
mod activation;
mod events;
mod ordering;
mod porting;
mod rpc;
mod store;
mod story;
mod waiting;

use std::fmt;

use brazil::{AreaCode, CompanyId, Iccid, LineId, MobileNumber, PlanId, UserId};
use time::OffsetDateTime;

pub(crate) use activation::{ActivateLine, Activation};
pub(crate) use events::event_handlers;
pub(crate) use ordering::Lines;
pub(crate) use waiting::ServeWaitingLines;

/// Where a line is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Status {
    /// Waits for a free number of its area.
    Ordered,
    /// Waits for the company's approval, or has a number and waits for the carrier.
    Pending,
    /// Works.
    Active,
    /// Barred for one or more reasons.
    Blocked,
    /// Ended for good.
    Cancelled,
}

/// What brings a line forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The company says that it pays.
    Approve,
    /// A number of its area is there for it.
    TakeNumber,
    /// The carrier has brought it to life.
    Activate,
}

/// What happened to a line, and is not done with before it was told.
#[must_use = "tell it"]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineEvent {
    /// Somebody wants it, and its company has yet to say that it pays.
    Requested,
    /// Somebody pays for it: it may have a number.
    Ordered,
    /// Its company says that it pays: it may have a number.
    Approved,
    /// It has a number: the carrier is to activate it.
    NumberTaken,
    /// It works.
    Activated,
    /// The carrier will not bring it to life.
    ActivationRefused,
    /// It has a card.
    SimCardPut,
}

/// Why a line's state does not allow something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Nobody is to approve it.
    NotAwaitingApproval,
    /// It does not wait for a number.
    NotWaitingForNumber,
    /// It does not wait for the carrier.
    NotAwaitingCarrier,
    /// There is a card in it.
    HasSimCard,
    /// It has ended.
    Cancelled,
}

impl Refusal {
    /// The refusal's name for programs.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::NotAwaitingApproval => "LINE_NOT_AWAITING_APPROVAL",
            Self::NotWaitingForNumber => "LINE_NOT_WAITING_FOR_NUMBER",
            Self::NotAwaitingCarrier => "LINE_NOT_AWAITING_CARRIER",
            Self::HasSimCard => "LINE_HAS_SIM_CARD",
            Self::Cancelled => "LINE_CANCELLED",
        }
    }
}

impl fmt::Display for Refusal {
    /// Completes the sentence that starts with the line's id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAwaitingApproval => "does not wait for approval",
            Self::NotWaitingForNumber => "does not wait for a number",
            Self::NotAwaitingCarrier => "does not wait for the carrier",
            Self::HasSimCard => "has a SIM card already",
            Self::Cancelled => "is cancelled",
        })
    }
}

/// A line somebody wants.
#[derive(Clone, Debug)]
pub(crate) struct NewLine {
    pub(crate) line_id: LineId,
    /// The company that owns the contract; none for a person's own line.
    pub(crate) company_id: Option<CompanyId>,
    /// The person who will use it.
    pub(crate) user_id: Option<UserId>,
    /// Whether that person is to see it: they made it, or their e-mail is proven.
    pub(crate) visible_to_user: bool,
    pub(crate) plan_id: PlanId,
    pub(crate) area_code: AreaCode,
}

/// A mobile line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    line_id: LineId,
    company_id: Option<CompanyId>,
    user_id: Option<UserId>,
    visible_to_user: bool,
    provider: String,
    phone_number: Option<MobileNumber>,
    is_portability: bool,
    iccid: Option<Iccid>,
    status: Status,
    plan_id: PlanId,
    area_code: AreaCode,
    awaiting_approval: bool,
    /// Why the carrier refused for good to activate it, which then waits for somebody to look.
    activation_refused: Option<String>,
    number_assigned_at: Option<OffsetDateTime>,
    activated_at: Option<OffsetDateTime>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl Line {
    /// A line that its owner pays for.
    pub(crate) fn order(new: NewLine, provider: &str, now: OffsetDateTime) -> (Self, LineEvent) {
        (Self::new(new, provider, Status::Ordered, now), LineEvent::Ordered)
    }

    /// A line that its company has yet to approve: until then it takes no number.
    pub(crate) fn request(new: NewLine, provider: &str, now: OffsetDateTime) -> (Self, LineEvent) {
        let line = Self::new(new, provider, Status::Pending, now);
        (Self { awaiting_approval: true, ..line }, LineEvent::Requested)
    }

    /// Its id.
    pub(crate) fn line_id(&self) -> LineId {
        self.line_id
    }

    fn new(new: NewLine, provider: &str, status: Status, now: OffsetDateTime) -> Self {
        Self {
            line_id: new.line_id,
            company_id: new.company_id,
            user_id: new.user_id,
            visible_to_user: new.visible_to_user,
            provider: provider.to_owned(),
            phone_number: None,
            is_portability: false,
            iccid: None,
            status,
            plan_id: new.plan_id,
            area_code: new.area_code,
            awaiting_approval: false,
            activation_refused: None,
            number_assigned_at: None,
            activated_at: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// Says that the company pays.
    fn approve(&mut self, now: OffsetDateTime) -> Result<LineEvent, Refusal> {
        self.step(Step::Approve, now)
    }

    /// Gives the line the number that was taken from the stock for it.
    fn take_number(
        &mut self,
        number: MobileNumber,
        now: OffsetDateTime,
    ) -> Result<LineEvent, Refusal> {
        let event = self.step(Step::TakeNumber, now)?;
        self.phone_number = Some(number);
        self.number_assigned_at = Some(now);
        Ok(event)
    }

    /// Notes that the carrier has brought the line to life.
    fn activate(&mut self, now: OffsetDateTime) -> Result<LineEvent, Refusal> {
        let event = self.step(Step::Activate, now)?;
        self.activation_refused = None;
        self.activated_at = Some(now);
        Ok(event)
    }

    /// Notes that the carrier will not bring the line to life.
    fn refuse_activation(
        &mut self,
        reason: String,
        now: OffsetDateTime,
    ) -> Result<LineEvent, Refusal> {
        self.may(Step::Activate)?;
        self.activation_refused = Some(reason);
        self.updated_at = now;
        Ok(LineEvent::ActivationRefused)
    }

    /// What to ask the carrier for, if the line waits for it.
    fn awaits_carrier(&self) -> Option<&MobileNumber> {
        let waits = self.may(Step::Activate).is_ok() && self.activation_refused.is_none();
        self.phone_number.as_ref().filter(|_| waits)
    }

    /// Puts a card into the line.
    fn put_sim_card(&mut self, iccid: Iccid, now: OffsetDateTime) -> Result<LineEvent, Refusal> {
        self.takes_sim_card()?;
        self.iccid = Some(iccid);
        self.updated_at = now;
        Ok(LineEvent::SimCardPut)
    }

    /// Whether a card may be put into the line.
    fn takes_sim_card(&self) -> Result<(), Refusal> {
        match (self.status, &self.iccid) {
            (Status::Cancelled, _) => Err(Refusal::Cancelled),
            (_, Some(_)) => Err(Refusal::HasSimCard),
            (_, None) => Ok(()),
        }
    }

    fn may(&self, step: Step) -> Result<(), Refusal> {
        after(self.status, self.awaiting_approval, step).map(drop)
    }

    fn step(&mut self, step: Step, now: OffsetDateTime) -> Result<LineEvent, Refusal> {
        let (status, event) = after(self.status, self.awaiting_approval, step)?;
        self.status = status;
        self.awaiting_approval = false;
        self.updated_at = now;
        Ok(event)
    }
}

/// Where a step leads. No step leads into waiting for approval: a line begins there or never does.
fn after(
    status: Status,
    awaiting_approval: bool,
    step: Step,
) -> Result<(Status, LineEvent), Refusal> {
    match (status, awaiting_approval, step) {
        (Status::Pending, true, Step::Approve) => Ok((Status::Ordered, LineEvent::Approved)),
        (Status::Ordered, _, Step::TakeNumber) => Ok((Status::Pending, LineEvent::NumberTaken)),
        (Status::Pending, false, Step::Activate) => Ok((Status::Active, LineEvent::Activated)),
        (_, _, Step::Approve) => Err(Refusal::NotAwaitingApproval),
        (_, _, Step::TakeNumber) => Err(Refusal::NotWaitingForNumber),
        (_, _, Step::Activate) => Err(Refusal::NotAwaitingCarrier),
    }
}

#[cfg(test)]
mod tests;
