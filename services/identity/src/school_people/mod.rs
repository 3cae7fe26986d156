//! People of schools: a record for each school that somebody is in, all of one human on one
//! account.
//!
//! Invariants, stated as absences: nothing of a record is shown to somebody who does not see that
//! record; no read goes unnoted; no account is found by an e-mail, nor by a document alone.

mod import;
mod input;
mod rpc;
mod seen;
pub(crate) mod store;
#[cfg(test)]
mod testing;

use brazil::{Cpf, UserId};
use chassis::crypto::Keyring;
use serde::{Deserialize, Serialize};
use time::Date;
use uuid::Uuid;

pub(crate) use rpc::SchoolPeople;

brazil::id!(
    /// A record of somebody in a school.
    SchoolPersonId
);

brazil::id!(
    /// A read of people's data.
    PeopleReadId
);

/// What somebody is in a school.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Profile {
    pub(crate) code: i16,
    #[sqlx(rename = "type")]
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) id: String,
    pub(crate) is_staff: bool,
}

/// A record of somebody in a school.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) person_id: SchoolPersonId,
    pub(crate) school_id: Uuid,
    pub(crate) user_id: UserId,
    pub(crate) external_id: Option<String>,
    pub(crate) name: String,
    pub(crate) email: Option<String>,
    pub(crate) academic_email: Option<String>,
    pub(crate) ddi: Option<String>,
    pub(crate) cell_phone_number: Option<String>,
    pub(crate) private: Private,
    pub(crate) profiles: Vec<i16>,
    pub(crate) active: bool,
    pub(crate) made_here: bool,
}

/// What is sealed of a record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Private {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) birth_date: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) document: Option<Document>,
}

/// A document, as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Document {
    pub(crate) kind: String,
    pub(crate) value: String,
}

/// Somebody to be put into a school.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PersonInput {
    pub(crate) school_id: Uuid,
    pub(crate) reference: String,
    pub(crate) external_id: Option<String>,
    pub(crate) name: String,
    pub(crate) email: Option<String>,
    pub(crate) academic_email: Option<String>,
    pub(crate) ddi: Option<String>,
    pub(crate) cell_phone_number: Option<String>,
    pub(crate) private: Private,
    pub(crate) profiles: Vec<i16>,
    pub(crate) active: bool,
    pub(crate) account_id: Option<UserId>,
}

/// Two people of a school, one of whom answers for the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GuardianshipInput {
    pub(crate) school_id: Uuid,
    pub(crate) guardian_reference: String,
    pub(crate) dependent_reference: String,
    pub(crate) active: bool,
}

/// Somebody of a school, and a program whose product they use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConsumptionInput {
    pub(crate) school_id: Uuid,
    pub(crate) person_reference: String,
    pub(crate) client_id: String,
    pub(crate) active: bool,
}

/// A value that cannot be taken: the field, and the rest of the sentence that starts with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bad {
    pub(crate) field: String,
    pub(crate) reason: String,
}

impl Bad {
    pub(crate) fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }
}

const FINGERPRINT: &str = "identity.school_person.human";

impl Private {
    /// What tells a human from all others: a CPF that is one, and the date of birth. One of them
    /// alone is not enough, since families put down a parent's number for their children.
    fn human(&self) -> Option<String> {
        let document = self.document.as_ref().filter(|d| d.kind.eq_ignore_ascii_case("cpf"))?;
        let cpf: Cpf = document.value.parse().ok()?;
        Some(format!("{}/{}", cpf.as_str(), self.birth_date?))
    }
}

/// A human's fingerprint as it is kept.
fn fingerprint(keyring: &Keyring, human: &str) -> Vec<u8> {
    keyring.fingerprint(FINGERPRINT, human.as_bytes())
}

/// All that a human's fingerprint may be kept as.
fn fingerprints(keyring: &Keyring, human: &str) -> Vec<Vec<u8>> {
    keyring.fingerprints(FINGERPRINT, human.as_bytes())
}

/// The fingerprint of what is sealed of a record.
pub(crate) fn fingerprint_of(keyring: &Keyring, private: &[u8]) -> Option<Vec<u8>> {
    let private: Private = serde_json::from_slice(private).ok()?;
    Some(fingerprint(keyring, &private.human()?))
}

/// The digits of a number without its country code: area code and number.
fn national(number: &str, ddi: Option<&str>) -> String {
    const OF_BRAZIL: &str = "55";
    // Longer than any Brazilian number is without it.
    const WITH_COUNTRY_CODE_MIN: usize = 12;
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let ddi = ddi.map_or(OF_BRAZIL, |ddi| ddi.trim_start_matches('+'));
    let is_international =
        number.trim_start().starts_with('+') || digits.len() >= WITH_COUNTRY_CODE_MIN;
    match digits.strip_prefix(ddi) {
        Some(rest) if is_international => rest.to_owned(),
        _ => digits,
    }
}

impl Person {
    /// Area code and number, digits only; empty when none is known.
    pub(crate) fn phone(&self) -> String {
        let number = self.cell_phone_number.as_deref().unwrap_or_default();
        national(number, self.ddi.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn a_number_is_shown_without_its_country_code() {
        for (number, ddi, expected) in [
            ("+55 11 91234-5678", None, "11912345678"),
            ("5511912345678", None, "11912345678"),
            ("(55) 99123-4567", None, "55991234567"),
            ("11987654321", Some("+55"), "11987654321"),
            ("+351 912 345 678", Some("+351"), "912345678"),
            ("", Some("+55"), ""),
        ] {
            assert_eq!(national(number, ddi), expected, "{number}");
        }
    }

    #[test]
    fn a_human_is_known_by_cpf_and_date_of_birth_together() {
        let private = |kind: &str, value: &str, birth_date| Private {
            birth_date,
            document: Some(Document { kind: kind.to_owned(), value: value.to_owned() }),
        };
        let born = Some(date!(2005 - 06 - 15));
        let known = private("CPF", "529.982.247-25", born).human();
        assert!(known.is_some());
        assert_eq!(private("cpf", "52998224725", born).human(), known);
        let later = Some(date!(2007 - 06 - 15));
        assert_ne!(private("CPF", "52998224725", later).human(), known);
        for unsure in [
            private("CPF", "52998224725", None),
            private("CPF", "123.456.789-00", born),
            private("CPF", "11111111111", born),
            private("RG", "52998224725", born),
            Private { birth_date: born, document: None },
        ] {
            assert_eq!(unsure.human(), None, "{unsure:?}");
        }
    }
}
