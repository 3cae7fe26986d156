//! Simulators of the outside world, that behave badly on demand: scripts say how they answer.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Deserializer};
use tokio::sync::{OwnedRwLockWriteGuard, RwLock, watch};

const DELAY_MAX: Duration = Duration::from_secs(60);
const TIMES_MAX: u32 = 1_000;
const STEPS_MAX: usize = 1_000;

/// How a simulator answers next: `{"next": [{"operation", "outcome", …}]}`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Script<Operation> {
    /// Consumed in order; what is not scripted succeeds.
    #[serde(deserialize_with = "steps", bound(deserialize = "Operation: Deserialize<'de>"))]
    pub next: Vec<ScriptStep<Operation>>,
}

/// One answer of the script.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ScriptStep<Operation> {
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

impl<Operation> ScriptStep<Operation> {
    /// One answer, at once and without a reason.
    pub fn new(operation: Operation, outcome: Outcome) -> Self {
        Self { operation, outcome, reason: None, delay: Duration::ZERO, times: 1 }
    }
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

/// Why a simulator did not do what it was asked, or did not say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// For good.
    Refused(String),
    /// No answer.
    Unavailable,
}

/// Where a simulator's requests come in: counted, kept waiting while somebody holds it, and
/// answered as the script says. Clones are one desk.
#[derive(Debug)]
pub struct Desk<Operation> {
    shared: Arc<Shared<Operation>>,
}

#[derive(Debug)]
struct Shared<Operation> {
    script: Mutex<VecDeque<ScriptStep<Operation>>>,
    gate: Arc<RwLock<()>>,
    requests: watch::Sender<u64>,
}

/// While it lives, no request is answered, nor has an effect.
#[derive(Debug)]
pub struct Hold {
    _gate: OwnedRwLockWriteGuard<()>,
}

impl<Operation> Clone for Desk<Operation> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<Operation> Default for Desk<Operation> {
    fn default() -> Self {
        let shared = Shared {
            script: Mutex::default(),
            gate: Arc::default(),
            requests: watch::Sender::default(),
        };
        Self { shared: Arc::new(shared) }
    }
}

impl<Operation: Copy + PartialEq> Desk<Operation> {
    /// Adds to what it will answer.
    pub fn script(&self, steps: Vec<ScriptStep<Operation>>) {
        self.steps().extend(steps);
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

    /// Answers a request for `operation`, whose effect is `act`.
    ///
    /// # Errors
    /// Those of `act`, and those of the script.
    pub async fn answer<T, E: From<Failure>>(
        &self,
        operation: Operation,
        act: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        self.shared.requests.send_modify(|requests| *requests += 1);
        let _open = self.shared.gate.read().await;
        let Some(step) = self.next(operation) else { return act() };
        let answer = match step.outcome {
            Outcome::Ok => act(),
            Outcome::Fail => Err(Failure::Unavailable.into()),
            Outcome::LoseAnswer => act().and(Err(Failure::Unavailable.into())),
            Outcome::Refuse => {
                let reason = step.reason.unwrap_or_else(|| "refused".to_owned());
                Err(Failure::Refused(reason).into())
            }
        };
        if !step.delay.is_zero() {
            tokio::time::sleep(step.delay).await;
        }
        answer
    }

    /// The script's first step for `operation`, used up as often as it stands.
    fn next(&self, operation: Operation) -> Option<ScriptStep<Operation>> {
        let mut script = self.steps();
        let index = script.iter().position(|step| step.operation == operation)?;
        let step = script.get_mut(index)?;
        if step.times > 1 {
            step.times -= 1;
            return Some(step.clone());
        }
        script.remove(index)
    }

    fn steps(&self) -> MutexGuard<'_, VecDeque<ScriptStep<Operation>>> {
        self.shared.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn once() -> u32 {
    1
}

fn steps<'de, D, Operation>(deserializer: D) -> Result<Vec<ScriptStep<Operation>>, D::Error>
where
    D: Deserializer<'de>,
    Operation: Deserialize<'de>,
{
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

    #[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Operation {
        Open,
        Close,
    }

    impl From<Failure> for String {
        fn from(failure: Failure) -> Self {
            match failure {
                Failure::Refused(reason) => reason,
                Failure::Unavailable => "no answer".to_owned(),
            }
        }
    }

    /// How often something was done, after `operation` was asked for.
    async fn ask(
        desk: &Desk<Operation>,
        done: &Mutex<u32>,
        operation: Operation,
    ) -> Result<u32, String> {
        desk.answer(operation, || {
            let mut done = done.lock().unwrap();
            *done += 1;
            Ok(*done)
        })
        .await
    }

    #[tokio::test]
    async fn the_script_is_followed_in_order() {
        let desk = Desk::default();
        let json = r#"{"next": [
            {"operation": "open", "outcome": "fail", "times": 2},
            {"operation": "close", "outcome": "refuse", "reason": "is closed"},
            {"operation": "open", "outcome": "lose-answer", "delay": 1},
            {"operation": "open", "outcome": "ok"},
            {"operation": "open", "outcome": "refuse"}
        ]}"#;
        desk.script(serde_json::from_str::<Script<Operation>>(json).unwrap().next);
        let done = &Mutex::new(0);
        let no_answer = || Err("no answer".to_owned());
        for _ in 0..2 {
            assert_eq!(ask(&desk, done, Operation::Open).await, no_answer());
            assert_eq!(*done.lock().unwrap(), 0, "nothing was done");
        }
        assert_eq!(ask(&desk, done, Operation::Open).await, no_answer());
        assert_eq!(*done.lock().unwrap(), 1, "it was done, but not said");
        assert_eq!(ask(&desk, done, Operation::Open).await, Ok(2));
        assert_eq!(ask(&desk, done, Operation::Open).await, Err("refused".to_owned()));
        assert_eq!(ask(&desk, done, Operation::Close).await, Err("is closed".to_owned()));
        assert_eq!(ask(&desk, done, Operation::Close).await, Ok(3));
    }

    #[tokio::test]
    async fn nothing_happens_while_it_is_held() {
        let desk = Desk::default();
        let done = Arc::new(Mutex::new(0));
        let hold = desk.hold().await;
        let asking = tokio::spawn({
            let (desk, done) = (desk.clone(), done.clone());
            async move { ask(&desk, &done, Operation::Open).await }
        });
        desk.asked(1).await;
        assert_eq!(*done.lock().unwrap(), 0);
        drop(hold);
        assert_eq!(asking.await.unwrap(), Ok(1));
    }

    #[test]
    fn delays_are_written_in_two_ways_and_bounded() {
        let delay = |json: &str| {
            let step = format!(r#"{{"operation": "open", "outcome": "ok", "delay": {json}}}"#);
            serde_json::from_str::<ScriptStep<Operation>>(&step).map(|step| step.delay).ok()
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
            r#"{"operation": "open", "outcome": "maybe"}"#,
            r#"{"operation": "open"}"#,
            r#"{"operation": "open", "outcome": "ok", "times": 0}"#,
            r#"{"operation": "open", "outcome": "ok", "times": 1001}"#,
        ] {
            assert!(serde_json::from_str::<ScriptStep<Operation>>(bad).is_err(), "{bad}");
        }
        let step = r#"{"operation": "open", "outcome": "ok"}"#;
        let script = format!(r#"{{"next": [{}]}}"#, [step; STEPS_MAX + 1].join(","));
        assert!(serde_json::from_str::<Script<Operation>>(&script).is_err());
    }
}
