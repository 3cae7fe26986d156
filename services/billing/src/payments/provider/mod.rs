//! The payment provider: who collects invoices by Pix and boleto.

mod simulator;

use brazil::{Cents, CompanyId, InvoiceId};
use chassis::simulator::Failure;
use time::Date;

pub use simulator::{PaymentOperation, PaymentProviderSimulator};

/// An invoice to be collected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCharge {
    /// The invoice, and the key by which a repeat is known.
    pub invoice_id: InvoiceId,
    /// Who is to pay.
    pub company_id: CompanyId,
    /// How much, fine and interest not included.
    pub amount: Cents,
    /// Until when.
    pub due: Date,
}

/// Why an invoice is not with the provider, or nobody knows whether it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaymentError {
    /// It does not take it.
    #[error("the payment provider refuses: {0}")]
    Refused(String),
    /// It does not answer.
    #[error("the payment provider does not answer")]
    Unavailable,
}

impl From<Failure> for PaymentError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(reason) => Self::Refused(reason),
            Failure::Unavailable => Self::Unavailable,
        }
    }
}

/// Collects invoices, and tells by notices what became of them.
#[tonic::async_trait]
pub trait PaymentProvider: Send + Sync + 'static {
    /// Hands an invoice over to be collected. One that was handed over before stays as it is.
    /// Returns what the provider calls it.
    ///
    /// # Errors
    /// After [`PaymentError::Unavailable`] it may have been taken all the same.
    async fn register(&self, charge: NewCharge) -> Result<String, PaymentError>;
}
