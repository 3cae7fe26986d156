//! The bank aggregator: who reads organizations' bank accounts for them.

mod simulator;

use brazil::Cents;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

pub use simulator::{BankAggregatorSimulator, BankOperation};

/// A session that the owner of an account opened at the aggregator.
#[derive(Clone)]
pub struct BankSession {
    /// What we call the consent that comes of it.
    pub reference: Uuid,
    /// Its id; used once.
    pub session_id: String,
    /// What shows that it is the owner's; used once.
    pub signature: String,
    /// The bank's code.
    pub target: String,
    /// Whose accounts they are.
    pub owner_external_id: String,
}

/// A consent that the aggregator has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankConsent {
    /// What the aggregator calls it.
    pub provider_id: String,
    /// Until when it is good, if that is known.
    pub expires_at: Option<OffsetDateTime>,
}

/// A movement on an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankMovement {
    /// What the aggregator calls it: the same at every reading.
    pub provider_id: String,
    /// Day on which it was booked.
    pub booked_on: Date,
    /// How much; negative is money that left.
    pub amount: Cents,
    /// What the bank says of it.
    pub description: String,
    /// On the other side, if that is known.
    pub counterparty: Option<String>,
}

/// Why the aggregator did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BankError {
    /// It does not take the session, or the consent is over.
    #[error("the bank-data provider refuses")]
    Denied,
    /// It fails.
    #[error("the bank-data provider failed")]
    Failed,
    /// It does not answer in time.
    #[error("the bank-data provider did not answer")]
    Timeout,
}

/// Reads bank accounts with their owners' consent.
#[tonic::async_trait]
pub trait BankAggregator: Send + Sync + 'static {
    /// Turns a session into a consent.
    ///
    /// # Errors
    /// [`BankError::Denied`] for a session that it does not take.
    async fn connect(&self, session: BankSession) -> Result<BankConsent, BankError>;

    /// Reads what was booked from a day on.
    ///
    /// # Errors
    /// [`BankError::Denied`] when the consent is over.
    async fn read(&self, provider_id: &str, from: Date) -> Result<Vec<BankMovement>, BankError>;

    /// Ends the consent that was given under a reference of ours. Where there is none, or it is
    /// over already, nothing changes.
    ///
    /// # Errors
    /// When it may work later.
    async fn revoke(&self, reference: Uuid) -> Result<(), BankError>;
}
