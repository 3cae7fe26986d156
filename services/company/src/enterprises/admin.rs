//! `EnterpriseAdminService`: what the operator does with enterprises.

use brazil::{CompanyId, PublicId};
use chassis::address::Address;
use chassis::auth::Caller;
use chassis::page::Page;
use chassis::refusal::{Fields, invalid};
use chassis::{Service, timestamp};
use prost::Message;
use proto::company::v1 as pb;
use proto::company::v1::enterprise_admin_service_server::EnterpriseAdminService;
use sqlx::PgConnection;
use tonic::{Request, Response, Status};

use super::parse::free_text;
use super::related::{Document, KeptAddress};
use super::rpc::{add, check_country, new_values};
use super::{AffiliationState, Enterprise, Refusal, affiliations, own, related, store};
use crate::error::Error;

const ADDRESSES_MAX: usize = 20;
const DOCUMENT_TEXT_MAX: usize = 255;

/// The rpcs.
pub(crate) struct EnterpriseAdmin {
    pub(crate) service: Service,
}

#[tonic::async_trait]
impl EnterpriseAdminService for EnterpriseAdmin {
    async fn register_enterprise(
        &self,
        request: Request<pb::RegisterEnterpriseRequest>,
    ) -> Result<Response<pb::RegisterEnterpriseResponse>, Status> {
        let values = new_values(request.get_ref().values.as_ref())?;
        let (actor, now) = (&Caller::of(&request)?.key(), self.service.clock.now());
        let enterprise = &Enterprise::new(values, request.get_ref().is_main_client, now);
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    check_country(&mut tx, &enterprise.values).await?;
                    add(&mut tx, enterprise, actor, now).await?;
                    let enterprise = Some(enterprise.clone().into());
                    Ok::<_, Error>(pb::RegisterEnterpriseResponse { enterprise })
                })
            })
            .await
    }

    async fn mark_main_client(
        &self,
        request: Request<pb::MarkMainClientRequest>,
    ) -> Result<Response<pb::MarkMainClientResponse>, Status> {
        let given = request.get_ref();
        let (actor, now) = (&Caller::of(&request)?.key(), self.service.clock.now());
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let company_id = named(&mut tx, &given.enterprise_id).await?;
                    let mut enterprise = store::lock(&mut tx, company_id).await?;
                    if enterprise.is_main_client != given.is_main_client {
                        enterprise.is_main_client = given.is_main_client;
                        store::save(&mut tx, &enterprise).await?;
                        let (action, fields) = ("main_client", &["is_main_client"]);
                        store::note_change(&mut tx, company_id, actor, action, fields, now).await?;
                    }
                    Ok::<_, Error>(pb::MarkMainClientResponse {})
                })
            })
            .await
    }

    async fn add_affiliation(
        &self,
        request: Request<pb::AddAffiliationRequest>,
    ) -> Result<Response<pb::AddAffiliationResponse>, Status> {
        let pb::AddAffiliationRequest { parent_id, child_id } = request.get_ref();
        self.affiliate(&request, (parent_id, child_id), Act::Add).await
    }

    async fn set_affiliation_state(
        &self,
        request: Request<pb::SetAffiliationStateRequest>,
    ) -> Result<Response<pb::SetAffiliationStateResponse>, Status> {
        let given = request.get_ref();
        let state = match given.state() {
            pb::AffiliationState::Active => AffiliationState::Active,
            pb::AffiliationState::Suspended => AffiliationState::Suspended,
            pb::AffiliationState::Unspecified => return Err(invalid("state", "is required")),
        };
        let pair = (given.parent_id.as_str(), given.child_id.as_str());
        self.affiliate(&request, pair, Act::SetState(state)).await
    }

    async fn end_affiliation(
        &self,
        request: Request<pb::EndAffiliationRequest>,
    ) -> Result<Response<pb::EndAffiliationResponse>, Status> {
        let pb::EndAffiliationRequest { parent_id, child_id } = request.get_ref();
        self.affiliate(&request, (parent_id, child_id), Act::End).await
    }

    async fn put_enterprise_addresses(
        &self,
        request: Request<pb::PutEnterpriseAddressesRequest>,
    ) -> Result<Response<pb::PutEnterpriseAddressesResponse>, Status> {
        let given = request.get_ref();
        let addresses = &parse_addresses(&given.addresses)?;
        let (actor, now) = (&Caller::of(&request)?.key(), self.service.clock.now());
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let company_id = named(&mut tx, &given.enterprise_id).await?;
                    store::lock(&mut tx, company_id).await?;
                    related::put_addresses(&mut tx, company_id, addresses).await?;
                    let (action, fields) = ("addresses", &["addresses"]);
                    store::note_change(&mut tx, company_id, actor, action, fields, now).await?;
                    let addresses = addresses.iter().cloned().map(Into::into).collect();
                    Ok::<_, Error>(pb::PutEnterpriseAddressesResponse { addresses })
                })
            })
            .await
    }

    async fn add_enterprise_document(
        &self,
        request: Request<pb::AddEnterpriseDocumentRequest>,
    ) -> Result<Response<pb::AddEnterpriseDocumentResponse>, Status> {
        let given = request.get_ref();
        let (actor, now) = (&Caller::of(&request)?.key(), self.service.clock.now());
        let document = &parse_document(given.document.clone().unwrap_or_default(), now)?;
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let company_id = named(&mut tx, &given.enterprise_id).await?;
                    store::lock(&mut tx, company_id).await?;
                    related::add_document(&mut tx, company_id, document).await?;
                    let (action, fields) = ("document", &["document"]);
                    store::note_change(&mut tx, company_id, actor, action, fields, now).await?;
                    let document = Some(document.clone().into());
                    Ok::<_, Error>(pb::AddEnterpriseDocumentResponse { document })
                })
            })
            .await
    }

    async fn list_enterprise_changes(
        &self,
        request: Request<pb::ListEnterpriseChangesRequest>,
    ) -> Result<Response<pb::ListEnterpriseChangesResponse>, Status> {
        let given = request.get_ref();
        let page = Page::parse(given.page.clone())?;
        let db = &self.service.reader(&request).await?;
        let (found, total) = store::changes(db, &given.enterprise_id, &page).await?;
        let (found, page) = page.cut(found, total, |change| change.change_id);
        let changes = found
            .into_iter()
            .map(|change| pb::EnterpriseChange {
                id: change.change_id.to_string(),
                actor: change.actor,
                action: change.action,
                fields: change.fields,
                happened_at: Some(timestamp::to_proto(change.happened_at)),
            })
            .collect();
        Ok(Response::new(pb::ListEnterpriseChangesResponse { changes, page: Some(page) }))
    }
}

/// What is done to an affiliation.
#[derive(Clone, Copy, Debug)]
enum Act {
    Add,
    SetState(AffiliationState),
    End,
}

impl EnterpriseAdmin {
    /// Does something to the affiliation of two enterprises, a parent and a child, and notes of the
    /// child what has changed.
    async fn affiliate<Req: Message, Res: Message + Default>(
        &self,
        request: &Request<Req>,
        (parent_id, child_id): (&str, &str),
        act: Act,
    ) -> Result<Response<Res>, Status> {
        let (actor, now) = (&Caller::of(request)?.key(), self.service.clock.now());
        self.service
            .once(request, |mut tx| {
                Box::pin(async move {
                    if matches!(act, Act::Add | Act::End) {
                        affiliations::lock(&mut tx).await?;
                    }
                    let (parent, child) = pair(&mut tx, parent_id, child_id).await?;
                    let changed = match act {
                        Act::Add => affiliations::add(&mut tx, parent, child, now)
                            .await?
                            .then_some("parent"),
                        Act::SetState(state) => {
                            affiliations::set_state(&mut tx, parent, child, state).await?;
                            Some("state")
                        }
                        Act::End => {
                            affiliations::end(&mut tx, parent, child).await?;
                            Some("parent")
                        }
                    };
                    if let Some(field) = changed {
                        let (action, fields) = ("affiliation", &[field]);
                        store::note_change(&mut tx, child, actor, action, fields, now).await?;
                    }
                    Ok::<_, Error>(Res::default())
                })
            })
            .await
    }
}

async fn named(tx: &mut PgConnection, id: &str) -> Result<CompanyId, Error> {
    own::find(tx, id).await?.ok_or(Refusal::NotFound.into())
}

/// Parent and child, both locked.
async fn pair(
    tx: &mut PgConnection,
    parent: &str,
    child: &str,
) -> Result<(CompanyId, CompanyId), Error> {
    let (parent, child) = (named(tx, parent).await?, named(tx, child).await?);
    store::lock(tx, parent).await?;
    store::lock(tx, child).await?;
    Ok((parent, child))
}

fn parse_addresses(given: &[proto::common::v1::Address]) -> Result<Vec<KeptAddress>, Status> {
    let mut fields = Fields::new();
    if given.len() > ADDRESSES_MAX {
        fields.refuse("addresses", format!("has more than {ADDRESSES_MAX} items"));
    }
    let mut addresses = Vec::new();
    for (place, address) in given.iter().take(ADDRESSES_MAX).enumerate() {
        let path = format!("addresses[{place}]");
        if let Some(address) = Address::parse(&mut fields, &path, Some(address)) {
            let public_id = PublicId::generate().to_string();
            addresses.push(KeptAddress { public_id, address });
        }
    }
    fields.check()?;
    Ok(addresses)
}

fn parse_document(
    given: pb::EnterpriseDocument,
    now: time::OffsetDateTime,
) -> Result<Document, Status> {
    let mut fields = Fields::new();
    let mut text = |name: &str, text: String| {
        let path = format!("document.{name}");
        if text.trim().is_empty() {
            fields.refuse(&path, "is required");
        }
        free_text(&mut fields, &path, &text, DOCUMENT_TEXT_MAX).unwrap_or_default()
    };
    let document = Document {
        public_id: PublicId::generate().to_string(),
        file_size: given.file_size,
        folder: text("folder", given.folder),
        key_name: text("key_name", given.key_name),
        mime: text("mime", given.mime),
        name: text("name", given.name),
        created_at: now,
    };
    if document.file_size < 0 {
        fields.refuse("document.file_size", "is negative");
    }
    fields.check()?;
    Ok(document)
}

#[cfg(test)]
mod tests;
