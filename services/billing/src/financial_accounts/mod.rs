//! Who pays for a company's credit.

pub(crate) mod store;
mod wire;

use std::fmt;
use std::str::FromStr;

use brazil::{Cep, Email};
use serde::{Deserialize, Serialize};

use crate::fiscal_notes::Taxpayer;

const TEXT_MAX: usize = 100;
const EMAIL_MAX: usize = 200;
const ADDITIONAL_EMAILS_MAX: usize = 5;
const COUNTRY: &str = "BR";

/// Who pays for a company's credit. All texts are as they were given.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FinancialAccount {
    /// Trading name.
    company: Option<String>,
    name: String,
    email: Email,
    phone: String,
    mobile_phone: Option<String>,
    person_type: PersonType,
    /// Of either kind, whatever the person type says.
    taxpayer: Taxpayer,
    address: Address,
    additional_emails: Vec<Email>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Address {
    street: String,
    number: String,
    complement: Option<String>,
    neighborhood: String,
    city: String,
    state: StateCode,
    zip_code: Cep,
}

/// What a payer says they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum PersonType {
    Fisica,
    Juridica,
}

/// Two capital letters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct StateCode(String);

/// Most of it is personal data.
impl fmt::Debug for FinancialAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FinancialAccount")
            .field("person_type", &self.person_type)
            .finish_non_exhaustive()
    }
}

impl PersonType {
    fn name(self) -> &'static str {
        match self {
            Self::Fisica => "FISICA",
            Self::Juridica => "JURIDICA",
        }
    }
}

/// A text is none of those that can be meant; reads on after the name of its field.
#[derive(Debug, thiserror::Error)]
#[error("is not {0}")]
struct NotSuch(&'static str);

impl FromStr for PersonType {
    type Err = NotSuch;

    fn from_str(text: &str) -> Result<Self, NotSuch> {
        match text {
            "FISICA" => Ok(Self::Fisica),
            "JURIDICA" => Ok(Self::Juridica),
            _ => Err(NotSuch("one of FISICA, JURIDICA")),
        }
    }
}

impl FromStr for StateCode {
    type Err = NotSuch;

    /// Accepts two letters in any case.
    fn from_str(text: &str) -> Result<Self, NotSuch> {
        let letters = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
        let code = letters.then(|| text.to_ascii_uppercase());
        code.map(Self).ok_or(NotSuch("a state's two letters"))
    }
}

/// A CPF or a CNPJ, with or without punctuation.
struct CpfOrCnpj(Taxpayer);

impl FromStr for CpfOrCnpj {
    type Err = NotSuch;

    fn from_str(text: &str) -> Result<Self, NotSuch> {
        let cpf = text.parse().map(Taxpayer::Cpf).ok();
        let taxpayer = cpf.or_else(|| text.parse().map(Taxpayer::Cnpj).ok());
        taxpayer.map(Self).ok_or(NotSuch("a valid CPF or CNPJ"))
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::given;
