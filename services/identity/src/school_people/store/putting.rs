//! Putting people, many at a time. Nothing here breaks a constraint: what would is answered, so
//! that an import can go on.

mod ties;

use std::collections::{HashMap, HashSet};

use brazil::UserId;
use chassis::crypto::Keyring;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

pub(crate) use ties::{consumptions, guardianships};

use super::seal;
use crate::error::Error;
use crate::school_people::{
    Bad, PersonInput, Private, Profile, SchoolPersonId, fingerprint, fingerprints,
};

/// A record that was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) person_id: SchoolPersonId,
    pub(crate) user_id: UserId,
    /// Whether the account's tokens carry a role in the school that it no longer has.
    pub(crate) lost_role: bool,
}

/// Lets nobody else put anything until the transaction ends: what is looked up stays so.
pub(crate) async fn lock(tx: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('identity.school_people', 0))")
        .execute(tx)
        .await?;
    Ok(())
}

/// What there is of the people that are put.
struct Known {
    // By the place of the input.
    records: HashMap<usize, Record>,
    // (school, external id) → reference.
    external_ids: HashMap<(Uuid, String), String>,
    // Accounts that somebody named.
    accounts: HashSet<Uuid>,
    // Oldest first.
    humans: HashMap<Vec<u8>, Vec<Uuid>>,
    // (school, account).
    seats: HashSet<(Uuid, Uuid)>,
}

/// The fingerprint of a human: as it is kept, and all that it may have been kept as.
struct Human {
    kept: Vec<u8>,
    sought: Vec<Vec<u8>>,
}

impl Human {
    fn of(private: &Private, keyring: &Keyring) -> Option<Self> {
        let human = private.human()?;
        let (kept, sought) = (fingerprint(keyring, &human), fingerprints(keyring, &human));
        Some(Self { kept, sought })
    }
}

struct Record {
    person_id: Uuid,
    user_id: Uuid,
    profiles: Vec<i16>,
    active: bool,
    has_login: bool,
}

/// Puts people, of whom no two have the same key or external id; answers each in its place.
pub(crate) async fn people(
    tx: &mut PgConnection,
    keyring: &Keyring,
    profiles: &[Profile],
    inputs: &[PersonInput],
    made_here: bool,
    now: OffsetDateTime,
) -> Result<Vec<Result<Stored, Bad>>, Error> {
    let humans: Vec<Option<Human>> =
        inputs.iter().map(|input| Human::of(&input.private, keyring)).collect();
    let mut known = Known::read(tx, inputs, &humans).await?;
    let mut new_accounts = vec![];
    let mut answers = Vec::with_capacity(inputs.len());
    let mut put = vec![];
    for (index, (input, human)) in inputs.iter().zip(&humans).enumerate() {
        let human = human.as_ref().map(|human| &human.kept);
        let answer = known.place(index, input, human, &mut new_accounts);
        let answer = answer.map(|(person_id, user_id)| Stored {
            person_id,
            user_id,
            lost_role: known.loses_role(index, input, profiles),
        });
        if let Ok(stored) = &answer {
            put.push((input, human, *stored));
        }
        answers.push(answer);
    }
    insert_accounts(tx, &new_accounts, now).await?;
    upsert(tx, keyring, &put, made_here, now).await?;
    Ok(answers)
}

impl Known {
    async fn read(
        tx: &mut PgConnection,
        inputs: &[PersonInput],
        humans: &[Option<Human>],
    ) -> sqlx::Result<Self> {
        let schools: Vec<Uuid> = inputs.iter().map(|input| input.school_id).collect();
        let references: Vec<&str> = inputs.iter().map(|input| input.reference.as_str()).collect();
        let rows: Vec<(i64, Uuid, Uuid, Vec<i16>, bool, bool)> = sqlx::query_as(
            "select g.place, p.person_id, p.user_id, p.profiles, p.active, u.state <> 'imported'
               from unnest($1::uuid[], $2::text[]) with ordinality
                        as g (school_id, reference, place)
               join school_person p using (school_id, reference)
               join app_user u using (user_id)",
        )
        .bind(&schools)
        .bind(&references)
        .fetch_all(&mut *tx)
        .await?;
        let records = rows
            .into_iter()
            .map(|(place, person_id, user_id, profiles, active, has_login)| {
                let index = usize::try_from(place - 1).unwrap_or_default();
                (index, Record { person_id, user_id, profiles, active, has_login })
            })
            .collect();

        let external_ids: Vec<Option<&str>> =
            inputs.iter().map(|input| input.external_id.as_deref()).collect();
        let rows: Vec<(Uuid, String, String)> = sqlx::query_as(
            "select p.school_id, p.external_id, p.reference
               from unnest($1::uuid[], $2::text[]) as g (school_id, external_id)
               join school_person p using (school_id, external_id)",
        )
        .bind(&schools)
        .bind(&external_ids)
        .fetch_all(&mut *tx)
        .await?;
        let external_ids =
            rows.into_iter().map(|(school, id, reference)| ((school, id), reference)).collect();

        let named: Vec<Uuid> =
            inputs.iter().filter_map(|input| Some(input.account_id?.0)).collect();
        let accounts: HashSet<Uuid> = sqlx::query_scalar(
            "select user_id
               from app_user
              where user_id = any($1) and state in ('active', 'imported')",
        )
        .bind(&named)
        .fetch_all(&mut *tx)
        .await?
        .into_iter()
        .collect();

        // Whatever key made what is kept, the same human is looked up as one.
        let sought: HashMap<&Vec<u8>, &Vec<u8>> = humans
            .iter()
            .flatten()
            .flat_map(|human| human.sought.iter().map(move |sought| (sought, &human.kept)))
            .collect();
        let wanted: Vec<&Vec<u8>> = sought.keys().copied().collect();
        let rows: Vec<(Vec<u8>, Uuid)> = sqlx::query_as(
            "select human_fingerprint, user_id
               from school_person
              where human_fingerprint = any($1)
              order by created_at, person_id",
        )
        .bind(&wanted)
        .fetch_all(&mut *tx)
        .await?;
        let mut humans: HashMap<Vec<u8>, Vec<Uuid>> = HashMap::new();
        for (found, user_id) in rows {
            if let Some(kept) = sought.get(&found) {
                humans.entry((*kept).clone()).or_default().push(user_id);
            }
        }

        let candidates: Vec<Uuid> =
            accounts.iter().chain(humans.values().flatten()).copied().collect();
        let seats: Vec<(Uuid, Uuid)> =
            sqlx::query_as("select school_id, user_id from school_person where user_id = any($1)")
                .bind(&candidates)
                .fetch_all(tx)
                .await?;
        Ok(Self { records, external_ids, accounts, humans, seats: seats.into_iter().collect() })
    }

    /// The record and account that an input becomes.
    fn place(
        &mut self,
        index: usize,
        input: &PersonInput,
        human: Option<&Vec<u8>>,
        new_accounts: &mut Vec<Uuid>,
    ) -> Result<(SchoolPersonId, UserId), Bad> {
        if let Some(external_id) = &input.external_id
            && let Some(holder) = self.external_ids.get(&(input.school_id, external_id.clone()))
            && *holder != input.reference
        {
            return Err(Bad::new("external_id", "is somebody else's in the school"));
        }
        if let Some(record) = self.records.get(&index) {
            return Ok((SchoolPersonId(record.person_id), UserId(record.user_id)));
        }
        let user_id = match input.account_id {
            Some(UserId(named)) => {
                if !self.accounts.contains(&named) {
                    return Err(Bad::new("account_id", "is not known"));
                }
                if self.seats.contains(&(input.school_id, named)) {
                    return Err(Bad::new("account_id", "has another record in the school"));
                }
                named
            }
            None => self.same_human(input, human).unwrap_or_else(|| {
                let user_id = UserId::generate().0;
                new_accounts.push(user_id);
                user_id
            }),
        };
        self.seats.insert((input.school_id, user_id));
        if let Some(human) = human {
            self.humans.entry(human.clone()).or_default().push(user_id);
        }
        Ok((SchoolPersonId::generate(), UserId(user_id)))
    }

    /// The account of the same human in another school.
    fn same_human(&self, input: &PersonInput, human: Option<&Vec<u8>>) -> Option<Uuid> {
        let accounts = self.humans.get(human?)?;
        accounts.iter().copied().find(|user_id| !self.seats.contains(&(input.school_id, *user_id)))
    }

    fn loses_role(&self, index: usize, input: &PersonInput, profiles: &[Profile]) -> bool {
        let is_staff = |codes: &[i16]| {
            profiles.iter().any(|profile| profile.is_staff && codes.contains(&profile.code))
        };
        self.records.get(&index).is_some_and(|record| {
            record.has_login
                && record.active
                && (!input.active || is_staff(&record.profiles) && !is_staff(&input.profiles))
        })
    }
}

async fn insert_accounts(
    tx: &mut PgConnection,
    user_ids: &[Uuid],
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into app_user (user_id, state, created_at, updated_at)
         select user_id, 'imported', $2, $2 from unnest($1::uuid[]) as made (user_id)",
    )
    .bind(user_ids)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

async fn upsert(
    tx: &mut PgConnection,
    keyring: &Keyring,
    put: &[(&PersonInput, Option<&Vec<u8>>, Stored)],
    made_here: bool,
    now: OffsetDateTime,
) -> Result<(), Error> {
    let inputs = || put.iter().map(|(input, ..)| *input);
    let private: Vec<Vec<u8>> =
        inputs().map(|input| seal(&input.private, keyring)).collect::<Result<_, _>>()?;
    // An array of arrays has rows of one length only.
    let profiles: Vec<String> = inputs()
        .map(|input| {
            let codes: Vec<String> = input.profiles.iter().map(ToString::to_string).collect();
            format!("{{{}}}", codes.join(","))
        })
        .collect();
    sqlx::query(
        "insert into school_person as p
             (person_id, user_id, school_id, reference, external_id, name, email, academic_email,
              ddi, cell_phone_number, private_sealed, human_fingerprint, profiles, active,
              made_here, created_at, updated_at)
         select person_id, user_id, school_id, reference, external_id, name, email,
                academic_email, ddi, cell_phone_number, private_sealed, human_fingerprint,
                profiles::smallint[], active, $15, $16, $16
           from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[],
                       $7::text[], $8::text[], $9::text[], $10::text[], $11::bytea[],
                       $12::bytea[], $13::text[], $14::boolean[])
                as g (person_id, user_id, school_id, reference, external_id, name, email,
                      academic_email, ddi, cell_phone_number, private_sealed, human_fingerprint,
                      profiles, active)
         on conflict (school_id, reference) do update
            set external_id = excluded.external_id, name = excluded.name, email = excluded.email,
                academic_email = excluded.academic_email, ddi = excluded.ddi,
                cell_phone_number = excluded.cell_phone_number,
                private_sealed = excluded.private_sealed,
                human_fingerprint = excluded.human_fingerprint, profiles = excluded.profiles,
                active = excluded.active, updated_at = excluded.updated_at",
    )
    .bind(put.iter().map(|(.., stored)| stored.person_id.0).collect::<Vec<_>>())
    .bind(put.iter().map(|(.., stored)| stored.user_id.0).collect::<Vec<_>>())
    .bind(inputs().map(|input| input.school_id).collect::<Vec<_>>())
    .bind(inputs().map(|input| input.reference.as_str()).collect::<Vec<_>>())
    .bind(inputs().map(|input| input.external_id.as_deref()).collect::<Vec<_>>())
    .bind(inputs().map(|input| input.name.as_str()).collect::<Vec<_>>())
    .bind(inputs().map(|input| input.email.as_deref()).collect::<Vec<_>>())
    .bind(inputs().map(|input| input.academic_email.as_deref()).collect::<Vec<_>>())
    .bind(inputs().map(|input| input.ddi.as_deref()).collect::<Vec<_>>())
    .bind(inputs().map(|input| input.cell_phone_number.as_deref()).collect::<Vec<_>>())
    .bind(private)
    .bind(put.iter().map(|(_, human, _)| *human).collect::<Vec<_>>())
    .bind(profiles)
    .bind(inputs().map(|input| input.active).collect::<Vec<_>>())
    .bind(made_here)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}
