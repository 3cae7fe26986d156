use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use uuid::Uuid;

use crate::{Cnpj, Cpf, Email, MobileNumber};

const LENGTH_MAX: usize = 77;
const UUID_LENGTH: usize = 36;

/// An address in the directory of Pix keys (DICT), which stands for an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PixKey {
    /// The taxpayer number of a person.
    Cpf(Cpf),
    /// The registry number of a company.
    Cnpj(Cnpj),
    /// A mobile number.
    Phone(MobileNumber),
    /// An e-mail address.
    Email(Email),
    /// A random key, which the central bank hands out.
    Random(Uuid),
}

/// The text is not a Pix key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not a valid Pix key")]
pub struct InvalidPixKey;

impl FromStr for PixKey {
    type Err = InvalidPixKey;

    /// Tells the kinds apart by their form; a mobile number needs its `+`, since eleven digits
    /// are a CPF.
    fn from_str(text: &str) -> Result<Self, InvalidPixKey> {
        if text.len() > LENGTH_MAX {
            return Err(InvalidPixKey);
        }
        let key = if text.starts_with('+') {
            text.parse().map(Self::Phone).ok()
        } else if text.contains('@') {
            text.parse().map(Self::Email).ok()
        } else if text.len() == UUID_LENGTH {
            text.parse().map(Self::Random).ok()
        } else {
            text.parse().map(Self::Cpf).ok().or_else(|| text.parse().map(Self::Cnpj).ok())
        };
        key.filter(|key| key.to_string().len() <= LENGTH_MAX).ok_or(InvalidPixKey)
    }
}

impl fmt::Display for PixKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpf(cpf) => cpf.fmt(f),
            Self::Cnpj(cnpj) => cnpj.fmt(f),
            Self::Phone(number) => number.fmt(f),
            Self::Email(email) => email.fmt(f),
            Self::Random(uuid) => uuid.fmt(f),
        }
    }
}
