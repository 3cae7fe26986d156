//! Mobile lines: what they are, and what may be done with them.

mod access;
mod at_carrier;
mod blocking;
mod changes;
mod contract;
mod events;
mod known_users;
mod life;
mod numbering;
mod ordering;
mod porting;
mod reading;
mod rpc;
mod store;
mod story;
mod telling;
mod waiting;

use std::collections::BTreeSet;

use brazil::{AreaCode, CompanyId, Iccid, LineId, MobileNumber, PlanId, UserId};
use time::OffsetDateTime;

use crate::custom_fields::CustomFields;
use crate::error::Error;

pub(crate) use contract::{Owner, Standing};
pub(crate) use events::event_handlers;
pub(crate) use life::{BlockReason, LineEvent, Refusal, Status};
use life::{Step, after};
pub(crate) use ordering::Lines;
pub(crate) use rpc::lock_managed;
pub(crate) use story::Cause;
pub(crate) use telling::{TellCarrier, Telling};
pub(crate) use waiting::ServeWaitingLines;

/// A line somebody wants.
#[derive(Clone, Debug)]
pub(crate) struct NewLine {
    pub(crate) line_id: LineId,
    /// The company that pays and owns the contract; none for a person's own line.
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
    /// Whether the contract is that person's, though a company pays.
    owned_by_user: bool,
    visible_to_user: bool,
    provider: String,
    phone_number: Option<MobileNumber>,
    is_portability: bool,
    iccid: Option<Iccid>,
    status: Status,
    blocks: BTreeSet<BlockReason>,
    plan_id: PlanId,
    area_code: AreaCode,
    tag: Option<String>,
    custom_fields: CustomFields,
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

    fn new(new: NewLine, provider: &str, status: Status, now: OffsetDateTime) -> Self {
        Self {
            line_id: new.line_id,
            company_id: new.company_id,
            user_id: new.user_id,
            owned_by_user: false,
            visible_to_user: new.visible_to_user,
            provider: provider.to_owned(),
            phone_number: None,
            is_portability: false,
            iccid: None,
            status,
            blocks: BTreeSet::new(),
            plan_id: new.plan_id,
            area_code: new.area_code,
            tag: None,
            custom_fields: CustomFields::new(),
            awaiting_approval: false,
            activation_refused: None,
            number_assigned_at: None,
            activated_at: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// Its id.
    pub(crate) fn line_id(&self) -> LineId {
        self.line_id
    }

    /// Why it was not done, for the caller.
    fn refused(&self, why: Refusal) -> Error {
        Error::Line(self.line_id, why)
    }

    /// Says that the company pays.
    fn approve(&mut self, now: OffsetDateTime) -> Result<LineEvent, Refusal> {
        self.step(Step::Approve, now)?;
        self.awaiting_approval = false;
        Ok(LineEvent::Approved)
    }

    /// Gives the line the number that was taken from the stock for it.
    fn take_number(
        &mut self,
        number: MobileNumber,
        now: OffsetDateTime,
    ) -> Result<LineEvent, Refusal> {
        self.step(Step::TakeNumber, now)?;
        self.phone_number = Some(number);
        self.number_assigned_at = Some(now);
        Ok(LineEvent::NumberTaken)
    }

    /// Notes that the carrier has brought the line to life.
    fn activate(&mut self, now: OffsetDateTime) -> Result<LineEvent, Refusal> {
        self.step(Step::Activate, now)?;
        self.activation_refused = None;
        self.activated_at = Some(now);
        Ok(LineEvent::Activated)
    }

    /// Notes that the carrier will not bring the line to life.
    fn refuse_activation(
        &mut self,
        reason: String,
        now: OffsetDateTime,
    ) -> Result<LineEvent, Refusal> {
        after(self.status, self.awaiting_approval, Step::Activate)?;
        self.activation_refused = Some(reason);
        self.updated_at = now;
        Ok(LineEvent::ActivationRefused)
    }

    /// Whether it waits for the carrier to bring it to life.
    fn awaits_carrier(&self) -> bool {
        after(self.status, self.awaiting_approval, Step::Activate).is_ok()
            && self.activation_refused.is_none()
    }

    /// Bars the line for a reason; none when it is barred for it already.
    fn block(
        &mut self,
        reason: BlockReason,
        now: OffsetDateTime,
    ) -> Result<Option<LineEvent>, Refusal> {
        after(self.status, self.awaiting_approval, Step::Block)?;
        if self.blocks.contains(&reason) {
            return Ok(None);
        }
        self.step(Step::Block, now)?;
        self.blocks.insert(reason);
        Ok(Some(LineEvent::Blocked(reason)))
    }

    /// Takes a reason away; none when the line is not barred for it.
    fn unblock(
        &mut self,
        reason: BlockReason,
        now: OffsetDateTime,
    ) -> Result<Option<LineEvent>, Refusal> {
        self.is_live()?;
        if !self.blocks.contains(&reason) {
            return Ok(None);
        }
        self.step(Step::Unblock { last: self.blocks.len() == 1 }, now)?;
        self.blocks.remove(&reason);
        Ok(Some(LineEvent::Unblocked(reason)))
    }

    /// Ends the line for good; none when it has ended already.
    fn cancel(&mut self, now: OffsetDateTime) -> Option<LineEvent> {
        self.step(Step::Cancel, now).ok()?;
        self.awaiting_approval = false;
        self.activation_refused = None;
        self.blocks.clear();
        Some(LineEvent::Cancelled)
    }

    /// Puts the line on another plan; none when it is on it already.
    fn change_plan(
        &mut self,
        plan_id: PlanId,
        now: OffsetDateTime,
    ) -> Result<Option<LineEvent>, Refusal> {
        self.is_live()?;
        if self.plan_id == plan_id {
            return Ok(None);
        }
        self.plan_id = plan_id;
        self.updated_at = now;
        Ok(Some(LineEvent::PlanChanged))
    }

    /// Makes another company the owner of the contract; none when it is already.
    fn change_company(
        &mut self,
        company_id: CompanyId,
        now: OffsetDateTime,
    ) -> Result<Option<LineEvent>, Refusal> {
        self.is_live()?;
        self.is_wanted()?;
        if self.company_id == Some(company_id) {
            return self.change_owner(false, now);
        }
        self.company_id = Some(company_id);
        self.owned_by_user = false;
        self.updated_at = now;
        Ok(Some(LineEvent::CompanyChanged))
    }

    /// Gives the line to a person, who sees it if it is `visible` to them; none when they have it
    /// already.
    fn attribute(
        &mut self,
        user_id: UserId,
        visible: bool,
        now: OffsetDateTime,
    ) -> Result<Option<LineEvent>, Refusal> {
        self.is_live()?;
        if self.user_id == Some(user_id) && (self.visible_to_user || !visible) {
            return Ok(None);
        }
        let same = self.user_id == Some(user_id);
        self.user_id = Some(user_id);
        self.visible_to_user = visible;
        self.updated_at = now;
        Ok(Some(if same { LineEvent::Shown } else { LineEvent::UserChanged }))
    }

    /// Sets or removes the company's word for the line; none when it is that already.
    fn set_tag(
        &mut self,
        tag: Option<String>,
        now: OffsetDateTime,
    ) -> Result<Option<LineEvent>, Refusal> {
        self.is_live()?;
        if self.tag == tag {
            return Ok(None);
        }
        self.tag = tag;
        self.updated_at = now;
        Ok(Some(LineEvent::TagChanged))
    }

    /// Gives the line another number, or its first one. What the carrier refused is tried again.
    fn change_number(
        &mut self,
        number: MobileNumber,
        is_portability: bool,
        now: OffsetDateTime,
    ) -> Result<LineEvent, Refusal> {
        self.takes_another_number()?;
        self.area_code = number.area_code();
        if self.status == Status::Ordered {
            return self.take_number(number, now);
        }
        self.phone_number = Some(number);
        self.is_portability = is_portability;
        self.number_assigned_at = Some(now);
        self.activation_refused = None;
        self.updated_at = now;
        Ok(LineEvent::NumberChanged)
    }

    /// Whether the line may have another number, or its first one.
    fn takes_another_number(&self) -> Result<(), Refusal> {
        self.is_live()?;
        self.is_wanted()
    }

    /// Puts a card into the line, also in place of the one that is in it. What the carrier
    /// refused is tried again.
    fn change_sim_card(&mut self, iccid: Iccid, now: OffsetDateTime) -> Result<LineEvent, Refusal> {
        self.is_live()?;
        self.iccid = Some(iccid);
        self.activation_refused = None;
        self.updated_at = now;
        Ok(LineEvent::SimCardChanged)
    }

    /// Whether the line has no card, and may have one.
    fn takes_first_sim_card(&self) -> Result<(), Refusal> {
        self.is_live()?;
        if self.iccid.is_some() { Err(Refusal::HasSimCard) } else { Ok(()) }
    }

    /// Whether it has not ended.
    fn is_live(&self) -> Result<(), Refusal> {
        if self.status == Status::Cancelled { Err(Refusal::Cancelled) } else { Ok(()) }
    }

    /// Whether somebody pays for it.
    fn is_wanted(&self) -> Result<(), Refusal> {
        if self.awaiting_approval { Err(Refusal::AwaitingApproval) } else { Ok(()) }
    }

    fn step(&mut self, step: Step, now: OffsetDateTime) -> Result<(), Refusal> {
        self.status = after(self.status, self.awaiting_approval, step)?;
        self.updated_at = now;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
