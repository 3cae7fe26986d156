use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::digits::{bare, drawn, is_digits, values};

const PICTURE: &str = "###.###.###-##";

/// The number of a person in Brazil's taxpayer registry: eleven digits whose last two check the
/// others.
///
/// Stored, shown by `Display` and serialised as bare digits. It is personal data, so `Debug`
/// shows no more than [`Cpf::masked`].
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Cpf(String);

/// The text is not a CPF, or its check digits are wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not a valid CPF")]
pub struct InvalidCpf;

impl Cpf {
    /// The eleven digits, `12345678909`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// For people to read: `123.456.789-09`.
    pub fn formatted(&self) -> String {
        drawn(&self.0, PICTURE)
    }

    /// For screens and logs: `***.456.789-**`.
    pub fn masked(&self) -> String {
        format!("***.{}.{}-**", &self.0[3..6], &self.0[6..9])
    }
}

impl FromStr for Cpf {
    type Err = InvalidCpf;

    /// Accepts `123.456.789-09` and `12345678909`. Eleven equal digits are refused although
    /// their check digits fit: the registry never issued them.
    fn from_str(text: &str) -> Result<Self, InvalidCpf> {
        let plain = bare(text, PICTURE).ok_or(InvalidCpf)?;
        if !is_digits(&plain, 11) || plain.bytes().all(|digit| plain.starts_with(digit as char)) {
            return Err(InvalidCpf);
        }
        let digits: Vec<u32> = values(&plain).collect();
        let checks = [check_digit(&digits[..9]), check_digit(&digits[..10])];
        if digits[9..] == checks { Ok(Self(plain)) } else { Err(InvalidCpf) }
    }
}

/// Weighted sum modulo 11; the last digit weighs 2, each one before it one more.
fn check_digit(digits: &[u32]) -> u32 {
    let sum: u32 = digits.iter().rev().zip(2..).map(|(digit, weight)| digit * weight).sum();
    sum * 10 % 11 % 10
}

impl TryFrom<String> for Cpf {
    type Error = InvalidCpf;

    fn try_from(text: String) -> Result<Self, InvalidCpf> {
        text.parse()
    }
}

impl fmt::Display for Cpf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Cpf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cpf({})", self.masked())
    }
}
