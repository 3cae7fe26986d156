//! The fiscal issuer: whoever brings documents to the tax office, and back with its word.

mod simulator;

use brazil::{Cents, Cnpj};
use time::OffsetDateTime;

pub use simulator::{FiscalIssuerSimulator, FiscalOperation};

use crate::fiscal_notes::{FiscalModel, FiscalNoteId, FiscalSeries, Recipient};

/// A document to be authorized.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FiscalDocument {
    /// The document; also the idempotency key: asked again, the issuer says what it said.
    pub note_id: FiscalNoteId,
    /// Who issues it.
    pub issuer: Cnpj,
    /// What kind it is.
    pub model: FiscalModel,
    /// Its series.
    pub series: FiscalSeries,
    /// Its number in the series.
    pub number: i64,
    /// Its access key, where the taxpayer makes it.
    pub access_key: Option<String>,
    /// To whom.
    pub recipient: Recipient,
    /// How much.
    pub amount: Cents,
    /// When.
    pub issued_at: OffsetDateTime,
}

/// The tax office's word that a document is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// By which the document can be checked.
    pub code: String,
    /// Its access key, where the issuer makes it.
    pub access_key: Option<String>,
}

/// Why a document is not authorized, or not known to be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FiscalIssuerError {
    /// For good; asking again does not help.
    #[error("the issuer refused: {0}")]
    Refused(String),
    /// No answer: it may have been authorized, or not.
    #[error("the issuer does not answer")]
    Unavailable,
}

/// The issuer's interface.
#[tonic::async_trait]
pub trait FiscalIssuer: Send + Sync {
    /// Has a document authorized, or finds out that it is.
    ///
    /// # Errors
    /// [`FiscalIssuerError`]; after `Unavailable` the same document may be brought again.
    async fn authorize(&self, document: FiscalDocument)
    -> Result<Authorization, FiscalIssuerError>;
}
