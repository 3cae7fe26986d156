//! The telephone switch: what it is asked, and what it says about calls.

mod cause;
mod config;
mod freeswitch;
mod simulator;

use brazil::PhoneNumber;
use time::OffsetDateTime;

pub use cause::{HangupCause, InvalidHangupCause};
pub use config::{SwitchConfig, SwitchKind};
pub use freeswitch::{FreeSwitch, FreeSwitchConfig};
pub use simulator::{
    PlannedCallEvent, SimulatedCallEvent, SwitchOperation, SwitchSimulator, SwitchTimes,
};

brazil::id!(
    /// A call; the switch knows it by the same id.
    CallId
);

/// A telephone that is registered at the switch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// Host name of its account.
    pub domain: String,
    /// Number of the extension.
    pub number: String,
}

/// Who called whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Direction {
    /// The extension called a number.
    Outbound,
    /// A number called the extension.
    Inbound,
}

impl Direction {
    /// `outbound` or `inbound`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Outbound => "outbound",
            Self::Inbound => "inbound",
        }
    }
}

/// A call that the switch is to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallOrder {
    /// Asked for again with the same one, nothing happens twice.
    pub call_id: CallId,
    /// Who called whom.
    pub direction: Direction,
    /// The extension, which rings first.
    pub endpoint: Endpoint,
    /// The other party.
    pub phone: PhoneNumber,
    /// National digits that the other party sees.
    pub caller_id: Option<String>,
    /// Whether the sound is to be kept.
    pub record: bool,
}

/// What the switch says about a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// It rings.
    Ringing,
    /// The other party answered.
    Answered,
    /// It ended.
    Ended {
        /// Why.
        cause: HangupCause,
        /// When it was answered, as far as the switch knows: what it said before may be lost.
        answered_at: Option<OffsetDateTime>,
    },
    /// It could not even begin.
    NotBegun {
        /// Why.
        cause: HangupCause,
    },
}

/// Something that the switch says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwitchEvent {
    /// Names it until it is taken in.
    pub event_id: u64,
    /// The call it is about.
    pub call_id: CallId,
    /// What happened.
    pub happening: Happening,
    /// When.
    pub at: OffsetDateTime,
}

/// What a switch has of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallStatus {
    /// Nothing: it never came there, or is long over.
    Unknown,
    /// It goes on.
    Live {
        /// When it was answered, as far as the switch tells.
        answered_at: Option<OffsetDateTime>,
    },
    /// It is over.
    Ended(Happening, OffsetDateTime),
}

/// Why the switch did not do it, or did not say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SwitchError {
    /// For good; asking again does not help.
    #[error("the switch refused: {}", .0.as_str())]
    Refused(HangupCause),
    /// No answer: it may have been done, or not.
    #[error("the switch does not answer")]
    Unavailable,
}

/// The switch's interface.
#[tonic::async_trait]
pub trait Switch: Send + Sync {
    /// Whether a telephone is registered.
    ///
    /// # Errors
    /// [`SwitchError`].
    async fn is_registered(&self, endpoint: &Endpoint) -> Result<bool, SwitchError>;

    /// Makes a call. What becomes of it is said by events, not by the answer.
    ///
    /// # Errors
    /// [`SwitchError`]; after `Unavailable`, [`Self::status`] tells whether it was begun.
    async fn originate(&self, order: &CallOrder) -> Result<(), SwitchError>;

    /// Ends a call. One that is not there is left alone.
    ///
    /// # Errors
    /// [`SwitchError`].
    async fn hang_up(&self, call_id: CallId, cause: HangupCause) -> Result<(), SwitchError>;

    /// Tells where a call is.
    ///
    /// # Errors
    /// [`SwitchError`].
    async fn status(&self, call_id: CallId) -> Result<CallStatus, SwitchError>;

    /// Events that wait to be taken in, in the order in which they were said, at most 100. They
    /// stay until [`Self::taken_in`].
    async fn events(&self) -> Vec<SwitchEvent>;

    /// Removes events that were taken in.
    async fn taken_in(&self, event_ids: &[u64]);

    /// The sound of a call that ended, as MP3; none while it is not ready.
    ///
    /// # Errors
    /// [`SwitchError`]; a refusal says that there will be none.
    async fn recording(&self, call_id: CallId) -> Result<Option<Vec<u8>>, SwitchError>;

    /// Whether calls can be let in by hand.
    fn is_simulated(&self) -> bool {
        false
    }
}
