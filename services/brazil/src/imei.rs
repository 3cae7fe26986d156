use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::digits::{is_digits, luhn_holds};

/// The serial number of a mobile device: 15 digits, the last a Luhn check digit (3GPP TS 23.003).
///
/// `Display`, storage and serde use the bare digits. It leads to a person, so `Debug` shows no
/// more than [`Imei::masked`].
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Imei(String);

/// The text is not an IMEI, or its check digit is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not a valid IMEI")]
pub struct InvalidImei;

impl Imei {
    /// The 15 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first eight digits, which name the model (type allocation code).
    pub fn model(&self) -> &str {
        &self.0[..8]
    }

    /// For screens and logs: the model only, `49015420*******`.
    pub fn masked(&self) -> String {
        format!("{}*******", self.model())
    }
}

impl FromStr for Imei {
    type Err = InvalidImei;

    /// Accepts bare digits only. Fifteen zeros, which broken devices report, are refused.
    fn from_str(text: &str) -> Result<Self, InvalidImei> {
        let blank = text.bytes().all(|digit| digit == b'0');
        if is_digits(text, 15) && !blank && luhn_holds(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidImei)
        }
    }
}

impl TryFrom<String> for Imei {
    type Error = InvalidImei;

    fn try_from(text: String) -> Result<Self, InvalidImei> {
        text.parse()
    }
}

impl fmt::Display for Imei {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Imei {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Imei({})", self.masked())
    }
}
