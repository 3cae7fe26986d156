//! Which fields a change is about.

use chassis::refusal::Fields;
use prost_types::FieldMask;

/// The fields that a request names, each of which it may name.
#[derive(Clone, Debug)]
pub(crate) struct Mask {
    named: Vec<String>,
}

impl Mask {
    /// Reads `update_mask`; a path that is not among `known` is noted in `fields`.
    pub(crate) fn parse(fields: &mut Fields, mask: Option<&FieldMask>, known: &[&str]) -> Self {
        let named = mask.map(|mask| mask.paths.clone()).unwrap_or_default();
        for path in &named {
            if !known.contains(&path.as_str()) {
                fields.refuse("update_mask", "names a field that cannot be changed");
                break;
            }
        }
        Self { named }
    }

    /// Whether the field is named.
    pub(crate) fn has(&self, field: &str) -> bool {
        self.named.iter().any(|named| named == field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_fields_are_refused() {
        let mask = |paths: &[&str]| FieldMask {
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        };
        let mut fields = Fields::new();
        let parsed = Mask::parse(&mut fields, Some(&mask(&["email"])), &["email", "cpf"]);
        assert!(parsed.has("email") && !parsed.has("cpf"));
        Mask::parse(&mut fields, None, &["email"]);
        assert!(fields.check().is_ok());

        let mut fields = Fields::new();
        Mask::parse(&mut fields, Some(&mask(&["email", "id"])), &["email"]);
        assert!(fields.check().is_err());
    }
}
