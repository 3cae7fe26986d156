//! The carrier: the network that lines run on.

mod simulator;

use brazil::{Iccid, LineId, MobileNumber};

pub use simulator::{CarrierSimulator, Operation, SimulatedActivation};

/// What the carrier is to bring to life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivationRequest {
    /// The line; also the idempotency key: asked again, the carrier does nothing twice.
    pub line_id: LineId,
    /// The number it answers to.
    pub number: MobileNumber,
    /// The card it runs on, if it has one already.
    pub iccid: Option<Iccid>,
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
    /// Brings a line to life.
    ///
    /// # Errors
    /// [`CarrierError`]; after `Unavailable` the same request may be made again.
    async fn activate(&self, request: ActivationRequest) -> Result<(), CarrierError>;
}
