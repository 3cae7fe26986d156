//! The parcel carrier: who brings SIM cards to companies.

mod config;
pub(crate) mod melhor_envio;
mod simulator;

use brazil::CompanyId;
use chassis::address::Address;
use chassis::simulator::Failure;
use time::OffsetDateTime;

pub use config::{ParcelCarrierKind, ParcelConfig};
pub use melhor_envio::{MelhorEnvioConfig, Sender as ParcelSender};
pub use simulator::{ParcelCarrierSimulator, ParcelOperation, SimulatedParcel};

brazil::id!(
    /// A parcel of SIM cards.
    ShipmentId
);

/// What the parcel carrier is to fetch and bring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParcelRequest {
    /// The shipment; also the idempotency key: asked again, the carrier does nothing twice.
    pub shipment_id: ShipmentId,
    /// Who gets it.
    pub company_id: CompanyId,
    /// SIM cards in it.
    pub quantity: i32,
    /// Where it goes.
    pub address: Address,
}

/// A parcel that the carrier has taken on and labeled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// Who carries it.
    pub provider: String,
    /// Its id there.
    pub provider_id: String,
    /// What tracks it there.
    pub tracking_code: String,
}

/// Names a parcel that the carrier has taken on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParcelName {
    /// The shipment.
    pub shipment_id: ShipmentId,
    /// Its id at the carrier.
    pub provider_id: String,
}

/// Something that happened to a parcel on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParcelEvent {
    /// What.
    pub progress: ParcelProgress,
    /// When.
    pub at: OffsetDateTime,
}

/// How far a parcel has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParcelProgress {
    /// The carrier has it.
    InTransit,
    /// It arrived.
    Delivered,
    /// It will not arrive, and why.
    Failed(String),
}

/// What the carrier tells by itself of a parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParcelMessage {
    /// Its id at the carrier.
    pub provider_id: String,
    /// What happened to it since it was labeled, in order.
    pub events: Vec<ParcelEvent>,
}

/// Why a message is not taken as the carrier's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// It sends none.
    #[error("the parcel carrier sends no messages")]
    Unexpected,
    /// Its signature is not the carrier's.
    #[error("the signature is not the parcel carrier's")]
    Untrusted,
    /// It says nothing that makes sense.
    #[error("the message of the parcel carrier cannot be read")]
    Unreadable,
}

/// Why the parcel carrier did not do it, or did not say so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParcelCarrierError {
    /// For good; asking again does not help.
    #[error("the parcel carrier refused: {0}")]
    Refused(String),
    /// No answer: it may have been done, or not.
    #[error("the parcel carrier does not answer")]
    Unavailable,
}

impl From<Failure> for ParcelCarrierError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(reason) => Self::Refused(reason),
            Failure::Unavailable => Self::Unavailable,
        }
    }
}

/// The parcel carrier's interface.
#[tonic::async_trait]
pub trait ParcelCarrier: Send + Sync {
    /// Takes on a parcel and labels it.
    ///
    /// # Errors
    /// [`ParcelCarrierError`]; after `Unavailable` the same request may be made again.
    async fn book(&self, request: ParcelRequest) -> Result<Parcel, ParcelCarrierError>;

    /// All that happened to a parcel since it was labeled, in order.
    ///
    /// # Errors
    /// [`ParcelCarrierError`]; `Refused` when the carrier gives the parcel up.
    async fn track(&self, parcel: ParcelName) -> Result<Vec<ParcelEvent>, ParcelCarrierError>;

    /// Lets a parcel not go, whether it is booked already or never will be.
    ///
    /// # Errors
    /// [`ParcelCarrierError`]; `Refused` when it is under way.
    async fn cancel(&self, shipment_id: ShipmentId) -> Result<(), ParcelCarrierError>;

    /// What a message says that came as the carrier's, with its signature. None when it tells of
    /// no parcel.
    ///
    /// # Errors
    /// [`MessageError`].
    fn read(&self, body: &[u8], signature: &str) -> Result<Option<ParcelMessage>, MessageError>;
}
