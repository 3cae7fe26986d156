//! `OrganizationService`.

use std::time::Duration;

use brazil::CompanyId;
use chassis::auth::{Caller, Subject};
use chassis::page::Page;
use chassis::refusal::{Fields, Rule, invalid_as};
use chassis::{Service, crash, timestamp};
use proto::common::v1::{PageResponse, Permission};
use proto::company::v1 as pb;
use proto::company::v1::organization_service_server::OrganizationService;
use proto::events::v1::{OrganizationCleared, OrganizationOpened};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::slug::{InvalidSlug, Slug};
use super::{
    NAME_MAX, Opening, Organization, PictureKind, Pictures, Type, footer, is_public_id,
    new_public_id, readable, refusals, store, writable,
};
use crate::companies::Registration;
use crate::error::Error;

const BATCH_MAX: usize = 200;
const OWNER_PATIENCE: Duration = Duration::from_secs(3);

/// The rpcs.
pub(crate) struct Organizations {
    pub(crate) service: Service,
    pub(crate) pictures: Pictures,
}

#[tonic::async_trait]
impl OrganizationService for Organizations {
    async fn list_organizations(
        &self,
        request: Request<pb::ListOrganizationsRequest>,
    ) -> Result<Response<pb::ListOrganizationsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let memberships = caller.scope().company_ids;
        let page = Page::parse(request.get_ref().page.clone())?;
        let db = &self.service.reader(&request).await?;
        let (found, total) = store::list(db, &memberships, &page).await.map_err(Error::from)?;
        Ok(Response::new(pb::ListOrganizationsResponse {
            organizations: found.into_iter().map(|found| shown(found, caller)).collect(),
            page: Some(whole(total)),
        }))
    }

    async fn get_organization(
        &self,
        request: Request<pb::GetOrganizationRequest>,
    ) -> Result<Response<pb::GetOrganizationResponse>, Status> {
        let caller = Caller::of(&request)?;
        let found = readable(&self.service, caller, &request.get_ref().organization_id).await?;
        let organization = Some(shown(found, caller));
        Ok(Response::new(pb::GetOrganizationResponse { organization }))
    }

    async fn batch_get_organizations(
        &self,
        request: Request<pb::BatchGetOrganizationsRequest>,
    ) -> Result<Response<pb::BatchGetOrganizationsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (scope, is_service) = (caller.scope(), matches!(caller.subject(), Subject::Service(_)));
        let pb::BatchGetOrganizationsRequest { company_ids, organization_ids } = request.get_ref();
        let mut fields = Fields::new();
        for (field, ids) in [("company_ids", company_ids), ("organization_ids", organization_ids)] {
            if ids.len() > BATCH_MAX {
                fields.refuse_as(field, Rule::TooLong, format!("has more than {BATCH_MAX} ids"));
            }
        }
        let company_ids: Vec<Uuid> = company_ids
            .iter()
            .take(BATCH_MAX)
            .filter_map(|id| fields.required::<CompanyId>("company_ids", id))
            .map(Uuid::from)
            .collect();
        fields.check()?;
        let organization_ids: Vec<String> =
            organization_ids.iter().filter(|id| is_public_id(id)).cloned().collect();
        let db = &self.service.db;
        let found = store::find_in_scope(db, &company_ids, &organization_ids, &scope)
            .await
            .map_err(Error::from)?;
        let organizations = found
            .into_iter()
            .map(|found| {
                let mail_footer = found.mail_footer.clone().filter(|_| is_service);
                pb::Organization { mail_footer, ..shown(found, caller) }
            })
            .collect();
        Ok(Response::new(pb::BatchGetOrganizationsResponse { organizations }))
    }

    async fn create_organization(
        &self,
        request: Request<pb::CreateOrganizationRequest>,
    ) -> Result<Response<pb::CreateOrganizationResponse>, Status> {
        let caller = Caller::of(&request)?;
        let Some(user_id) = caller.user_id() else {
            return Err(Status::permission_denied("only people open organizations"));
        };
        if caller.email().is_none() {
            return Err(refusals::email_not_proven());
        }
        let given = request.get_ref();
        let mut fields = Fields::new();
        let name = fields.text("name", &given.name, 1, NAME_MAX);
        let purpose = fields.optional::<Type>("type", given.r#type.as_deref());
        let slug = given
            .slug
            .as_deref()
            .and_then(|slug| fields.required_by("slug", slug, InvalidSlug::rule));
        let Some(name) = name else { return Err(fields.into_status()) };
        fields.check()?;

        let opening = &Opening {
            company_id: CompanyId::generate(),
            organization_id: new_public_id(),
            purpose: purpose.unwrap_or(Type::Production),
            name,
            slug: slug.map(|Slug(slug)| slug),
            opened_by: user_id.into(),
            opened_at: self.service.clock.now(),
        };
        let search = &search_text(&opening.name);
        let outbox = &self.service.outbox;
        let answer = self
            .service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let opened = store::open(&mut tx, opening, search).await?;
                    let event = OrganizationOpened {
                        company_id: opened.company_id.to_string(),
                        user_id: opening.opened_by.to_string(),
                    };
                    outbox.publish(&mut tx, opened.company_id, &event).await?;
                    let organization = Some(opened.into());
                    Ok::<_, Error>(pb::CreateOrganizationResponse { organization })
                })
            })
            .await?;
        crash::point("company.organization.opened").await;
        // Its opener goes on there at once, which is worth a longer wait.
        self.service.outbox.handed_over(opening.company_id, OWNER_PATIENCE).await;
        Ok(answer)
    }

    async fn clear_organization(
        &self,
        request: Request<pb::ClearOrganizationRequest>,
    ) -> Result<Response<pb::ClearOrganizationResponse>, Status> {
        let caller = Caller::of(&request)?;
        let found = writable(&self.service, caller, &request.get_ref().organization_id).await?;
        if found.purpose != Type::Demo {
            return Err(refusals::not_demo());
        }
        let (company_id, now) = (found.company_id, self.service.clock.now());
        let outbox = &self.service.outbox;
        let answer = self
            .service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    store::clear(&mut tx, company_id, now).await?;
                    let event = OrganizationCleared { company_id: company_id.to_string() };
                    outbox.publish(&mut tx, company_id, &event).await?;
                    let found = store::read(&mut tx, company_id).await?;
                    let organization = Some(shown(found, caller));
                    Ok::<_, Error>(pb::ClearOrganizationResponse { organization })
                })
            })
            .await?;
        self.service.handed_over(company_id).await;
        Ok(answer)
    }

    async fn put_picture(
        &self,
        request: Request<pb::PutPictureRequest>,
    ) -> Result<Response<pb::PutPictureResponse>, Status> {
        let caller = Caller::of(&request)?;
        let given = request.get_ref();
        let found = writable(&self.service, caller, &given.organization_id).await?;
        let kind = kind(given.kind())?;
        if given.content.is_empty() {
            return Err(invalid_as("file", Rule::Required, "is required"));
        }
        let picture = self.pictures.redraw(given.content.clone()).await;
        let picture = &picture.map_err(|error| refusals::invalid_picture(error.to_string()))?;
        let (company_id, now) = (found.company_id, self.service.clock.now());
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    store::put_picture(&mut tx, company_id, kind, picture, now).await?;
                    let found = store::read(&mut tx, company_id).await?;
                    let organization = Some(shown(found, caller));
                    Ok::<_, Error>(pb::PutPictureResponse { organization })
                })
            })
            .await
    }

    async fn get_picture(
        &self,
        request: Request<pb::GetPictureRequest>,
    ) -> Result<Response<pb::GetPictureResponse>, Status> {
        let caller = Caller::of(&request)?;
        let given = request.get_ref();
        let kind = kind(given.kind())?;
        let found = readable(&self.service, caller, &given.organization_id).await?;
        let picture = store::find_picture(&self.service.db, found.company_id, kind).await;
        let (media_type, content) =
            picture.map_err(Error::from)?.ok_or_else(refusals::picture_not_found)?;
        Ok(Response::new(pb::GetPictureResponse { media_type, content }))
    }

    async fn get_mail_footer(
        &self,
        request: Request<pb::GetMailFooterRequest>,
    ) -> Result<Response<pb::GetMailFooterResponse>, Status> {
        let caller = Caller::of(&request)?;
        let found = readable(&self.service, caller, &request.get_ref().organization_id).await?;
        Ok(Response::new(pb::GetMailFooterResponse { mail_footer: found.mail_footer }))
    }

    async fn set_mail_footer(
        &self,
        request: Request<pb::SetMailFooterRequest>,
    ) -> Result<Response<pb::SetMailFooterResponse>, Status> {
        let caller = Caller::of(&request)?;
        let given = request.get_ref();
        let found = writable(&self.service, caller, &given.organization_id).await?;
        if !given.given {
            return Err(invalid_as("mail_footer", Rule::Required, "is required"));
        }
        if let Some(html) = &given.mail_footer {
            check_footer(html)?;
        }
        let clean = &given.mail_footer.as_deref().map(footer::harmless);
        let (company_id, now) = (found.company_id, self.service.clock.now());
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    store::set_footer(&mut tx, company_id, clean.as_deref(), now).await?;
                    Ok::<_, Error>(pb::SetMailFooterResponse { mail_footer: clean.clone() })
                })
            })
            .await
    }

    async fn set_organization_status(
        &self,
        request: Request<pb::SetOrganizationStatusRequest>,
    ) -> Result<Response<pb::SetOrganizationStatusResponse>, Status> {
        let caller = Caller::of(&request)?;
        let given = request.get_ref();
        let found = readable(&self.service, caller, &given.organization_id).await?;
        let status = match given.status() {
            pb::OrganizationStatus::Active => super::Status::Active,
            pb::OrganizationStatus::Suspended => super::Status::Suspended,
            pb::OrganizationStatus::Pending => super::Status::Pending,
            pb::OrganizationStatus::Unspecified => {
                return Err(invalid_as("status", Rule::Required, "is required"));
            }
        };
        let (company_id, now) = (found.company_id, self.service.clock.now());
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    store::set_status(&mut tx, company_id, status, now).await?;
                    let found = store::read(&mut tx, company_id).await?;
                    let organization = Some(shown(found, caller));
                    Ok::<_, Error>(pb::SetOrganizationStatusResponse { organization })
                })
            })
            .await
    }
}

fn check_footer(html: &str) -> Result<(), Status> {
    if html.chars().count() > footer::LENGTH_MAX {
        let message = format!("has more than {} characters", footer::LENGTH_MAX);
        return Err(invalid_as("mail_footer", Rule::TooLong, message));
    }
    if html.contains('\0') {
        return Err(invalid_as("mail_footer", Rule::Format, "has control characters"));
    }
    Ok(())
}

fn kind(kind: pb::PictureKind) -> Result<PictureKind, Status> {
    match kind {
        pb::PictureKind::Icon => Ok(PictureKind::Icon),
        pb::PictureKind::Logo => Ok(PictureKind::Logo),
        pb::PictureKind::Unspecified => Err(invalid_as("kind", Rule::Required, "is required")),
    }
}

/// What a search for companies looks in.
fn search_text(name: &str) -> String {
    let registration = Registration {
        official_name: name.to_owned(),
        trading_name: None,
        cnpj: None,
        phone_number: None,
        email: None,
        billing_email: None,
        address: None,
    };
    registration.search_text()
}

/// An organization as the caller sees it.
fn shown(found: Organization, caller: &Caller) -> pb::Organization {
    let manages = caller.scope_of(Permission::OrganizationsManage).reaches(found.company_id);
    let pictures = if manages { found.pictures.clone() } else { vec![] };
    let configs = pictures.into_iter().map(|kind| pb::OrganizationConfig {
        value: format!("/organizations/{}/{kind}", found.organization_id),
        key: kind,
    });
    let configs = configs.collect();
    pb::Organization { configs, ..found.into() }
}

/// How a page lies in a list that is asked for by how much is to be left out.
pub(crate) fn whole(total: i64) -> PageResponse {
    PageResponse { next_page_token: String::new(), total_size: total }
}

impl From<Organization> for pb::Organization {
    fn from(found: Organization) -> Self {
        Self {
            company_id: found.company_id.to_string(),
            id: found.organization_id,
            r#type: match found.purpose {
                Type::Production => pb::OrganizationType::Production,
                Type::Demo => pb::OrganizationType::Demo,
                Type::Test => pb::OrganizationType::Test,
            }
            .into(),
            status: match found.status {
                super::Status::Active => pb::OrganizationStatus::Active,
                super::Status::Suspended => pb::OrganizationStatus::Suspended,
                super::Status::Pending => pb::OrganizationStatus::Pending,
            }
            .into(),
            name: found.name,
            slug: found.slug,
            address_ids: found.address_ids.iter().map(ToString::to_string).collect(),
            configs: vec![],
            created_at: Some(timestamp::to_proto(found.created_at)),
            updated_at: Some(timestamp::to_proto(found.updated_at)),
            mail_footer: None,
        }
    }
}

#[cfg(test)]
mod tests;
