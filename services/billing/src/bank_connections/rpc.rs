//! `BankConnectionService`.

use chassis::auth::Caller;
use chassis::page::Page;
use chassis::refusal::{Fields, Rule};
use chassis::{crash, idempotency, organizations, timestamp};
use proto::billing::v1 as pb;
use proto::billing::v1::bank_connection_service_server::BankConnectionService;
use proto::common::v1::{Money, PageResponse};
use time::Date;
use time::format_description::well_known::Iso8601;
use tonic::{Code, Request, Response, Status};

use super::store::{self, Transaction};
use super::{
    Action, ActionKind, ActionStatus, BankActionId, BankConnectionId, BankError, BankSession,
    Banks, Connection, ConnectionStatus, ImportTransactions, consents,
};
use crate::error::Error;
use crate::refusals::{
    bank_connection_inactive, bank_connection_not_found, bank_connection_required,
    bank_provider_failed, bank_provider_timeout, bank_session_denied, forbidden_by_state,
    integration_not_found, reference_not_found,
};

const TEXT_MAX: usize = 255;
const REVOKED: &str = "the bank connection was revoked";

#[tonic::async_trait]
impl BankConnectionService for Banks {
    async fn connect_bank(
        &self,
        request: Request<pb::ConnectBankRequest>,
    ) -> Result<Response<pb::ConnectBankResponse>, Status> {
        let (caller, given) = (Caller::of(&request)?, request.get_ref());
        let service = &self.service;
        let organization = organizations::writable(service, caller, &given.organization_id).await?;
        let session = parse(given, &organization.organization_id)?;
        // A session is good once: a repeat must not use it again.
        if let Some(earlier) = idempotency::earlier(&service.db, &service.keyring, &request).await?
        {
            return Ok(earlier);
        }
        let (target, owner) = (session.target.clone(), session.owner_external_id.clone());
        let company_id = organization.company_id;
        let connection_id = BankConnectionId(session.reference);
        // Should we break off from here on, somebody ends what the aggregator has given.
        let due_at = service.clock.now() + consents::PATIENCE;
        let noted = store::consents::note(&service.db, company_id, connection_id, due_at).await;
        noted.map_err(Error::from)?;
        let consent = self.ask(self.provider.connect(session)).await.map_err(refused)?;
        crash::point("billing.bank.connected").await;
        let now = service.clock.now();
        let connection = &Connection {
            connection_id,
            company_id,
            organization_id: organization.organization_id,
            target,
            owner_external_id: owner,
            provider_id: consent.provider_id,
            status: ConnectionStatus::Active,
            consent_expires_at: consent.expires_at,
            last_import_at: None,
            created_at: now,
            updated_at: now,
        };
        let action = &Action::new(connection, ActionKind::Setup, ActionStatus::Done, now);
        service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    if !store::consents::claim(&mut tx, company_id, connection_id, now).await? {
                        return Err(bank_provider_timeout().into());
                    }
                    store::insert(&mut tx, connection).await?;
                    store::insert_action(&mut tx, action).await?;
                    let action = Some(action.clone().into());
                    Ok::<_, Error>(pb::ConnectBankResponse { action })
                })
            })
            .await
    }

    async fn import_transactions(
        &self,
        request: Request<pb::ImportTransactionsRequest>,
    ) -> Result<Response<pb::ImportTransactionsResponse>, Status> {
        let (caller, given) = (Caller::of(&request)?, request.get_ref());
        let named = given.connection_id.as_deref();
        let connection = match self.meant(caller, &given.organization_id, named).await {
            Err(gone) if forbidden_by_state(&gone) => {
                return self.service.earlier(&request).await?.ok_or(gone);
            }
            meant => meant?,
        };
        let mut fields = Fields::new();
        let date_from = day(&mut fields, "date_from", given.date_from.as_deref());
        fields.check()?;
        let (connection_id, now) = (connection.connection_id, self.service.clock.now());
        let mut action = Action::new(&connection, ActionKind::Pull, ActionStatus::Queued, now);
        action.date_from = date_from;
        let (action, jobs) = (&action, &self.service.jobs);
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let found = store::lock(&mut tx, connection_id).await?;
                    let found = found.ok_or_else(bank_connection_not_found)?;
                    if found.status != ConnectionStatus::Active {
                        return Err(bank_connection_inactive().into());
                    }
                    let begun = store::importing(&mut tx, connection_id).await?;
                    let action = match begun {
                        Some(begun) => begun,
                        None => {
                            store::insert_action(&mut tx, action).await?;
                            let job = ImportTransactions { action_id: action.action_id };
                            jobs.enqueue(&mut tx, &job, &job.key()).await?;
                            action.clone()
                        }
                    };
                    let action = Some(action.into());
                    Ok::<_, Error>(pb::ImportTransactionsResponse { action })
                })
            })
            .await
    }

    async fn revoke_bank(
        &self,
        request: Request<pb::RevokeBankRequest>,
    ) -> Result<Response<pb::RevokeBankResponse>, Status> {
        let (caller, given) = (Caller::of(&request)?, request.get_ref());
        let named = given.connection_id.as_deref();
        let connection = &match self.meant(caller, &given.organization_id, named).await {
            Err(gone) if forbidden_by_state(&gone) => {
                return self.service.earlier(&request).await?.ok_or(gone);
            }
            meant => meant?,
        };
        if connection.status != ConnectionStatus::Revoked {
            match self.ask(self.provider.revoke(connection.connection_id.0)).await {
                Err(BankError::Denied) => return Err(bank_provider_failed()),
                ended => ended.map_err(refused)?,
            }
        }
        let now = self.service.clock.now();
        let action = &Action::new(connection, ActionKind::Revoke, ActionStatus::Done, now);
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let id = connection.connection_id;
                    let found = store::lock(&mut tx, id).await?;
                    let found = found.ok_or_else(bank_connection_not_found)?;
                    let earlier = match found.status {
                        ConnectionStatus::Revoked => store::revocation(&mut tx, id).await?,
                        _ => None,
                    };
                    let action = match earlier {
                        Some(earlier) => earlier,
                        None => {
                            store::stop_imports(&mut tx, id, REVOKED, now).await?;
                            let revoked = ConnectionStatus::Revoked;
                            store::save(&mut tx, id, revoked, None, now).await?;
                            store::insert_action(&mut tx, action).await?;
                            action.clone()
                        }
                    };
                    Ok::<_, Error>(pb::RevokeBankResponse { action: Some(action.into()) })
                })
            })
            .await
    }

    async fn get_bank_action(
        &self,
        request: Request<pb::GetBankActionRequest>,
    ) -> Result<Response<pb::GetBankActionResponse>, Status> {
        let absent = integration_not_found;
        let id: BankActionId = request.get_ref().action_id.parse().map_err(|_| absent())?;
        let found = store::find_action(&self.service.db, id).await.map_err(Error::from)?;
        let found = found.ok_or_else(absent)?;
        Caller::of(&request)?.enter(found.company_id, absent())?;
        Ok(Response::new(pb::GetBankActionResponse { action: Some(found.into()) }))
    }

    async fn list_bank_connections(
        &self,
        request: Request<pb::ListBankConnectionsRequest>,
    ) -> Result<Response<pb::ListBankConnectionsResponse>, Status> {
        let scope = Caller::of(&request)?.scope();
        let page = Page::parse(request.get_ref().page.clone())?;
        let db = &self.service.reader(&request).await?;
        let found = store::list(db, &scope.company_ids, &page).await;
        let (found, total) = found.map_err(Error::from)?;
        Ok(Response::new(pb::ListBankConnectionsResponse {
            connections: found.into_iter().map(Into::into).collect(),
            page: whole(total),
        }))
    }

    async fn get_bank_connection(
        &self,
        request: Request<pb::GetBankConnectionRequest>,
    ) -> Result<Response<pb::GetBankConnectionResponse>, Status> {
        let found = self.readable(&request, &request.get_ref().connection_id).await?;
        Ok(Response::new(pb::GetBankConnectionResponse { connection: Some(found.into()) }))
    }

    async fn list_bank_transactions(
        &self,
        request: Request<pb::ListBankTransactionsRequest>,
    ) -> Result<Response<pb::ListBankTransactionsResponse>, Status> {
        let page = Page::parse(request.get_ref().page.clone())?;
        let connection = self.readable(&request, &request.get_ref().connection_id).await?;
        let db = &self.service.reader(&request).await?;
        let found = store::transactions(db, connection.connection_id, &page).await;
        let (found, total) = found.map_err(Error::from)?;
        Ok(Response::new(pb::ListBankTransactionsResponse {
            transactions: found.into_iter().map(Into::into).collect(),
            page: whole(total),
        }))
    }
}

impl Banks {
    async fn readable<T>(
        &self,
        request: &Request<T>,
        connection_id: &str,
    ) -> Result<Connection, Status> {
        let absent = bank_connection_not_found;
        let id: BankConnectionId = connection_id.parse().map_err(|_| absent())?;
        let found = store::find(&self.service.db, id).await.map_err(Error::from)?;
        let found = found.ok_or_else(absent)?;
        Caller::of(request)?.enter(found.company_id, absent())?;
        Ok(found)
    }

    /// The connection that is named, or else the only active one of the organization, if the
    /// caller may change it.
    async fn meant(
        &self,
        caller: &Caller,
        organization_id: &str,
        connection_id: Option<&str>,
    ) -> Result<Connection, Status> {
        let service = &self.service;
        let Some(id) = connection_id else {
            let organization = organizations::writable(service, caller, organization_id).await?;
            let active = store::active(&service.db, organization.company_id).await;
            let mut active = active.map_err(Error::from)?;
            let only = active.pop().filter(|_| active.is_empty());
            return only.ok_or_else(bank_connection_required);
        };
        let absent = || reference_not_found("connection_id");
        let id: BankConnectionId = id.parse().map_err(|_| absent())?;
        let found = store::find(&service.db, id).await.map_err(Error::from)?;
        let found = found.ok_or_else(absent)?;
        match caller.enter(found.company_id, absent()) {
            Err(error) if error.code() != Code::PermissionDenied => return Err(error),
            entered => entered?,
        }
        let organization = organizations::of_company(service, found.company_id).await?;
        organizations::permit(caller, &organization.ok_or_else(absent)?)?;
        Ok(found)
    }
}

fn refused(error: BankError) -> Status {
    match error {
        BankError::Denied => bank_session_denied(),
        BankError::Failed => bank_provider_failed(),
        BankError::Timeout => bank_provider_timeout(),
    }
}

fn parse(given: &pb::ConnectBankRequest, organization_id: &str) -> Result<BankSession, Status> {
    let mut fields = Fields::new();
    let session_id = fields.text("session_id", &given.session_id, 1, TEXT_MAX);
    let signature = fields.text("session_id_signature", &given.session_id_signature, 1, TEXT_MAX);
    let target = fields.text("target", &given.target, 1, TEXT_MAX);
    let owner = given.owner_external_id.as_deref();
    let owner = fields.optional_text("owner_external_id", owner, TEXT_MAX);
    let (Some(session_id), Some(signature), Some(target)) = (session_id, signature, target) else {
        return Err(fields.into_status());
    };
    fields.check()?;
    let owner_external_id = owner.unwrap_or_else(|| organization_id.to_owned());
    let reference = BankConnectionId::generate().0;
    Ok(BankSession { reference, session_id, signature, target, owner_external_id })
}

fn day(fields: &mut Fields, field: &str, text: Option<&str>) -> Option<Date> {
    let text = text?;
    let parsed = Date::parse(text, &Iso8601::DATE).ok().filter(|day| day.to_string() == text);
    if parsed.is_none() {
        fields.refuse_as(field, Rule::Format, "is not a date, YYYY-MM-DD");
    }
    parsed
}

fn whole(total_size: i64) -> Option<PageResponse> {
    Some(PageResponse { next_page_token: String::new(), total_size })
}

impl From<Action> for pb::BankAction {
    fn from(action: Action) -> Self {
        let (kind, status) = (action.kind, action.status);
        Self {
            id: action.action_id.to_string(),
            action: match kind {
                ActionKind::Setup => "setup",
                ActionKind::Pull => "pull",
                ActionKind::Revoke => "revoke",
            }
            .to_owned(),
            status: match status {
                ActionStatus::Queued => "queued",
                ActionStatus::Running => "running",
                ActionStatus::Done => "done",
                ActionStatus::Failed => "failed",
            }
            .to_owned(),
            connection_id: action.connection_id.to_string(),
            imported: action.imported,
            error: action.error,
            created_at: Some(timestamp::to_proto(action.created_at)),
            updated_at: Some(timestamp::to_proto(action.updated_at)),
        }
    }
}

impl From<Connection> for pb::BankConnection {
    fn from(connection: Connection) -> Self {
        Self {
            id: connection.connection_id.to_string(),
            organization_id: connection.organization_id,
            target: connection.target,
            owner_external_id: connection.owner_external_id,
            status: match connection.status {
                ConnectionStatus::Active => "active",
                ConnectionStatus::Revoked => "revoked",
                ConnectionStatus::Failed => "failed",
            }
            .to_owned(),
            consent_expires_at: connection.consent_expires_at.map(timestamp::to_proto),
            last_import_at: connection.last_import_at.map(timestamp::to_proto),
            created_at: Some(timestamp::to_proto(connection.created_at)),
            updated_at: Some(timestamp::to_proto(connection.updated_at)),
        }
    }
}

impl From<Transaction> for pb::BankTransaction {
    fn from(transaction: Transaction) -> Self {
        Self {
            id: transaction.transaction_id.to_string(),
            booked_on: transaction.booked_on.to_string(),
            amount: Some(Money { cents: transaction.amount.get() }),
            description: transaction.description,
            counterparty: transaction.counterparty,
        }
    }
}
