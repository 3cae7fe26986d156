//! Imports of transactions: durable jobs, each step of which can be done again.

use std::time::Duration;

use chassis::crash;
use chassis::jobs::{Job, retry_pause};
use serde::{Deserialize, Serialize};

use super::{
    Action, ActionStatus, BankActionId, BankError, BankMovement, Banks, Connection,
    ConnectionStatus, FIRST_IMPORT, store,
};
use crate::error::Error;

const ATTEMPTS_MAX: i32 = 5;
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// Imports what an action asks for.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ImportTransactions {
    pub(super) action_id: BankActionId,
}

impl ImportTransactions {
    pub(super) fn key(&self) -> String {
        self.action_id.to_string()
    }
}

impl Job for ImportTransactions {
    const NAME: &'static str = "import_bank_transactions";
    type Context = Banks;

    async fn run(self, banks: Banks) -> anyhow::Result<()> {
        let Some((action, connection)) = begin(&banks, self.action_id).await? else {
            return Ok(());
        };
        let now = banks.service.clock.now();
        let first = connection.last_import_at.unwrap_or(now - FIRST_IMPORT);
        let from = action.date_from.unwrap_or_else(|| brazil::local_date(first));
        let read = banks.ask(banks.provider.read(&connection.provider_id, from)).await;
        crash::point("billing.bank.read").await;
        match read {
            Ok(movements) => Ok(finish(&banks, &connection, self.action_id, &movements).await?),
            Err(error) => {
                let failures = action.failures + 1;
                let is_over = error == BankError::Denied || failures >= ATTEMPTS_MAX;
                fail(&banks, &action, failures, error, is_over).await?;
                if !is_over {
                    let pause = retry_pause(
                        u32::try_from(failures).unwrap_or_default(),
                        PAUSE_MIN,
                        PAUSE_MAX,
                    );
                    banks.service.try_again(&self, &self.key(), pause).await?;
                }
                Ok(())
            }
        }
    }
}

/// Notes that an import runs; None when it is done, or nobody wants it any more.
async fn begin(
    banks: &Banks,
    action_id: BankActionId,
) -> Result<Option<(Action, Connection)>, Error> {
    let now = banks.service.clock.now();
    banks
        .service
        .transaction(|mut tx| {
            Box::pin(async move {
                let Some(mut action) = store::lock_action(&mut tx, action_id).await? else {
                    return Ok(None);
                };
                if !matches!(action.status, ActionStatus::Queued | ActionStatus::Running) {
                    return Ok(None);
                }
                let Some(connection) = store::lock(&mut tx, action.connection_id).await? else {
                    return Ok(None);
                };
                action.status = ActionStatus::Running;
                action.updated_at = now;
                store::save_action(&mut tx, &action).await?;
                Ok(Some((action, connection)))
            })
        })
        .await
}

/// Keeps what was read, unless the connection was revoked meanwhile.
async fn finish(
    banks: &Banks,
    connection: &Connection,
    action_id: BankActionId,
    movements: &[BankMovement],
) -> Result<(), Error> {
    let now = banks.service.clock.now();
    banks
        .service
        .transaction(|mut tx| {
            Box::pin(async move {
                let id = connection.connection_id;
                if store::lock(&mut tx, id).await?.is_none() {
                    return Ok(());
                }
                let action = store::lock_action(&mut tx, action_id).await?;
                let running = action.filter(|action| action.status == ActionStatus::Running);
                let Some(mut action) = running else { return Ok(()) };
                let imported = store::insert_movements(&mut tx, connection, movements).await?;
                let active = ConnectionStatus::Active;
                store::save(&mut tx, id, active, Some(now), now).await?;
                action.status = ActionStatus::Done;
                action.imported = Some(imported);
                action.error = None;
                action.updated_at = now;
                store::save_action(&mut tx, &action).await?;
                Ok(())
            })
        })
        .await
}

async fn fail(
    banks: &Banks,
    failed: &Action,
    failures: i32,
    error: BankError,
    is_over: bool,
) -> Result<(), Error> {
    let now = banks.service.clock.now();
    banks
        .service
        .transaction(|mut tx| {
            Box::pin(async move {
                // A connection is locked before what was asked over it, here as elsewhere.
                store::lock(&mut tx, failed.connection_id).await?;
                let action = store::lock_action(&mut tx, failed.action_id).await?;
                let running = action.filter(|action| action.status == ActionStatus::Running);
                let Some(mut action) = running else { return Ok(()) };
                action.failures = failures;
                action.updated_at = now;
                if is_over {
                    action.status = ActionStatus::Failed;
                    action.error = Some(error.to_string());
                    if error == BankError::Denied {
                        let failed = ConnectionStatus::Failed;
                        store::save(&mut tx, action.connection_id, failed, None, now).await?;
                    }
                }
                store::save_action(&mut tx, &action).await?;
                Ok(())
            })
        })
        .await
}

#[cfg(test)]
mod tests;
