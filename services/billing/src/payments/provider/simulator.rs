//! A payment provider in memory, that does as it is told.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use brazil::InvoiceId;
use chassis::simulator::{Desk, ScriptStep};
use serde::Deserialize;

use super::{NewCharge, PaymentError, PaymentProvider};

/// What a provider can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PaymentOperation {
    /// Collect an invoice.
    Register,
}

/// A payment provider in memory. It names charges after their invoices. Clones are one provider.
#[derive(Clone, Debug, Default)]
pub struct PaymentProviderSimulator {
    desk: Desk<PaymentOperation>,
    charges: Arc<Mutex<HashMap<InvoiceId, NewCharge>>>,
}

impl PaymentProviderSimulator {
    /// A provider that does what it is asked.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds to what it will answer.
    pub fn script(&self, steps: Vec<ScriptStep<PaymentOperation>>) {
        self.desk.script(steps);
    }

    /// What it was given to collect for an invoice.
    pub fn charge(&self, invoice_id: InvoiceId) -> Option<NewCharge> {
        let charges = self.charges.lock().unwrap_or_else(PoisonError::into_inner);
        charges.get(&invoice_id).cloned()
    }

    fn take(&self, charge: NewCharge) -> Result<String, PaymentError> {
        let mut charges = self.charges.lock().unwrap_or_else(PoisonError::into_inner);
        let known = charges.entry(charge.invoice_id).or_insert_with(|| charge.clone());
        if *known == charge {
            Ok(charge.invoice_id.to_string())
        } else {
            Err(PaymentError::Refused("the key came with another charge before".to_owned()))
        }
    }
}

#[tonic::async_trait]
impl PaymentProvider for PaymentProviderSimulator {
    async fn register(&self, charge: NewCharge) -> Result<String, PaymentError> {
        self.desk.answer(PaymentOperation::Register, || self.take(charge)).await
    }
}

#[cfg(test)]
mod tests {
    use brazil::{Cents, CompanyId};
    use chassis::simulator::Outcome;
    use time::macros::date;

    use super::*;

    #[tokio::test]
    async fn an_invoice_is_one_charge_however_often_it_is_handed_over() {
        let provider = PaymentProviderSimulator::new();
        let charge = NewCharge {
            invoice_id: InvoiceId::generate(),
            company_id: CompanyId::generate(),
            amount: Cents::new(100),
            due: date!(2026 - 12 - 05),
        };
        provider.script(vec![ScriptStep::new(PaymentOperation::Register, Outcome::LoseAnswer)]);
        assert_eq!(provider.register(charge.clone()).await, Err(PaymentError::Unavailable));
        assert_eq!(provider.charge(charge.invoice_id), Some(charge.clone()));
        let id = provider.register(charge.clone()).await.unwrap();
        assert_eq!(id, charge.invoice_id.to_string());
        let other = NewCharge { amount: Cents::new(99), ..charge };
        assert!(matches!(provider.register(other).await, Err(PaymentError::Refused(_))));
    }
}
