//! Bank connections.

use proto::billing::v1 as billing;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::body::Moment;
use super::super::resource::Resource;
use super::{CURRENCY, decimal, input};

/// What was asked of the bank-data provider, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BankIntegration)]
pub(in super::super) struct Integration {
    id: String,
    provider: &'static str,
    /// setup, pull or revoke.
    action: String,
    /// done, queued, running or failed.
    status: String,
    bank_connection: String,
    /// How many transactions were new.
    imported: Option<i64>,
    error: Option<String>,
    created_at: Option<String>,
    updated_at: Option<String>,
}

impl Resource for Integration {
    const TYPE: &'static str = "Integration";

    fn iri(&self) -> Option<String> {
        Some(format!("/integrations/{}", self.id))
    }
}

impl From<billing::BankAction> for Integration {
    fn from(action: billing::BankAction) -> Self {
        Self {
            id: action.id,
            provider: "kontomatik",
            action: action.action,
            status: action.status,
            bank_connection: format!("/bank-connections/{}", action.connection_id),
            imported: action.imported,
            error: action.error,
            created_at: Moment::shown(action.created_at.as_ref()),
            updated_at: Moment::shown(action.updated_at.as_ref()),
        }
    }
}

/// A bank that an organization is connected to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct BankConnection {
    id: String,
    organization: String,
    target: String,
    owner_external_id: String,
    /// active, revoked or failed.
    status: String,
    consent_expires_at: Option<String>,
    last_import_at: Option<String>,
    created_at: Option<String>,
    updated_at: Option<String>,
}

impl Resource for BankConnection {
    const TYPE: &'static str = "BankConnection";

    fn iri(&self) -> Option<String> {
        Some(format!("/bank-connections/{}", self.id))
    }
}

impl From<billing::BankConnection> for BankConnection {
    fn from(connection: billing::BankConnection) -> Self {
        Self {
            id: connection.id,
            organization: format!("/organizations/{}", connection.organization_id),
            target: connection.target,
            owner_external_id: connection.owner_external_id,
            status: connection.status,
            consent_expires_at: Moment::shown(connection.consent_expires_at.as_ref()),
            last_import_at: Moment::shown(connection.last_import_at.as_ref()),
            created_at: Moment::shown(connection.created_at.as_ref()),
            updated_at: Moment::shown(connection.updated_at.as_ref()),
        }
    }
}

/// A movement on a bank account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BankTransaction)]
pub(in super::super) struct Transaction {
    id: String,
    booked_on: String,
    amount: f64,
    currency: &'static str,
    description: String,
    counterparty: Option<String>,
}

impl Resource for Transaction {
    const TYPE: &'static str = "Transaction";

    fn iri(&self) -> Option<String> {
        None
    }
}

impl From<billing::BankTransaction> for Transaction {
    fn from(transaction: billing::BankTransaction) -> Self {
        Self {
            id: transaction.id,
            booked_on: transaction.booked_on,
            amount: decimal(transaction.amount),
            currency: CURRENCY,
            description: transaction.description,
            counterparty: transaction.counterparty,
        }
    }
}

/// A bank to be connected.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct BankSetup {
    /// Used once, and not kept.
    #[schema(example = "session")]
    pub(in super::super) session_id: Option<String>,
    /// Used once, and not kept.
    #[schema(example = "signature")]
    pub(in super::super) session_id_signature: Option<String>,
    /// The bank's code.
    #[schema(example = "BancoDoBrasil")]
    pub(in super::super) target: Option<String>,
    /// The organization's id unless said.
    pub(in super::super) owner_external_id: Option<String>,
}

/// Transactions to be imported.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct BankPull {
    /// Path of the connection; absent for the only active one.
    pub(in super::super) bank_connection: Option<String>,
    /// From which day on: ISO 8601.
    #[schema(example = "2026-11-01")]
    pub(in super::super) date_from: Option<String>,
}

/// A connection to be ended.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct BankRevocation {
    /// Path of the connection; absent for the only active one.
    pub(in super::super) bank_connection: Option<String>,
}

input!(BankSetup);
input!(or nothing: BankPull, BankRevocation);
