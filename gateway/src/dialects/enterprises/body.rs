//! Bodies: `{"data": {"attributes": {…}, "relationships": {…}}}`, bare or inside `{"body": …}`.

use axum::extract::{FromRequest, Request};
use prost_types::FieldMask;
use proto::company::v1::EnterpriseValues;
use serde_json::{Map, Value};

use super::Enterprises;
use super::error::{BAD_REQUEST, Error};
use crate::body;

/// Longest that a body may be.
const BYTES_MAX: usize = 64 * 1024;

/// Attributes that are written, by the same names as the contract's fields.
const WRITTEN: &[&str] = &[
    "name",
    "cnpj",
    "timezone",
    "phone1",
    "phone2",
    "email",
    "contact_name",
    "webpage",
    "assistance_emergency_tel",
    "theft_emergency_tel",
    "fantasy_name",
];

type Object = Map<String, Value>;

/// What is to be known of an enterprise from now on.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Written {
    pub(super) values: EnterpriseValues,
    /// The fields that were given, be it as null.
    pub(super) mask: FieldMask,
}

/// The body of something new.
#[derive(Debug)]
pub(super) struct New(pub(super) Written);

/// The body of a change.
#[derive(Debug)]
pub(super) struct Change(pub(super) Written);

impl FromRequest<Enterprises> for New {
    type Rejection = Error;

    async fn from_request(request: Request, _: &Enterprises) -> Result<Self, Error> {
        new(&body::read(request, BYTES_MAX).await?).map(Self)
    }
}

impl FromRequest<Enterprises> for Change {
    type Rejection = Error;

    async fn from_request(request: Request, _: &Enterprises) -> Result<Self, Error> {
        change(&body::read(request, BYTES_MAX).await?).map(Self)
    }
}

/// Both members must be there, and of the attributes those that must be given, though one of them
/// may be null.
fn new(bytes: &[u8]) -> Result<Written, Error> {
    let data = data(bytes)?.ok_or(BAD_REQUEST)?;
    let attributes = member(&data, "attributes")?.ok_or(BAD_REQUEST)?;
    let relationships = member(&data, "relationships")?.ok_or(BAD_REQUEST)?;
    let is_given = |name: &&str| attributes.contains_key(*name);
    // There is nothing yet that a null could take away.
    let takes_country = relationships.get("country").is_some_and(Value::is_null);
    if !["name", "cnpj", "timezone"].iter().all(is_given) || takes_country {
        return Err(BAD_REQUEST.into());
    }
    written(attributes, relationships)
}

fn change(bytes: &[u8]) -> Result<Written, Error> {
    let Some(data) = data(bytes)? else { return Ok(Written::default()) };
    let none = Object::new();
    let attributes = member(&data, "attributes")?.unwrap_or(&none);
    let relationships = member(&data, "relationships")?.unwrap_or(&none);
    written(attributes, relationships)
}

/// What a body is about, if it says anything.
fn data(bytes: &[u8]) -> Result<Option<Object>, Error> {
    let Ok(Value::Object(mut body)) = serde_json::from_slice(bytes) else {
        return Err(BAD_REQUEST.into());
    };
    if !body.contains_key("data") && body.contains_key("body") {
        let Some(Value::Object(inner)) = body.remove("body") else {
            return Err(BAD_REQUEST.into());
        };
        body = inner;
    }
    match body.remove("data") {
        Some(Value::Object(data)) => Ok(Some(data)),
        Some(_) => Err(BAD_REQUEST.into()),
        None => Ok(None),
    }
}

fn member<'a>(data: &'a Object, name: &str) -> Result<Option<&'a Object>, Error> {
    match data.get(name) {
        Some(Value::Object(member)) => Ok(Some(member)),
        Some(_) => Err(BAD_REQUEST.into()),
        None => Ok(None),
    }
}

fn written(attributes: &Object, relationships: &Object) -> Result<Written, Error> {
    let mut written = Written::default();
    for (name, value) in attributes {
        let text = match value {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            _ => return Err(BAD_REQUEST.into()),
        };
        if !WRITTEN.contains(&name.as_str()) {
            return Err(BAD_REQUEST.into());
        }
        written.set(name, text);
    }
    for (name, value) in relationships {
        if name != "country" {
            return Err(BAD_REQUEST.into());
        }
        written.values.country_id = country(value)?;
        written.mask.paths.push("country_id".to_owned());
    }
    Ok(written)
}

fn country(value: &Value) -> Result<Option<String>, Error> {
    let country = match value {
        Value::Null => return Ok(None),
        Value::Object(country) => country,
        _ => return Err(BAD_REQUEST.into()),
    };
    let is_country = country.get("type").and_then(Value::as_str) == Some("country");
    match country.get("id").and_then(Value::as_str) {
        Some(id) if is_country && country.len() == 2 => Ok(Some(id.to_owned())),
        _ => Err(BAD_REQUEST.into()),
    }
}

impl Written {
    fn set(&mut self, name: &str, text: Option<String>) {
        let values = &mut self.values;
        match name {
            "name" => values.name = text.unwrap_or_default(),
            "cnpj" => values.cnpj = text.unwrap_or_default(),
            "timezone" => values.timezone = text,
            "phone1" => values.phone1 = text,
            "phone2" => values.phone2 = text,
            "email" => values.email = text,
            "contact_name" => values.contact_name = text,
            "webpage" => values.webpage = text,
            "assistance_emergency_tel" => values.assistance_emergency_tel = text,
            "theft_emergency_tel" => values.theft_emergency_tel = text,
            "fantasy_name" => values.fantasy_name = text,
            _ => return,
        }
        self.mask.paths.push(name.to_owned());
    }
}

#[cfg(test)]
mod tests;
