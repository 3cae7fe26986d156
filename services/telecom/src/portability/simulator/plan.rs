//! What the simulator is to do.

use time::Duration;

use crate::portability::administrator::Saying;

/// Something that the outside will do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedEvent {
    /// What.
    pub event: SimulatedEvent,
    /// How long after the event before it, or after the moment at which it becomes possible,
    /// whichever is later: an answer after the SMS, what the administrator and the donor say
    /// after the ticket's arrival, an outcome after the opening of the window.
    pub after: Duration,
    /// In how many copies the message arrives.
    pub times: u32,
    /// Whether it happens without arriving here.
    pub lose: bool,
}

/// Something that can happen outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SimulatedEvent {
    /// A submission comes in; one that is lost does not, and nobody says so.
    Submission,
    /// Somebody says something.
    Said(Saying),
}

impl PlannedEvent {
    /// It happens as soon as it can, and arrives once.
    pub fn new(saying: Saying) -> Self {
        let event = SimulatedEvent::Said(saying);
        Self { event, after: Duration::ZERO, times: 1, lose: false }
    }
}
