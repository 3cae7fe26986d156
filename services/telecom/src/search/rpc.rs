//! Searches over gRPC.

use brazil::{CompanyId, LineId};
use chassis::Service;
use chassis::auth::Caller;
use chassis::neighbours::is_no_company;
use chassis::page::Page;
use chassis::refusal::{Fields, Rule, internal};
use proto::telecom::v1 as pb;
use proto::telecom::v1::line_search_service_server::LineSearchService;
use tonic::{Request, Response, Status};

use super::{CountTerms, Counting, FoundLine, Term, store};
use crate::error::Error;

/// Searches among lines.
#[derive(Clone)]
pub(crate) struct Search {
    pub(crate) service: Service,
    pub(crate) counting: Counting,
}

#[tonic::async_trait]
impl LineSearchService for Search {
    async fn search_lines(
        &self,
        request: Request<pb::SearchLinesRequest>,
    ) -> Result<Response<pb::SearchLinesResponse>, Status> {
        let caller = Caller::of(&request)?;
        let input = request.get_ref();
        let mut fields = Fields::new();
        let company_id: Option<CompanyId> = fields.required("company_id", &input.company_id);
        if input.search_term.chars().count() > Term::LENGTH_MAX {
            fields.refuse_as("search_term", Rule::TooLong, "has more than 200 characters");
        }
        let Some(company_id) = company_id else { return Err(fields.into_status()) };
        fields.check()?;
        let absent = || Status::from(Error::CompanyNotFound(company_id));
        caller.enter(company_id, absent())?;
        let page = Page::<LineId>::parse(input.page.clone())?;
        let term = Term::new(&input.search_term);

        let found = store::search(&self.service.reader(&request).await?, company_id, &term, &page)
            .await
            .map_err(|error| internal(&error))?;
        if found.total == 0 && is_no_company(&self.service, caller, company_id).await? {
            return Err(absent());
        }
        if self.counting.is_due(&found) {
            let mut connection =
                self.service.db.acquire().await.map_err(|error| internal(&error))?;
            CountTerms::enqueue(&mut connection, &self.service, company_id)
                .await
                .map_err(|error| internal(&error))?;
        }
        let (lines, page) = page.cut(found.lines, found.total, |found| found.line.line_id());
        let lines = lines.into_iter().map(pb::FoundLine::from).collect();
        Ok(Response::new(pb::SearchLinesResponse { lines, page: Some(page) }))
    }
}

impl From<FoundLine> for pb::FoundLine {
    fn from(found: FoundLine) -> Self {
        let user_id = found.line.user_id();
        let user = user_id.zip(found.user).map(|(user_id, person)| pb::LineUser {
            id: user_id.to_string(),
            email: person.email,
            full_name: person.full_name,
            social_name: person.social_name,
        });
        Self { line: Some(found.line.into()), user }
    }
}
