use chassis::refusal::Refusal;
use time::macros::{date, datetime};

use super::*;
use crate::school_people::testing;

fn parse(adjust: impl FnOnce(&mut pb::SchoolPersonInput)) -> Result<PersonInput, Vec<String>> {
    let mut given = testing::person("p1", &["Student"]);
    adjust(&mut given);
    let (mut fields, now) = (Fields::new(), datetime!(2026-11-22 10:00 UTC));
    let profiles = testing::profiles();
    let parsed = person(&mut fields, "person.", Uuid::nil(), &given, &profiles, now);
    match fields.check() {
        Ok(()) => Ok(parsed.unwrap()),
        Err(status) => {
            Err(Refusal::of(&status).violations.into_iter().map(|broken| broken.field).collect())
        }
    }
}

fn wrong(adjust: impl FnOnce(&mut pb::SchoolPersonInput)) -> String {
    parse(adjust).unwrap_err().join(" ")
}

#[test]
fn limits_are_those_of_what_shows_the_values() {
    let ok = parse(|person| {
        person.name = format!("{} {}", "x".repeat(50), "y".repeat(49));
        person.document.as_mut().unwrap().value = "1".repeat(20);
        person.external_id = Some("e".repeat(50));
    });
    assert!(ok.is_ok(), "{ok:?}");
    assert_eq!(wrong(|person| person.name = "x".repeat(51)), "person.name");
    assert_eq!(wrong(|person| person.name = "x y".repeat(34)), "person.name");
    let too_long = |person: &mut pb::SchoolPersonInput| {
        person.document.as_mut().unwrap().value = "1".repeat(21);
    };
    assert_eq!(wrong(too_long), "person.document.value");
    let no_kind = |person: &mut pb::SchoolPersonInput| {
        person.document.as_mut().unwrap().r#type = "PASSAPORTE!".to_owned();
    };
    assert_eq!(wrong(no_kind), "person.document.type");
    assert_eq!(wrong(|person| person.reference.clear()), "person.reference");
    assert_eq!(wrong(|person| person.external_id = Some("e".repeat(51))), "person.external_id");
    assert_eq!(wrong(|person| person.email = Some("e".repeat(201))), "person.email");
    let long = Some("123456789012".to_owned());
    assert_eq!(wrong(|p| p.cell_phone_number = long), "person.cell_phone_number");
    assert_eq!(wrong(|person| person.ddi = Some("+5555".to_owned())), "person.ddi");
    assert_eq!(wrong(|person| person.profiles = vec!["Alumni".to_owned()]), "person.profiles");
    assert_eq!(wrong(|person| person.profiles.clear()), "person.profiles");
    assert_eq!(wrong(|person| person.account_id = Some("7".to_owned())), "person.account_id");
}

#[test]
fn values_stay_as_they_came() {
    let parsed = parse(|person| {
        person.cell_phone_number = Some(String::new());
        person.ddi = Some("55".to_owned());
        person.birth_date = Some("2005-06-15T00:00:00Z".to_owned());
        person.profiles = ["Student", "Manager", "Student"].map(str::to_owned).to_vec();
        person.email = Some(String::new());
    })
    .unwrap();
    assert_eq!(parsed.cell_phone_number.as_deref(), Some(""));
    assert_eq!(parsed.ddi.as_deref(), Some("+55"));
    assert_eq!(parsed.private.birth_date, Some(date!(2005 - 06 - 15)));
    assert_eq!(parsed.profiles, [3, 1], "each once, in the order of the 16");
    assert_eq!(parsed.email, None);
    assert_eq!(parsed.private.document.unwrap().value, "123.456.789-00");
}

#[test]
fn a_date_of_birth_is_a_day_that_has_been() {
    for bad in ["2005-6-15", "15/06/2005", "1899-12-31", "2005-06-15T01:00:00Z", "2026-11-23"] {
        assert_eq!(wrong(|person| person.birth_date = Some(bad.to_owned())), "person.birth_date");
    }
}

#[test]
fn every_value_of_a_person_has_its_limit() {
    fn document(person: &mut pb::SchoolPersonInput) -> &mut pb::PersonDocument {
        person.document.as_mut().unwrap()
    }
    type Set = fn(&mut pb::SchoolPersonInput, String);
    let values: [(&str, usize, Set); 8] = [
        ("person.reference", 50, |person, text| person.reference = text),
        ("person.external_id", 50, |person, text| person.external_id = Some(text)),
        // 150 where an account is read, 100 among the users of a school.
        ("person.name", 100, |person, text| person.name = text.replacen("éé", "é ", 1)),
        ("person.email", 200, |person, text| person.email = Some(text)),
        ("person.academic_email", 200, |person, text| person.academic_email = Some(text)),
        // 20 and 50 where an account is read.
        ("person.document.type", 10, |person, text| document(person).r#type = text),
        ("person.document.value", 20, |person, text| document(person).value = text),
        ("person.cell_phone_number", 20, |person, text| person.cell_phone_number = Some(text)),
    ];
    for (field, max, set) in values {
        let ok = parse(|person| set(person, "é".repeat(max)));
        assert!(ok.is_ok(), "{field}: {ok:?}");
        assert_eq!(wrong(|person| set(person, "é".repeat(max + 1))), field);
    }
    for (ddi, is_good) in
        [("5", true), ("+555", true), ("", true), ("+5555", false), ("+", false), ("5a", false)]
    {
        let parsed = parse(|person| {
            person.cell_phone_number = None;
            person.ddi = Some(ddi.to_owned());
        });
        assert_eq!(parsed.is_ok(), is_good, "{ddi}");
    }
    for (number, is_good) in [
        ("11987654321", true),
        ("+55 (11) 98765-4321", true),
        ("123456789012", false),
        ("+1 123456789012", false),
    ] {
        let parsed = parse(|person| person.cell_phone_number = Some(number.to_owned()));
        assert_eq!(parsed.is_ok(), is_good, "{number}");
    }
}

#[test]
fn every_value_of_what_ties_people_has_its_limit() {
    let names = |fields: Fields| match fields.check() {
        Ok(()) => String::new(),
        Err(status) => {
            let violations = Refusal::of(&status).violations.into_iter();
            violations.map(|broken| broken.field).collect::<Vec<_>>().join(" ")
        }
    };
    for (length, guardians, consumers) in
        [(50, "", ""), (51, "guardian_reference dependent_reference", "person_reference client_id")]
    {
        let (mut fields, text) = (Fields::new(), || "é".repeat(length));
        let given = pb::GuardianshipInput {
            guardian_reference: text(),
            dependent_reference: text(),
            inactive: false,
        };
        guardianship(&mut fields, "", Uuid::nil(), &given);
        assert_eq!(names(fields), guardians);
        let mut fields = Fields::new();
        let given = pb::ProductConsumptionInput {
            person_reference: text(),
            client_id: text(),
            inactive: false,
        };
        consumption(&mut fields, "", Uuid::nil(), &given);
        assert_eq!(names(fields), consumers);
    }
}
