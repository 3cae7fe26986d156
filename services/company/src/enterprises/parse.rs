//! Enterprises' values as requests give them.

use brazil::PublicId;
use chassis::refusal::Fields;
use proto::company::v1 as pb;

use super::{Changes, FreeCnpj};

const NAME_MAX: usize = 250;
const CNPJ_MAX: usize = 25;
const TEXT_MAX: usize = 100;
const WEBPAGE_MAX: usize = 255;

/// Reads the named values; what is wrong is noted in `fields`. Unlike elsewhere nothing is trimmed:
/// the texts are shown as they were sent.
pub(super) fn parse<'a>(
    fields: &mut Fields,
    values: &pb::EnterpriseValues,
    names: impl IntoIterator<Item = &'a str>,
) -> Changes {
    let mut changes = Changes::default();
    for name in names {
        let path = &format!("values.{name}");
        let mut optional = |text: &Option<String>, max| {
            let text = text.as_deref().filter(|text| !text.is_empty());
            Some(text.and_then(|text| free_text(fields, path, text, max)))
        };
        match name {
            "phone1" => changes.phone1 = optional(&values.phone1, TEXT_MAX),
            "phone2" => changes.phone2 = optional(&values.phone2, TEXT_MAX),
            "email" => changes.email = optional(&values.email, TEXT_MAX),
            "contact_name" => changes.contact_name = optional(&values.contact_name, TEXT_MAX),
            "webpage" => changes.webpage = optional(&values.webpage, WEBPAGE_MAX),
            "assistance_emergency_tel" => {
                changes.assistance_emergency_tel =
                    optional(&values.assistance_emergency_tel, TEXT_MAX);
            }
            "theft_emergency_tel" => {
                changes.theft_emergency_tel = optional(&values.theft_emergency_tel, TEXT_MAX);
            }
            "fantasy_name" => changes.fantasy_name = optional(&values.fantasy_name, TEXT_MAX),
            "name" if values.name.trim().is_empty() => fields.refuse(path, "is required"),
            "name" => changes.name = free_text(fields, path, &values.name, NAME_MAX),
            "cnpj" => {
                let text = free_text(fields, path, &values.cnpj, CNPJ_MAX);
                changes.cnpj = text.and_then(|text| {
                    let cnpj = FreeCnpj::new(&text);
                    if cnpj.is_none() {
                        fields.refuse(path, "has neither a digit nor a letter");
                    }
                    cnpj
                });
            }
            "timezone" => {
                let text = values.timezone.as_deref().filter(|text| !text.is_empty());
                changes.timezone = Some(fields.optional(path, text));
            }
            "country_id" => {
                let id: Option<PublicId> = fields.optional(path, values.country_id.as_deref());
                changes.country_id = Some(id);
            }
            _ => fields.refuse("update_mask", "names what cannot be changed"),
        }
    }
    changes
}

/// A text as it was sent, if it is short enough and has no control characters.
pub(super) fn free_text(fields: &mut Fields, path: &str, text: &str, max: usize) -> Option<String> {
    if text.chars().count() > max {
        fields.refuse(path, format!("has more than {max} characters"));
    } else if text.chars().any(char::is_control) {
        fields.refuse(path, "has control characters");
    } else {
        return Some(text.to_owned());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::FIELDS;
    use super::*;
    use chassis::refusal::Refusal;

    fn values() -> pb::EnterpriseValues {
        pb::EnterpriseValues {
            name: "Example Company".to_owned(),
            cnpj: "12345678901234".to_owned(),
            ..Default::default()
        }
    }

    fn refused(values: &pb::EnterpriseValues) -> Vec<String> {
        let mut fields = Fields::new();
        parse(&mut fields, values, FIELDS);
        let refusal = fields.check().err().map(|status| Refusal::of(&status)).unwrap_or_default();
        refusal.violations.into_iter().map(|broken| broken.field).collect()
    }

    #[test]
    fn texts_are_kept_as_they_were_sent() {
        let given = pb::EnterpriseValues {
            name: "  Padaria ".to_owned(),
            cnpj: " ab.1 ".to_owned(),
            phone1: Some(" ".to_owned()),
            phone2: Some(String::new()),
            timezone: Some(String::new()),
            ..values()
        };
        let mut fields = Fields::new();
        let parsed = parse(&mut fields, &given, FIELDS).into_values().unwrap();
        fields.check().unwrap();
        assert_eq!((parsed.name.as_str(), parsed.cnpj.key.as_str()), ("  Padaria ", "AB1"));
        assert_eq!((parsed.phone1.as_deref(), parsed.phone2), (Some(" "), None));
        assert_eq!(parsed.timezone, None);
    }

    #[test]
    fn limits_are_counted_in_characters() {
        let long = |length| Some("é".repeat(length));
        let good = pb::EnterpriseValues {
            name: "é".repeat(250),
            cnpj: format!("{}1", "é".repeat(24)),
            phone1: long(100),
            webpage: long(255),
            ..values()
        };
        assert_eq!(refused(&good), Vec::<String>::new());
        let bad = pb::EnterpriseValues {
            name: "é".repeat(251),
            cnpj: "1".repeat(26),
            timezone: Some("Nowhere".to_owned()),
            phone1: long(101),
            email: Some("a\nb".to_owned()),
            webpage: long(256),
            country_id: Some("BR".to_owned()),
            ..values()
        };
        let named = ["name", "cnpj", "timezone", "phone1", "email", "webpage", "country_id"];
        assert_eq!(refused(&bad), named.map(|name| format!("values.{name}")));
        for (name, cnpj) in [("", "1"), (" ", "1"), ("a", ""), ("a", "./-"), ("a", "çã")] {
            let bad = pb::EnterpriseValues {
                name: name.to_owned(),
                cnpj: cnpj.to_owned(),
                ..Default::default()
            };
            assert_eq!(refused(&bad).len(), 1, "{name:?} {cnpj:?}");
        }
    }
}
