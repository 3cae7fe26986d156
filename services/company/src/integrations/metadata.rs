//! What an account keeps with an integration, and what of it means something to us.

use serde_json::{Map, Value};

use super::matching;
use crate::integrations::payload::{CHANNEL_HANGUP, TYPES};

const LENGTH_MAX: usize = 4_096;
const VERSION: &str = "v1.4";
const URL: &str = "webhookUrl";

/// What calls an integration hears of: a JSON object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Constraint(Map<String, Value>);

/// A JSON object of the account's, in which a URL and types of events may stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Metadata {
    object: Map<String, Value>,
    url: Option<String>,
    types: Vec<&'static str>,
}

/// Something is wrong at a path in the request; the message reads on after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) field: &'static str,
    pub(super) message: String,
}

fn wrong(field: &'static str, message: impl Into<String>) -> Wrong {
    Wrong { field, message: message.into() }
}

impl Constraint {
    /// Reads a JSON object; none for "null".
    pub(super) fn parse(text: &str) -> Result<Option<Self>, Wrong> {
        const FIELD: &str = "constraint";
        match parse(FIELD, text)? {
            Value::Null => Ok(None),
            Value::Object(object) => Ok(Some(Self(object))),
            _ => Err(wrong(FIELD, "is not an object")),
        }
    }

    /// Whether it lets a call with such metadata through.
    pub(super) fn is_fulfilled_by(&self, metadata: &Map<String, Value>) -> bool {
        matching::fulfils(metadata, &self.0)
    }

    pub(super) fn json(&self) -> String {
        json(&self.0)
    }
}

impl Metadata {
    /// Reads a JSON object. Whether its URL may be reached is not looked at.
    pub(super) fn parse(text: &str) -> Result<Self, Vec<Wrong>> {
        const FIELD: &str = "metadata";
        let object = match parse(FIELD, text) {
            Ok(Value::Object(object)) => object,
            Ok(_) => return Err(vec![wrong(FIELD, "is not an object")]),
            Err(wrong) => return Err(vec![wrong]),
        };
        let mut wrongs = vec![];
        let mut noted = |result: Result<(), Wrong>| wrongs.extend(result.err());
        let url = match object.get(URL) {
            None | Some(Value::Null) => None,
            Some(Value::String(url)) => Some(url.clone()),
            Some(_) => {
                noted(Err(wrong("metadata.webhookUrl", "is not a text")));
                None
            }
        };
        if !matches!(object.get("webhookVersion"), None | Some(Value::Null))
            && object["webhookVersion"] != VERSION
        {
            noted(Err(wrong("metadata.webhookVersion", format!("is not one of {VERSION}"))));
        }
        let types = types(object.get("webhookTypes")).unwrap_or_else(|error| {
            noted(Err(error));
            vec![]
        });
        if wrongs.is_empty() { Ok(Self { object, url, types }) } else { Err(wrongs) }
    }

    /// Nothing.
    pub(super) fn empty() -> Self {
        Self { object: Map::new(), url: None, types: vec![CHANNEL_HANGUP] }
    }

    /// Where messages go.
    pub(super) fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    /// Which messages go there.
    pub(super) fn types(&self) -> &[&'static str] {
        &self.types
    }

    pub(super) fn json(&self) -> String {
        json(&self.object)
    }
}

/// Known types, each once; when none is named, the end of a call.
fn types(given: Option<&Value>) -> Result<Vec<&'static str>, Wrong> {
    const FIELD: &str = "metadata.webhookTypes";
    let given = match given {
        None | Some(Value::Null) => return Ok(vec![CHANNEL_HANGUP]),
        Some(Value::Array(given)) => given,
        Some(_) => return Err(wrong(FIELD, "is not a list")),
    };
    let mut types = vec![];
    for given in given {
        let known = TYPES.into_iter().find(|known| given.as_str() == Some(known));
        let known = known.ok_or_else(|| {
            wrong(FIELD, format!("has something that is not one of {}", TYPES.join(", ")))
        })?;
        if !types.contains(&known) {
            types.push(known);
        }
    }
    Ok(types)
}

fn parse(field: &'static str, text: &str) -> Result<Value, Wrong> {
    if text.len() > LENGTH_MAX {
        return Err(wrong(field, format!("has more than {LENGTH_MAX} characters")));
    }
    serde_json::from_str(text).map_err(|_| wrong(field, "is not JSON"))
}

fn json(object: &Map<String, Value>) -> String {
    Value::Object(object.clone()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrongs(text: &str) -> Vec<&'static str> {
        Metadata::parse(text).unwrap_err().into_iter().map(|wrong| wrong.field).collect()
    }

    #[test]
    fn the_samples_of_the_documentation_are_read() {
        let sample = r#"{
            "webhookUrl": "https://seu-webhook.com/callback",
            "webhookVersion": "v1.4",
            "webhookTypes": ["channel-hangup"]
        }"#;
        let metadata = Metadata::parse(sample).unwrap();
        assert_eq!(metadata.url(), Some("https://seu-webhook.com/callback"));
        assert_eq!(metadata.types(), ["channel-hangup"]);
        assert_eq!(Metadata::parse(&metadata.json()).unwrap(), metadata);

        let without = Metadata::parse(r#"{"api_token": "123456"}"#).unwrap();
        assert_eq!((without.url(), without.types()), (None, &["channel-hangup"][..]));
        assert_eq!(without.json(), r#"{"api_token":"123456"}"#);
        assert_eq!(Metadata::parse("{}").unwrap(), Metadata::empty());
    }

    #[test]
    fn types_are_listed_once_and_null_says_nothing() {
        let text = r#"{"webhookTypes": ["channel-answer", "channel-create", "channel-answer"],
                       "webhookUrl": null, "webhookVersion": null}"#;
        let metadata = Metadata::parse(text).unwrap();
        assert_eq!(metadata.types(), ["channel-answer", "channel-create"]);
        assert_eq!(Metadata::parse(r#"{"webhookTypes": []}"#).unwrap().types(), [""; 0]);
    }

    #[test]
    fn what_means_nothing_to_us_is_refused_where_it_stands() {
        let all = ["metadata.webhookUrl", "metadata.webhookVersion", "metadata.webhookTypes"];
        let wrong = r#"{"webhookUrl": 1, "webhookVersion": "v1.3", "webhookTypes": ["hangup"]}"#;
        assert_eq!(wrongs(wrong), all);
        let wrong = r#"{"webhookUrl": [], "webhookVersion": 1.4, "webhookTypes": "x"}"#;
        assert_eq!(wrongs(wrong), all);
        for wrong in ["[]", "null", "{", "", "1"] {
            assert_eq!(wrongs(wrong), ["metadata"], "{wrong}");
        }
        let longest = format!(r#"{{"a":"{}"}}"#, "x".repeat(4_088));
        assert!(Metadata::parse(&longest).is_ok());
        assert_eq!(wrongs(&format!(" {longest}")), ["metadata"]);
    }

    #[test]
    fn a_constraint_is_an_object_or_nothing() {
        assert_eq!(Constraint::parse("null"), Ok(None));
        let constraint = Constraint::parse(r#"{"a": {"b": 1}}"#).unwrap().unwrap();
        assert_eq!(constraint.json(), r#"{"a":{"b":1}}"#);
        for wrong in ["1", "[]", "{", "\"x\""] {
            assert_eq!(Constraint::parse(wrong).unwrap_err().field, "constraint");
        }
    }
}
