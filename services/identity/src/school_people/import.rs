//! The people of an import, in one transaction that ends with the stream: company, which has the
//! rows, sends them again when it does not hear that they are done.

use chassis::refusal::{Fields, Refusal, invalid};
use proto::identity::v1 as pb;
use proto::identity::v1::import_school_people_request::Part;
use proto::identity::v1::import_school_people_row::Row;
use sqlx::PgConnection;
use tokio::sync::mpsc;
use tonic::{Status, Streaming};
use uuid::Uuid;

use super::store::{self, putting};
use super::{Bad, ConsumptionInput, GuardianshipInput, PersonInput, Profile, input};
use crate::client_apps::{self, ClientApp};
use crate::error::Error;
use crate::identity::Identity;
use crate::tokens;

const ROWS_MAX: usize = 1_000;

type Tell = mpsc::Sender<Result<pb::ImportSchoolPeopleResponse, Status>>;
type Told = mpsc::Receiver<Result<pb::ImportSchoolPeopleResponse, Status>>;

struct Import {
    identity: Identity,
    imported_by: String,
    profiles: Vec<Profile>,
}

/// What a message puts, each with its row number.
#[derive(Default)]
struct Batch {
    client_apps: Vec<(u32, ClientApp)>,
    people: Vec<(u32, PersonInput)>,
    guardianships: Vec<(u32, GuardianshipInput)>,
    consumptions: Vec<(u32, ConsumptionInput)>,
    refused: Vec<(u32, Bad)>,
}

/// Puts what the stream brings; answers as it goes.
pub(super) fn start(
    identity: &Identity,
    imported_by: String,
    stream: Streaming<pb::ImportSchoolPeopleRequest>,
) -> Told {
    let identity = identity.clone();
    let (tell, told) = mpsc::channel(1);
    tokio::spawn(async move {
        if let Err(error) = run(identity, imported_by, stream, &tell).await {
            // Whoever asked may be gone.
            let _ = tell.send(Err(error.into())).await;
        }
    });
    told
}

async fn run(
    identity: Identity,
    imported_by: String,
    mut stream: Streaming<pb::ImportSchoolPeopleRequest>,
    tell: &Tell,
) -> Result<(), Error> {
    let Some(Part::Start(start)) = stream.message().await?.and_then(|message| message.part) else {
        return Err(invalid("start", "comes first").into());
    };
    let profiles = store::profiles(&identity.service.db).await?;
    let import = Import { identity, imported_by, profiles };
    let mut tx = import.identity.service.db.begin().await?;
    putting::lock(&mut tx).await?;
    loop {
        match stream.message().await?.and_then(|message| message.part) {
            Some(Part::Rows(rows)) => {
                if rows.rows.len() > ROWS_MAX {
                    return Err(invalid("rows", format!("has more than {ROWS_MAX}")).into());
                }
                let refused = import.put(&mut tx, rows.rows).await?;
                if !refused.is_empty() {
                    answer(tell, refused, false).await?;
                }
            }
            Some(Part::End(_)) => break,
            // What broke off is as if it had never been.
            Some(Part::Start(_)) | None => return Err(invalid("end", "comes last").into()),
        }
    }
    if start.dry_run {
        tx.rollback().await?;
    } else {
        tx.commit().await?;
        import.identity.heed().await;
    }
    answer(tell, vec![], true).await
}

async fn answer(tell: &Tell, refused: Vec<(u32, Bad)>, done: bool) -> Result<(), Error> {
    let refused = refused
        .into_iter()
        .map(|(row_number, Bad { field, reason })| pb::RefusedSchoolPeopleRow {
            row_number,
            field,
            reason,
        })
        .collect();
    let told = tell.send(Ok(pb::ImportSchoolPeopleResponse { refused, done })).await;
    told.map_err(|_| Status::cancelled("nobody waits for the answer").into())
}

impl Import {
    async fn put(
        &self,
        tx: &mut PgConnection,
        rows: Vec<pb::ImportSchoolPeopleRow>,
    ) -> Result<Vec<(u32, Bad)>, Error> {
        let now = self.identity.now();
        let mut batch = Batch::default();
        for row in rows {
            self.read(&mut batch, row);
        }
        let Batch { client_apps, people, guardianships, consumptions, mut refused } = batch;
        for (row_number, app) in client_apps {
            if let Err(bad) = self.put_client_app(tx, &app).await? {
                refused.push((row_number, bad));
            }
        }

        let (numbers, inputs): (Vec<u32>, Vec<PersonInput>) = people.into_iter().unzip();
        let keyring = &self.identity.service.keyring;
        let put = putting::people(tx, keyring, &self.profiles, &inputs, false, now).await?;
        for ((row_number, input), put) in numbers.into_iter().zip(&inputs).zip(put) {
            match put {
                Ok(stored) if stored.lost_role => {
                    let school_id = input.school_id.into();
                    self.identity.withdraw(tx, stored.user_id, school_id).await?;
                }
                Ok(_) => {}
                Err(bad) => refused.push((row_number, below("person.", bad))),
            }
        }

        let (numbers, inputs): (Vec<u32>, Vec<_>) = guardianships.into_iter().unzip();
        let put = putting::guardianships(tx, &inputs, now).await?;
        refused.extend(refusals(numbers, put, "guardianship."));
        let (numbers, inputs): (Vec<u32>, Vec<_>) = consumptions.into_iter().unzip();
        let put = putting::consumptions(tx, &inputs, now).await?;
        refused.extend(refusals(numbers, put, "consumption."));
        Ok(refused)
    }

    fn read(&self, batch: &mut Batch, row: pb::ImportSchoolPeopleRow) {
        let (number, now) = (row.row_number, self.identity.now());
        let mut fields = Fields::new();
        let at = &mut fields;
        match row.row {
            Some(Row::ClientApp(given)) => {
                let read = ClientApp::parse(at, "client_app.", &given);
                batch.keep(number, fields, read, |batch| &mut batch.client_apps);
            }
            Some(Row::Person(given)) => {
                let person = given.person.unwrap_or_default();
                let read = school(at, &given.school_id).and_then(|school_id| {
                    input::person(at, "person.", school_id, &person, &self.profiles, now)
                });
                batch.keep(number, fields, read, |batch| &mut batch.people);
            }
            Some(Row::Guardianship(given)) => {
                let two = given.guardianship.unwrap_or_default();
                let read = school(at, &given.school_id)
                    .and_then(|id| input::guardianship(at, "guardianship.", id, &two));
                batch.keep(number, fields, read, |batch| &mut batch.guardianships);
            }
            Some(Row::Consumption(given)) => {
                let used = given.consumption.unwrap_or_default();
                let read = school(at, &given.school_id)
                    .and_then(|id| input::consumption(at, "consumption.", id, &used));
                batch.keep(number, fields, read, |batch| &mut batch.consumptions);
            }
            None => batch.refused.push((number, Bad::new("row", "has no kind"))),
        }
    }

    async fn put_client_app(
        &self,
        tx: &mut PgConnection,
        app: &ClientApp,
    ) -> Result<Result<(), Bad>, Error> {
        use client_apps::store::Put;

        let now = self.identity.now();
        match client_apps::store::put(tx, app, &self.imported_by, now).await? {
            Put::Made | Put::Changed => Ok(Ok(())),
            Put::ShutOut(epoch) => {
                tokens::store::revoke(tx, &app.client_id, epoch, now).await?;
                Ok(Ok(()))
            }
            Put::Taken => {
                Ok(Err(Bad::new("client_app.client_id", "is that of a program of another kind")))
            }
        }
    }
}

impl Batch {
    /// Keeps what a row puts, or what was wrong with it first.
    fn keep<T>(
        &mut self,
        number: u32,
        fields: Fields,
        read: Option<T>,
        among: impl Fn(&mut Self) -> &mut Vec<(u32, T)>,
    ) {
        match (fields.check(), read) {
            (Ok(()), Some(read)) => among(self).push((number, read)),
            (Ok(()), None) => self.refused.push((number, Bad::new("row", "cannot be read"))),
            (Err(status), _) => {
                let violations = Refusal::of(&status).violations;
                let first = violations.into_iter().next();
                let (field, reason) =
                    first.map(|broken| (broken.field, broken.message)).unwrap_or_default();
                self.refused.push((number, Bad { field, reason }));
            }
        }
    }
}

fn school(fields: &mut Fields, text: &str) -> Option<Uuid> {
    fields.required("school_id", text)
}

fn below(prefix: &str, bad: Bad) -> Bad {
    Bad { field: format!("{prefix}{}", bad.field), ..bad }
}

fn refusals(
    numbers: Vec<u32>,
    put: Vec<Result<(), Bad>>,
    prefix: &str,
) -> impl Iterator<Item = (u32, Bad)> {
    let refused =
        numbers.into_iter().zip(put).filter_map(|(number, put)| Some((number, put.err()?)));
    refused.map(move |(number, bad)| (number, below(prefix, bad)))
}
