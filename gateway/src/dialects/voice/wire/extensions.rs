//! Extensions.

use proto::telecom::v1 as pb;
use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::ToSchema;

use super::super::body::About;
use super::super::rules::{Model, Rule, Rules};
use crate::body::{Input, Members};

/// What stands for a secret that is not shown.
pub(in super::super) const MASK: &str = "********";

/// What an extension's members are called in the contract of its service.
pub(in super::super) static EXTENSION: Model = Model::new(
    "Extension",
    &[
        ("ramal", "number"),
        ("senha", "secret"),
        ("bina", "caller_id"),
        ("email_address", "email"),
        ("gravar_audio", "record_audio"),
    ],
);

/// Somebody's telephone.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(in super::super) struct Extension {
    /// From 1, rising.
    #[schema(example = 123)]
    id: i64,
    /// The account's host name.
    #[schema(example = "suporte.example.com")]
    domain: String,
    /// 3 to 6 digits, unique in the account.
    #[schema(example = "1001")]
    ramal: String,
    /// In clear only in the answer that makes or resets it.
    #[schema(example = "********")]
    senha: String,
    /// What the called party sees.
    #[schema(example = "48987654321")]
    bina: Option<String>,
    /// Whose it is.
    #[schema(example = "Silvio")]
    first_name: String,
    /// Whose it is.
    #[schema(example = "Fernandes")]
    last_name: Option<String>,
    /// Whose it is: a USER with this e-mail may use it.
    #[schema(example = "suporte@example.com")]
    email_address: Option<String>,
    /// Whether its calls are recorded: 0 or 1.
    #[schema(example = 0)]
    gravar_audio: u8,
}

impl From<pb::Extension> for Extension {
    fn from(extension: pb::Extension) -> Self {
        Self {
            id: extension.id,
            domain: extension.domain,
            ramal: extension.number,
            senha: MASK.to_owned(),
            bina: Some(extension.caller_id).filter(|number| !number.is_empty()),
            first_name: extension.first_name,
            last_name: extension.last_name,
            email_address: extension.email,
            gravar_audio: extension.record_audio.into(),
        }
    }
}

impl Extension {
    /// The same with its secret, which was made or changed now.
    pub(in super::super) fn with_secret(self, secret: Option<String>) -> Self {
        Self { senha: secret.unwrap_or(self.senha), ..self }
    }
}

/// An extension to be made.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(in super::super) struct NewExtension {
    /// 3 to 6 digits.
    ramal: String,
    /// 8 to 64 printable ASCII characters; without one, one of 16 is made.
    senha: Option<String>,
    /// A number of an active line of the account's own, in national digits.
    bina: Option<String>,
    /// 1 to 50 characters.
    first_name: String,
    /// Up to 100 characters.
    last_name: Option<String>,
    /// Up to 200 characters.
    email_address: Option<String>,
    /// 0 or 1.
    #[serde(deserialize_with = "flag")]
    #[schema(value_type = Option<u8>)]
    gravar_audio: Option<bool>,
}

/// An extension to be made with the lowest free number; a ramal is ignored.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(transparent)]
pub(in super::super) struct NextExtension(NewExtension);

impl Input for NewExtension {
    const REQUIRED: &'static [&'static str] = &["ramal", "first_name"];
}

impl About for NewExtension {
    const MODEL: &'static Model = &EXTENSION;
}

impl Input for NextExtension {
    const REQUIRED: &'static [&'static str] = &["first_name"];
}

impl About for NextExtension {
    const MODEL: &'static Model = &EXTENSION;
}

impl NewExtension {
    /// The service's request.
    pub(in super::super) fn into_request(
        self,
        rules: &mut Rules,
        company_id: String,
    ) -> pb::CreateExtensionRequest {
        if self.ramal.is_empty() {
            rules.refuse("ramal", Rule::Presence, "is required");
        }
        let number = self.ramal.clone();
        self.numbered(rules, company_id, number)
    }

    fn numbered(
        self,
        rules: &mut Rules,
        company_id: String,
        number: String,
    ) -> pb::CreateExtensionRequest {
        if self.senha.as_deref() == Some(MASK) {
            rules.refuse("senha", Rule::Format, "is not a secret: it stands for one");
        }
        let extension = pb::Extension {
            company_id,
            number,
            caller_id: self.bina.unwrap_or_default(),
            first_name: self.first_name,
            last_name: self.last_name,
            email: self.email_address,
            record_audio: self.gravar_audio.unwrap_or_default(),
            ..pb::Extension::default()
        };
        pb::CreateExtensionRequest { extension: Some(extension), secret: self.senha }
    }
}

impl NextExtension {
    /// The service's request.
    pub(in super::super) fn into_request(
        self,
        rules: &mut Rules,
        company_id: String,
    ) -> pb::CreateExtensionRequest {
        self.0.numbered(rules, company_id, String::new())
    }
}

/// What is to be changed: absent members stay.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(in super::super) struct ExtensionChange {
    /// 3 to 6 digits.
    ramal: Option<String>,
    /// 8 to 64 printable ASCII characters; null makes a new one, `********` changes nothing.
    senha: Option<String>,
    /// A number of an active line of the account's own, in national digits; null removes it.
    bina: Option<String>,
    /// 1 to 50 characters.
    first_name: Option<String>,
    /// Up to 100 characters; null removes it.
    last_name: Option<String>,
    /// Up to 200 characters; null removes it.
    email_address: Option<String>,
    /// 0 or 1.
    #[serde(default, deserialize_with = "flag")]
    #[schema(value_type = Option<u8>)]
    gravar_audio: Option<bool>,
}

impl Input for ExtensionChange {
    const REQUIRED: &'static [&'static str] = &[];
}

impl About for ExtensionChange {
    const MODEL: &'static Model = &EXTENSION;
}

impl ExtensionChange {
    /// The service's request; `members` are those that came, null ones included.
    pub(in super::super) fn into_request(
        self,
        rules: &mut Rules,
        members: &Members,
        company_id: String,
        id: i64,
    ) -> pb::UpdateExtensionRequest {
        for (name, value) in [("ramal", &self.ramal), ("first_name", &self.first_name)] {
            if members.contains(name) && value.is_none() {
                rules.refuse(name, Rule::Presence, "is required");
            }
        }
        if self.senha.as_deref() == Some("") {
            rules.refuse("senha", Rule::Length, "has fewer than 8 characters");
        }
        let or_removed = |name: &str, value: Option<String>| {
            if members.contains(name) { Some(value.unwrap_or_default()) } else { None }
        };
        pb::UpdateExtensionRequest {
            company_id,
            id,
            number: self.ramal,
            secret: or_removed("senha", self.senha).filter(|secret| secret != MASK),
            caller_id: or_removed("bina", self.bina),
            first_name: self.first_name,
            last_name: or_removed("last_name", self.last_name),
            email: or_removed("email_address", self.email_address),
            record_audio: self.gravar_audio,
        }
    }
}

/// A free number.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(in super::super) struct FreeNumber {
    /// 4 to 6 digits.
    #[schema(example = "1002")]
    pub(in super::super) ramal: String,
}

/// What was removed.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(in super::super) struct Removed {
    /// How many.
    #[schema(example = 1)]
    pub(in super::super) count: u32,
}

/// 0 or 1, true or false.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Flag {
        Boolean(bool),
        Number(u8),
    }
    match Flag::deserialize(deserializer) {
        Ok(Flag::Boolean(flag)) => Ok(Some(flag)),
        Ok(Flag::Number(number @ 0..=1)) => Ok(Some(number == 1)),
        _ => Err(de::Error::custom("expected 0 or 1")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::dialects::voice::body::{Given, parse};

    fn stored() -> pb::Extension {
        pb::Extension {
            id: 123,
            domain: "suporte.api4com.com".to_owned(),
            number: "1001".to_owned(),
            caller_id: "4833328530".to_owned(),
            first_name: "Silvio".to_owned(),
            last_name: Some("Fernandes".to_owned()),
            email: Some("suporte@api4com.com".to_owned()),
            ..pb::Extension::default()
        }
    }

    /// As published, but for the secret, which was too short and is shown once only.
    fn sample(senha: &str) -> Value {
        json!({
            "id": 123,
            "domain": "suporte.api4com.com",
            "ramal": "1001",
            "senha": senha,
            "bina": "4833328530",
            "first_name": "Silvio",
            "last_name": "Fernandes",
            "email_address": "suporte@api4com.com",
            "gravar_audio": 0
        })
    }

    #[test]
    fn the_published_extension() {
        let shown = json!(Extension::from(stored()));
        assert_eq!(shown.to_string(), sample(MASK).to_string(), "in the same order, too");
        let made = Extension::from(stored()).with_secret(Some("PwDLooL!".to_owned()));
        assert_eq!(json!(made), sample("PwDLooL!"));
        assert_eq!(json!(FreeNumber { ramal: "1002".to_owned() }), json!({"ramal": "1002"}));
        assert_eq!(json!(Removed { count: 1 }), json!({"count": 1}));
    }

    #[test]
    fn the_published_extension_can_be_made() {
        let body = sample("PwDLooL!").to_string();
        let Given(new, _) = parse::<NewExtension>(body.as_bytes()).unwrap();
        let mut rules = Rules::of(&EXTENSION);
        let request = new.into_request(&mut rules, "account".to_owned());
        rules.pass().unwrap();
        let expected = pb::Extension {
            company_id: "account".to_owned(),
            id: 0,
            domain: String::new(),
            ..stored()
        };
        assert_eq!(request.extension, Some(expected));
        assert_eq!(request.secret.as_deref(), Some("PwDLooL!"));

        let Given(next, _) = parse::<NextExtension>(br#"{"first_name": "Silvio"}"#).unwrap();
        let request = next.into_request(&mut Rules::of(&EXTENSION), "account".to_owned());
        assert_eq!((request.extension.unwrap().number, request.secret), (String::new(), None));
    }

    #[test]
    fn what_is_missing_or_mistyped_is_named() {
        let wrong = |body: &str| {
            let error = parse::<NewExtension>(body.as_bytes()).unwrap_err();
            format!("{error:?}")
        };
        let missing = wrong("{}");
        assert!(missing.contains("ramal") && missing.contains("first_name"), "{missing}");
        let mistyped = wrong(r#"{"ramal": "1001", "first_name": "S", "senha": 5}"#);
        assert!(mistyped.contains("senha"), "{mistyped}");
        assert!(parse::<NextExtension>(b"{}").is_err());
    }

    #[test]
    fn a_mask_is_no_secret() {
        let body = sample(MASK).to_string();
        let Given(new, _) = parse::<NewExtension>(body.as_bytes()).unwrap();
        let mut rules = Rules::of(&EXTENSION);
        let _ = new.into_request(&mut rules, String::new());
        assert!(rules.pass().is_err());
    }

    fn change(body: Value) -> Result<pb::UpdateExtensionRequest, super::super::super::Error> {
        let Given(change, members) = parse::<ExtensionChange>(body.to_string().as_bytes())?;
        let mut rules = Rules::of(&EXTENSION);
        let request = change.into_request(&mut rules, &members, String::new(), 1);
        rules.pass()?;
        Ok(request)
    }

    #[test]
    fn absent_members_stay_and_null_removes() {
        let unchanged = pb::UpdateExtensionRequest { id: 1, ..Default::default() };
        assert_eq!(change(json!({})).unwrap(), unchanged);
        assert_eq!(change(json!({"senha": MASK, "id": 9, "x": 1})).unwrap(), unchanged);
        let removed = change(json!({"senha": null, "bina": null, "last_name": null})).unwrap();
        assert_eq!(removed.secret.as_deref(), Some(""));
        assert_eq!((removed.caller_id.as_deref(), removed.email), (Some(""), None));
        for (flag, expected) in [(json!(1), true), (json!(0), false), (json!(true), true)] {
            let changed = change(json!({"gravar_audio": flag})).unwrap();
            assert_eq!(changed.record_audio, Some(expected));
        }
        for bad in [
            json!({"ramal": null}),
            json!({"first_name": null}),
            json!({"senha": ""}),
            json!({"gravar_audio": 2}),
            json!({"gravar_audio": "1"}),
            json!({"ramal": 1001}),
        ] {
            assert!(change(bad.clone()).is_err(), "{bad}");
        }
    }
}
