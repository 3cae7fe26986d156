//! An operator's command: reads a file row by row and streams it to the company service, which
//! answers with a report. Nothing is in memory but the rows on their way.

mod rows;
mod tables;

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use chassis::client::Channels;
use chassis::config::{Peers, Secret};
use clap::Parser;
use proto::company::v1 as pb;
use proto::company::v1::import_schools_request::Part as Sent;
use proto::company::v1::import_schools_response::Part as Told;
use proto::company::v1::school_import_service_client::SchoolImportServiceClient;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Request;
use tonic::metadata::{Ascii, MetadataValue};
use uuid::Uuid;

pub use crate::rows::Format;

const ROWS_AT_A_TIME: usize = 500;

/// Brings schools, their people and partners' programs in from a file.
///
/// Each row has a "kind" (client_app, tenant, school, integration, shift, stage, class, person,
/// guardianship, consumption) and the fields of that kind. Rows may come in any order. Rows that
/// are wrong are listed and skipped; the others stand. Ends with 1 when there were any.
#[derive(Clone, Debug, Parser)]
#[command(name = "linha-import-schools", version)]
pub struct Options {
    /// The file: .csv, with the fields' names in its first line, or .jsonl.
    pub file: PathBuf,

    /// What the file is, when its name does not tell.
    #[arg(long, value_enum)]
    pub format: Option<Format>,

    /// Look for what is wrong, and change nothing.
    #[arg(long)]
    pub dry_run: bool,

    /// Names the import: the same one again changes nothing, and tells the first report.
    #[arg(long, default_value_t = Uuid::now_v7())]
    pub import_id: Uuid,

    /// An operator's token.
    #[arg(long, env = "LINHA_TOKEN", hide_env_values = true)]
    pub token: Secret,

    /// Where the company service is, and what to prove oneself with to it.
    #[command(flatten)]
    pub peers: Peers,
}

/// Brings the file in, and writes the report; false when rows were skipped.
///
/// # Errors
/// When the file cannot be read, or the service refuses the import.
pub async fn run(options: Options, out: &mut impl Write) -> anyhow::Result<bool> {
    let format = options.format.or_else(|| Format::of(&options.file));
    let format = format.context("say by --format what the file is")?;
    let rows = format.open(&options.file)?;

    let (parts, stream) = mpsc::channel(2);
    let start =
        pb::ImportStart { import_id: options.import_id.to_string(), dry_run: options.dry_run };
    let reading = tokio::task::spawn_blocking(move || send(start, rows, &parts));

    let mut request = Request::new(ReceiverStream::new(stream));
    let bearer: MetadataValue<Ascii> =
        format!("Bearer {}", options.token.expose()).parse().context("the token is none")?;
    request.metadata_mut().insert("authorization", bearer);
    let channels = Channels::new(&options.peers, options.peers.tls.load()?.as_ref())?;
    let mut report = SchoolImportServiceClient::new(channels.company)
        .import_schools(request)
        .await
        .context("the import was refused")?
        .into_inner();

    writeln!(out, "import {}", options.import_id)?;
    let mut summary = None;
    while let Some(told) = report.message().await.context("the import was not done")? {
        match told.part {
            Some(Told::Refused(refused)) => {
                for pb::RefusedImportRow { row_number, field, reason } in refused.rows {
                    writeln!(out, "line {row_number}: {field} {reason}")?;
                }
            }
            Some(Told::Summary(told)) => summary = Some(told),
            None => {}
        }
    }
    reading.await?.context("the file could not be read to its end")?;
    let pb::ImportSummary { rows, applied, refused, replayed } =
        summary.context("the report breaks off")?;
    let how = match (options.dry_run, replayed) {
        (_, true) => ", as told the first time",
        (true, _) => ", and nothing was changed",
        _ => "",
    };
    writeln!(out, "{rows} rows: {applied} put, {refused} skipped{how}")?;
    Ok(refused == 0)
}

type Parts = mpsc::Sender<pb::ImportSchoolsRequest>;

/// Sends the rows as they are read, until nobody listens any more.
fn send(start: pb::ImportStart, rows: rows::Rows, parts: &Parts) -> anyhow::Result<()> {
    let part = |part| pb::ImportSchoolsRequest { part: Some(part) };
    let mut is_heard = parts.blocking_send(part(Sent::Start(start))).is_ok();
    let mut kept = Vec::with_capacity(ROWS_AT_A_TIME);
    for row in rows {
        kept.push(row?);
        if kept.len() == ROWS_AT_A_TIME {
            let rows = std::mem::replace(&mut kept, Vec::with_capacity(ROWS_AT_A_TIME));
            is_heard =
                is_heard && parts.blocking_send(part(Sent::Rows(pb::ImportRows { rows }))).is_ok();
        }
        if !is_heard {
            return Ok(());
        }
    }
    if !kept.is_empty() {
        // Whoever does not listen says why in the report.
        let _ = parts.blocking_send(part(Sent::Rows(pb::ImportRows { rows: kept })));
    }
    Ok(())
}
