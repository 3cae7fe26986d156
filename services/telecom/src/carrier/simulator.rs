//! A carrier in memory, that behaves badly on demand.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use brazil::{Iccid, LineId, MobileNumber};
use serde::{Deserialize, Deserializer};
use tokio::sync::{OwnedRwLockWriteGuard, RwLock, watch};

use super::{ActivationRequest, Carrier, CarrierError};

const DELAY_MAX: Duration = Duration::from_secs(60);
const TIMES_MAX: u32 = 1_000;
const STEPS_MAX: usize = 1_000;

/// How the simulator answers next: `{"next": [{"operation", "outcome", …}]}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Script {
    /// Consumed in order; what is not scripted succeeds.
    #[serde(deserialize_with = "steps")]
    pub next: Vec<ScriptStep>,
}

/// One answer of the script.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ScriptStep {
    /// What it answers.
    pub operation: Operation,
    /// How.
    pub outcome: Outcome,
    /// Why, for a refusal.
    #[serde(default)]
    pub reason: Option<String>,
    /// How long the answer takes, at most a minute: milliseconds, or hours, minutes and seconds
    /// as an ISO 8601 duration ("PT1.5S"). What is done is done before.
    #[serde(default, deserialize_with = "delay")]
    pub delay: Duration,
    /// For how many answers it stands, 1 to 1,000.
    #[serde(default = "once", deserialize_with = "times")]
    pub times: u32,
}

/// What a carrier can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// Bring a line to life.
    Activate,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Done, and answered.
    Ok,
    /// Not done, and no answer.
    Fail,
    /// Done, but the answer is lost.
    LoseAnswer,
    /// Refused for good.
    Refuse,
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
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    gate: Arc<RwLock<()>>,
    requests: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    script: VecDeque<ScriptStep>,
    activations: HashMap<LineId, SimulatedActivation>,
}

/// While it lives, no request is answered, nor has an effect.
#[derive(Debug)]
pub struct Hold {
    _gate: OwnedRwLockWriteGuard<()>,
}

impl CarrierSimulator {
    /// A carrier that does what it is asked.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds to what it will answer.
    pub fn script(&self, steps: Vec<ScriptStep>) {
        self.state().script.extend(steps);
    }

    /// What it activated for a line.
    pub fn activation(&self, line_id: LineId) -> Option<SimulatedActivation> {
        self.state().activations.get(&line_id).cloned()
    }

    /// How many lines it activated.
    pub fn activations(&self) -> usize {
        self.state().activations.len()
    }

    /// Keeps everybody waiting until the answer is dropped.
    pub async fn hold(&self) -> Hold {
        Hold { _gate: self.shared.gate.clone().write_owned().await }
    }

    /// Waits until `requests` requests have come in since the beginning.
    pub async fn asked(&self, requests: u64) {
        let mut seen = self.shared.requests.subscribe();
        // The sender lives as long as self.
        let _ = seen.wait_for(|seen| *seen >= requests).await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[tonic::async_trait]
impl Carrier for CarrierSimulator {
    async fn activate(&self, request: ActivationRequest) -> Result<(), CarrierError> {
        self.shared.requests.send_modify(|requests| *requests += 1);
        let _open = self.shared.gate.read().await;
        let (answer, delay) = self.state().answer(request);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        answer
    }
}

impl State {
    fn answer(&mut self, request: ActivationRequest) -> (Result<(), CarrierError>, Duration) {
        let Some(step) = self.next(Operation::Activate) else {
            return (self.activate(request), Duration::ZERO);
        };
        let answer = match step.outcome {
            Outcome::Ok => self.activate(request),
            Outcome::Fail => Err(CarrierError::Unavailable),
            Outcome::LoseAnswer => self.activate(request).and(Err(CarrierError::Unavailable)),
            Outcome::Refuse => {
                Err(CarrierError::Refused(step.reason.unwrap_or_else(|| "refused".to_owned())))
            }
        };
        (answer, step.delay)
    }

    fn next(&mut self, operation: Operation) -> Option<ScriptStep> {
        let index = self.script.iter().position(|step| step.operation == operation)?;
        let step = self.script.get_mut(index)?;
        if step.times > 1 {
            step.times -= 1;
            return Some(step.clone());
        }
        self.script.remove(index)
    }

    fn activate(&mut self, request: ActivationRequest) -> Result<(), CarrierError> {
        let ActivationRequest { line_id, number, iccid } = request;
        let known = self.activations.entry(line_id).or_insert_with(|| SimulatedActivation {
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
}

fn once() -> u32 {
    1
}

fn steps<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<ScriptStep>, D::Error> {
    let steps = Vec::deserialize(deserializer)?;
    if steps.len() > STEPS_MAX {
        return Err(serde::de::Error::custom("next has more than 1000 steps"));
    }
    Ok(steps)
}

fn times<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    Some(u32::deserialize(deserializer)?)
        .filter(|times| (1..=TIMES_MAX).contains(times))
        .ok_or_else(|| serde::de::Error::custom("times is not between 1 and 1000"))
}

fn delay<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Delay {
        Milliseconds(u64),
        Text(String),
    }
    let delay = match Delay::deserialize(deserializer)? {
        Delay::Milliseconds(milliseconds) => Some(Duration::from_millis(milliseconds)),
        Delay::Text(text) => iso_time(&text),
    };
    delay
        .filter(|delay| *delay <= DELAY_MAX)
        .ok_or_else(|| serde::de::Error::custom("delay is not a duration of at most a minute"))
}

/// The time part of an ISO 8601 duration: "PT1M", "PT0.25S".
fn iso_time(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix("PT").filter(|rest| !rest.is_empty())?;
    let mut seconds = 0.0;
    for (unit, length) in [('H', 3600.0), ('M', 60.0), ('S', 1.0)] {
        let Some((amount, after)) = rest.split_once(unit) else { continue };
        if !amount.chars().all(|c| c.is_ascii_digit() || c == '.') {
            return None;
        }
        seconds += amount.parse::<f64>().ok()? * length;
        rest = after;
    }
    if rest.is_empty() { Duration::try_from_secs_f64(seconds).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> ActivationRequest {
        ActivationRequest {
            line_id: LineId::generate(),
            number: "+5541987654321".parse().unwrap(),
            iccid: None,
        }
    }

    fn script(json: &str) -> Vec<ScriptStep> {
        serde_json::from_str::<Script>(json).unwrap().next
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

    #[tokio::test]
    async fn nothing_happens_while_it_is_held() {
        let carrier = CarrierSimulator::new();
        let hold = carrier.hold().await;
        let asking = tokio::spawn({
            let carrier = carrier.clone();
            async move { carrier.activate(request()).await }
        });
        carrier.asked(1).await;
        assert_eq!(carrier.activations(), 0);
        drop(hold);
        asking.await.unwrap().unwrap();
        assert_eq!(carrier.activations(), 1);
    }

    #[test]
    fn delays_are_written_in_two_ways_and_bounded() {
        let delay = |json: &str| {
            let step = format!(r#"{{"operation": "activate", "outcome": "ok", "delay": {json}}}"#);
            serde_json::from_str::<ScriptStep>(&step).map(|step| step.delay).ok()
        };
        assert_eq!(delay("250"), Some(Duration::from_millis(250)));
        assert_eq!(delay(r#""PT0.25S""#), Some(Duration::from_millis(250)));
        assert_eq!(delay(r#""PT1M""#), Some(Duration::from_secs(60)));
        for bad in ["60001", "-1", r#""PT""#, r#""PT1M1S""#, r#""P1D""#, r#""PT-1S""#, r#""1S""#] {
            assert_eq!(delay(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_script_that_makes_no_sense_is_not_taken() {
        for bad in [
            r#"{"operation": "fly", "outcome": "ok"}"#,
            r#"{"operation": "activate", "outcome": "maybe"}"#,
            r#"{"operation": "activate"}"#,
            r#"{"operation": "activate", "outcome": "ok", "times": 0}"#,
        ] {
            assert!(serde_json::from_str::<ScriptStep>(bad).is_err(), "{bad}");
        }
    }
}
