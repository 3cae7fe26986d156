//! A payment provider in memory, that does as it is told.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use chassis::simulator::{Desk, ScriptStep};
use serde::Deserialize;

use super::{MessageError, NewCharge, Payable, PaymentError, PaymentNotice, PaymentProvider};

/// What a provider can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PaymentOperation {
    /// Collect an invoice or a charge.
    Register,
    /// Collect it no more.
    Cancel,
}

/// A payment provider in memory. It names everything after its id. Clones are one provider.
#[derive(Clone, Debug, Default)]
pub struct PaymentProviderSimulator {
    desk: Desk<PaymentOperation>,
    charges: Arc<Mutex<HashMap<Payable, NewCharge>>>,
    cancelled: Arc<Mutex<HashSet<String>>>,
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

    /// What it was given to collect.
    pub fn charge(&self, key: Payable) -> Option<NewCharge> {
        let charges = self.charges.lock().unwrap_or_else(PoisonError::into_inner);
        charges.get(&key).cloned()
    }

    /// Whether it was told to collect something no more.
    pub fn is_cancelled(&self, key: Payable) -> bool {
        let cancelled = self.cancelled.lock().unwrap_or_else(PoisonError::into_inner);
        cancelled.contains(&key.id().to_string())
    }

    fn take(&self, charge: NewCharge) -> Result<String, PaymentError> {
        let mut charges = self.charges.lock().unwrap_or_else(PoisonError::into_inner);
        let known = charges.entry(charge.key).or_insert_with(|| charge.clone());
        if *known == charge {
            Ok(charge.key.id().to_string())
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

    async fn cancel(&self, provider_id: &str) -> Result<(), PaymentError> {
        let cancel = || {
            let mut cancelled = self.cancelled.lock().unwrap_or_else(PoisonError::into_inner);
            cancelled.insert(provider_id.to_owned());
            Ok(())
        };
        self.desk.answer(PaymentOperation::Cancel, cancel).await
    }

    async fn read(&self, _: &[u8], _: &str) -> Result<Option<PaymentNotice>, MessageError> {
        Err(MessageError::Unexpected)
    }
}

#[cfg(test)]
mod tests {
    use brazil::{Cents, CompanyId, InvoiceId};
    use chassis::simulator::Outcome;
    use time::macros::date;

    use super::super::BillingType;
    use super::*;

    #[tokio::test]
    async fn an_invoice_is_one_charge_however_often_it_is_handed_over() {
        let provider = PaymentProviderSimulator::new();
        let charge = NewCharge {
            key: Payable::Invoice(InvoiceId::generate()),
            company_id: CompanyId::generate(),
            amount: Cents::new(100),
            billing_type: BillingType::Undefined,
            due: date!(2026 - 12 - 05),
        };
        provider.script(vec![ScriptStep::new(PaymentOperation::Register, Outcome::LoseAnswer)]);
        assert_eq!(provider.register(charge.clone()).await, Err(PaymentError::Unavailable));
        assert_eq!(provider.charge(charge.key), Some(charge.clone()));
        let id = provider.register(charge.clone()).await.unwrap();
        assert_eq!(id, charge.key.id().to_string());
        let other = NewCharge { amount: Cents::new(99), ..charge.clone() };
        assert!(matches!(provider.register(other).await, Err(PaymentError::Refused(_))));

        provider.script(vec![ScriptStep::new(PaymentOperation::Cancel, Outcome::Fail)]);
        assert_eq!(provider.cancel(&id).await, Err(PaymentError::Unavailable));
        assert!(!provider.is_cancelled(charge.key));
        for _ in 0..2 {
            provider.cancel(&id).await.unwrap();
            assert!(provider.is_cancelled(charge.key));
        }
    }
}
