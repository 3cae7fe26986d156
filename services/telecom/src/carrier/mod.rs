//! The carrier: the network that lines run on.

mod simulator;

use brazil::{Iccid, LineId, MobileNumber, PlanId};
use uuid::Uuid;

pub use simulator::{CarrierSimulator, Operation, SimulatedLine};

/// A demand's name. The carrier takes no notice of a demand whose number is lower than one that it
/// has met for the same line, and answers as if it had met it: so demands may be repeated, and may
/// overtake each other on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DemandId {
    /// The line.
    pub line_id: LineId,
    /// Grows from demand to demand.
    pub number: i64,
}

/// What a line in service has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceProfile {
    /// The number it answers to.
    pub number: MobileNumber,
    /// The card it runs on, if it has one already.
    pub iccid: Option<Iccid>,
    /// Its plan.
    pub plan_id: PlanId,
}

/// What the carrier is to make of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Demand {
    /// Bring it to life, unbarred; what lives already becomes like this.
    Activate(ServiceProfile),
    /// Let it answer to this number.
    ChangeNumber(MobileNumber),
    /// Let it run on this card.
    ChangeSimCard(Iccid),
    /// Let it have what this plan has.
    ChangePlan(PlanId),
    /// Bar it both ways; emergency calls stay possible.
    Block,
    /// Lift the bar.
    Unblock,
    /// End it.
    Terminate,
}

/// Data on top of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddedData {
    /// The top-up; also the idempotency key: asked again, the carrier gives nothing twice.
    pub top_up_id: Uuid,
    /// The line.
    pub line_id: LineId,
    /// Megabytes; a gigabyte has 1,000.
    pub quantity_mb: i64,
}

/// Why the carrier did not do it, or did not say so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CarrierError {
    /// For good; asking again does not help.
    #[error("the carrier refused: {0}")]
    Refused(String),
    /// No answer: it may have been done, or not.
    #[error("the carrier does not answer")]
    Unavailable,
}

/// The carrier's interface.
#[tonic::async_trait]
pub trait Carrier: Send + Sync {
    /// Makes of a line what is demanded.
    ///
    /// # Errors
    /// [`CarrierError`]; after `Unavailable` the same may be demanded again.
    async fn demand(&self, id: DemandId, demand: Demand) -> Result<(), CarrierError>;

    /// Gives a line data on top of its plan.
    ///
    /// # Errors
    /// [`CarrierError`]; after `Unavailable` the same request may be made again.
    async fn add_data(&self, data: AddedData) -> Result<(), CarrierError>;
}
