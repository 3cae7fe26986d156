//! The state machine: a table of what leads where, and what is then to be done.

use brazil::start_of_day;
use time::OffsetDateTime;

use super::{DenialReason, HolderKind, PortIn, Refusal, Rules, Status};

const REASON_LENGTH_MAX: usize = 100;

/// Something that bears on a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// It was looked at who owns the contract. `number_holder` is what the administrator says of
    /// the number's present holder, if it says anything.
    HolderKnown { number_holder: Option<HolderKind> },
    /// The holder answers yes.
    Confirm,
    /// The holder answers no.
    Refuse,
    /// The administrator has the ticket.
    Acknowledge,
    /// The administrator has no such ticket.
    TicketUnknown,
    /// The donor agrees.
    Approve,
    /// The donor refuses.
    Deny(DenialReason),
    /// The number has changed over.
    Complete,
    /// It could not change over.
    Fail(String),
    /// The line has ended.
    LineEnded,
    /// A period is over.
    Timer(Timer),
}

impl Event {
    /// The number could not change over, for a reason that is kept short.
    pub(crate) fn failed(reason: Option<&str>) -> Self {
        let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
        Self::Fail(reason.unwrap_or("failed").chars().take(REASON_LENGTH_MAX).collect())
    }
}

/// A period that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Timer {
    /// The holder did not answer.
    ConfirmationOverdue,
    /// The holder is to be asked again.
    ResendDue,
    /// The holder never answered.
    ParkingOver,
    /// The administrator did not acknowledge.
    AcknowledgementOverdue,
    /// The donor did not answer, which is consent.
    DonorSilent,
    /// The day has come.
    WindowOpens,
    /// The window has been open for long.
    WindowLate,
    /// It still is.
    WindowStillLate,
    /// The window has been open for too long.
    WindowOver,
}

impl Timer {
    /// Whether it is about asking again rather than about a period of the law: one that was slept
    /// through is not made up for.
    pub(crate) fn is_about_asking(self) -> bool {
        matches!(self, Self::AcknowledgementOverdue | Self::WindowLate | Self::WindowStillLate)
    }
}

/// What is to be done about a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Ask the holder by SMS.
    SendSms,
    /// Send the ticket to the administrator; its id makes a repeat harmless.
    SubmitTicket,
    /// Ask the administrator where the ticket is.
    PollTicket,
    /// Withdraw the ticket.
    CancelTicket,
    /// Give the line the number.
    TakeNumber,
    /// Have somebody look at it.
    Alarm,
    /// Tell whom it concerns.
    Announce,
}

/// What an event is to the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Trigger {
    HolderIsPerson,
    HolderIsCompany,
    HolderMismatch,
    Confirm,
    Refuse,
    Acknowledge,
    TicketUnknown,
    Approve,
    Deny,
    Complete,
    Fail,
    Cancel,
    LineEnded,
    Timer(Timer),
}

type Row = (Status, Trigger, Status, &'static [Effect]);

/// Every transition there is. Whatever is not here changes nothing.
pub(super) const TABLE: &[Row] = {
    use Effect::{Alarm, Announce, CancelTicket, PollTicket, SendSms, SubmitTicket, TakeNumber};
    use Status as S;
    use Timer::{
        AcknowledgementOverdue, ConfirmationOverdue, DonorSilent, ParkingOver, ResendDue,
        WindowLate, WindowOpens, WindowOver, WindowStillLate,
    };
    use Trigger as T;
    &[
        (S::Requested, T::HolderIsPerson, S::AwaitingConfirmation, &[SendSms, Announce]),
        (S::Requested, T::HolderIsCompany, S::Submitted, &[SubmitTicket, Announce]),
        (S::Requested, T::HolderMismatch, S::Denied, &[Announce]),
        (S::Requested, T::Cancel, S::Cancelled, &[Announce]),
        (S::Requested, T::LineEnded, S::Cancelled, &[Announce]),
        (S::AwaitingConfirmation, T::Confirm, S::Submitted, &[SubmitTicket, Announce]),
        (S::AwaitingConfirmation, T::Refuse, S::Cancelled, &[Announce]),
        (S::AwaitingConfirmation, T::Timer(ConfirmationOverdue), S::Parked, &[Announce]),
        (S::AwaitingConfirmation, T::Cancel, S::Cancelled, &[Announce]),
        (S::AwaitingConfirmation, T::LineEnded, S::Cancelled, &[Announce]),
        (S::Parked, T::Confirm, S::Submitted, &[SubmitTicket, Announce]),
        (S::Parked, T::Refuse, S::Cancelled, &[Announce]),
        (S::Parked, T::Timer(ResendDue), S::Parked, &[SendSms]),
        (S::Parked, T::Timer(ParkingOver), S::Cancelled, &[Announce]),
        (S::Parked, T::Cancel, S::Cancelled, &[Announce]),
        (S::Parked, T::LineEnded, S::Cancelled, &[Announce]),
        (S::Submitted, T::Acknowledge, S::InValidation, &[Announce]),
        (S::Submitted, T::Timer(AcknowledgementOverdue), S::Submitted, &[PollTicket]),
        (S::Submitted, T::TicketUnknown, S::Submitted, &[SubmitTicket]),
        (S::Submitted, T::Cancel, S::Cancelled, &[CancelTicket, Announce]),
        (S::Submitted, T::LineEnded, S::Cancelled, &[CancelTicket, Announce]),
        (S::InValidation, T::Approve, S::Scheduled, &[Announce]),
        (S::InValidation, T::Timer(DonorSilent), S::Scheduled, &[Announce]),
        (S::InValidation, T::Deny, S::Denied, &[Announce]),
        (S::InValidation, T::Cancel, S::Cancelled, &[CancelTicket, Announce]),
        (S::InValidation, T::LineEnded, S::Cancelled, &[CancelTicket, Announce]),
        (S::Scheduled, T::Timer(WindowOpens), S::InTransition, &[Announce]),
        (S::Scheduled, T::Cancel, S::Cancelled, &[CancelTicket, Announce]),
        (S::Scheduled, T::LineEnded, S::Cancelled, &[CancelTicket, Announce]),
        (S::InTransition, T::Timer(WindowLate), S::InTransition, &[Alarm, PollTicket]),
        (S::InTransition, T::Timer(WindowStillLate), S::InTransition, &[PollTicket]),
        (S::InTransition, T::TicketUnknown, S::InTransition, &[SubmitTicket]),
        (S::InTransition, T::Complete, S::Successful, &[TakeNumber, Announce]),
        (S::InTransition, T::Fail, S::Failed, &[Announce]),
        (S::InTransition, T::Timer(WindowOver), S::Failed, &[CancelTicket, Announce]),
        (S::InTransition, T::LineEnded, S::Failed, &[CancelTicket, Announce]),
    ]
};

/// What was done about an event: nothing, if it is not of the request's status.
#[must_use = "carry out the effects"]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// The status before.
    pub(crate) from: Status,
    /// What is to be done.
    pub(crate) effects: &'static [Effect],
}

impl PortIn {
    /// Takes in an event of the moment `at`. None when it changes nothing.
    pub(crate) fn apply(
        &mut self,
        event: Event,
        at: OffsetDateTime,
        rules: &Rules,
    ) -> Option<Step> {
        let (trigger, reason) = self.read(event);
        self.step(trigger, reason, at, rules)
    }

    /// Withdraws the request, if it is not too late.
    pub(crate) fn cancel(&mut self, at: OffsetDateTime, rules: &Rules) -> Result<Step, Refusal> {
        if !self.status.is_open() {
            return Err(Refusal::Closed);
        }
        let too_late = |window| at >= rules.too_late_to_cancel_at(window);
        if self.window_on.is_some_and(too_late) {
            return Err(Refusal::TooLateToCancel);
        }
        let reason = Some("withdrawn".to_owned());
        self.step(Trigger::Cancel, reason, at, rules).ok_or(Refusal::TooLateToCancel)
    }

    /// What happens next if nobody says anything, and when.
    pub(crate) fn due(&self, rules: &Rules) -> Option<(OffsetDateTime, Timer)> {
        match self.status {
            Status::AwaitingConfirmation => {
                Some((self.since + rules.confirmation, Timer::ConfirmationOverdue))
            }
            Status::Parked => {
                let over = self.since + rules.parking;
                let resend = self.asked_at + rules.resend_pause;
                if self.asks < rules.resends_max && resend < over {
                    Some((resend, Timer::ResendDue))
                } else {
                    Some((over, Timer::ParkingOver))
                }
            }
            Status::Submitted => {
                Some((self.asked_at + rules.acknowledgement, Timer::AcknowledgementOverdue))
            }
            Status::InValidation => Some((rules.donor_silent_at(self.since), Timer::DonorSilent)),
            Status::Scheduled => {
                self.window_on.map(|window| (start_of_day(window), Timer::WindowOpens))
            }
            Status::InTransition => {
                let over = self.since + rules.failure;
                let late = self.asked_at + rules.alarm;
                Some(match self.asks {
                    _ if late >= over => (over, Timer::WindowOver),
                    0 => (late, Timer::WindowLate),
                    _ => (late, Timer::WindowStillLate),
                })
            }
            Status::Requested
            | Status::Successful
            | Status::Denied
            | Status::Cancelled
            | Status::Failed => None,
        }
    }

    /// What the event is to the table, and why it happened, where it ends the request.
    fn read(&self, event: Event) -> (Trigger, Option<String>) {
        let because = |reason: &str| Some(reason.to_owned());
        match event {
            Event::HolderKnown { number_holder } => match (number_holder, self.holder_kind) {
                (Some(holder), kind) if holder != kind => {
                    let reason = DenialReason::HolderMismatch.as_str();
                    (Trigger::HolderMismatch, because(reason))
                }
                (_, HolderKind::Person) => (Trigger::HolderIsPerson, None),
                (_, HolderKind::Company) => (Trigger::HolderIsCompany, None),
            },
            Event::Confirm => (Trigger::Confirm, None),
            Event::Refuse => (Trigger::Refuse, because(DenialReason::RefusedByHolder.as_str())),
            Event::Acknowledge => (Trigger::Acknowledge, None),
            Event::TicketUnknown => (Trigger::TicketUnknown, None),
            Event::Approve => (Trigger::Approve, None),
            Event::Deny(reason) => (Trigger::Deny, because(reason.as_str())),
            Event::Complete => (Trigger::Complete, None),
            Event::Fail(reason) => (Trigger::Fail, Some(reason)),
            Event::LineEnded => (Trigger::LineEnded, because("line-cancelled")),
            Event::Timer(timer) => {
                let reason = match timer {
                    Timer::ParkingOver => because("confirmation-expired"),
                    Timer::WindowOver => because("window-expired"),
                    _ => None,
                };
                (Trigger::Timer(timer), reason)
            }
        }
    }

    fn step(
        &mut self,
        trigger: Trigger,
        reason: Option<String>,
        at: OffsetDateTime,
        rules: &Rules,
    ) -> Option<Step> {
        let from = self.status;
        let (.., to, effects) =
            *TABLE.iter().find(|(status, known, ..)| *status == from && *known == trigger)?;
        // A message may be older than what came of another one.
        let at = at.max(self.since);
        if to == from {
            self.asks += 1;
            self.asked_at = at.max(self.asked_at);
        } else {
            self.enter(to, at, rules);
        }
        self.updated_at = at.max(self.updated_at);
        self.status_reason = reason.filter(|_| !to.is_open());
        Some(Step { from, effects })
    }

    fn enter(&mut self, to: Status, at: OffsetDateTime, rules: &Rules) {
        self.status = to;
        self.since = at;
        self.asked_at = at;
        self.asks = 0;
        match to {
            Status::Submitted => self.submitted_at = Some(at),
            Status::Scheduled => {
                self.window_on = Some(rules.window(self.submitted_at.unwrap_or(at), at));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
