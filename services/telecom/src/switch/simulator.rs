//! A switch in memory, that behaves badly on demand. It lives on the clock: what it says waits
//! until its moment has come.

mod plan;
mod sound;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chassis::clock::Clock;
use chassis::simulator::{Desk, Failure, Hold, ScriptStep};
pub use plan::{PlannedCallEvent, SimulatedCallEvent};
use serde::Deserialize;
use time::{Duration, OffsetDateTime};

use super::{
    CallId, CallOrder, CallStatus, Direction, Endpoint, HangupCause, Happening, Switch,
    SwitchError, SwitchEvent,
};

const EVENTS_MAX: usize = 100;
const ENDED_MAX: usize = 10_000;
const OFFLINE_ENDING: &str = "99";

/// What a switch can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SwitchOperation {
    /// Whether a telephone is registered.
    Register,
    /// Make a call.
    Originate,
    /// End it.
    HangUp,
    /// Where it is.
    Status,
    /// Its sound.
    Recording,
}

/// How fast the switch is, unless a script says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SwitchTimes {
    /// From the ringing to the answer, or to what comes instead of it.
    pub answer: Duration,
    /// From the answer to the end.
    pub talk: Duration,
}

impl Default for SwitchTimes {
    fn default() -> Self {
        Self { answer: Duration::seconds(1), talk: Duration::seconds(60) }
    }
}

/// The switch in memory. Clones are one switch.
#[derive(Clone)]
pub struct SwitchSimulator {
    clock: Clock,
    desk: Desk<SwitchOperation>,
    exchange: Arc<Mutex<Exchange>>,
}

struct Exchange {
    times: SwitchTimes,
    offline: HashSet<Endpoint>,
    online: HashSet<Endpoint>,
    /// What will happen to the next call with a number.
    scripts: HashMap<String, VecDeque<Vec<PlannedCallEvent>>>,
    live: HashMap<CallId, Talk>,
    ended: HashMap<CallId, (Happening, OffsetDateTime)>,
    ended_order: VecDeque<CallId>,
    recorded: HashSet<CallId>,
    mailbox: VecDeque<SwitchEvent>,
    last_event_id: u64,
    orders: usize,
}

/// A call that goes on.
struct Talk {
    plan: VecDeque<PlannedCallEvent>,
    record: bool,
    last_at: OffsetDateTime,
    answered_at: Option<OffsetDateTime>,
}

impl SwitchSimulator {
    /// A switch on which every call is answered, and ends after a while.
    pub fn new(clock: Clock, times: SwitchTimes) -> Self {
        let exchange = Exchange {
            times,
            offline: HashSet::new(),
            online: HashSet::new(),
            scripts: HashMap::new(),
            live: HashMap::new(),
            ended: HashMap::new(),
            ended_order: VecDeque::new(),
            recorded: HashSet::new(),
            mailbox: VecDeque::new(),
            last_event_id: 0,
            orders: 0,
        };
        Self { clock, desk: Desk::default(), exchange: Arc::new(Mutex::new(exchange)) }
    }

    /// Adds to what it will answer.
    pub fn script(&self, steps: Vec<ScriptStep<SwitchOperation>>) {
        self.desk.script(steps);
    }

    /// Says what will happen to the next call with this number, in its national digits. After that
    /// it goes on until it is ended.
    pub fn plan(&self, phone: &str, plan: Vec<PlannedCallEvent>) {
        self.exchange().scripts.entry(phone.to_owned()).or_default().push_back(plan);
    }

    /// How fast it is.
    pub fn times(&self) -> SwitchTimes {
        self.exchange().times
    }

    /// How fast it is from now on.
    pub fn set_times(&self, times: SwitchTimes) {
        self.exchange().times = times;
    }

    /// Says whether a telephone is registered from now on.
    pub fn set_online(&self, endpoint: Endpoint, online: bool) {
        let mut exchange = self.exchange();
        exchange.offline.remove(&endpoint);
        exchange.online.remove(&endpoint);
        let place = if online { &mut exchange.online } else { &mut exchange.offline };
        place.insert(endpoint);
    }

    /// Lets something happen to a call now; false when it does not go on.
    pub fn inject(&self, call_id: CallId, event: SimulatedCallEvent) -> bool {
        let now = self.clock.now();
        let mut exchange = self.exchange();
        exchange.proceed(now);
        let live = exchange.live.contains_key(&call_id);
        if live {
            exchange.happen(call_id, &PlannedCallEvent::new(event, Duration::ZERO), now);
        }
        live
    }

    /// How many calls it was asked to make.
    pub fn orders(&self) -> usize {
        self.exchange().orders
    }

    /// How many calls go on.
    pub fn live_calls(&self) -> usize {
        let mut exchange = self.exchange();
        exchange.proceed(self.clock.now());
        exchange.live.len()
    }

    /// Keeps everybody waiting until the answer is dropped.
    pub async fn hold(&self) -> Hold {
        self.desk.hold().await
    }

    /// Waits until `requests` requests have come in since the beginning.
    pub async fn asked(&self, requests: u64) {
        self.desk.asked(requests).await;
    }

    fn exchange(&self) -> MutexGuard<'_, Exchange> {
        self.exchange.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[tonic::async_trait]
impl Switch for SwitchSimulator {
    async fn is_registered(&self, endpoint: &Endpoint) -> Result<bool, SwitchError> {
        self.desk
            .answer(SwitchOperation::Register, || Ok(self.exchange().is_registered(endpoint)))
            .await
    }

    async fn originate(&self, order: &CallOrder) -> Result<(), SwitchError> {
        let now = self.clock.now();
        self.desk.answer(SwitchOperation::Originate, || self.exchange().originate(order, now)).await
    }

    async fn hang_up(&self, call_id: CallId, cause: HangupCause) -> Result<(), SwitchError> {
        let now = self.clock.now();
        self.desk
            .answer(SwitchOperation::HangUp, || {
                let mut exchange = self.exchange();
                exchange.proceed(now);
                if exchange.live.contains_key(&call_id) {
                    let end = SimulatedCallEvent::HangUp(cause);
                    exchange.happen(call_id, &PlannedCallEvent::new(end, Duration::ZERO), now);
                }
                Ok(())
            })
            .await
    }

    async fn status(&self, call_id: CallId) -> Result<CallStatus, SwitchError> {
        let now = self.clock.now();
        self.desk.answer(SwitchOperation::Status, || Ok(self.exchange().status(call_id, now))).await
    }

    async fn events(&self) -> Vec<SwitchEvent> {
        let now = self.clock.now();
        let mut exchange = self.exchange();
        exchange.proceed(now);
        exchange.mailbox.iter().take(EVENTS_MAX).cloned().collect()
    }

    async fn taken_in(&self, event_ids: &[u64]) {
        self.exchange().mailbox.retain(|event| !event_ids.contains(&event.event_id));
    }

    async fn recording(&self, call_id: CallId) -> Result<Option<Vec<u8>>, SwitchError> {
        self.desk
            .answer(SwitchOperation::Recording, || {
                let recorded = self.exchange().recorded.contains(&call_id);
                let none = SwitchError::Refused(HangupCause::NormalClearing);
                if recorded { Ok(Some(sound::silence())) } else { Err(none) }
            })
            .await
    }

    fn is_simulated(&self) -> bool {
        true
    }
}

impl Exchange {
    fn is_registered(&self, endpoint: &Endpoint) -> bool {
        let ends = endpoint.number.ends_with(OFFLINE_ENDING);
        self.online.contains(endpoint) || !(ends || self.offline.contains(endpoint))
    }

    fn originate(&mut self, order: &CallOrder, now: OffsetDateTime) -> Result<(), SwitchError> {
        self.proceed(now);
        if self.live.contains_key(&order.call_id) || self.ended.contains_key(&order.call_id) {
            return Ok(());
        }
        if !self.is_registered(&order.endpoint) {
            return Err(SwitchError::Refused(HangupCause::NoUserResponse));
        }
        self.orders += 1;
        let phone = order.phone.national();
        let scripted = self.scripts.get_mut(phone).and_then(VecDeque::pop_front);
        let plan = scripted.unwrap_or_else(|| unscripted(order, self.times));
        let talk =
            Talk { plan: plan.into(), record: order.record, last_at: now, answered_at: None };
        self.live.insert(order.call_id, talk);
        self.proceed(now);
        Ok(())
    }

    fn status(&mut self, call_id: CallId, now: OffsetDateTime) -> CallStatus {
        self.proceed(now);
        if let Some(talk) = self.live.get(&call_id) {
            return CallStatus::Live { answered_at: talk.answered_at };
        }
        let ended = self.ended.get(&call_id);
        ended.map_or(CallStatus::Unknown, |(end, at)| CallStatus::Ended(*end, *at))
    }

    /// Lets happen what is due, in the order in which it is.
    fn proceed(&mut self, now: OffsetDateTime) {
        loop {
            let due = self
                .live
                .iter()
                .filter_map(|(call_id, talk)| Some((talk.next_at()?, *call_id)))
                .filter(|(at, _)| *at <= now)
                .min();
            let Some((at, call_id)) = due else { return };
            let planned = self.live.get_mut(&call_id).and_then(|talk| talk.plan.pop_front());
            if let Some(event) = planned {
                self.happen(call_id, &event, at);
            }
        }
    }

    fn happen(&mut self, call_id: CallId, planned: &PlannedCallEvent, at: OffsetDateTime) {
        let Some(talk) = self.live.get_mut(&call_id) else { return };
        talk.last_at = at;
        let happening = match planned.event {
            SimulatedCallEvent::Ring => Happening::Ringing,
            SimulatedCallEvent::Answer => {
                talk.answered_at.get_or_insert(at);
                Happening::Answered
            }
            SimulatedCallEvent::HangUp(cause) => {
                let end = Happening::Ended { cause, answered_at: talk.answered_at };
                self.end(call_id, end, at);
                end
            }
            SimulatedCallEvent::Vanish => {
                self.live.remove(&call_id);
                return;
            }
        };
        if planned.lose {
            return;
        }
        for _ in 0..planned.times {
            self.last_event_id += 1;
            let event_id = self.last_event_id;
            self.mailbox.push_back(SwitchEvent { event_id, call_id, happening, at });
        }
    }

    fn end(&mut self, call_id: CallId, end: Happening, at: OffsetDateTime) {
        if self.live.remove(&call_id).is_some_and(|talk| talk.record && talk.answered_at.is_some())
        {
            self.recorded.insert(call_id);
        }
        self.ended.insert(call_id, (end, at));
        self.ended_order.push_back(call_id);
        if self.ended_order.len() > ENDED_MAX
            && let Some(oldest) = self.ended_order.pop_front()
        {
            self.ended.remove(&oldest);
            self.recorded.remove(&oldest);
        }
    }
}

impl Talk {
    fn next_at(&self) -> Option<OffsetDateTime> {
        self.last_at.checked_add(self.plan.front()?.after)
    }
}

/// What happens to calls of which nothing was said.
fn unscripted(order: &CallOrder, times: SwitchTimes) -> Vec<PlannedCallEvent> {
    let ring = PlannedCallEvent::new(SimulatedCallEvent::Ring, Duration::ZERO);
    let digits = order.phone.national();
    let ending = digits.get(digits.len().saturating_sub(4)..).unwrap_or_default();
    let refusal = match (order.direction, ending) {
        (Direction::Outbound, "9901") => Some(HangupCause::UserBusy),
        (Direction::Outbound, "9902") => Some(HangupCause::NoAnswer),
        (Direction::Outbound, "9903") => Some(HangupCause::CallRejected),
        (Direction::Outbound, "9904") => Some(HangupCause::UnallocatedNumber),
        (Direction::Outbound, "9905") => Some(HangupCause::NormalTemporaryFailure),
        _ => None,
    };
    if let Some(cause) = refusal {
        let end = PlannedCallEvent::new(SimulatedCallEvent::HangUp(cause), times.answer);
        return vec![ring, end];
    }
    let answer = PlannedCallEvent::new(SimulatedCallEvent::Answer, times.answer);
    let end = SimulatedCallEvent::HangUp(HangupCause::NormalClearing);
    vec![ring, answer, PlannedCallEvent::new(end, times.talk)]
}

impl From<Failure> for SwitchError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(reason) => {
                Self::Refused(reason.parse().unwrap_or(HangupCause::CallRejected))
            }
            Failure::Unavailable => Self::Unavailable,
        }
    }
}

#[cfg(test)]
mod tests;
