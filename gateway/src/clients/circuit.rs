//! Leaves a dead service alone for a while.

use std::time::Duration;

use chassis::refusal::{Refusal, broke_on_the_way};
use failsafe::backoff::{self, Constant};
use failsafe::failure_policy::{self, ConsecutiveFailures};
use failsafe::{Instrument, StateMachine};
use tonic::{Code, Status};

const FAILURES_MAX: u32 = 5;
const PAUSE: Duration = Duration::from_secs(1);

/// Opens after several calls in a row that broke on the way; after a pause the next call tells
/// whether the service is back. Clones share the state.
#[derive(Clone)]
pub(super) struct Circuit {
    state: StateMachine<ConsecutiveFailures<Constant>, Log>,
}

impl Circuit {
    pub(super) fn new(service: &'static str) -> Self {
        let policy = failure_policy::consecutive_failures(FAILURES_MAX, backoff::constant(PAUSE));
        Self { state: StateMachine::new(policy, Log { service }) }
    }

    /// Makes the call, unless the circuit is open. Whatever breaks on the way comes back as
    /// UNAVAILABLE.
    pub(super) async fn call<T>(
        &self,
        call: impl Future<Output = Result<T, Status>>,
    ) -> Result<T, Failure> {
        if !self.state.is_call_permitted() {
            let status = Status::unavailable("the service is left alone for a moment");
            return Err(Failure { status, may_pass: false });
        }
        match call.await {
            Err(status) if broke_on_the_way(&status) => {
                self.state.on_error();
                // A deadline that has passed leaves no time for another attempt.
                let may_pass = status.code() != Code::DeadlineExceeded;
                let status = Status::unavailable("the service does not answer");
                Err(Failure { status, may_pass })
            }
            outcome => {
                self.state.on_success();
                outcome.map_err(|status| {
                    // Whoever says when to come back is not asked before.
                    let says_when = || Refusal::of(&status).retry_after.is_some();
                    let may_pass = status.code() == Code::Unavailable && !says_when();
                    Failure { status, may_pass }
                })
            }
        }
    }
}

/// Why a call has no answer.
#[derive(Debug)]
pub(super) struct Failure {
    /// What the caller is told.
    pub(super) status: Status,
    /// Whether it may be gone in a moment.
    pub(super) may_pass: bool,
}

#[derive(Clone, Copy)]
struct Log {
    service: &'static str,
}

impl Instrument for Log {
    fn on_call_rejected(&self) {}

    fn on_open(&self) {
        tracing::warn!(service = self.service, "does not answer; left alone for a moment");
    }

    fn on_half_open(&self) {}

    fn on_closed(&self) {
        tracing::debug!(service = self.service, "answers");
    }
}

#[cfg(test)]
mod tests {
    use chassis::refusal::refuse_until;

    use super::*;

    async fn fail(circuit: &Circuit, status: Status) -> Failure {
        circuit.call(async { Err::<(), _>(status) }).await.unwrap_err()
    }

    #[tokio::test]
    async fn a_service_that_does_not_answer_is_left_alone() {
        let circuit = Circuit::new("unit");
        for _ in 0..FAILURES_MAX {
            let failure = fail(&circuit, Status::deadline_exceeded("")).await;
            assert_eq!(failure.status.code(), Code::Unavailable);
            assert!(!failure.may_pass);
        }
        let mut asked = false;
        let failure = circuit
            .call(async {
                asked = true;
                Ok(())
            })
            .await
            .unwrap_err();
        assert_eq!(failure.status.code(), Code::Unavailable);
        assert!(!failure.may_pass && !asked);
    }

    #[tokio::test]
    async fn refusals_are_answers() {
        let circuit = Circuit::new("unit");
        for _ in 0..FAILURES_MAX * 2 {
            let failure = fail(&circuit, Status::not_found("")).await;
            assert_eq!(failure.status.code(), Code::NotFound);
            assert!(!failure.may_pass);
        }
        let later = refuse_until(Code::Unavailable, "unit", "LATER", Duration::from_secs(2), "");
        assert!(!fail(&circuit, later).await.may_pass);
        assert!(fail(&circuit, Status::unavailable("")).await.may_pass);
        // A service that cannot reach another one is itself alive.
        for _ in 0..FAILURES_MAX * 2 {
            fail(&circuit, Status::unavailable("another service does not answer")).await;
        }
        assert!(circuit.call(async { Ok(()) }).await.is_ok());
    }
}
