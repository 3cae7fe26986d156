//! A carrier in memory, that behaves badly on demand.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use brazil::{Iccid, LineId, MobileNumber, PlanId};
use chassis::simulator::{Desk, Failure, Hold, ScriptStep};
use serde::Deserialize;
use uuid::Uuid;

use super::{AddedData, Carrier, CarrierError, Demand, DemandId, ServiceProfile};

/// What a carrier can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// Bring a line to life.
    Activate,
    /// Give it another number.
    ChangeNumber,
    /// Give it another card.
    ChangeSimCard,
    /// Put it on another plan.
    ChangePlan,
    /// Bar it.
    Block,
    /// Lift the bar.
    Unblock,
    /// End it.
    Terminate,
    /// Give it data on top of its plan.
    AddData,
}

/// A line as the simulated network knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatedLine {
    /// The number it answers to.
    pub number: MobileNumber,
    /// The card it runs on.
    pub iccid: Option<Iccid>,
    /// Its plan.
    pub plan_id: PlanId,
    /// Whether it is barred.
    pub blocked: bool,
    /// Whether it has ended.
    pub terminated: bool,
    /// Megabytes that it was given on top of its plan.
    pub added_mb: i64,
    /// How often its activation was asked for; the first time alone had an effect.
    pub requests: u32,
}

/// A carrier in memory. Clones are one carrier.
#[derive(Clone, Debug, Default)]
pub struct CarrierSimulator {
    desk: Desk<Operation>,
    network: Arc<Mutex<Network>>,
}

#[derive(Debug, Default)]
struct Network {
    lines: HashMap<LineId, SimulatedLine>,
    // Also of lines that ended before they began.
    newest: HashMap<LineId, i64>,
    top_ups: HashMap<Uuid, AddedData>,
}

impl CarrierSimulator {
    /// A carrier that does what it is asked.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds to what it will answer.
    pub fn script(&self, steps: Vec<ScriptStep<Operation>>) {
        self.desk.script(steps);
    }

    /// What it knows of a line that it has activated.
    pub fn activation(&self, line_id: LineId) -> Option<SimulatedLine> {
        self.network().lines.get(&line_id).cloned()
    }

    /// How many lines it has activated.
    pub fn activations(&self) -> usize {
        self.network().lines.len()
    }

    /// How many top-ups it has given.
    pub fn top_ups(&self) -> usize {
        self.network().top_ups.len()
    }

    /// Keeps everybody waiting until the answer is dropped.
    pub async fn hold(&self) -> Hold {
        self.desk.hold().await
    }

    /// Waits until `requests` requests have come in since the beginning.
    pub async fn asked(&self, requests: u64) {
        self.desk.asked(requests).await;
    }

    fn network(&self) -> MutexGuard<'_, Network> {
        self.network.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Demand {
    fn operation(&self) -> Operation {
        match self {
            Self::Activate(_) => Operation::Activate,
            Self::ChangeNumber(_) => Operation::ChangeNumber,
            Self::ChangeSimCard(_) => Operation::ChangeSimCard,
            Self::ChangePlan(_) => Operation::ChangePlan,
            Self::Block => Operation::Block,
            Self::Unblock => Operation::Unblock,
            Self::Terminate => Operation::Terminate,
        }
    }
}

#[tonic::async_trait]
impl Carrier for CarrierSimulator {
    async fn demand(&self, id: DemandId, demand: Demand) -> Result<(), CarrierError> {
        self.desk.answer(demand.operation(), || self.network().meet(id, demand)).await
    }

    async fn add_data(&self, data: AddedData) -> Result<(), CarrierError> {
        self.desk.answer(Operation::AddData, || self.network().give(data)).await
    }
}

impl Network {
    fn meet(&mut self, id: DemandId, demand: Demand) -> Result<(), CarrierError> {
        let DemandId { line_id, number } = id;
        if let (Some(line), Demand::Activate(_)) = (self.lines.get_mut(&line_id), &demand) {
            line.requests += 1;
        }
        let newest = self.newest.entry(line_id).or_insert(number);
        if number < *newest {
            return Ok(());
        }
        *newest = number;
        match (self.lines.get_mut(&line_id), demand) {
            (Some(line), demand) => line.meet(demand),
            (None, Demand::Activate(profile)) => {
                self.lines.insert(line_id, SimulatedLine::new(profile));
            }
            // The end of what never began.
            (None, Demand::Terminate) => {}
            (None, _) => return Err(CarrierError::Refused("unknown-line".to_owned())),
        }
        Ok(())
    }

    fn give(&mut self, data: AddedData) -> Result<(), CarrierError> {
        match self.top_ups.get(&data.top_up_id) {
            Some(known) if *known == data => return Ok(()),
            Some(_) => {
                let reason = "the key came with other data before".to_owned();
                return Err(CarrierError::Refused(reason));
            }
            None => self.top_ups.insert(data.top_up_id, data),
        };
        if let Some(line) = self.lines.get_mut(&data.line_id) {
            line.added_mb += data.quantity_mb;
        }
        Ok(())
    }
}

impl SimulatedLine {
    fn new(profile: ServiceProfile) -> Self {
        let ServiceProfile { number, iccid, plan_id } = profile;
        Self { number, iccid, plan_id, blocked: false, terminated: false, added_mb: 0, requests: 1 }
    }

    fn meet(&mut self, demand: Demand) {
        match demand {
            Demand::Activate(profile) => {
                self.number = profile.number;
                self.iccid = profile.iccid;
                self.plan_id = profile.plan_id;
                self.blocked = false;
            }
            Demand::ChangeNumber(number) => self.number = number,
            Demand::ChangeSimCard(iccid) => self.iccid = Some(iccid),
            Demand::ChangePlan(plan_id) => self.plan_id = plan_id,
            Demand::Block => self.blocked = true,
            Demand::Unblock => self.blocked = false,
            Demand::Terminate => self.terminated = true,
        }
    }
}

impl From<Failure> for CarrierError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(reason) => Self::Refused(reason),
            Failure::Unavailable => Self::Unavailable,
        }
    }
}

#[cfg(test)]
mod tests {
    use chassis::simulator::Script;

    use super::*;

    fn profile() -> ServiceProfile {
        let number = "+5541987654321".parse().unwrap();
        ServiceProfile { number, iccid: None, plan_id: PlanId::generate() }
    }

    fn at(line_id: LineId, number: i64) -> DemandId {
        DemandId { line_id, number }
    }

    fn script(json: &str) -> Vec<ScriptStep<Operation>> {
        serde_json::from_str::<Script<Operation>>(json).unwrap().next
    }

    #[tokio::test]
    async fn a_repeated_request_has_one_effect() {
        let carrier = CarrierSimulator::new();
        let line_id = LineId::generate();
        let demand = Demand::Activate(profile());
        carrier.demand(at(line_id, 1), demand.clone()).await.unwrap();
        carrier.demand(at(line_id, 1), demand).await.unwrap();
        assert_eq!(carrier.activations(), 1);
        assert_eq!(carrier.activation(line_id).unwrap().requests, 2);

        let top_up_id = Uuid::now_v7();
        let data = AddedData { top_up_id, line_id, quantity_mb: 1_500 };
        carrier.add_data(data).await.unwrap();
        carrier.add_data(data).await.unwrap();
        assert_eq!((carrier.top_ups(), carrier.activation(line_id).unwrap().added_mb), (1, 1_500));
        let other = AddedData { quantity_mb: 1, ..data };
        assert!(matches!(carrier.add_data(other).await, Err(CarrierError::Refused(_))));
    }

    #[tokio::test]
    async fn what_was_overtaken_has_no_effect() {
        let carrier = CarrierSimulator::new();
        let line_id = LineId::generate();
        carrier.demand(at(line_id, 1), Demand::Activate(profile())).await.unwrap();
        carrier.demand(at(line_id, 3), Demand::Unblock).await.unwrap();
        carrier.demand(at(line_id, 2), Demand::Block).await.unwrap();
        assert!(!carrier.activation(line_id).unwrap().blocked);
        carrier.demand(at(line_id, 4), Demand::Block).await.unwrap();
        assert!(carrier.activation(line_id).unwrap().blocked);
        carrier.demand(at(line_id, 5), Demand::Terminate).await.unwrap();
        assert!(carrier.activation(line_id).unwrap().terminated);
    }

    #[tokio::test]
    async fn only_what_lives_can_be_changed() {
        let carrier = CarrierSimulator::new();
        let unknown = at(LineId::generate(), 1);
        let refused = carrier.demand(unknown, Demand::Block).await;
        assert!(matches!(refused, Err(CarrierError::Refused(_))));
        let later = at(unknown.line_id, 2);
        assert_eq!(carrier.demand(later, Demand::Terminate).await, Ok(()));
        assert_eq!(carrier.demand(unknown, Demand::Activate(profile())).await, Ok(()));
        assert_eq!(carrier.activations(), 0, "it had ended before");
    }

    #[tokio::test]
    async fn the_script_is_followed_in_order() {
        let carrier = CarrierSimulator::new();
        carrier.script(script(
            r#"{"next": [
                {"operation": "activate", "outcome": "fail", "times": 2},
                {"operation": "activate", "outcome": "lose-answer", "delay": 1},
                {"operation": "activate", "outcome": "refuse", "reason": "no-such-number"},
                {"operation": "change-sim-card", "outcome": "refuse"}
            ]}"#,
        ));
        let line = at(LineId::generate(), 1);
        let activate = async || carrier.demand(line, Demand::Activate(profile())).await;
        let unavailable = Err(CarrierError::Unavailable);
        for _ in 0..2 {
            assert_eq!(activate().await, unavailable);
            assert_eq!(carrier.activations(), 0, "nothing was done");
        }
        assert_eq!(activate().await, unavailable);
        assert_eq!(carrier.activations(), 1, "it was done, but not said");
        let refused = Err(CarrierError::Refused("no-such-number".to_owned()));
        assert_eq!(activate().await, refused);
        assert_eq!(activate().await, Ok(()));
    }

    #[tokio::test]
    async fn nothing_happens_while_it_is_held() {
        let carrier = CarrierSimulator::new();
        let hold = carrier.hold().await;
        let asking = tokio::spawn({
            let carrier = carrier.clone();
            async move {
                let line = at(LineId::generate(), 1);
                carrier.demand(line, Demand::Activate(profile())).await
            }
        });
        carrier.asked(1).await;
        assert_eq!(carrier.activations(), 0);
        drop(hold);
        asking.await.unwrap().unwrap();
        assert_eq!(carrier.activations(), 1);
    }
}
