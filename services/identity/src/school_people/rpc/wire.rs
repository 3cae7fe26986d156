//! Between the contract and what is read.

use proto::identity::v1 as pb;

use crate::school_people::{Document, Person, Profile};

/// An account, as the records show it that somebody sees: the first is the one that counts.
pub(super) fn account(records: &[Person]) -> Option<pb::SchoolAccount> {
    let newest = records.first()?;
    let mut school_ids: Vec<String> =
        records.iter().map(|record| record.school_id.to_string()).collect();
    school_ids.sort_unstable();
    Some(pb::SchoolAccount {
        account_id: newest.user_id.to_string(),
        name: newest.name.clone(),
        document: newest.private.document.clone().map(Into::into),
        email: newest.email.clone().unwrap_or_default(),
        phone: newest.phone(),
        school_ids,
        birth_date: birth_date(newest),
    })
}

/// A record in a school of a tenant.
pub(super) fn person(person: Person, tenant_id: &str, profiles: &[Profile]) -> pb::SchoolPerson {
    let cell_phone = person.phone();
    let birth_date = birth_date(&person);
    let held = profiles.iter().filter(|profile| person.profiles.contains(&profile.code));
    pb::SchoolPerson {
        person_id: person.person_id.to_string(),
        account_id: person.user_id.to_string(),
        tenant_id: tenant_id.to_owned(),
        profiles: held.map(Into::into).collect(),
        birth_date,
        cell_phone,
        external_id: person.external_id.unwrap_or_default(),
        name: person.name,
        document: person.private.document.map(Into::into),
        email: person.email.unwrap_or_default(),
        academic_email: person.academic_email.unwrap_or_default(),
        ddi: person.ddi.unwrap_or_default(),
        cell_phone_number: person.cell_phone_number,
        active: person.active,
        made_here: person.made_here,
    }
}

fn birth_date(person: &Person) -> String {
    person.private.birth_date.map(|date| date.to_string()).unwrap_or_default()
}

impl From<Document> for pb::PersonDocument {
    fn from(Document { kind, value }: Document) -> Self {
        Self { r#type: kind, value }
    }
}

impl From<&Profile> for pb::SchoolProfile {
    fn from(profile: &Profile) -> Self {
        Self {
            id: profile.id.clone(),
            code: profile.code.into(),
            name: profile.name.clone(),
            r#type: profile.kind.clone(),
            description: profile.description.clone(),
        }
    }
}
