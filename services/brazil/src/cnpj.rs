use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::digits::{bare, drawn, values};

const PICTURE: &str = "##.###.###/####-##";
const FIRST_WEIGHTS: [u32; 12] = [5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];
const SECOND_WEIGHTS: [u32; 13] = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];

/// The number of a company in Brazil's registry of legal entities: twelve digits or capital
/// letters and two check digits.
///
/// Letters are legal since July 2026 (Receita Federal, IN 2.229/2024). Stored, shown by
/// `Display` and serialised bare and in upper case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Cnpj(String);

/// The text is not a CNPJ, or its check digits are wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not a valid CNPJ")]
pub struct InvalidCnpj;

impl Cnpj {
    /// The fourteen characters, `12ABC34501DE35`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The eight characters that all establishments of one company share.
    pub fn root(&self) -> &str {
        &self.0[..8]
    }

    /// For people to read: `12.ABC.345/01DE-35`.
    pub fn formatted(&self) -> String {
        drawn(&self.0, PICTURE)
    }
}

impl FromStr for Cnpj {
    type Err = InvalidCnpj;

    /// Accepts `12.ABC.345/01DE-35` and `12ABC34501DE35`, letters in either case. Fourteen
    /// zeros are refused although their check digits fit.
    fn from_str(text: &str) -> Result<Self, InvalidCnpj> {
        let plain = bare(text, PICTURE).ok_or(InvalidCnpj)?.to_ascii_uppercase();
        let (base, checks) = plain.split_at(12);
        if !base.bytes().all(|byte| byte.is_ascii_alphanumeric())
            || !checks.bytes().all(|byte| byte.is_ascii_digit())
            || base.bytes().all(|byte| byte == b'0')
        {
            return Err(InvalidCnpj);
        }
        let first = check_digit(&plain[..12], &FIRST_WEIGHTS);
        let second = check_digit(&plain[..13], &SECOND_WEIGHTS);
        if values(checks).eq([first, second]) { Ok(Self(plain)) } else { Err(InvalidCnpj) }
    }
}

fn check_digit(characters: &str, weights: &[u32]) -> u32 {
    let sum: u32 = values(characters).zip(weights).map(|(value, weight)| value * weight).sum();
    match sum % 11 {
        0 | 1 => 0,
        remainder => 11 - remainder,
    }
}

impl TryFrom<String> for Cnpj {
    type Error = InvalidCnpj;

    fn try_from(text: String) -> Result<Self, InvalidCnpj> {
        text.parse()
    }
}

impl fmt::Display for Cnpj {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
