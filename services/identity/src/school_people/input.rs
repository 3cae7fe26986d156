//! What is put, as it must be: the limits are those of the documents that show it, the smaller one
//! where a value is shown in two.

use brazil::UserId;
use chassis::refusal::Fields;
use proto::identity::v1 as pb;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::{
    ConsumptionInput, Document, GuardianshipInput, PersonInput, Private, Profile, national,
};
use crate::users::parse_date;

const REFERENCE_MAX: usize = 50;
const NAME_MAX: usize = 100;
const FIRST_NAME_MAX: usize = 50;
const EMAIL_MAX: usize = 200;
const PHONE_MAX: usize = 20;
const PHONE_DIGITS_MAX: usize = 11;
const DDI_DIGITS_MAX: usize = 3;
const BIRTH_YEAR_MIN: i32 = 1900;

/// A person. `prefix` goes before the names of the fields, here and below.
pub(super) fn person(
    fields: &mut Fields,
    prefix: &str,
    school_id: Uuid,
    given: &pb::SchoolPersonInput,
    profiles: &[Profile],
    now: OffsetDateTime,
) -> Option<PersonInput> {
    let at = |field: &str| format!("{prefix}{field}");
    let reference = fields.text(&at("reference"), &given.reference, 1, REFERENCE_MAX);
    let external_id =
        fields.optional_text(&at("external_id"), given.external_id.as_deref(), REFERENCE_MAX);
    let name = fields.text(&at("name"), &given.name, 1, NAME_MAX);
    let first_name = name.as_deref().map(first_name).unwrap_or_default();
    if first_name.chars().count() > FIRST_NAME_MAX {
        let message = format!("has a first word of more than {FIRST_NAME_MAX} characters");
        fields.refuse(&at("name"), message);
    }
    let email = fields.optional_text(&at("email"), given.email.as_deref(), EMAIL_MAX);
    let academic_email =
        fields.optional_text(&at("academic_email"), given.academic_email.as_deref(), EMAIL_MAX);
    let ddi = given.ddi.as_deref().filter(|ddi| !ddi.is_empty());
    let ddi = ddi.and_then(|ddi| parse_ddi(fields, &at("ddi"), ddi));
    let cell_phone_number = given
        .cell_phone_number
        .as_deref()
        .and_then(|number| parse_phone(fields, &at("cell_phone_number"), number, ddi.as_deref()));
    let birth_date = given.birth_date.as_deref().filter(|date| !date.is_empty());
    let birth_date =
        birth_date.and_then(|date| parse_birth_date(fields, &at("birth_date"), date, now));
    let document = given.document.as_ref().and_then(|document| {
        let kind = fields.text(&at("document.type"), &document.r#type, 1, 10);
        let value = fields.text(&at("document.value"), &document.value, 1, 20);
        Some(Document { kind: kind?, value: value? })
    });
    let codes = parse_profiles(fields, &at("profiles"), &given.profiles, profiles);
    let account_id: Option<UserId> =
        fields.optional(&at("account_id"), given.account_id.as_deref());
    Some(PersonInput {
        school_id,
        reference: reference?,
        external_id,
        name: name?,
        email,
        academic_email,
        ddi,
        cell_phone_number,
        private: Private { birth_date, document },
        profiles: codes?,
        active: !given.inactive,
        account_id,
    })
}

/// The first word of a name.
fn first_name(name: &str) -> &str {
    name.split_whitespace().next().unwrap_or_default()
}

fn parse_ddi(fields: &mut Fields, field: &str, text: &str) -> Option<String> {
    let digits = text.trim().trim_start_matches('+');
    let is_good = (1..=DDI_DIGITS_MAX).contains(&digits.len())
        && digits.bytes().all(|digit| digit.is_ascii_digit());
    if !is_good {
        fields.refuse(field, format!("has 1 to {DDI_DIGITS_MAX} digits"));
        return None;
    }
    Some(format!("+{digits}"))
}

/// A number as it came: an empty one is one that is known to be empty.
fn parse_phone(fields: &mut Fields, field: &str, text: &str, ddi: Option<&str>) -> Option<String> {
    let number = fields.text(field, text, 0, PHONE_MAX)?;
    if national(&number, ddi).len() > PHONE_DIGITS_MAX {
        let message = format!("has more than {PHONE_DIGITS_MAX} digits without the country code");
        fields.refuse(field, message);
        return None;
    }
    Some(number)
}

fn parse_birth_date(
    fields: &mut Fields,
    field: &str,
    text: &str,
    now: OffsetDateTime,
) -> Option<Date> {
    let (date, time) = text.split_once('T').unwrap_or((text, "00:00:00"));
    let is_midnight = ["00:00:00", "00:00:00Z", "00:00:00.000Z"].contains(&time);
    let born = parse_date(date).filter(|date| date.year() >= BIRTH_YEAR_MIN && is_midnight);
    match born {
        None => fields.refuse(field, "is not a date since 1900 as yyyy-mm-dd"),
        Some(date) if date > now.date() => fields.refuse(field, "lies in the future"),
        Some(_) => {}
    }
    born
}

fn parse_profiles(
    fields: &mut Fields,
    field: &str,
    given: &[String],
    profiles: &[Profile],
) -> Option<Vec<i16>> {
    if given.is_empty() {
        fields.refuse(field, "is required");
        return None;
    }
    let is_known = |kind: &String| profiles.iter().any(|profile| profile.kind == *kind);
    if !given.iter().all(is_known) {
        fields.refuse(field, "has one that is not among the 16");
        return None;
    }
    // In the order of the 16, each once.
    let held = profiles.iter().filter(|profile| given.contains(&profile.kind));
    Some(held.map(|profile| profile.code).collect())
}

/// A guardianship.
pub(super) fn guardianship(
    fields: &mut Fields,
    prefix: &str,
    school_id: Uuid,
    given: &pb::GuardianshipInput,
) -> Option<GuardianshipInput> {
    let guardian = format!("{prefix}guardian_reference");
    let guardian_reference = fields.text(&guardian, &given.guardian_reference, 1, REFERENCE_MAX);
    let dependent = format!("{prefix}dependent_reference");
    let dependent_reference = fields.text(&dependent, &given.dependent_reference, 1, REFERENCE_MAX);
    Some(GuardianshipInput {
        school_id,
        guardian_reference: guardian_reference?,
        dependent_reference: dependent_reference?,
        active: !given.inactive,
    })
}

/// A consumption.
pub(super) fn consumption(
    fields: &mut Fields,
    prefix: &str,
    school_id: Uuid,
    given: &pb::ProductConsumptionInput,
) -> Option<ConsumptionInput> {
    let person = format!("{prefix}person_reference");
    let person_reference = fields.text(&person, &given.person_reference, 1, REFERENCE_MAX);
    let client_id = fields.text(&format!("{prefix}client_id"), &given.client_id, 1, REFERENCE_MAX);
    Some(ConsumptionInput {
        school_id,
        person_reference: person_reference?,
        client_id: client_id?,
        active: !given.inactive,
    })
}

#[cfg(test)]
mod tests;
