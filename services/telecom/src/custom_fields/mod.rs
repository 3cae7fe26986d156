//! What companies note about their lines.

pub(crate) mod rpc;
mod store;

use std::collections::BTreeMap;

use chassis::refusal::Fields;

const FIELDS_MAX: usize = 50;
const NAME_LENGTH_MAX: usize = 100;
const VALUE_LENGTH_MAX: usize = 500;

/// The fields of a line, by name.
pub(crate) type CustomFields = BTreeMap<String, String>;

/// A field's name.
fn name(fields: &mut Fields, path: &str, text: &str) -> Option<String> {
    fields.text(path, text, 1, NAME_LENGTH_MAX)
}

/// A field's value.
fn value(fields: &mut Fields, path: &str, text: &str) -> Option<String> {
    fields.text(path, text, 1, VALUE_LENGTH_MAX)
}

/// Whether a line may have another field, or another value of one that it has.
fn has_room(present: &CustomFields, name: &str) -> bool {
    present.contains_key(name) || present.len() < FIELDS_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_so_many_fields_and_no_more() {
        let mut present: CustomFields =
            (1..FIELDS_MAX).map(|number| (number.to_string(), String::new())).collect();
        assert!(has_room(&present, "new"));
        present.insert("last".to_owned(), String::new());
        assert!(!has_room(&present, "new"));
        assert!(has_room(&present, "last"));
    }

    #[test]
    fn names_and_values_are_bounded() {
        let mut fields = Fields::new();
        assert_eq!(name(&mut fields, "name", " Equipamento "), Some("Equipamento".to_owned()));
        assert!(value(&mut fields, "value", &"é".repeat(VALUE_LENGTH_MAX)).is_some());
        assert!(name(&mut fields, "name", &"é".repeat(NAME_LENGTH_MAX + 1)).is_none());
        assert!(value(&mut fields, "value", "").is_none());
        assert!(value(&mut fields, "value", "a\0b").is_none());
    }
}
