//! Extensions of voice accounts: somebody's telephone, with a number of its own and the secret
//! that it registers with.

mod accounts;
mod rpc;
pub(crate) mod store;

use std::fmt;
use std::str::FromStr;

use brazil::{CompanyId, Email, MobileNumber};
use chassis::auth::{Caller, Role};
use chassis::refusal::Rule;
use rand::Rng;
use rand::distr::Alphanumeric;
use time::OffsetDateTime;

pub(crate) use accounts::{VoiceAccount, voice_account};
pub(crate) use rpc::Extensions;

/// What secrets are sealed for.
pub(crate) const SECRET_CONTEXT: &str = "telecom.extension.secret";
const SECRET_LENGTH: usize = 16;
const EMAIL_LENGTH_MAX: usize = 200;

/// Number of an extension: 3 to 6 digits, as people dial them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ExtensionNumber(String);

/// The text is not the number of an extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a number of 3 to 6 digits")]
pub(crate) struct InvalidExtensionNumber;

impl ExtensionNumber {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ExtensionNumber {
    type Err = InvalidExtensionNumber;

    fn from_str(text: &str) -> Result<Self, InvalidExtensionNumber> {
        let well_formed =
            (3..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if well_formed { Ok(Self(text.to_owned())) } else { Err(InvalidExtensionNumber) }
    }
}

impl fmt::Display for ExtensionNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a telephone registers with: 8 to 64 printable ASCII characters.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SipSecret(String);

/// Why a text is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidSipSecret {
    #[error("has fewer than 8 characters")]
    Short,
    #[error("has more than 64 characters")]
    Long,
    #[error("is not valid: its characters are printable ASCII")]
    Unprintable,
}

impl SipSecret {
    /// A new one of 16 letters and digits.
    pub(crate) fn random() -> Self {
        Self(rand::rng().sample_iter(Alphanumeric).take(SECRET_LENGTH).map(char::from).collect())
    }

    /// The secret itself.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for SipSecret {
    type Err = InvalidSipSecret;

    fn from_str(text: &str) -> Result<Self, InvalidSipSecret> {
        match text.chars().count() {
            0..8 => Err(InvalidSipSecret::Short),
            65.. => Err(InvalidSipSecret::Long),
            _ if !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) => {
                Err(InvalidSipSecret::Unprintable)
            }
            _ => Ok(Self(text.to_owned())),
        }
    }
}

impl fmt::Debug for SipSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SipSecret(…)")
    }
}

/// What somebody decides about an extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Profile {
    /// Shown to whom it calls.
    pub(crate) caller_id: Option<MobileNumber>,
    pub(crate) first_name: String,
    pub(crate) last_name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) record_audio: bool,
}

/// An extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extension {
    pub(crate) extension_id: i64,
    pub(crate) company_id: CompanyId,
    /// The account's host name.
    pub(crate) domain: String,
    pub(crate) number: ExtensionNumber,
    pub(crate) profile: Profile,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) updated_at: OffsetDateTime,
}

impl Extension {
    /// Whether it bears the e-mail that the person has proven.
    pub(crate) fn is_of(&self, email: Option<&Email>) -> bool {
        let own = self.profile.email.as_deref().map(str::to_lowercase);
        own.is_some() && own.as_deref() == email.map(Email::as_str)
    }
}

/// Which extensions of an account somebody may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum View {
    /// All.
    Whole,
    /// Those that bear their e-mail; none without a proven one.
    Own(Option<Email>),
}

impl View {
    /// What the caller sees of an account that they may enter.
    pub(crate) fn of(caller: &Caller, company_id: CompanyId) -> Self {
        match caller.is_in(company_id, Role::Manager) {
            true => Self::Whole,
            false => Self::Own(caller.email().cloned()),
        }
    }

    pub(crate) fn has(&self, extension: &Extension) -> bool {
        match self {
            Self::Whole => true,
            Self::Own(email) => extension.is_of(email.as_ref()),
        }
    }
}

/// Checks an e-mail and keeps it as it was written.
fn email(text: &str) -> Result<String, (Rule, String)> {
    let text = text.trim();
    if text.chars().count() > EMAIL_LENGTH_MAX {
        return Err((Rule::TooLong, format!("has more than {EMAIL_LENGTH_MAX} characters")));
    }
    let parsed = text.parse::<Email>();
    parsed.map(|_| text.to_owned()).map_err(|error| (Rule::Format, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_three_to_six_digits() {
        for good in ["100", "1001", "000123"] {
            assert_eq!(good.parse::<ExtensionNumber>().unwrap().as_str(), good);
        }
        for bad in ["", "99", "1234567", "10a", "+100", " 100", "١٠٠"] {
            assert!(bad.parse::<ExtensionNumber>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_secret_is_printable_and_not_shown() {
        assert!("PwDLooL!".parse::<SipSecret>().is_ok());
        for bad in ["PwDLooL", "", "senha segura é", &"x".repeat(65), "tab\tis not"] {
            assert!(bad.parse::<SipSecret>().is_err(), "{bad}");
        }
        let made = SipSecret::random();
        assert_eq!(made.expose().len(), 16);
        assert!(made.expose().parse::<SipSecret>().is_ok());
        assert_ne!(made, SipSecret::random());
        assert!(!format!("{made:?}").contains(made.expose()));
    }

    #[test]
    fn an_email_stays_as_it_was_written() {
        assert_eq!(email(" Suporte@Api4com.com ").unwrap(), "Suporte@Api4com.com");
        assert!(email("suporte").is_err());
        assert!(email(&format!("a@{}.com", "b.".repeat(100))).is_err());
    }
}
