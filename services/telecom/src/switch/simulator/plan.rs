//! What is to happen to calls.

use time::Duration;

use crate::switch::HangupCause;

/// Something that will happen to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedCallEvent {
    /// What.
    pub event: SimulatedCallEvent,
    /// How long after the event before it; the first one after the call is begun.
    pub after: Duration,
    /// In how many copies it is said.
    pub times: u32,
    /// Whether it happens without being said.
    pub lose: bool,
}

/// Something that can happen to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SimulatedCallEvent {
    /// It rings.
    Ring,
    /// It is answered.
    Answer,
    /// It ends.
    HangUp(HangupCause),
    /// The switch forgets it.
    Vanish,
}

impl PlannedCallEvent {
    /// It happens after a while, and is said once.
    pub fn new(event: SimulatedCallEvent, after: Duration) -> Self {
        Self { event, after, times: 1, lose: false }
    }
}
