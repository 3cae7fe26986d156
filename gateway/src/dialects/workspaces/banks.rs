//! Bank connections, and what is asked of the provider.

use axum::extract::State;
use axum::response::Response;
use proto::billing::v1 as billing;
use proto::billing::v1::bank_connection_service_client::BankConnectionServiceClient;
use time::Date;
use time::format_description::well_known::Iso8601;

use super::Workspaces;
use super::body::{Given, Session};
use super::error::Error;
use super::iri;
use super::page::Paging;
use super::wire::{BankConnection, BankPull, BankRevocation, BankSetup, Integration, Transaction};
use crate::body::At;

const CONNECTIONS: &str = "/bank-connections";

/// Connects a bank.
pub(super) async fn setup(
    State(workspaces): State<Workspaces>,
    session: Session,
    Given(given, _): Given<BankSetup>,
) -> Result<Response, Error> {
    let request = billing::ConnectBankRequest {
        organization_id: session.organization_id,
        session_id: given.session_id.unwrap_or_default(),
        session_id_signature: given.session_id_signature.unwrap_or_default(),
        target: given.target.unwrap_or_default(),
        owner_external_id: given.owner_external_id,
    };
    let answer = workspaces
        .clients()
        .billing
        .ask(&session.caller, request, |to, request| async move {
            BankConnectionServiceClient::new(to).connect_bank(request).await
        })
        .await?;
    let integration = Integration::from(answer.message.action.unwrap_or_default());
    Ok(session.form.made(answer.replayed, &integration))
}

/// Has transactions imported.
pub(super) async fn pull(
    State(workspaces): State<Workspaces>,
    session: Session,
    Given(given, _): Given<BankPull>,
) -> Result<Response, Error> {
    if given.date_from.as_deref().is_some_and(|text| !is_day(text)) {
        return Err(Error::bad_request("\"dateFrom\" is no date such as 2026-11-01."));
    }
    let named = given.bank_connection.as_deref();
    let request = billing::ImportTransactionsRequest {
        organization_id: session.organization_id,
        connection_id: iri::optional("bankConnection", CONNECTIONS, named)?,
        date_from: given.date_from,
    };
    let answer = workspaces
        .clients()
        .billing
        .ask(&session.caller, request, |to, request| async move {
            BankConnectionServiceClient::new(to).import_transactions(request).await
        })
        .await?;
    let integration = Integration::from(answer.message.action.unwrap_or_default());
    Ok(session.form.made(answer.replayed, &integration))
}

/// Whether a text is a day in the one form of ISO 8601 that is taken here.
fn is_day(text: &str) -> bool {
    let day = Date::parse(text, &Iso8601::DATE);
    text.len() == "2026-11-01".len() && day.is_ok_and(|day| day.to_string() == text)
}

/// Ends a connection.
pub(super) async fn revoke(
    State(workspaces): State<Workspaces>,
    session: Session,
    Given(given, _): Given<BankRevocation>,
) -> Result<Response, Error> {
    let named = given.bank_connection.as_deref();
    let request = billing::RevokeBankRequest {
        organization_id: session.organization_id,
        connection_id: iri::optional("bankConnection", CONNECTIONS, named)?,
    };
    let answer = workspaces
        .clients()
        .billing
        .ask(&session.caller, request, |to, request| async move {
            BankConnectionServiceClient::new(to).revoke_bank(request).await
        })
        .await?;
    let integration = Integration::from(answer.message.action.unwrap_or_default());
    Ok(session.form.made(answer.replayed, &integration))
}

/// Reads what became of one of these.
pub(super) async fn integration(
    State(workspaces): State<Workspaces>,
    session: Session,
    At(action_id): At<String>,
) -> Result<Response, Error> {
    let request = billing::GetBankActionRequest { action_id };
    let answer = workspaces
        .clients()
        .billing
        .ask(&session.caller, request, |to, request| async move {
            BankConnectionServiceClient::new(to).get_bank_action(request).await
        })
        .await?;
    let integration = Integration::from(answer.message.action.unwrap_or_default());
    Ok(session.form.item(&integration))
}

/// Connections of all of the caller's organizations.
pub(super) async fn list(
    State(workspaces): State<Workspaces>,
    session: Session,
    paging: Paging,
) -> Result<Response, Error> {
    let request = billing::ListBankConnectionsRequest { page: paging.request() };
    let answer = workspaces
        .clients()
        .billing
        .ask(&session.caller, request, |to, request| async move {
            BankConnectionServiceClient::new(to).list_bank_connections(request).await
        })
        .await?;
    let items: Vec<BankConnection> =
        answer.message.connections.into_iter().map(Into::into).collect();
    let total = answer.message.page.unwrap_or_default().total_size;
    Ok(session.form.collection(&paging, &items, total))
}

/// Reads a connection.
pub(super) async fn get(
    State(workspaces): State<Workspaces>,
    session: Session,
    At(connection_id): At<String>,
) -> Result<Response, Error> {
    let request = billing::GetBankConnectionRequest { connection_id };
    let answer = workspaces
        .clients()
        .billing
        .ask(&session.caller, request, |to, request| async move {
            BankConnectionServiceClient::new(to).get_bank_connection(request).await
        })
        .await?;
    let connection = BankConnection::from(answer.message.connection.unwrap_or_default());
    Ok(session.form.item(&connection))
}

/// What was imported over a connection.
pub(super) async fn transactions(
    State(workspaces): State<Workspaces>,
    session: Session,
    At(connection_id): At<String>,
    paging: Paging,
) -> Result<Response, Error> {
    let page = paging.request();
    let request = billing::ListBankTransactionsRequest { connection_id, page };
    let answer = workspaces
        .clients()
        .billing
        .ask(&session.caller, request, |to, request| async move {
            BankConnectionServiceClient::new(to).list_bank_transactions(request).await
        })
        .await?;
    let items: Vec<Transaction> = answer.message.transactions.into_iter().map(Into::into).collect();
    let total = answer.message.page.unwrap_or_default().total_size;
    Ok(session.form.collection(&paging, &items, total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_one_form() {
        assert!(is_day("2026-11-01") && is_day("2024-02-29"));
        for text in [
            "",
            "20261101",
            "2026-W45-1",
            "2026-305",
            "2026-11-01T00:00:00Z",
            "-000001-01-01",
            "-001-01-01",
            "2026-02-29",
            "01/11/2026",
        ] {
            assert!(!is_day(text), "{text}");
        }
    }
}
