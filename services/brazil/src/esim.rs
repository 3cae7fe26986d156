use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::email::is_domain;

const LENGTH_MAX: usize = 255;

/// The code with which a phone fetches an eSIM profile:
/// `LPA:1$<SM-DP+ address>$<matching id>[$<object id>[$1]]` (GSMA SGP.22, 4.1).
///
/// Whoever holds it can take the line, so `Debug` shows nothing of it and there is no `Display`:
/// the text leaves through [`EsimActivationCode::as_str`] or serde, on purpose.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct EsimActivationCode(String);

/// The text is not an eSIM activation code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not a valid eSIM activation code")]
pub struct InvalidEsimActivationCode;

impl EsimActivationCode {
    /// The whole code, which is a secret.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host of the server (SM-DP+) that holds the profile; not a secret.
    pub fn server(&self) -> &str {
        self.0.split('$').nth(1).unwrap_or_default()
    }

    /// Whether the phone will also ask for a confirmation code.
    pub fn needs_confirmation_code(&self) -> bool {
        self.0.split('$').nth(4) == Some("1")
    }
}

impl FromStr for EsimActivationCode {
    type Err = InvalidEsimActivationCode;

    /// Accepts the text of the QR code, `LPA:` included. The object id may be empty when a
    /// confirmation code follows.
    fn from_str(text: &str) -> Result<Self, InvalidEsimActivationCode> {
        let parts: Vec<&str> = text.split('$').collect();
        let well_formed = match parts[..] {
            ["LPA:1", server, matching_id] => is_server(server) && is_matching_id(matching_id),
            ["LPA:1", server, matching_id, object_id] => {
                is_server(server) && is_matching_id(matching_id) && is_object_id(object_id)
            }
            ["LPA:1", server, matching_id, object_id, "1"] => {
                is_server(server)
                    && is_matching_id(matching_id)
                    && (object_id.is_empty() || is_object_id(object_id))
            }
            _ => false,
        };
        if well_formed && text.len() <= LENGTH_MAX {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidEsimActivationCode)
        }
    }
}

fn is_server(text: &str) -> bool {
    text.is_ascii() && is_domain(text)
}

fn is_matching_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_object_id(text: &str) -> bool {
    text.split('.').all(|arc| !arc.is_empty() && arc.bytes().all(|byte| byte.is_ascii_digit()))
}

impl TryFrom<String> for EsimActivationCode {
    type Error = InvalidEsimActivationCode;

    fn try_from(text: String) -> Result<Self, InvalidEsimActivationCode> {
        text.parse()
    }
}

impl fmt::Debug for EsimActivationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EsimActivationCode(***)")
    }
}
