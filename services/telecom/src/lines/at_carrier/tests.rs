use std::collections::VecDeque;

use futures::FutureExt;
use proptest::prelude::*;
use time::OffsetDateTime;

use super::*;
use crate::carrier::{Carrier, CarrierSimulator, DemandId};
use crate::lines::BlockReason;
use crate::testing::{iccid, new_line};

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

fn number(last: u32) -> MobileNumber {
    MobileNumber::from_parts("41".parse().unwrap(), 987_654_300 + last).unwrap()
}

fn pending() -> Line {
    let mut line = Line::order(new_line(), "x", NOW).0;
    let _ = line.take_number(number(0), NOW).unwrap();
    line
}

/// A line, what is known of it, and demands on their way to the carrier.
struct Road {
    line: Line,
    known: AtCarrier,
    under_way: VecDeque<(i64, Demand)>,
    carrier: CarrierSimulator,
}

/// What may happen to it.
#[derive(Clone, Copy, Debug)]
enum Event {
    ChangeNumber(u32),
    ChangeSimCard(u32),
    ChangePlan,
    Block,
    Unblock,
    Cancel,
    /// A run notes its next demand and sends it off.
    Send,
    /// One of the demands under way arrives, and is answered.
    Answered(usize),
    /// One of them arrives, and its answer is lost.
    Lost(usize),
    /// One of them is refused for good.
    Refused(usize),
}

impl Road {
    fn new() -> Self {
        Self {
            line: pending(),
            known: AtCarrier::default(),
            under_way: VecDeque::new(),
            carrier: CarrierSimulator::new(),
        }
    }

    fn happen(&mut self, event: Event) {
        let line = &mut self.line;
        match event {
            Event::ChangeNumber(last) => drop(line.change_number(number(last), false, NOW)),
            Event::ChangeSimCard(index) => drop(line.change_sim_card(iccid(index), NOW)),
            Event::ChangePlan => drop(line.change_plan(PlanId::generate(), NOW)),
            Event::Block => drop(line.block(BlockReason::Theft, NOW)),
            Event::Unblock => drop(line.unblock(BlockReason::Theft, NOW)),
            Event::Cancel => drop(line.cancel(NOW)),
            Event::Send => self.send(),
            Event::Answered(index) => self.arrive(index, true),
            Event::Lost(index) => self.arrive(index, false),
            Event::Refused(index) => {
                if let Some((number, demand)) = self.pick(index)
                    && !matches!(demand, Demand::Activate(_) | Demand::Terminate)
                {
                    self.known.refuse(&demand, number, "no");
                }
            }
        }
    }

    fn send(&mut self) {
        self.known.forget_refusals(&self.line);
        if let Some(demand) = self.known.next(&self.line) {
            let number = self.known.ask(&demand);
            self.under_way.push_back((number, demand));
        }
    }

    fn pick(&mut self, index: usize) -> Option<(i64, Demand)> {
        let count = self.under_way.len();
        if count == 0 { None } else { self.under_way.remove(index % count) }
    }

    fn arrive(&mut self, index: usize, answered: bool) {
        let Some((number, demand)) = self.pick(index) else { return };
        let id = DemandId { line_id: self.line.line_id, number };
        self.carrier.demand(id, demand.clone()).now_or_never().unwrap().unwrap();
        if answered {
            self.known.confirm(&demand, number);
            if matches!(demand, Demand::Activate(_)) {
                let _ = self.line.activate(NOW);
            }
        }
    }
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        1 => (0..5_u32).prop_map(Event::ChangeNumber),
        1 => (0..5_u32).prop_map(Event::ChangeSimCard),
        1 => Just(Event::ChangePlan),
        2 => Just(Event::Block),
        2 => Just(Event::Unblock),
        6 => Just(Event::Send),
        4 => (0..8_usize).prop_map(Event::Answered),
        2 => (0..8_usize).prop_map(Event::Lost),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_carrier_comes_to_what_the_line_is(
        events in prop::collection::vec(event(), 0..60),
        cancelled: bool,
        late: bool,
    ) {
        let mut road = Road::new();
        events.into_iter().for_each(|event| road.happen(event));
        if cancelled {
            road.happen(Event::Cancel);
        }
        // What is still under way arrives before the end, or when all is done.
        let mut stragglers = std::mem::take(&mut road.under_way);
        if !late {
            road.under_way.append(&mut stragglers);
        }
        while !road.under_way.is_empty() {
            road.happen(Event::Lost(0));
        }
        for _ in 0..20 {
            road.happen(Event::Send);
            road.happen(Event::Answered(0));
        }
        prop_assert_eq!(road.known.next(&road.line), None, "nothing is left to do");
        road.under_way = stragglers;
        while !road.under_way.is_empty() {
            road.happen(Event::Answered(0));
        }
        prop_assert_eq!(road.known.next(&road.line), None, "latecomers change nothing");

        let line = &road.line;
        match (road.carrier.activation(line.line_id), cancelled) {
            (Some(there), true) => prop_assert!(there.terminated),
            (Some(there), false) => {
                prop_assert_eq!(Some(there.number), line.phone_number.clone());
                prop_assert_eq!(there.iccid, line.iccid.clone());
                prop_assert_eq!(there.plan_id, line.plan_id);
                prop_assert_eq!(there.blocked, !line.blocks.is_empty());
                prop_assert!(!there.terminated);
            }
            (None, cancelled) => prop_assert!(cancelled, "a line that lives is there"),
        }
    }

    #[test]
    fn what_is_refused_is_not_asked_for_without_end(
        events in prop::collection::vec(event(), 0..40),
    ) {
        let mut road = Road::new();
        events.into_iter().for_each(|event| road.happen(event));
        road.under_way.clear();
        for _ in 0..20 {
            road.happen(Event::Send);
            let activation = matches!(road.under_way.front(), Some((_, Demand::Activate(_))));
            road.happen(if activation { Event::Answered(0) } else { Event::Refused(0) });
        }
        prop_assert_eq!(road.known.next(&road.line), None);
    }
}

#[test]
fn what_was_refused_is_asked_for_when_it_is_wished_for_anew() {
    let mut road = Road::new();
    for event in [Event::Send, Event::Answered(0), Event::Block, Event::Send, Event::Refused(0)] {
        road.happen(event);
    }
    assert_eq!(road.known.next(&road.line), None);
    for event in [Event::Unblock, Event::Send, Event::Block, Event::Send] {
        road.happen(event);
    }
    assert_eq!(road.under_way.front().map(|(_, demand)| demand.clone()), Some(Demand::Block));
}

#[test]
fn a_line_that_never_reached_the_carrier_ends_in_silence() {
    let mut line = pending();
    let _ = line.cancel(NOW);
    assert_eq!(AtCarrier::default().next(&line), None);
    let mut asked = AtCarrier::default();
    asked.ask(&Demand::Activate(profile(&pending())));
    assert_eq!(asked.next(&line), Some(Demand::Terminate), "it may have been activated");
}

fn profile(line: &Line) -> ServiceProfile {
    let number = line.phone_number.clone().unwrap();
    ServiceProfile { number, iccid: None, plan_id: line.plan_id }
}
