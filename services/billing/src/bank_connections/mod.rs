//! Banks that organizations are connected to, and what was imported from there.

mod config;
mod consents;
mod importing;
mod provider;
pub(crate) mod rpc;
mod store;

use std::sync::Arc;
use std::time::Duration;

use brazil::CompanyId;
use chassis::Service;
use proto::events::v1::OrganizationCleared;
use sqlx::PgConnection;
use time::{Date, OffsetDateTime};

pub use config::{BankConfig, BankProviderKind};
pub(crate) use consents::end_unclaimed;
pub(crate) use importing::ImportTransactions;
pub use provider::{
    BankAggregator, BankAggregatorSimulator, BankConsent, BankError, BankMovement, BankOperation,
    BankSession,
};

brazil::id!(
    /// A bank that an organization is connected to.
    BankConnectionId
);
brazil::id!(
    /// Something that was asked of the aggregator.
    BankActionId
);
brazil::id!(
    /// A movement on a bank account.
    BankTransactionId
);

/// What is imported where nothing was before.
const FIRST_IMPORT: time::Duration = time::Duration::days(90);

/// What bank connections need. Clones share it.
#[derive(Clone)]
pub(crate) struct Banks {
    pub(crate) service: Service,
    pub(crate) provider: Arc<dyn BankAggregator>,
    pub(crate) timeout: Duration,
}

impl Banks {
    /// Asks the aggregator, as long as that may take.
    async fn ask<T>(
        &self,
        answer: impl Future<Output = Result<T, BankError>>,
    ) -> Result<T, BankError> {
        tokio::time::timeout(self.timeout, answer).await.unwrap_or(Err(BankError::Timeout))
    }
}

/// Whether a connection can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum ConnectionStatus {
    Active,
    Revoked,
    Failed,
}

/// A bank that an organization is connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Connection {
    pub(crate) connection_id: BankConnectionId,
    pub(crate) company_id: CompanyId,
    pub(crate) organization_id: String,
    pub(crate) target: String,
    pub(crate) owner_external_id: String,
    pub(crate) provider_id: String,
    pub(crate) status: ConnectionStatus,
    pub(crate) consent_expires_at: Option<OffsetDateTime>,
    pub(crate) last_import_at: Option<OffsetDateTime>,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) updated_at: OffsetDateTime,
}

/// What can be asked of the aggregator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum ActionKind {
    Setup,
    Pull,
    Revoke,
}

/// How far that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum ActionStatus {
    Queued,
    Running,
    Done,
    Failed,
}

/// Something that was asked of the aggregator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Action {
    pub(crate) action_id: BankActionId,
    pub(crate) connection_id: BankConnectionId,
    pub(crate) company_id: CompanyId,
    pub(crate) kind: ActionKind,
    pub(crate) status: ActionStatus,
    pub(crate) date_from: Option<Date>,
    pub(crate) imported: Option<i64>,
    pub(crate) error: Option<String>,
    pub(crate) failures: i32,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) updated_at: OffsetDateTime,
}

impl Action {
    /// Something that is asked now.
    fn new(
        connection: &Connection,
        kind: ActionKind,
        status: ActionStatus,
        now: OffsetDateTime,
    ) -> Self {
        Self {
            action_id: BankActionId::generate(),
            connection_id: connection.connection_id,
            company_id: connection.company_id,
            kind,
            status,
            date_from: None,
            imported: None,
            error: None,
            failures: 0,
            created_at: now,
            updated_at: now,
        }
    }
}

/// A cleared organization has no bank connections, nor what was imported over them; the consents
/// are to be ended.
///
/// # Errors
/// The database's.
pub(crate) async fn organization_cleared(
    tx: &mut PgConnection,
    cleared: OrganizationCleared,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    match cleared.company_id.parse() {
        Ok(company_id) => store::delete_all(tx, company_id, now).await,
        Err(_) => {
            tracing::error!("no organization was cleared");
            Ok(())
        }
    }
}
