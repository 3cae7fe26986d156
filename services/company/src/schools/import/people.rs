//! Handing over to identity what it keeps: programs, people, and what is between them.

use chassis::refusal::upstream;
use proto::company::v1 as pb;
use proto::company::v1::import_row::Row;
use proto::identity::v1 as identity;
use proto::identity::v1::import_school_people_request::Part;
use proto::identity::v1::import_school_people_row::Row as PeopleRow;
use proto::identity::v1::school_people_service_client::SchoolPeopleServiceClient;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::rows::{Phase, school_of_people};
use super::work::{FIRST_OF_PEOPLE, Import, SchoolIds};
use super::{Refused, store};
use crate::error::Error;

type Parts = mpsc::Sender<identity::ImportSchoolPeopleRequest>;

/// The programs that come along and that identity would refuse, by the numbers of their rows.
pub(super) async fn refused_programs(import: &Import) -> Result<Vec<u32>, Error> {
    let school_ids = SchoolIds::new();
    let trial =
        Handover { import, school_ids: &school_ids, last: Phase::ClientApps, dry_run: true };
    let refused = trial.run().await?;
    Ok(refused.into_iter().map(|row| row.row_number).collect())
}

/// Sends all rows, and takes what identity refuses.
pub(super) async fn hand_over(
    import: &Import,
    school_ids: &SchoolIds,
) -> Result<Vec<Refused>, Error> {
    let dry_run = import.dry_run;
    Handover { import, school_ids, last: Phase::Consumptions, dry_run }.run().await
}

/// The rows of people and programs up to a phase.
struct Handover<'a> {
    import: &'a Import,
    school_ids: &'a SchoolIds,
    last: Phase,
    dry_run: bool,
}

impl Handover<'_> {
    async fn run(&self) -> Result<Vec<Refused>, Error> {
        let (parts, stream) = mpsc::channel(1);
        let rows = ReceiverStream::new(stream);
        let (sent, answered) = tokio::join!(self.send(parts), receive(self.import, rows));
        // Whatever kept identity from answering kept the rest from being sent as well.
        let mut refused = answered?;
        refused.extend(sent?);
        Ok(refused)
    }

    /// Sends all rows; gives those whose school is not known. Stops when nobody listens any more.
    async fn send(&self, parts: Parts) -> Result<Vec<Refused>, Error> {
        let part = |part| identity::ImportSchoolPeopleRequest { part: Some(part) };
        let start = identity::ImportSchoolPeopleStart { dry_run: self.dry_run };
        if parts.send(part(Part::Start(start))).await.is_err() {
            return Ok(vec![]);
        }
        let mut refused = vec![];
        let mut after = (FIRST_OF_PEOPLE as i16, -1);
        let (service, attempt_id) = (&self.import.service, self.import.attempt_id);
        loop {
            let mut connection = service.db.acquire().await?;
            let kept = store::kept(&mut connection, &service.keyring, attempt_id, after, self.last);
            let kept = kept.await?;
            drop(connection);
            let Some((phase, last)) = kept.last() else { break };
            after = (*phase, last.row_number.into());
            let mut rows = vec![];
            for (_, row) in kept {
                let row_number = row.row_number;
                match resolved(row, self.school_ids) {
                    Ok(row) => rows.push(identity::ImportSchoolPeopleRow { row_number, row }),
                    Err(field) => refused.push(Refused {
                        row_number,
                        field: field.to_owned(),
                        reason: "is not known".to_owned(),
                    }),
                }
            }
            let rows = identity::ImportSchoolPeopleRows { rows };
            if parts.send(part(Part::Rows(rows))).await.is_err() {
                return Ok(refused);
            }
        }
        let end = identity::ImportSchoolPeopleEnd {};
        // Nobody listens any more when identity has failed, which it says itself.
        let _ = parts.send(part(Part::End(end))).await;
        Ok(refused)
    }
}

/// A row with its school's id; else the field that names none.
fn resolved(row: pb::ImportRow, school_ids: &SchoolIds) -> Result<Option<PeopleRow>, &'static str> {
    let school_id = match school_of_people(&row) {
        None => String::new(),
        Some(reference) => {
            let known = school_ids.get(reference.trim());
            known.ok_or("school_reference")?.to_string()
        }
    };
    Ok(match row.row {
        Some(Row::ClientApp(client_app)) => Some(PeopleRow::ClientApp(client_app)),
        Some(Row::Person(pb::ImportPerson { person, .. })) => {
            Some(PeopleRow::Person(identity::PutSchoolPersonRequest { school_id, person }))
        }
        Some(Row::Guardianship(pb::ImportGuardianship { guardianship, .. })) => {
            Some(PeopleRow::Guardianship(identity::PutGuardianshipRequest {
                school_id,
                guardianship,
            }))
        }
        Some(Row::Consumption(pb::ImportProductConsumption { consumption, .. })) => {
            Some(PeopleRow::Consumption(identity::PutProductConsumptionRequest {
                school_id,
                consumption,
            }))
        }
        _ => None,
    })
}

async fn receive(
    import: &Import,
    rows: ReceiverStream<identity::ImportSchoolPeopleRequest>,
) -> Result<Vec<Refused>, Status> {
    let mut answers = SchoolPeopleServiceClient::new(import.service.identity.clone())
        .import_school_people(rows)
        .await
        .map_err(upstream)?
        .into_inner();
    let (mut refused, mut is_done) = (vec![], false);
    while let Some(answer) = answers.message().await.map_err(upstream)? {
        is_done |= answer.done;
        refused.extend(answer.refused.into_iter().map(|row| Refused {
            row_number: row.row_number,
            field: row.field,
            reason: row.reason,
        }));
    }
    if is_done { Ok(refused) } else { Err(Status::unavailable("identity did not finish")) }
}
