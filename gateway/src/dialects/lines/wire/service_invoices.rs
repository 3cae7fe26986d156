//! Fiscal notes for services. Amounts are decimal reais here, and exact.

use brazil::Cents;
use proto::billing::v1 as billing;
use proto::billing::v1::issue_service_note_request::Recipient;
use proto::common::v1::Money;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::number::Decimal;
use super::{Checks, Fault, Names};
use crate::body::{Input, Written};

/// What the members are called in the contract.
pub(crate) const NAMES: Names = Names::new("", &[("amount", "amount"), ("amount", "amount.cents")]);

/// A fiscal note to be issued.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"amount": 100.25, "sendEmail": false}))]
pub(crate) struct NewServiceInvoice {
    /// Reais, with at most two decimals and no exponent.
    #[serde(default)]
    #[schema(
        required = true,
        value_type = f64,
        minimum = 0.01,
        maximum = 100_000_000
    )]
    amount: Decimal,
    /// Whether the recipient gets the document by mail.
    #[serde(default = "yes")]
    #[schema(default = true)]
    send_email: bool,
}

fn yes() -> bool {
    true
}

impl Input for NewServiceInvoice {
    const REQUIRED: &'static [&'static str] = &["amount"];

    fn exactly(self, written: Written<'_>) -> Self {
        Self { amount: Decimal::written(written, "amount"), ..self }
    }
}

impl NewServiceInvoice {
    /// The request for a note to somebody.
    ///
    /// # Errors
    /// [`Fault::Invalid`] for an amount that has no whole number of cents.
    pub(crate) fn request(
        &self,
        recipient: Recipient,
    ) -> Result<billing::IssueServiceNoteRequest, Fault> {
        let mut checks = Checks::new();
        let amount = self.amount.0.parse::<Cents>().unwrap_or_else(|error| {
            checks.refuse("amount", error.to_string());
            Cents::ZERO
        });
        checks.pass()?;
        Ok(billing::IssueServiceNoteRequest {
            recipient: Some(recipient),
            amount: Some(Money { cents: amount.get() }),
            send_email: self.send_email,
        })
    }
}

/// A fiscal note that was issued.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"number": "123456", "authorizationCode": "ABC123"}))]
pub(crate) struct ServiceInvoice {
    /// Its number in our series.
    number: String,
    /// By which it can be checked.
    authorization_code: String,
}

impl From<billing::FiscalNote> for ServiceInvoice {
    fn from(note: billing::FiscalNote) -> Self {
        Self {
            number: note.number.to_string(),
            authorization_code: note.authorization_code.unwrap_or_default(),
        }
    }
}
