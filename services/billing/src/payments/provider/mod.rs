//! The payment provider: who collects invoices and charges by Pix, boleto and card.

mod simulator;
mod stripe;

use brazil::{Cents, CompanyId, InvoiceId};
use chassis::simulator::Failure;
use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

pub use simulator::{PaymentOperation, PaymentProviderSimulator};
pub use stripe::{Stripe, StripeConfig};

brazil::id!(
    /// A charge for credit.
    CreditChargeId
);

/// What can be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payable {
    /// What a company owes for a month.
    Invoice(InvoiceId),
    /// Credit that a company buys.
    Charge(CreditChargeId),
}

impl Payable {
    /// Its id.
    pub fn id(self) -> Uuid {
        match self {
            Self::Invoice(invoice_id) => invoice_id.0,
            Self::Charge(charge_id) => charge_id.0,
        }
    }
}

/// How something is to be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum BillingType {
    /// By Pix.
    Pix,
    /// By boleto.
    Boleto,
    /// By credit card.
    CreditCard,
    /// As the payer likes.
    Undefined,
}

impl BillingType {
    /// Whether Pix is a way to pay it.
    pub(crate) fn takes_pix(self) -> bool {
        matches!(self, Self::Pix | Self::Undefined)
    }
}

/// Something to be collected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewCharge {
    /// What is to be paid, and the key by which a repeat is known.
    pub key: Payable,
    /// Who is to pay.
    pub company_id: CompanyId,
    /// How much, fine and interest not included.
    pub amount: Cents,
    /// How.
    pub billing_type: BillingType,
    /// Until when.
    pub due: Date,
}

/// Why something is not with the provider, or nobody knows whether it is.
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

/// What became of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentResult {
    /// Paid.
    Paid,
    /// Tried, and refused.
    Failed,
    /// Paid back.
    Refunded,
}

/// What the provider says of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentNotice {
    /// The same at every delivery of the same notice.
    pub notice_id: String,
    /// What was paid.
    pub about: Payable,
    /// What became of it.
    pub result: PaymentResult,
    /// How much it was.
    pub amount: Cents,
    /// When.
    pub occurred_at: OffsetDateTime,
}

/// Why a message is not taken as the provider's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// It sends none.
    #[error("the payment provider sends no messages")]
    Unexpected,
    /// Its signature is not the provider's, or is too old.
    #[error("the signature is not the payment provider's")]
    Untrusted,
    /// It says nothing that makes sense.
    #[error("the message of the payment provider cannot be read")]
    Unreadable,
    /// The provider does not say what it is about; it may be sent again.
    #[error("the payment provider does not answer")]
    Unavailable,
}

/// Collects what is to be paid, and tells by notices what became of it.
#[tonic::async_trait]
pub trait PaymentProvider: Send + Sync + 'static {
    /// Hands something over to be collected. What was handed over before stays as it is.
    /// Returns what the provider calls it.
    ///
    /// # Errors
    /// After [`PaymentError::Unavailable`] it may have been taken all the same.
    async fn register(&self, charge: NewCharge) -> Result<String, PaymentError>;

    /// Takes back what was handed over, by the name that the provider gave it: nobody can pay it
    /// there any more. What is paid there, or was taken back before, stays as it is.
    ///
    /// # Errors
    /// [`PaymentError::Unavailable`] also while somebody is paying it.
    async fn cancel(&self, provider_id: &str) -> Result<(), PaymentError>;

    /// The notice in a message that came as the provider's, with its signature. None when it tells
    /// of something else.
    ///
    /// # Errors
    /// [`MessageError`].
    async fn read(
        &self,
        body: &[u8],
        signature: &str,
    ) -> Result<Option<PaymentNotice>, MessageError>;
}
