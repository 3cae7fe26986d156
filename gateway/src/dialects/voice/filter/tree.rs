//! The two wire forms of a filter, as one tree.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Invalid, invalid, quoted};
use crate::dialects::voice::wire::Reais;

const PARAMETER: &str = "filter";
const BYTES_MAX: usize = 8 * 1_024;
// Deeper than any filter that is understood, and shallow enough to be walked.
const SEGMENTS_MAX: usize = 32;

/// A filter, not yet understood.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) root: Value,
    /// It was written in brackets: every value is a text, and takes the type that is wanted.
    is_text: bool,
}

/// Finds the filter among parameters.
pub(super) fn read(params: &[(String, String)]) -> Result<Option<Tree>, Invalid> {
    let mut json = params.iter().filter(|(name, _)| name == PARAMETER).map(|(_, text)| text);
    let brackets: Vec<_> = params
        .iter()
        .filter_map(|(name, text)| Some((name.strip_prefix(PARAMETER)?, text)))
        .filter(|(path, _)| path.starts_with('['))
        .collect();
    match (json.next(), json.next()) {
        (Some(_), Some(_)) => invalid("there are two filters"),
        (Some(_), None) if !brackets.is_empty() => {
            invalid("the filter is written as JSON and in brackets")
        }
        (Some(text), None) => of_json(text),
        (None, _) if brackets.is_empty() => Ok(None),
        (None, _) => of_brackets(&brackets).map(Some),
    }
}

fn of_json(text: &str) -> Result<Option<Tree>, Invalid> {
    if text.is_empty() {
        return Ok(None);
    }
    if text.len() > BYTES_MAX {
        return invalid(format!("the filter is longer than {BYTES_MAX} bytes"));
    }
    match serde_json::from_str(text) {
        Ok(root @ Value::Object(_)) => Ok(Some(Tree { root, is_text: false })),
        Ok(_) => invalid("the filter is not an object"),
        Err(_) => invalid("the filter is not valid JSON"),
    }
}

/// A part of what was written in brackets.
enum Branch {
    Leaves(Vec<String>),
    Inner(BTreeMap<Key, Branch>),
}

/// What stands in a pair of brackets. Numbers sort as such.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Index(usize),
    Name(String),
}

fn of_brackets(params: &[(&str, &String)]) -> Result<Tree, Invalid> {
    let bytes: usize = params.iter().map(|(path, text)| path.len() + text.len()).sum();
    if bytes > BYTES_MAX {
        return invalid(format!("the filter is longer than {BYTES_MAX} bytes"));
    }
    let mut root = Branch::Inner(BTreeMap::new());
    for (path, text) in params {
        let segments = segments(path)?;
        let mut branch = &mut root;
        for segment in segments {
            // What was empty so far becomes what it is used as.
            if matches!(branch, Branch::Leaves(leaves) if leaves.is_empty()) {
                *branch = Branch::Inner(BTreeMap::new());
            }
            let Branch::Inner(inner) = branch else {
                return invalid(format!("filter{} is a value and has parts", shown(path)));
            };
            let key = match segment {
                "" => Key::Index(inner.len()),
                digits => digits
                    .parse()
                    .ok()
                    .filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))
                    .map_or_else(|| Key::Name(digits.to_owned()), Key::Index),
            };
            branch = inner.entry(key).or_insert_with(|| Branch::Leaves(Vec::new()));
        }
        match branch {
            Branch::Leaves(leaves) => leaves.push((*text).clone()),
            Branch::Inner(_) => {
                return invalid(format!("filter{} is a value and has parts", shown(path)));
            }
        }
    }
    Ok(Tree { root: value(root), is_text: true })
}

fn shown(path: &str) -> String {
    quoted(path).trim_matches('"').to_owned()
}

fn segments(path: &str) -> Result<Vec<&str>, Invalid> {
    let inner = path.strip_prefix('[').and_then(|path| path.strip_suffix(']'));
    let segments: Vec<_> = inner.map(|inner| inner.split("][").collect()).unwrap_or_default();
    if segments.is_empty() || segments.iter().any(|segment| segment.contains(['[', ']'])) {
        return invalid(format!("the brackets of filter{} do not match", shown(path)));
    }
    if segments.len() > SEGMENTS_MAX {
        return invalid("the filter has too many levels");
    }
    Ok(segments)
}

fn value(branch: Branch) -> Value {
    match branch {
        Branch::Leaves(mut leaves) => match leaves.pop() {
            Some(only) if leaves.is_empty() => Value::String(only),
            Some(last) => {
                leaves.push(last);
                leaves.into_iter().map(Value::String).collect()
            }
            None => Value::Null,
        },
        Branch::Inner(inner) => {
            if !inner.is_empty() && inner.keys().all(|key| matches!(key, Key::Index(_))) {
                return inner.into_values().map(value).collect();
            }
            let named = |(key, branch)| match key {
                Key::Index(index) => (index.to_string(), value(branch)),
                Key::Name(name) => (name, value(branch)),
            };
            Value::Object(inner.into_iter().map(named).collect::<Map<_, _>>())
        }
    }
}

impl Tree {
    /// A value as yes or no.
    pub(super) fn boolean(&self, value: &Value) -> Option<bool> {
        match value {
            Value::Bool(answer) => Some(*answer),
            Value::String(text) if self.is_text => text.parse().ok(),
            _ => None,
        }
    }

    /// A value as a whole number.
    pub(super) fn integer(&self, value: &Value) -> Option<i64> {
        match value {
            Value::Number(number) => number.as_i64(),
            Value::String(text) if self.is_text => text.parse().ok(),
            _ => None,
        }
    }

    /// A value as an amount.
    pub(super) fn reais(&self, value: &Value) -> Option<Reais> {
        let number = match value {
            Value::Number(number) => number.as_f64()?,
            Value::String(text) if self.is_text => text.parse().ok()?,
            _ => return None,
        };
        Reais::from_number(number)
    }

    /// Whether a value is null. In brackets the word is, for what is not text itself.
    pub(super) fn is_null(&self, value: &Value, is_text: bool) -> bool {
        value.is_null() || (self.is_text && !is_text && value == "null")
    }
}
