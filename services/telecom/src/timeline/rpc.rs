//! What happened to lines, over gRPC.

use chassis::page::Page;
use chassis::refusal::internal;
use chassis::{Service, timestamp};
use proto::telecom::v1 as pb;
use proto::telecom::v1::timeline_service_server::TimelineService;
use tonic::{Request, Response, Status};

use super::store;
use crate::lines::Lines;

/// Answers the rpcs of TimelineService.
pub(crate) struct Timeline {
    service: Service,
    lines: Lines,
}

impl Timeline {
    /// The history of these lines.
    pub(crate) fn new(service: Service, lines: Lines) -> Self {
        Self { service, lines }
    }
}

#[tonic::async_trait]
impl TimelineService for Timeline {
    async fn list_timeline(
        &self,
        request: Request<pb::ListTimelineRequest>,
    ) -> Result<Response<pb::ListTimelineResponse>, Status> {
        let input = request.get_ref();
        let page = Page::<i64>::parse(input.page.clone())?;
        let line = self.lines.line_with_permission(&request, &input.line_id).await?;
        let (entries, total) =
            store::list(&self.service.reader(&request).await?, line.line_id(), &page)
                .await
                .map_err(|error| internal(&error))?;
        let (entries, page) = page.cut(entries, total, |entry| entry.entry_id);
        let entries = entries.into_iter().map(pb::TimelineEntry::from).collect();
        Ok(Response::new(pb::ListTimelineResponse { entries, page: Some(page) }))
    }
}

impl From<store::Recorded> for pb::TimelineEntry {
    fn from(entry: store::Recorded) -> Self {
        Self {
            at: Some(timestamp::to_proto(entry.at)),
            actor_id: entry.actor_id,
            actor_kind: entry.actor_kind,
            action: entry.action,
            before: entry.before.0.into_iter().collect(),
            after: entry.after.0.into_iter().collect(),
            reason: entry.reason,
        }
    }
}
