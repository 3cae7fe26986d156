use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::digits::{is_digits, luhn_holds};

/// The serial number of a Brazilian SIM card: 19 or 20 digits from `8955` (telecom, Brazil) to
/// a Luhn check digit, after ITU-T E.118.
///
/// `Display`, storage and serde use the bare digits. It leads to a person, so `Debug` shows
/// only its last seven digits.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Iccid(String);

/// The text is not the serial number of a Brazilian SIM card, or its check digit is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not a valid Brazilian ICCID")]
pub struct InvalidIccid;

impl Iccid {
    /// The 19 or 20 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The end of the number, which people read off a card to name it.
    pub fn last_seven(&self) -> &str {
        &self.0[self.0.len() - 7..]
    }
}

impl FromStr for Iccid {
    type Err = InvalidIccid;

    /// Accepts bare digits only.
    fn from_str(text: &str) -> Result<Self, InvalidIccid> {
        let length_fits = is_digits(text, 19) || is_digits(text, 20);
        if length_fits && text.starts_with("8955") && luhn_holds(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidIccid)
        }
    }
}

impl TryFrom<String> for Iccid {
    type Error = InvalidIccid;

    fn try_from(text: String) -> Result<Self, InvalidIccid> {
        text.parse()
    }
}

impl fmt::Display for Iccid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Iccid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Iccid(*{})", self.last_seven())
    }
}
