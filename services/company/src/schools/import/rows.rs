//! Rows: in which order they are put, and by which keys they are known.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chassis::refusal::{Fields, Refusal};
use prost::Message;
use proto::company::v1 as pb;
use proto::company::v1::import_row::Row;
use sha2::{Digest, Sha256};

use super::Refused;
use crate::schools::{Input, TermKind, input};

/// The order in which rows are put, so that each finds what it refers to. What is taken away goes
/// before what comes in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Tenants = 1,
    Schools,
    OldIntegrations,
    Integrations,
    Terms,
    Classes,
    ClientApps,
    People,
    Guardianships,
    Consumptions,
}

/// The last phase of what company keeps itself.
pub(super) const LAST_OWN: Phase = Phase::Classes;

/// The most bytes of a row: more than any has whose values are as long as they may be.
const BYTES_MAX: usize = 16_000;
/// The same of a row for identity, to which a message brings 1,000 of them, and 4 MB at the most.
const PEOPLE_BYTES_MAX: usize = 4_000;

type Key = [u8; 16];

/// What must be remembered of all rows: their keys, and what they refer to elsewhere.
#[derive(Default)]
pub(super) struct Seen {
    keys: HashMap<Key, u32>,
    last_row_number: u32,
    /// How many rows came.
    pub(super) count: usize,
    /// The schools of people.
    pub(super) school_references: BTreeSet<String>,
    /// The programs that integrations are of.
    pub(super) client_ids: BTreeSet<String>,
    /// The programs that come along, by the numbers of their rows.
    pub(super) new_client_ids: BTreeMap<u32, String>,
}

impl Seen {
    /// Whether row numbers go on growing with this one.
    pub(super) fn follows(&mut self, row: &pb::ImportRow) -> bool {
        let follows = row.row_number > self.last_row_number;
        self.last_row_number = row.row_number;
        self.count += 1;
        follows
    }

    /// Takes note of a row that can be put, as far as can be seen from it alone.
    pub(super) fn admit(&mut self, row: &pb::ImportRow) -> Result<Phase, Refused> {
        let refuse = |field: &str, reason: String| Refused {
            row_number: row.row_number,
            field: field.to_owned(),
            reason,
        };
        let phase = phase_of(row).ok_or_else(|| match &row.row {
            Some(Row::Unreadable(reason)) => refuse("row", shortened(reason)),
            _ => refuse("row", "has no kind".to_owned()),
        })?;
        let bytes_max = if phase <= LAST_OWN { BYTES_MAX } else { PEOPLE_BYTES_MAX };
        if row.encoded_len() > bytes_max {
            return Err(refuse("row", format!("has more than {bytes_max} bytes")));
        }
        own(row)?;
        for (field, key) in keys(row) {
            if let Some(earlier) = self.keys.get(&key) {
                return Err(refuse(field, format!("is that of row {earlier} already")));
            }
        }
        self.keys.extend(keys(row).into_iter().map(|(_, key)| (key, row.row_number)));
        match &row.row {
            Some(Row::Integration(given)) => {
                self.client_ids.insert(given.client_id.clone());
            }
            Some(Row::ClientApp(given)) => {
                self.new_client_ids.insert(row.row_number, given.client_id.clone());
            }
            _ => {}
        }
        if let Some(reference) = school_of_people(row) {
            self.school_references.insert(reference.trim().to_owned());
        }
        Ok(phase)
    }
}

// Whoever reads a file says why; they say it in a few words.
const UNREADABLE_MAX: usize = 200;

fn shortened(reason: &str) -> String {
    reason.chars().filter(|c| !c.is_control()).take(UNREADABLE_MAX).collect()
}

fn phase_of(row: &pb::ImportRow) -> Option<Phase> {
    Some(match row.row.as_ref()? {
        Row::ClientApp(_) => Phase::ClientApps,
        Row::Tenant(_) => Phase::Tenants,
        Row::School(_) => Phase::Schools,
        Row::Integration(given) if given.inactive => Phase::OldIntegrations,
        Row::Integration(_) => Phase::Integrations,
        Row::Shift(_) | Row::Stage(_) => Phase::Terms,
        Row::Class(_) => Phase::Classes,
        Row::Person(_) => Phase::People,
        Row::Guardianship(_) => Phase::Guardianships,
        Row::Consumption(_) => Phase::Consumptions,
        Row::Unreadable(_) => return None,
    })
}

/// The school that a row about people names.
pub(super) fn school_of_people(row: &pb::ImportRow) -> Option<&str> {
    match row.row.as_ref()? {
        Row::Person(given) => Some(&given.school_reference),
        Row::Guardianship(given) => Some(&given.school_reference),
        Row::Consumption(given) => Some(&given.school_reference),
        _ => None,
    }
}

/// What a row puts that company keeps itself; none for what others keep.
pub(super) fn own(row: &pb::ImportRow) -> Result<Option<Input>, Refused> {
    let mut fields = Fields::new();
    let fields_ = &mut fields;
    let input = match &row.row {
        Some(Row::Tenant(given)) => input::tenant(fields_, "tenant.", given).map(Input::Tenant),
        Some(Row::School(given)) => input::school(fields_, "school.", given).map(Input::School),
        Some(Row::Integration(given)) => {
            input::integration(fields_, "integration.", given).map(Input::Integration)
        }
        Some(Row::Shift(given)) => {
            input::term(fields_, "shift.", TermKind::Shift, given).map(Input::Term)
        }
        Some(Row::Stage(given)) => {
            input::term(fields_, "stage.", TermKind::Stage, given).map(Input::Term)
        }
        Some(Row::Class(given)) => input::class(fields_, "class.", given).map(Input::Class),
        _ => None,
    };
    match fields.check() {
        Ok(()) => Ok(input),
        Err(status) => {
            let first = Refusal::of(&status).violations.into_iter().next();
            let (field, reason) =
                first.map(|broken| (broken.field, broken.message)).unwrap_or_default();
            Err(Refused { row_number: row.row_number, field, reason })
        }
    }
}

/// Where a field of what company keeps stands in a row.
pub(super) fn prefix(row: &pb::ImportRow) -> &'static str {
    match &row.row {
        Some(Row::Tenant(_)) => "tenant.",
        Some(Row::School(_)) => "school.",
        Some(Row::Integration(_)) => "integration.",
        Some(Row::Shift(_)) => "shift.",
        Some(Row::Stage(_)) => "stage.",
        Some(Row::Class(_)) => "class.",
        _ => "",
    }
}

/// The keys that no two rows may share, with the field to name if they do.
fn keys(row: &pb::ImportRow) -> Vec<(&'static str, Key)> {
    let Some(row) = &row.row else { return vec![] };
    match row {
        Row::ClientApp(given) => vec![("client_app.client_id", key("app", [&given.client_id]))],
        Row::Tenant(given) => vec![("tenant.reference", key("tenant", [&given.reference]))],
        Row::School(given) => vec![("school.reference", key("school", [&given.reference]))],
        Row::Integration(given) => {
            let school = &given.school_reference;
            let (client, integration) = (&given.client_id, &given.external_integration_id);
            let own = key("integration", [client, school, integration]);
            let called = key("called", [client, integration, &given.school_external_id]);
            let called = ("integration.school_external_id", called);
            let own = ("integration.external_integration_id", own);
            if given.inactive { vec![own] } else { vec![own, called] }
        }
        Row::Shift(given) => {
            vec![("shift.name", key("shift", [&given.school_reference, &given.name]))]
        }
        Row::Stage(given) => {
            vec![("stage.name", key("stage", [&given.school_reference, &given.name]))]
        }
        Row::Class(given) => {
            let school = &given.school_reference;
            vec![("class.external_id", key("class", [school, &given.external_id]))]
        }
        Row::Person(given) => {
            let (school, person) = (&given.school_reference, given.person.as_ref());
            let reference = person.map(|person| &person.reference);
            let external_id = person.and_then(|person| person.external_id.as_ref());
            let reference =
                reference.map(|reference| ("person.reference", key("person", [school, reference])));
            let external_id = external_id
                .filter(|id| !id.trim().is_empty())
                .map(|id| ("person.external_id", key("external", [school, id])));
            reference.into_iter().chain(external_id).collect()
        }
        Row::Guardianship(given) => given
            .guardianship
            .iter()
            .map(|two| {
                let (guardian, dependent) = (&two.guardian_reference, &two.dependent_reference);
                let key = key("guardianship", [&given.school_reference, guardian, dependent]);
                ("guardianship.dependent_reference", key)
            })
            .collect(),
        Row::Consumption(given) => given
            .consumption
            .iter()
            .map(|used| {
                let (person, client) = (&used.person_reference, &used.client_id);
                let key = key("consumption", [&given.school_reference, person, client]);
                ("consumption.person_reference", key)
            })
            .collect(),
        Row::Unreadable(_) => vec![],
    }
}

/// Half of a hash: of 100,000 keys no two are the same.
fn key<const N: usize>(kind: &str, parts: [&String; N]) -> Key {
    let mut hash = Sha256::new_with_prefix(kind);
    for part in parts {
        hash.update([0]);
        hash.update(part.trim());
    }
    let mut key = Key::default();
    key.copy_from_slice(&hash.finalize()[..16]);
    key
}
