//! What is known of a person.

use std::fmt;

use brazil::{Cpf, PhoneNumber, local_date};
use chassis::address::Address;
use serde::{Deserialize, Serialize};
use time::macros::format_description;
use time::{Date, OffsetDateTime};

const BIRTH_YEAR_MIN: i32 = 1900;

/// What is known of a person; everything may be unknown.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Person {
    pub(crate) full_name: Option<String>,
    pub(crate) social_name: Option<String>,
    pub(crate) phone_number: Option<PhoneNumber>,
    pub(crate) cpf: Option<Cpf>,
    pub(crate) date_of_birth: Option<Date>,
    pub(crate) address: Option<Address>,
}

impl Person {
    /// What is known here, and where nothing is, what is known there.
    pub(crate) fn or(&self, other: &Self) -> Self {
        fn first<T: Clone>(one: &Option<T>, other: &Option<T>) -> Option<T> {
            one.as_ref().or(other.as_ref()).cloned()
        }
        Self {
            full_name: first(&self.full_name, &other.full_name),
            social_name: first(&self.social_name, &other.social_name),
            phone_number: first(&self.phone_number, &other.phone_number),
            cpf: first(&self.cpf, &other.cpf),
            date_of_birth: first(&self.date_of_birth, &other.date_of_birth),
            address: first(&self.address, &other.address),
        }
    }

    /// Takes over the fields that are named, also where nothing is known of them any more.
    pub(crate) fn take(&mut self, new: &Self, is_named: impl Fn(&str) -> bool) {
        fn set<T: Clone>(is_named: bool, old: &mut Option<T>, new: &Option<T>) {
            if is_named {
                old.clone_from(new);
            }
        }
        set(is_named("full_name"), &mut self.full_name, &new.full_name);
        set(is_named("social_name"), &mut self.social_name, &new.social_name);
        set(is_named("phone_number"), &mut self.phone_number, &new.phone_number);
        set(is_named("cpf"), &mut self.cpf, &new.cpf);
        set(is_named("date_of_birth"), &mut self.date_of_birth, &new.date_of_birth);
        set(is_named("address"), &mut self.address, &new.address);
    }
}

/// Personal data stays out of logs.
impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Person(***)")
    }
}

/// Why a text is no date of birth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidDate {
    #[error("is not a date of the form yyyy-mm-dd")]
    Form,
    #[error("is not in the past")]
    Future,
    #[error("is before 1900")]
    Old,
}

/// A date of birth, in the past as Brazil counts days, and not before 1900.
pub(crate) fn parse_date_of_birth(text: &str, now: OffsetDateTime) -> Result<Date, InvalidDate> {
    let date = parse_date(text).ok_or(InvalidDate::Form)?;
    if date.year() < BIRTH_YEAR_MIN {
        Err(InvalidDate::Old)
    } else if date >= local_date(now) {
        Err(InvalidDate::Future)
    } else {
        Ok(date)
    }
}

/// A date as `yyyy-mm-dd`.
pub(crate) fn parse_date(text: &str) -> Option<Date> {
    let form = format_description!("[year]-[month]-[day]");
    Date::parse(text, form).ok().filter(|date| date.to_string() == text)
}

#[cfg(test)]
mod tests {
    use proptest::option;
    use proptest::prelude::*;
    use time::macros::{date, datetime};

    use super::*;

    fn person() -> impl Strategy<Value = Person> {
        let texts = ["Ana", "Bia", "Caio"];
        let text = || option::of(prop::sample::select(texts.to_vec()).prop_map(str::to_owned));
        let birth = option::of(
            (1900_i32..2020)
                .prop_map(|year| Date::from_calendar_date(year, time::Month::March, 1).unwrap()),
        );
        let cpf = option::of(Just("529.982.247-25".parse().unwrap()));
        (text(), text(), cpf, birth).prop_map(|(full_name, social_name, cpf, date_of_birth)| {
            Person { full_name, social_name, cpf, date_of_birth, ..Person::default() }
        })
    }

    proptest! {
        #[test]
        fn what_is_known_is_kept_and_gaps_are_filled(own in person(), file in person()) {
            let both = own.or(&file);
            prop_assert_eq!(&both.or(&file), &both);
            prop_assert_eq!(&own.or(&own), &own);
            prop_assert_eq!(&own.or(&Person::default()), &own);
            prop_assert_eq!(&Person::default().or(&file), &file);
            let expected = own.full_name.clone().or(file.full_name.clone());
            prop_assert_eq!(&both.full_name, &expected);
            prop_assert_eq!(both.cpf.is_some(), own.cpf.is_some() || file.cpf.is_some());
        }

        #[test]
        fn a_person_survives_storage(person in person()) {
            let json = serde_json::to_vec(&person).unwrap();
            prop_assert_eq!(serde_json::from_slice::<Person>(&json).unwrap(), person);
        }
    }

    #[test]
    fn a_date_of_birth_is_in_the_past() {
        // Still the 21st in Brazil.
        let now = datetime!(2026-11-22 02:00 UTC);
        assert_eq!(parse_date_of_birth("2026-11-20", now), Ok(date!(2026 - 11 - 20)));
        assert_eq!(parse_date_of_birth("2026-11-21", now), Err(InvalidDate::Future));
        assert_eq!(parse_date_of_birth("1899-12-31", now), Err(InvalidDate::Old));
        for text in ["", "20-11-2026", "2026-02-30", "2026-1-1", "+2026-01-01", "2026-01-01T00:00"]
        {
            assert_eq!(parse_date_of_birth(text, now), Err(InvalidDate::Form), "{text}");
        }
    }

    #[test]
    fn a_change_touches_what_it_names_only() {
        let name = |name: &str| Some(name.to_owned());
        let mut person =
            Person { full_name: name("Ana"), social_name: name("Aninha"), ..Person::default() };
        let new = Person { full_name: name("Bia"), ..Person::default() };
        person.take(&new, |field| field == "full_name");
        assert_eq!(
            (person.full_name.clone(), person.social_name.clone()),
            (name("Bia"), name("Aninha"))
        );
        person.take(&new, |field| field == "social_name");
        assert_eq!((person.full_name, person.social_name), (name("Bia"), None));
    }

    #[test]
    fn a_person_is_not_shown() {
        let person = Person { full_name: Some("Ana Souza".to_owned()), ..Person::default() };
        assert!(!format!("{person:?}").contains("Ana"));
    }
}
