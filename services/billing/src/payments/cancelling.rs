//! What was paid by other means must not be paid at the provider as well: its charge there is
//! cancelled, by a job of the transaction that takes the payment in.

use chassis::Service;
use chassis::jobs::Job;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::{NewCharge, PaymentError, Registrar};

/// Cancels the provider's charge for something that is paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CancelCharge {
    charge: NewCharge,
    /// What the provider calls it; absent while nobody knows whether it has it.
    provider_id: Option<String>,
}

impl CancelCharge {
    /// Of what was, or may have been, handed over.
    pub(crate) fn new(charge: NewCharge, provider_id: Option<String>) -> Self {
        Self { charge, provider_id }
    }

    /// Enqueues it with the transaction.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn enqueue(
        self,
        service: &Service,
        tx: &mut PgConnection,
    ) -> sqlx::Result<()> {
        service.jobs.enqueue(tx, &self, &self.charge.key.id().to_string()).await
    }

    async fn cancel(self, registrar: &Registrar) -> Result<(), PaymentError> {
        let provider_id = match self.provider_id {
            Some(provider_id) => provider_id,
            // The answer may be on its way or lost. To hand it over once more tells its name.
            None => registrar.ask(self.charge).await?,
        };
        let cancelled = registrar.provider.cancel(&provider_id);
        let cancelled = tokio::time::timeout(registrar.timeout, cancelled).await;
        cancelled.unwrap_or(Err(PaymentError::Unavailable))
    }
}

impl Job for CancelCharge {
    const NAME: &'static str = "cancel_charge";
    type Context = Registrar;

    async fn run(self, registrar: Registrar) -> anyhow::Result<()> {
        let id = self.charge.key.id();
        match self.cancel(&registrar).await {
            Ok(()) => Ok(()),
            Err(PaymentError::Refused(reason)) => {
                // It would say so again.
                tracing::error!(%id, reason, "a charge for what is paid stays with the provider");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests;
