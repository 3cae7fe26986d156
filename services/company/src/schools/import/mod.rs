//! Bringing in whole schools. The rows of a stream are kept, sealed, until all of them are there,
//! since a row may refer to a later one; then they are put in an order that needs no looking
//! ahead: company's own in one transaction, the people by a stream of their own to identity. What
//! is in memory at a time is a part of the rows, and of every row its key and what was wrong.

mod people;
mod rows;
mod store;
#[cfg(test)]
mod tests;
mod work;

use std::time::Duration;

use chassis::Service;
use chassis::auth::Caller;
use chassis::refusal::invalid;
use chassis::sweeps::Sweep;
use proto::company::v1 as pb;
use proto::company::v1::import_schools_request::Part;
use proto::company::v1::school_import_service_server::SchoolImportService;
pub(crate) use store::SEALED_AS;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};
use uuid::Uuid;

/// The most rows of an import.
const ROWS_MAX: usize = 100_000;
/// The most rows of a message, and of what is worked on at a time.
const PART_MAX: usize = 1_000;
const TOLD_AT_ONCE: usize = 500;
const TIDY_EVERY: Duration = Duration::from_secs(3600);
const KEEP_LEFTOVERS: time::Duration = time::Duration::days(1);

/// A row that was skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Refused {
    row_number: u32,
    field: String,
    reason: String,
}

/// What became of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Report {
    rows: usize,
    refused: Vec<Refused>,
    replayed: bool,
}

/// The rpcs.
pub(crate) struct Imports {
    pub(crate) service: Service,
}

#[tonic::async_trait]
impl SchoolImportService for Imports {
    type ImportSchoolsStream = ReceiverStream<Result<pb::ImportSchoolsResponse, Status>>;

    async fn import_schools(
        &self,
        request: Request<Streaming<pb::ImportSchoolsRequest>>,
    ) -> Result<Response<Self::ImportSchoolsStream>, Status> {
        let imported_by = Caller::of(&request)?.key();
        let mut stream = request.into_inner();
        let Some(Part::Start(start)) = stream.message().await?.and_then(|message| message.part)
        else {
            return Err(invalid("start", "comes first"));
        };
        let import_id: Uuid =
            start.import_id.parse().map_err(|_| invalid("start.import_id", "is not a UUID"))?;
        let import = work::Import::new(self.service.clone(), import_id, imported_by, start.dry_run);
        let (tell, told) = mpsc::channel(1);
        // What was received whole is finished, whether somebody waits for the report or not.
        tokio::spawn(async move {
            let answer = match import.run(stream).await {
                Ok(report) => tell_all(report, &tell).await,
                Err(error) => Err(error.into()),
            };
            if let Err(status) = answer {
                // Nobody may be waiting any more.
                let _ = tell.send(Err(status)).await;
            }
        });
        Ok(Response::new(ReceiverStream::new(told)))
    }
}

type Tell = mpsc::Sender<Result<pb::ImportSchoolsResponse, Status>>;

async fn tell_all(mut report: Report, tell: &Tell) -> Result<(), Status> {
    use pb::import_schools_response::Part;

    let gone = |_| Status::cancelled("nobody waits for the report");
    report.refused.sort_by_key(|refused| refused.row_number);
    for refused in report.refused.chunks(TOLD_AT_ONCE) {
        let rows = refused
            .iter()
            .map(|Refused { row_number, field, reason }| pb::RefusedImportRow {
                row_number: *row_number,
                field: field.clone(),
                reason: reason.clone(),
            })
            .collect();
        let part = Some(Part::Refused(pb::RefusedImportRows { rows }));
        tell.send(Ok(pb::ImportSchoolsResponse { part })).await.map_err(gone)?;
    }
    let count = |rows: usize| u32::try_from(rows).unwrap_or(u32::MAX);
    let summary = pb::ImportSummary {
        rows: count(report.rows),
        applied: count(report.rows.saturating_sub(report.refused.len())),
        refused: count(report.refused.len()),
        replayed: report.replayed,
    };
    let part = Some(Part::Summary(summary));
    tell.send(Ok(pb::ImportSchoolsResponse { part })).await.map_err(gone)
}

/// Forgets rows that an import left behind which never came to its end.
pub(crate) fn sweep_leftovers(service: &Service) -> Sweep {
    let service = service.clone();
    Sweep::new("school_imports", TIDY_EVERY, move || {
        let service = service.clone();
        async move {
            store::forget_old(&service.db, service.clock.now() - KEEP_LEFTOVERS).await?;
            Ok(false)
        }
    })
}
