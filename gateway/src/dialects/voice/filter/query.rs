//! A tree as a question.

use chassis::query::{LIMIT_MAX, ORDER_MAX};
use proto::common::v1::{OrderBy, Query};
use serde_json::Value;

use super::conditions::condition;
use super::fields::Selection;
use super::tree::Tree;
use super::{Field, Invalid, Kind, invalid, quoted};

/// Understands a filter about a model with these fields.
pub(super) fn understand(
    tree: &Tree,
    fields: &'static [Field],
) -> Result<(Query, Selection), Invalid> {
    let mut query = Query::default();
    let mut selection = Selection::everything();
    let mut skips = 0;
    let Value::Object(root) = &tree.root else { return invalid("the filter is not an object") };
    for (key, value) in root.iter().filter(|(_, value)| !value.is_null()) {
        match key.as_str() {
            "where" => query.r#where = condition(tree, fields, value)?,
            "order" => query.order_by = order(fields, value)?,
            "limit" => query.limit = limit(tree, value)?,
            "skip" | "offset" => {
                skips += 1;
                query.skip = skip(tree, key, value)?;
            }
            "fields" => selection = Selection::read(value, tree, fields)?,
            "include" => return invalid("include is not possible here"),
            _ => return invalid(format!("there is no {} in a filter", quoted(key))),
        }
    }
    if skips > 1 { invalid("skip and offset are the same") } else { Ok((query, selection)) }
}

fn limit(tree: &Tree, value: &Value) -> Result<u32, Invalid> {
    tree.integer(value)
        .and_then(|limit| u32::try_from(limit).ok())
        .filter(|limit| (1..=LIMIT_MAX).contains(limit))
        .ok_or_else(|| Invalid(format!("limit is not a whole number from 1 to {LIMIT_MAX}")))
}

fn skip(tree: &Tree, key: &str, value: &Value) -> Result<u32, Invalid> {
    tree.integer(value)
        .and_then(|skip| u32::try_from(skip).ok())
        .ok_or_else(|| Invalid(format!("{key} is not a whole number from 0 on")))
}

fn order(fields: &'static [Field], value: &Value) -> Result<Vec<OrderBy>, Invalid> {
    let texts: Vec<&str> = match value {
        Value::String(text) => text.split(',').collect(),
        Value::Array(texts) => {
            let texts: Option<_> = texts.iter().map(Value::as_str).collect();
            texts.ok_or_else(|| Invalid("order: an item is not a text".to_owned()))?
        }
        _ => return invalid("order is neither a text nor an array"),
    };
    if texts.len() > ORDER_MAX {
        return invalid(format!("order has more than {ORDER_MAX} fields"));
    }
    texts.into_iter().map(|text| order_by(fields, text)).collect()
}

fn order_by(fields: &'static [Field], text: &str) -> Result<OrderBy, Invalid> {
    let mut words = text.split_whitespace();
    let Some(name) = words.next() else { return invalid("order has an empty item") };
    let field = comparable(fields, name, "order")?;
    let descending = match words.next() {
        None => false,
        Some(word) if word.eq_ignore_ascii_case("asc") => false,
        Some(word) if word.eq_ignore_ascii_case("desc") => true,
        Some(word) => {
            return invalid(format!("order: {} is neither ASC nor DESC", quoted(word)));
        }
    };
    if words.next().is_some() {
        return invalid(format!("order: {} is too much", quoted(text)));
    }
    Ok(OrderBy { field: field.asked.to_owned(), descending })
}

/// The field with this name, for a part of a filter that compares.
pub(super) fn comparable(
    fields: &'static [Field],
    name: &str,
    part: &str,
) -> Result<&'static Field, Invalid> {
    match fields.iter().find(|field| field.name == name) {
        Some(Field { kind: Kind::Shown, .. }) => {
            invalid(format!("{part}: {name} can be neither compared nor sorted by"))
        }
        Some(field) => Ok(field),
        None => invalid(format!("{part}: there is no field {}", quoted(name))),
    }
}
