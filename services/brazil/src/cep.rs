use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::digits::{bare, drawn, is_digits};

const PICTURE: &str = "#####-###";

/// A Brazilian postal code: eight digits, stored and shown by `Display` bare.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Cep(String);

/// The text is not a CEP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not a valid CEP")]
pub struct InvalidCep;

impl Cep {
    /// The eight digits, `01310100`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// For people to read: `01310-100`.
    pub fn formatted(&self) -> String {
        drawn(&self.0, PICTURE)
    }
}

impl FromStr for Cep {
    type Err = InvalidCep;

    /// Accepts `01310-100` and `01310100`.
    fn from_str(text: &str) -> Result<Self, InvalidCep> {
        bare(text, PICTURE).filter(|plain| is_digits(plain, 8)).map(Self).ok_or(InvalidCep)
    }
}

impl TryFrom<String> for Cep {
    type Error = InvalidCep;

    fn try_from(text: String) -> Result<Self, InvalidCep> {
        text.parse()
    }
}

impl fmt::Display for Cep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
