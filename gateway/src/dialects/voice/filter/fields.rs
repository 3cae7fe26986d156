//! Which fields of an answer are wanted.

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::tree::Tree;
use super::{Field, Invalid, invalid, quoted};

/// Wanted fields; None wants all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Selection(Option<Vec<&'static str>>);

impl Selection {
    pub(super) fn everything() -> Self {
        Self(None)
    }

    /// Reads `fields`: {field: true}, {field: false} or an array.
    pub(super) fn read(
        value: &Value,
        tree: &Tree,
        fields: &'static [Field],
    ) -> Result<Self, Invalid> {
        let known = |name: &str| match fields.iter().find(|field| field.name == name) {
            Some(field) => Ok(field.name),
            None => invalid(format!("fields: there is no field {}", quoted(name))),
        };
        let (mut wanted, mut unwanted) = (Vec::new(), Vec::new());
        match value {
            Value::Array(names) => {
                for name in names {
                    let Some(name) = name.as_str() else {
                        return invalid("fields: a name is not a text");
                    };
                    wanted.push(known(name)?);
                }
            }
            Value::Object(answers) => {
                for (name, answer) in answers {
                    let name = known(name)?;
                    match tree.boolean(answer) {
                        Some(true) => wanted.push(name),
                        Some(false) => unwanted.push(name),
                        None => {
                            return invalid(format!("fields: {name} is neither true nor false"));
                        }
                    }
                }
            }
            _ => return invalid("fields is neither an object nor an array"),
        }
        if wanted.is_empty() && unwanted.is_empty() {
            return Ok(Self::everything());
        }
        if wanted.is_empty() {
            let names = fields.iter().map(|field| field.name);
            wanted.extend(names.filter(|name| !unwanted.contains(name)));
        }
        Ok(Self(Some(wanted)))
    }

    pub(super) fn of<T: Serialize>(&self, item: T) -> Selected<T> {
        Selected { item, selection: self.clone() }
    }
}

/// A thing, of which only the wanted fields are shown.
#[derive(Debug)]
pub(in super::super) struct Selected<T> {
    item: T,
    selection: Selection,
}

impl<T: Serialize> Serialize for Selected<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(wanted) = &self.selection.0 else { return self.item.serialize(serializer) };
        let mut shown = serde_json::to_value(&self.item).map_err(serde::ser::Error::custom)?;
        if let Value::Object(members) = &mut shown {
            members.retain(|name, _| wanted.contains(&name.as_str()));
        }
        shown.serialize(serializer)
    }
}
