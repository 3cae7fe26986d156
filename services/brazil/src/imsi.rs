use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::digits::is_digits;

const BRAZIL: &str = "724";

/// The identity of a Brazilian subscriber in the mobile network: 15 digits, the country 724, two
/// digits of the network and ten of the subscriber (ITU-T E.212).
///
/// `Display`, storage and serde use the bare digits. It leads to a person, so `Debug` shows no
/// more than [`Imsi::masked`].
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Imsi(String);

/// The text is not the IMSI of a Brazilian network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not a valid Brazilian IMSI")]
pub struct InvalidImsi;

impl Imsi {
    /// The 15 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The two digits that name the network within Brazil (MNC).
    pub fn network(&self) -> &str {
        &self.0[3..5]
    }

    /// For screens and logs: country and network only, `72406**********`.
    pub fn masked(&self) -> String {
        format!("{BRAZIL}{}**********", self.network())
    }
}

impl FromStr for Imsi {
    type Err = InvalidImsi;

    /// Accepts bare digits only.
    fn from_str(text: &str) -> Result<Self, InvalidImsi> {
        if is_digits(text, 15) && text.starts_with(BRAZIL) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidImsi)
        }
    }
}

impl TryFrom<String> for Imsi {
    type Error = InvalidImsi;

    fn try_from(text: String) -> Result<Self, InvalidImsi> {
        text.parse()
    }
}

impl fmt::Display for Imsi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Imsi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Imsi({})", self.masked())
    }
}
