//! What tests of people are made of.

use proto::identity::v1 as pb;

use super::Profile;

/// Some of the 16.
pub(super) fn profiles() -> Vec<Profile> {
    let profile = |code, kind: &str, is_staff| Profile {
        code,
        kind: kind.to_owned(),
        name: kind.to_owned(),
        description: String::new(),
        id: kind.to_owned(),
        is_staff,
    };
    vec![
        profile(8, "SchoolAdmin", true),
        profile(3, "Manager", true),
        profile(1, "Student", false),
        profile(13, "Sponsor", false),
        profile(15, "Teacher", false),
    ]
}

pub(super) fn person(reference: &str, profiles: &[&str]) -> pb::SchoolPersonInput {
    pb::SchoolPersonInput {
        reference: reference.to_owned(),
        external_id: Some(format!("EXT-{reference}")),
        name: format!("Pessoa {reference}"),
        birth_date: Some("2005-06-15".to_owned()),
        document: Some(pb::PersonDocument {
            r#type: "CPF".to_owned(),
            value: "123.456.789-00".to_owned(),
        }),
        email: Some("familia@example.com".to_owned()),
        cell_phone_number: Some("+55 11 91234-5678".to_owned()),
        profiles: profiles.iter().map(|kind| (*kind).to_owned()).collect(),
        ..Default::default()
    }
}
