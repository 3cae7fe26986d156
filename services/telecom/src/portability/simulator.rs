//! An administrator, a donor and the holders' phones in memory, that behave badly on demand. They
//! live on the clock: what they say waits in a mailbox until its moment has come.

mod plan;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use brazil::{BusinessCalendar, MobileNumber, local_date, start_of_day};
use chassis::clock::Clock;
pub use plan::{PlannedEvent, SimulatedEvent};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::administrator::{
    AdministratorError, Message, PortabilityAdministrator, Saying, Sms, SmsUnavailable,
    TextMessage, Ticket, TicketStatus,
};
use super::{DenialReason, HolderKind};

const MESSAGES_MAX: usize = 100;
const TEXTS_MAX: usize = 20;
const APPROVES_AFTER: Duration = Duration::hours(1);
const COMPLETES_AFTER: Duration = Duration::minutes(15);

/// The administrator in memory. Clones are one administrator.
#[derive(Clone)]
pub struct AdministratorSimulator {
    clock: Clock,
    numbers: Arc<Mutex<HashMap<MobileNumber, Number>>>,
}

/// What is known of a number.
#[derive(Default)]
struct Number {
    holder: Option<HolderKind>,
    /// What is to happen to its next request, or happens to the present one.
    script: Option<Vec<PlannedEvent>>,
    texts: VecDeque<TextMessage>,
    talk: Option<Talk>,
    mailbox: VecDeque<Message>,
}

/// A request, from its first SMS or its submission on.
struct Talk {
    ticket_id: Uuid,
    number: MobileNumber,
    ticket: Option<Ticket>,
    text_at: Option<OffsetDateTime>,
    plan: VecDeque<PlannedEvent>,
    /// When the last event of the plan happened.
    last_at: OffsetDateTime,
    approved_at: Option<OffsetDateTime>,
    status: TicketStatus,
    /// Whether it came to an end that uses up the number's script.
    ended: bool,
}

impl AdministratorSimulator {
    /// An administrator that acknowledges, approves and completes by itself.
    pub fn new(clock: Clock) -> Self {
        Self { clock, numbers: Arc::default() }
    }

    /// Says what will happen to a number's open request from now on, or to its next one. After
    /// that, nothing happens any more.
    pub fn script(&self, number: &MobileNumber, plan: Vec<PlannedEvent>) {
        let now = self.clock.now();
        let mut numbers = self.numbers();
        let number = numbers.entry(number.clone()).or_default();
        number.proceed(now);
        if let Some(talk) = number.talk.as_mut().filter(|talk| !talk.ended) {
            talk.plan = plan.clone().into();
            talk.last_at = now;
        }
        number.script = Some(plan);
    }

    /// Says what the present holder of a number is.
    pub fn set_holder(&self, number: &MobileNumber, kind: HolderKind) {
        self.numbers().entry(number.clone()).or_default().holder = Some(kind);
    }

    /// Has something said about a number now; false when it was never heard of.
    pub fn inject(&self, number: &MobileNumber, saying: Saying) -> bool {
        let now = self.clock.now();
        let mut numbers = self.numbers();
        let Some(known) = numbers.get_mut(number) else { return false };
        known.proceed(now);
        known.say(PlannedEvent::new(saying), now)
    }

    /// The last texts that were sent to a number, oldest first.
    pub fn texts(&self, number: &MobileNumber) -> Vec<TextMessage> {
        self.numbers()
            .get(number)
            .map(|known| known.texts.iter().cloned().collect())
            .unwrap_or_default()
    }

    /// The ticket that a number has, if it was submitted.
    pub fn ticket(&self, number: &MobileNumber) -> Option<Ticket> {
        self.numbers().get(number)?.talk.as_ref()?.ticket.clone()
    }

    fn numbers(&self) -> MutexGuard<'_, HashMap<MobileNumber, Number>> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[tonic::async_trait]
impl PortabilityAdministrator for AdministratorSimulator {
    async fn holder_kind(
        &self,
        number: &MobileNumber,
    ) -> Result<Option<HolderKind>, AdministratorError> {
        Ok(self.numbers().get(number).and_then(|known| known.holder))
    }

    async fn submit(&self, ticket: Ticket) -> Result<(), AdministratorError> {
        let mut numbers = self.numbers();
        numbers.entry(ticket.number.clone()).or_default().submit(ticket)
    }

    async fn status(&self, ticket_id: Uuid) -> Result<TicketStatus, AdministratorError> {
        let now = self.clock.now();
        let mut numbers = self.numbers();
        let talks = numbers.values_mut().filter_map(|number| {
            number.proceed(now);
            number.talk.as_ref()
        });
        let mut submitted = talks.filter(|talk| talk.ticket.is_some());
        let talk = submitted.find(|talk| talk.ticket_id == ticket_id);
        Ok(talk.map_or(TicketStatus::Unknown, |talk| talk.status))
    }

    async fn cancel(&self, ticket_id: Uuid) -> Result<(), AdministratorError> {
        let now = self.clock.now();
        for number in self.numbers().values_mut() {
            number.proceed(now);
            number.cancel(ticket_id);
        }
        Ok(())
    }

    async fn messages(&self) -> Result<Vec<Message>, AdministratorError> {
        let now = self.clock.now();
        let mut waiting: Vec<Message> = Vec::new();
        for number in self.numbers().values_mut() {
            number.proceed(now);
            waiting.extend(number.mailbox.iter().cloned());
        }
        waiting.sort_by_key(|message| message.said_at);
        waiting.truncate(MESSAGES_MAX);
        Ok(waiting)
    }

    async fn taken_in(&self, message_ids: &[String]) -> Result<(), AdministratorError> {
        for number in self.numbers().values_mut() {
            number.mailbox.retain(|message| !message_ids.contains(&message.message_id));
        }
        Ok(())
    }
}

#[tonic::async_trait]
impl Sms for AdministratorSimulator {
    async fn send(&self, text: TextMessage) -> Result<(), SmsUnavailable> {
        let mut numbers = self.numbers();
        numbers.entry(text.to.clone()).or_default().receive(text);
        Ok(())
    }
}

impl Number {
    fn receive(&mut self, text: TextMessage) {
        if self.texts.iter().any(|known| known.key == text.key) {
            return;
        }
        let talk = self.talk_about(text.ticket_id, &text.to, text.sent_at);
        talk.text_at.get_or_insert(text.sent_at);
        if self.texts.len() == TEXTS_MAX {
            self.texts.pop_front();
        }
        self.texts.push_back(text);
    }

    fn submit(&mut self, ticket: Ticket) -> Result<(), AdministratorError> {
        let other = self.talk.as_ref().filter(|talk| talk.ticket_id != ticket.ticket_id);
        if other.is_some_and(|talk| talk.ticket.is_some() && !talk.ended) {
            return Err(AdministratorError::Refused(DenialReason::RequestInProgress));
        }
        let mismatch = self.holder.is_some_and(|holder| holder != ticket.holder_kind);
        let scripted = self.script.is_some();
        let talk = self.talk_about(ticket.ticket_id, &ticket.number, ticket.submitted_at);
        if talk.ticket.is_some() {
            return Ok(());
        }
        if talk.loses_submission() {
            return Err(AdministratorError::Unavailable);
        }
        if mismatch && !scripted {
            talk.plan = denial_of_mismatch();
        }
        talk.status = TicketStatus::Arrived;
        talk.ticket = Some(ticket);
        Ok(())
    }

    fn cancel(&mut self, ticket_id: Uuid) {
        let Some(talk) = self.talk.as_mut().filter(|talk| talk.ticket_id == ticket_id) else {
            return;
        };
        if talk.ticket.is_some() && !talk.ended {
            talk.end(TicketStatus::Cancelled);
            talk.plan.clear();
            self.script = None;
        }
    }

    /// The talk with this id; a new one takes the place of an earlier one.
    fn talk_about(
        &mut self,
        ticket_id: Uuid,
        number: &MobileNumber,
        at: OffsetDateTime,
    ) -> &mut Talk {
        let earlier = self.talk.take().filter(|talk| talk.ticket_id == ticket_id);
        let plan = || self.script.clone().map_or_else(unscripted, Into::into);
        self.talk.insert(earlier.unwrap_or_else(|| Talk {
            ticket_id,
            number: number.clone(),
            ticket: None,
            text_at: None,
            plan: plan(),
            last_at: at,
            approved_at: None,
            status: TicketStatus::Unknown,
            ended: false,
        }))
    }

    /// Lets happen what is due.
    fn proceed(&mut self, now: OffsetDateTime) {
        while let Some((event, at)) = self.talk.as_mut().and_then(|talk| talk.next(now)) {
            self.say(event, at);
        }
    }

    /// Lets something happen now; false when nobody ever talked about the number.
    fn say(&mut self, event: PlannedEvent, at: OffsetDateTime) -> bool {
        let (Some(talk), SimulatedEvent::Said(saying)) = (self.talk.as_mut(), event.event) else {
            return false;
        };
        talk.note(&saying, at);
        if talk.ended {
            self.script = None;
        }
        if !event.lose {
            let message = Message {
                message_id: Uuid::now_v7().to_string(),
                number: talk.number.clone(),
                ticket_id: Some(talk.ticket_id),
                saying,
                said_at: at,
            };
            let copies = usize::try_from(event.times).unwrap_or(1);
            self.mailbox.extend(std::iter::repeat_n(message, copies));
        }
        true
    }
}

impl Talk {
    /// Takes the next event of the plan, if its moment has come.
    fn next(&mut self, now: OffsetDateTime) -> Option<(PlannedEvent, OffsetDateTime)> {
        let planned = self.plan.front()?;
        let at = self.last_at.max(self.possible_at(&planned.event)?) + planned.after;
        if at > now {
            return None;
        }
        self.last_at = at;
        Some((self.plan.pop_front()?, at))
    }

    /// When an event becomes possible; none while that is not known.
    fn possible_at(&self, event: &SimulatedEvent) -> Option<OffsetDateTime> {
        let SimulatedEvent::Said(saying) = event else { return None };
        match saying {
            Saying::Confirm | Saying::Refuse => self.text_at,
            Saying::Acknowledge | Saying::Approve | Saying::Deny(_) => {
                self.ticket.as_ref().map(|ticket| ticket.submitted_at)
            }
            Saying::Complete | Saying::Fail(_) => {
                let window_at = self.ticket.as_ref()?.window_at;
                let day_after = self.approved_at.map(start_of_next_business_day);
                Some(day_after.map_or(window_at, |day| day.max(window_at)))
            }
        }
    }

    /// Keeps in mind what was said, if it can be true: a donor decides once, and a number does
    /// not change over before its window.
    fn note(&mut self, saying: &Saying, at: OffsetDateTime) {
        let can_be_true = match saying {
            Saying::Approve | Saying::Deny(_) => self.status != TicketStatus::Approved,
            Saying::Complete | Saying::Fail(_) => {
                let possible_at = self.possible_at(&SimulatedEvent::Said(saying.clone()));
                possible_at.is_some_and(|possible_at| possible_at <= at)
            }
            Saying::Confirm | Saying::Refuse | Saying::Acknowledge => true,
        };
        if self.ended || !can_be_true {
            return;
        }
        match saying {
            Saying::Confirm => {}
            Saying::Refuse => self.ended = self.ticket.is_none(),
            Saying::Acknowledge if self.status == TicketStatus::Arrived => {
                self.status = TicketStatus::InValidation;
            }
            Saying::Acknowledge => {}
            Saying::Approve => {
                self.approved_at = Some(at);
                self.status = TicketStatus::Approved;
            }
            Saying::Deny(reason) => self.end(TicketStatus::Denied(*reason)),
            Saying::Complete => self.end(TicketStatus::Completed),
            Saying::Fail(_) => self.end(TicketStatus::Failed),
        }
    }

    fn end(&mut self, status: TicketStatus) {
        self.status = status;
        self.ended = true;
    }

    fn loses_submission(&mut self) -> bool {
        let Some(planned) = self.plan.front_mut() else { return false };
        if planned.event != SimulatedEvent::Submission {
            return false;
        }
        let lost = planned.lose;
        planned.times = planned.times.saturating_sub(1);
        if planned.times == 0 {
            self.plan.pop_front();
        }
        lost
    }
}

fn unscripted() -> VecDeque<PlannedEvent> {
    let after = |saying, after| PlannedEvent { after, ..PlannedEvent::new(saying) };
    VecDeque::from([
        PlannedEvent::new(Saying::Acknowledge),
        after(Saying::Approve, APPROVES_AFTER),
        after(Saying::Complete, COMPLETES_AFTER),
    ])
}

fn denial_of_mismatch() -> VecDeque<PlannedEvent> {
    let denial = PlannedEvent::new(Saying::Deny(DenialReason::HolderMismatch));
    VecDeque::from([
        PlannedEvent::new(Saying::Acknowledge),
        PlannedEvent { after: APPROVES_AFTER, ..denial },
    ])
}

fn start_of_next_business_day(at: OffsetDateTime) -> OffsetDateTime {
    start_of_day(BusinessCalendar::national().next_business_day(local_date(at)))
}

#[cfg(test)]
mod tests;
