//! A carrier in memory, that behaves badly on demand.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use brazil::{Iccid, LineId, MobileNumber};
use chassis::simulator::{Desk, Failure, Hold, ScriptStep};
use serde::Deserialize;

use super::{ActivationRequest, Carrier, CarrierError};

/// What a carrier can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// Bring a line to life.
    Activate,
}

/// A line as the simulated network knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatedActivation {
    /// The number it answers to.
    pub number: MobileNumber,
    /// The card it was activated with.
    pub iccid: Option<Iccid>,
    /// How often it was asked for; the first time alone had an effect.
    pub requests: u32,
}

/// A carrier in memory. Clones are one carrier.
#[derive(Clone, Debug, Default)]
pub struct CarrierSimulator {
    desk: Desk<Operation>,
    activations: Arc<Mutex<HashMap<LineId, SimulatedActivation>>>,
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

    /// What it activated for a line.
    pub fn activation(&self, line_id: LineId) -> Option<SimulatedActivation> {
        self.activated().get(&line_id).cloned()
    }

    /// How many lines it activated.
    pub fn activations(&self) -> usize {
        self.activated().len()
    }

    /// Keeps everybody waiting until the answer is dropped.
    pub async fn hold(&self) -> Hold {
        self.desk.hold().await
    }

    /// Waits until `requests` requests have come in since the beginning.
    pub async fn asked(&self, requests: u64) {
        self.desk.asked(requests).await;
    }

    fn take(&self, request: ActivationRequest) -> Result<(), CarrierError> {
        let ActivationRequest { line_id, number, iccid } = request;
        let mut activated = self.activated();
        let known = activated.entry(line_id).or_insert_with(|| SimulatedActivation {
            number: number.clone(),
            iccid,
            requests: 0,
        });
        known.requests += 1;
        if known.number == number {
            Ok(())
        } else {
            Err(CarrierError::Refused("the key came with another number before".to_owned()))
        }
    }

    fn activated(&self) -> MutexGuard<'_, HashMap<LineId, SimulatedActivation>> {
        self.activations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[tonic::async_trait]
impl Carrier for CarrierSimulator {
    async fn activate(&self, request: ActivationRequest) -> Result<(), CarrierError> {
        self.desk.answer(Operation::Activate, || self.take(request)).await
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

    fn request() -> ActivationRequest {
        ActivationRequest {
            line_id: LineId::generate(),
            number: "+5541987654321".parse().unwrap(),
            iccid: None,
        }
    }

    fn script(json: &str) -> Vec<ScriptStep<Operation>> {
        serde_json::from_str::<Script<Operation>>(json).unwrap().next
    }

    #[tokio::test]
    async fn a_repeated_request_has_one_effect() {
        let carrier = CarrierSimulator::new();
        let request = request();
        carrier.activate(request.clone()).await.unwrap();
        carrier.activate(request.clone()).await.unwrap();
        assert_eq!(carrier.activations(), 1);
        assert_eq!(carrier.activation(request.line_id).unwrap().requests, 2);
    }

    #[tokio::test]
    async fn a_key_stands_for_one_number() {
        let carrier = CarrierSimulator::new();
        let first = request();
        carrier.activate(first.clone()).await.unwrap();
        let other = ActivationRequest { number: "+5541987654322".parse().unwrap(), ..first };
        assert!(matches!(carrier.activate(other).await, Err(CarrierError::Refused(_))));
    }

    #[tokio::test]
    async fn the_script_is_followed_in_order() {
        let carrier = CarrierSimulator::new();
        carrier.script(script(
            r#"{"next": [
                {"operation": "activate", "outcome": "fail", "times": 2},
                {"operation": "activate", "outcome": "lose-answer", "delay": 1},
                {"operation": "activate", "outcome": "refuse", "reason": "no-such-number"}
            ]}"#,
        ));
        let request = request();
        let unavailable = Err(CarrierError::Unavailable);
        for _ in 0..2 {
            assert_eq!(carrier.activate(request.clone()).await, unavailable);
            assert_eq!(carrier.activations(), 0, "nothing was done");
        }
        assert_eq!(carrier.activate(request.clone()).await, unavailable);
        assert_eq!(carrier.activations(), 1, "it was done, but not said");
        let refused = Err(CarrierError::Refused("no-such-number".to_owned()));
        assert_eq!(carrier.activate(request.clone()).await, refused);
        assert_eq!(carrier.activate(request).await, Ok(()));
    }
}
