use std::collections::HashSet;

use brazil::{CompanyId, LineId, MobileNumber, UserId, local_date};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use time::Duration;
use time::macros::{date, datetime};

use super::*;
use crate::lines::Owner;
use crate::portability::NewPortIn;

const MONDAY: OffsetDateTime = datetime!(2026-03-30 14:00 UTC);

fn number(index: u32) -> MobileNumber {
    MobileNumber::from_parts("41".parse().unwrap(), 987_000_000 + index).unwrap()
}

fn requested(company: bool, line_id: LineId, number: MobileNumber, at: OffsetDateTime) -> PortIn {
    let (company_id, user_id) = (CompanyId::generate(), UserId::generate());
    let new = NewPortIn {
        line_id,
        owner: Some(if company { Owner::Company(company_id) } else { Owner::Person(user_id) }),
        company_id: company.then_some(company_id),
        user_id: Some(user_id),
        number,
        document_sealed: vec![],
    };
    PortIn::request(new, at)
}

/// A request that has gone through these events, one minute after the other.
fn after(company: bool, events: &[Event]) -> PortIn {
    let mut port_in = requested(company, LineId::generate(), number(1), MONDAY);
    let mut at = MONDAY;
    for event in events {
        let step = port_in.apply(event.clone(), at, &Rules::default());
        assert!(step.is_some(), "{event:?} in {:?}", port_in.status);
        at += Duration::minutes(1);
    }
    port_in
}

const KNOWN: Event = Event::HolderKnown { number_holder: None };

fn scheduled() -> PortIn {
    after(true, &[KNOWN, Event::Acknowledge, Event::Approve])
}

fn open_window() -> PortIn {
    let mut port_in = scheduled();
    fire_due(&mut port_in, Timer::WindowOpens);
    port_in
}

fn fire_due(port_in: &mut PortIn, expected: Timer) -> (OffsetDateTime, &'static [Effect]) {
    let rules = Rules::default();
    let (due_at, timer) = port_in.due(&rules).unwrap();
    assert_eq!(timer, expected);
    (due_at, port_in.apply(Event::Timer(timer), due_at, &rules).unwrap().effects)
}

#[test]
fn a_companys_request_is_submitted_at_once_and_a_persons_confirmed_first() {
    assert_eq!(after(true, &[KNOWN]).status, Status::Submitted);
    let person = after(false, &[KNOWN]);
    assert_eq!(person.status, Status::AwaitingConfirmation);
    let confirmed = after(false, &[KNOWN, Event::Confirm]);
    assert_eq!(confirmed.status, Status::Submitted);
    assert!(confirmed.submitted_at > person.submitted_at);
}

#[test]
fn a_number_of_another_kind_of_holder_is_not_submitted() {
    for (company, holder) in [(true, HolderKind::Person), (false, HolderKind::Company)] {
        let denied = after(company, &[Event::HolderKnown { number_holder: Some(holder) }]);
        assert_eq!(denied.status, Status::Denied);
        assert_eq!(denied.status_reason.as_deref(), Some("holder-mismatch"));
        assert_eq!(denied.submitted_at, None);
    }
    let same = after(true, &[Event::HolderKnown { number_holder: Some(HolderKind::Company) }]);
    assert_eq!(same.status, Status::Submitted);
}

#[test]
fn silence_parks_a_request_which_is_asked_again_thrice_and_expires() {
    let mut port_in = after(false, &[KNOWN]);
    let (parked_at, _) = fire_due(&mut port_in, Timer::ConfirmationOverdue);
    assert_eq!(parked_at, MONDAY + Duration::hours(6));
    for day in 1..=3 {
        let (resent_at, effects) = fire_due(&mut port_in, Timer::ResendDue);
        assert_eq!(resent_at, parked_at + Duration::days(day));
        assert_eq!((port_in.status, effects), (Status::Parked, [Effect::SendSms].as_slice()));
    }
    let mut late = port_in.clone();
    let (expired_at, _) = fire_due(&mut port_in, Timer::ParkingOver);
    assert_eq!(expired_at, parked_at + Duration::days(30));
    assert_eq!(port_in.status, Status::Cancelled);
    assert_eq!(port_in.status_reason.as_deref(), Some("confirmation-expired"));

    // An answer counts until then.
    assert!(late.apply(Event::Confirm, expired_at, &Rules::default()).is_some());
    assert_eq!(late.status, Status::Submitted);
}

#[test]
fn a_lost_acknowledgement_is_asked_for_and_only_an_unknown_ticket_is_sent_again() {
    let mut port_in = after(true, &[KNOWN]);
    let (_, effects) = fire_due(&mut port_in, Timer::AcknowledgementOverdue);
    assert_eq!(effects, [Effect::PollTicket]);
    let ticket = port_in.port_in_id;
    let step = port_in.apply(Event::TicketUnknown, MONDAY, &Rules::default()).unwrap();
    assert_eq!(step.effects, [Effect::SubmitTicket]);
    assert_eq!((port_in.status, port_in.port_in_id), (Status::Submitted, ticket));
}

#[test]
fn the_donors_silence_is_consent() {
    let mut port_in = after(true, &[KNOWN, Event::Acknowledge]);
    let (silent_at, _) = fire_due(&mut port_in, Timer::DonorSilent);
    assert_eq!(silent_at, datetime!(2026-04-01 03:00 UTC));
    assert_eq!(port_in.status, Status::Scheduled);
    assert_eq!(port_in.window_on, Some(date!(2026 - 04 - 02)));
}

#[test]
fn a_denial_names_its_reason() {
    for reason in DenialReason::ALL {
        let denied = after(true, &[KNOWN, Event::Acknowledge, Event::Deny(reason)]);
        assert_eq!(denied.status, Status::Denied);
        assert_eq!(denied.status_reason.as_deref(), Some(reason.as_str()));
        assert_eq!(denied.due(&Rules::default()), None);
    }
}

#[test]
fn a_request_is_cancelled_until_the_end_of_the_day_before_its_window() {
    let rules = Rules::default();
    let too_late = datetime!(2026-04-02 03:00 UTC);
    let mut port_in = scheduled();
    let mut same = port_in.clone();
    assert_eq!(port_in.cancel(too_late, &rules), Err(Refusal::TooLateToCancel));
    assert_eq!(port_in, same);
    let step = same.cancel(too_late - Duration::SECOND, &rules).unwrap();
    assert_eq!(step.effects, [Effect::CancelTicket, Effect::Announce]);
    assert_eq!(same.status_reason.as_deref(), Some("withdrawn"));
    assert_eq!(same.cancel(too_late, &rules), Err(Refusal::Closed));
    assert_eq!(open_window().cancel(too_late, &rules), Err(Refusal::TooLateToCancel));
}

#[test]
fn an_open_window_alarms_after_two_hours_and_fails_after_a_day() {
    let mut port_in = open_window();
    let opened_at = port_in.since;
    assert_eq!(opened_at, datetime!(2026-04-02 03:00 UTC));
    let (alarm_at, effects) = fire_due(&mut port_in, Timer::WindowLate);
    assert_eq!(alarm_at, opened_at + Duration::hours(2));
    assert_eq!(effects, [Effect::Alarm, Effect::PollTicket]);
    for _ in 0..10 {
        assert_eq!(fire_due(&mut port_in, Timer::WindowStillLate).1, [Effect::PollTicket]);
    }
    let (failed_at, _) = fire_due(&mut port_in, Timer::WindowOver);
    assert_eq!(failed_at, opened_at + Duration::hours(24));
    assert_eq!(port_in.status, Status::Failed);
    assert_eq!(port_in.status_reason.as_deref(), Some("window-expired"));
}

#[test]
fn a_line_that_ends_takes_its_request_along() {
    for (mut port_in, end) in [
        (requested(true, LineId::generate(), number(1), MONDAY), Status::Cancelled),
        (after(false, &[KNOWN]), Status::Cancelled),
        (after(true, &[KNOWN]), Status::Cancelled),
        (scheduled(), Status::Cancelled),
        (open_window(), Status::Failed),
    ] {
        let ended = port_in.apply(Event::LineEnded, MONDAY, &Rules::default());
        assert_eq!((ended.is_some(), port_in.status), (true, end));
    }
}

#[test]
fn reasons_of_a_failure_are_short() {
    assert_eq!(Event::failed(None), Event::Fail("failed".to_owned()));
    assert_eq!(Event::failed(Some(" ")), Event::Fail("failed".to_owned()));
    let long = "x".repeat(1_000);
    assert_eq!(Event::failed(Some(&long)), Event::Fail("x".repeat(100)));
}

/// The transitions of the specification, written down a second time.
fn is_declared(from: Status, to: Status) -> bool {
    use Status as S;
    let leads_to: &[Status] = match from {
        S::Requested => &[S::AwaitingConfirmation, S::Submitted, S::Denied, S::Cancelled],
        S::AwaitingConfirmation => &[S::Submitted, S::Cancelled, S::Parked],
        S::Parked => &[S::Parked, S::Submitted, S::Cancelled],
        S::Submitted => &[S::Submitted, S::InValidation, S::Cancelled],
        S::InValidation => &[S::Scheduled, S::Denied, S::Cancelled],
        S::Scheduled => &[S::InTransition, S::Cancelled],
        S::InTransition => &[S::InTransition, S::Successful, S::Failed],
        S::Successful | S::Denied | S::Cancelled | S::Failed => &[],
    };
    leads_to.contains(&to)
}

#[test]
fn the_table_has_no_row_twice_and_none_that_is_not_declared() {
    let mut keys = HashSet::new();
    for (from, trigger, to, effects) in TABLE {
        assert!(keys.insert((*from, *trigger)), "{from:?} {trigger:?}");
        assert!(is_declared(*from, *to), "{from:?} {to:?}");
        assert_eq!(effects.contains(&Effect::Announce), from != to, "{from:?} {to:?}");
        assert_eq!(effects.contains(&Effect::TakeNumber), *to == Status::Successful);
    }
}

/// Something that happens to the model.
#[derive(Clone, Debug)]
enum Happening {
    Request {
        line: usize,
        number: usize,
        company: bool,
        number_holder: Option<HolderKind>,
    },
    /// About an earlier request, open or not.
    Said {
        port_in: usize,
        event: Event,
    },
    /// What was said some messages ago is said once more.
    SaidAgain {
        ago: usize,
    },
    Pass {
        hours: i64,
    },
    Cancel {
        line: usize,
    },
    LineEnds {
        line: usize,
    },
}

fn said(rng: &mut StdRng) -> Event {
    match rng.random_range(0..23) {
        0..4 => Event::Confirm,
        4 => Event::Refuse,
        5..10 => Event::Acknowledge,
        10 => Event::TicketUnknown,
        11..16 => Event::Approve,
        16 => Event::Deny(*DenialReason::ALL.choose(rng).unwrap()),
        17..22 => Event::Complete,
        _ => Event::failed(None),
    }
}

fn happening(rng: &mut StdRng) -> Happening {
    match rng.random_range(0..22) {
        0..4 => Happening::Request {
            line: rng.random_range(0..LINES),
            number: rng.random_range(0..NUMBERS),
            company: rng.random(),
            number_holder: match rng.random_range(0..10) {
                0 => Some(HolderKind::Person),
                1 => Some(HolderKind::Company),
                _ => None,
            },
        },
        4..12 => Happening::Said { port_in: rng.random_range(0..8), event: said(rng) },
        12..14 => Happening::SaidAgain { ago: rng.random_range(0..8) },
        14..20 => Happening::Pass { hours: rng.random_range(0..60) },
        20 => Happening::Cancel { line: rng.random_range(0..LINES) },
        _ => Happening::LineEnds { line: rng.random_range(0..LINES) },
    }
}

const LINES: usize = 3;
const NUMBERS: usize = 3;

/// Lines and their requests, in memory, under the rules of the database.
struct Model {
    /// Names the sequence where something is wrong.
    seed: u64,
    now: OffsetDateTime,
    rules: Rules,
    lines: Vec<ModelLine>,
    port_ins: Vec<PortIn>,
    said: Vec<(usize, Event)>,
}

struct ModelLine {
    line_id: LineId,
    live: bool,
    number: MobileNumber,
}

impl Model {
    fn new(seed: u64) -> Self {
        let line = |index: usize| ModelLine {
            line_id: LineId::generate(),
            live: true,
            number: number(100 + u32::try_from(index).unwrap()),
        };
        Self {
            seed,
            now: MONDAY,
            rules: Rules::default(),
            lines: (0..LINES).map(line).collect(),
            port_ins: vec![],
            said: vec![],
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Request { line, number: index, company, number_holder } => {
                let number = number(u32::try_from(index).unwrap());
                self.request(line, number, company, number_holder);
            }
            Happening::Said { port_in, event } => self.say(port_in, event),
            Happening::SaidAgain { ago } => {
                let index = self.said.len().checked_sub(ago + 1);
                if let Some((port_in, event)) = index.map(|index| self.said[index].clone()) {
                    self.apply(port_in, event, self.now);
                }
            }
            Happening::Pass { hours } => self.pass(Duration::hours(hours)),
            Happening::Cancel { line } => self.cancel(line),
            Happening::LineEnds { line } => {
                self.lines[line].live = false;
                if let Some(port_in) = self.open_of(line) {
                    self.apply(port_in, Event::LineEnded, self.now);
                }
            }
        }
    }

    fn request(
        &mut self,
        line: usize,
        number: MobileNumber,
        company: bool,
        number_holder: Option<HolderKind>,
    ) {
        let in_use = self.lines.iter().any(|line| line.live && line.number == number);
        let mut open = self.port_ins.iter().filter(|port_in| port_in.status.is_open());
        let line_id = self.lines[line].line_id;
        let taken = open.any(|port_in| port_in.number == number || port_in.line_id == line_id);
        if self.lines[line].live && !in_use && !taken {
            self.port_ins.push(requested(company, line_id, number, self.now));
            let newest = self.port_ins.len() - 1;
            self.apply(newest, Event::HolderKnown { number_holder }, self.now);
        }
    }

    fn say(&mut self, port_in: usize, event: Event) {
        if let Some(port_in) = port_in.checked_rem(self.port_ins.len()) {
            self.said.push((port_in, event.clone()));
            self.apply(port_in, event, self.now);
        }
    }

    fn pass(&mut self, duration: Duration) {
        self.now += duration;
        for index in 0..self.port_ins.len() {
            while let Some((due_at, timer)) = self.port_ins[index].due(&self.rules)
                && due_at <= self.now
            {
                let at = if timer.is_about_asking() { self.now } else { due_at };
                self.apply(index, Event::Timer(timer), at);
            }
        }
    }

    fn cancel(&mut self, line: usize) {
        let Some(index) = self.open_of(line) else { return };
        let before = self.port_ins[index].clone();
        let port_in = &mut self.port_ins[index];
        match port_in.cancel(self.now, &self.rules) {
            Ok(step) => {
                assert!(is_declared(step.from, port_in.status));
                let window_on = before.window_on.unwrap_or(time::Date::MAX);
                assert!(local_date(self.now) < window_on, "cancelled on the day of the window");
            }
            Err(_) => assert_eq!(*port_in, before),
        }
    }

    fn open_of(&self, line: usize) -> Option<usize> {
        let line_id = self.lines[line].line_id;
        self.port_ins
            .iter()
            .position(|port_in| port_in.line_id == line_id && port_in.status.is_open())
    }

    fn apply(&mut self, index: usize, event: Event, at: OffsetDateTime) {
        let port_in = &mut self.port_ins[index];
        let before = port_in.clone();
        let Some(step) = port_in.apply(event, at, &self.rules) else {
            assert_eq!(*port_in, before, "nothing was done, yet something changed: {}", self.seed);
            return;
        };
        assert_eq!(step.from, before.status);
        let seed = self.seed;
        assert!(is_declared(before.status, port_in.status), "{seed} {before:?} {port_in:?}");
        assert_eq!(port_in.status.is_open(), port_in.due(&self.rules).is_some());
        assert!(port_in.updated_at >= before.updated_at);
        if port_in.status == Status::Scheduled {
            let submitted_on = local_date(port_in.submitted_at.unwrap());
            let earliest = self.rules.calendar.add_business_days(submitted_on, 3);
            assert!(port_in.window_on.unwrap() >= earliest);
            assert!(port_in.window_on.unwrap() > local_date(port_in.since));
        }
        if step.effects.contains(&Effect::TakeNumber) {
            let line_id = port_in.line_id;
            let line = self.lines.iter_mut().find(|line| line.line_id == line_id).unwrap();
            line.number = port_in.number.clone();
        }
    }

    fn check(&self) {
        let mut numbers = HashSet::new();
        let live = self.lines.iter().filter(|line| line.live);
        assert!(
            live.map(|line| &line.number).all(|number| numbers.insert(number)),
            "{}",
            self.seed
        );
        let open = || self.port_ins.iter().filter(|port_in| port_in.status.is_open());
        let mut numbers = HashSet::new();
        assert!(open().all(|port_in| numbers.insert(&port_in.number)), "{}", self.seed);
        let mut lines = HashSet::new();
        assert!(open().all(|port_in| lines.insert(port_in.line_id)), "{}", self.seed);
        for port_in in &self.port_ins {
            let line = self.lines.iter().find(|line| line.line_id == port_in.line_id).unwrap();
            assert!(line.live || !port_in.status.is_open());
        }
    }
}

#[test]
fn in_a_hundred_thousand_sequences_only_declared_transitions_are_taken() {
    let mut seen = HashSet::new();
    for seed in 0..100_000 {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut model = Model::new(seed);
        for _ in 0..rng.random_range(1..40) {
            model.happen(happening(&mut rng));
            model.check();
        }
        seen.extend(model.port_ins.iter().map(|port_in| port_in.status));
    }
    // A request does not stay as such: who holds the line is known at once.
    assert_eq!(seen.len(), 10, "{seen:?}");
}
