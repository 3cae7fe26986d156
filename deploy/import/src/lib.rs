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
use prost::Message;
use proto::company::v1 as pb;
use proto::company::v1::import_schools_request::Part as Sent;
use proto::company::v1::import_schools_response::Part as Told;
use proto::company::v1::school_import_service_client::SchoolImportServiceClient;
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Request;
use tonic::metadata::{Ascii, MetadataValue};
use uuid::Uuid;

pub use crate::rows::Format;

const ROWS_AT_A_TIME: usize = 500;
/// A message may have four times as many.
const BYTES_AT_A_TIME: usize = 1024 * 1024;

/// Brings schools, their people and partners' programs in from a file.
///
/// Each row has a "kind" (client_app, tenant, school, integration, shift, stage, class, person,
/// guardianship, consumption) and the fields of that kind. Rows may come in any order. Rows that
/// are wrong are listed and skipped; the others stand. Ends with 1 when there were any. What broke
/// off is done again with the same --import-id.
#[derive(Clone, Debug, Parser)]
#[command(name = "linha-import-schools", version)]
pub struct Options {
    /// The file: .csv, with the fields' names in its first line, or .jsonl.
    pub file: PathBuf,

    /// What the file is, when its name does not tell.
    #[arg(long, value_enum)]
    pub format: Option<Format>,

    /// What separates the cells of a .csv: spreadsheets in Portuguese write ";".
    #[arg(long, default_value = ",", value_parser = separator)]
    pub separator: u8,

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

fn separator(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() && *byte != b'"' && *byte != b'\n' => Ok(*byte),
        _ => Err("must be one character".to_owned()),
    }
}

/// Brings the file in, and writes the report; false when rows were skipped.
///
/// # Errors
/// When the file cannot be read, or the service refuses the import. Nothing was changed then,
/// or, if the service broke off, what was changed is changed again by the same import.
pub async fn run(options: Options, out: &mut impl Write) -> anyhow::Result<bool> {
    let format = options.format.or_else(|| Format::of(&options.file));
    let format = format.context("say by --format what the file is")?;
    let rows = format.open(&options.file, options.separator)?;
    let import_id = options.import_id;
    writeln!(out, "import {import_id}")?;

    let (parts, stream) = mpsc::channel(2);
    let start = pb::ImportStart { import_id: import_id.to_string(), dry_run: options.dry_run };
    let (tell, mut has_read) = oneshot::channel();
    // A thread that nobody waits for: a pipe may be open long after the service has said no.
    std::thread::spawn(move || tell.send(send(start, rows, &parts)));
    let told = ask(&options, ReceiverStream::new(stream), out).await;
    if let Ok(Err(error)) = has_read.try_recv() {
        return Err(error.context("the file cannot be read to its end, so nothing was changed"));
    }
    let told = told.with_context(|| {
        format!("the import was not done; --import-id {import_id} tries the same one again")
    });
    let pb::ImportSummary { rows, applied, refused, replayed } = told?;
    let how = match (options.dry_run, replayed) {
        (_, true) => ", as told the first time",
        (true, _) => ", and nothing was changed",
        _ => "",
    };
    writeln!(out, "{rows} rows: {applied} put, {refused} skipped{how}")?;
    Ok(refused == 0)
}

type Parts = mpsc::Sender<pb::ImportSchoolsRequest>;

/// Sends what the stream brings to the service, and writes which rows it refuses.
async fn ask(
    options: &Options,
    stream: ReceiverStream<pb::ImportSchoolsRequest>,
    out: &mut impl Write,
) -> anyhow::Result<pb::ImportSummary> {
    let mut request = Request::new(stream);
    let bearer: MetadataValue<Ascii> =
        format!("Bearer {}", options.token.expose()).parse().context("the token is none")?;
    request.metadata_mut().insert("authorization", bearer);
    let channels = Channels::new(&options.peers, options.peers.tls.load()?.as_ref())?;
    let mut report = SchoolImportServiceClient::new(channels.company)
        .import_schools(request)
        .await?
        .into_inner();
    let mut summary = None;
    while let Some(told) = report.message().await? {
        match told.part {
            Some(Told::Refused(refused)) => {
                for pb::RefusedImportRow { row_number, field, reason } in refused.rows {
                    writeln!(out, "row {row_number}: {field} {reason}")?;
                }
            }
            Some(Told::Summary(told)) => summary = Some(told),
            None => {}
        }
    }
    summary.context("the report breaks off")
}

/// Sends the rows as they are read, until nobody listens any more. Only if all could be read does
/// it say that there are no more: else the service takes none of them.
fn send(start: pb::ImportStart, rows: rows::Rows, parts: &Parts) -> anyhow::Result<()> {
    // Whoever does not listen says why in the report.
    let tell = |part| parts.blocking_send(pb::ImportSchoolsRequest { part: Some(part) }).is_ok();
    if !tell(Sent::Start(start)) {
        return Ok(());
    }
    let (mut kept, mut bytes) = (Vec::with_capacity(ROWS_AT_A_TIME), 0);
    for row in rows {
        let row = row?;
        bytes += row.encoded_len();
        kept.push(row);
        if kept.len() == ROWS_AT_A_TIME || bytes >= BYTES_AT_A_TIME {
            let rows = std::mem::replace(&mut kept, Vec::with_capacity(ROWS_AT_A_TIME));
            bytes = 0;
            if !tell(Sent::Rows(pb::ImportRows { rows })) {
                return Ok(());
            }
        }
    }
    if !kept.is_empty() && !tell(Sent::Rows(pb::ImportRows { rows: kept })) {
        return Ok(());
    }
    tell(Sent::End(pb::ImportEnd {}));
    Ok(())
}
