//! `LanguageService`.

use chassis::Service;
use chassis::auth::Caller;
use chassis::page::Page;
use chassis::refusal::Fields;
use proto::company::v1 as pb;
use proto::company::v1::language_service_server::LanguageService;
use tonic::{Request, Response, Status};

use super::{InvalidTag, LanguageTag, store};
use crate::error::Error;
use crate::organizations::refusals::language_not_found;
use crate::organizations::rpc::whole;
use crate::organizations::{readable, writable};

/// The rpcs.
pub(crate) struct Languages {
    pub(crate) service: Service,
}

#[tonic::async_trait]
impl LanguageService for Languages {
    async fn list_languages(
        &self,
        request: Request<pb::ListLanguagesRequest>,
    ) -> Result<Response<pb::ListLanguagesResponse>, Status> {
        let caller = Caller::of(&request)?;
        let page = Page::parse(request.get_ref().page.clone())?;
        let organization =
            readable(&self.service, caller, &request.get_ref().organization_id).await?;
        let db = &self.service.reader(&request).await?;
        let found = store::list(db, organization.company_id, &page).await;
        let (tags, total) = found.map_err(Error::from)?;
        Ok(Response::new(pb::ListLanguagesResponse { tags, page: Some(whole(total)) }))
    }

    async fn get_language(
        &self,
        request: Request<pb::GetLanguageRequest>,
    ) -> Result<Response<pb::GetLanguageResponse>, Status> {
        let pb::GetLanguageRequest { organization_id, tag } = request.get_ref();
        let organization = readable(&self.service, Caller::of(&request)?, organization_id).await?;
        // What is no tag in its canonical case names nothing.
        if tag.parse::<LanguageTag>().ok().is_none_or(|known| known.as_str() != tag) {
            return Err(language_not_found());
        }
        let is_there = store::exists(&self.service.db, organization.company_id, tag).await;
        if !is_there.map_err(Error::from)? {
            return Err(language_not_found());
        }
        Ok(Response::new(pb::GetLanguageResponse { tag: tag.clone() }))
    }

    async fn create_language(
        &self,
        request: Request<pb::CreateLanguageRequest>,
    ) -> Result<Response<pb::CreateLanguageResponse>, Status> {
        let pb::CreateLanguageRequest { organization_id, tag } = request.get_ref();
        let organization = writable(&self.service, Caller::of(&request)?, organization_id).await?;
        let mut fields = Fields::new();
        let tag: Option<LanguageTag> = fields.required_by("tag", tag, InvalidTag::rule);
        let Some(tag) = &tag else { return Err(fields.into_status()) };
        let company_id = organization.company_id;
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    store::insert(&mut tx, company_id, tag).await?;
                    Ok::<_, Error>(pb::CreateLanguageResponse { tag: tag.to_string() })
                })
            })
            .await
    }
}

#[cfg(test)]
mod tests;
