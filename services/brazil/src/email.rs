use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

const EMAIL_LENGTH_MAX: usize = 254;
const LOCAL_LENGTH_MAX: usize = 64;
const DOMAIN_LENGTH_MAX: usize = 253;
const LABEL_LENGTH_MAX: usize = 63;

/// An e-mail address, in lower case so that two spellings of one address are equal.
///
/// The limits are those of RFC 5321; quoted local parts and addresses at IP numbers are refused.
/// It is personal data, so `Debug` shows no more than [`Email::masked`].
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Email(String);

/// The domain of an e-mail address, in lower case: dotted labels of letters, digits and hyphens.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct EmailDomain(String);

/// The text is not an e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not a valid e-mail address")]
pub struct InvalidEmail;

/// The text is not the domain of an e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not a valid e-mail domain")]
pub struct InvalidEmailDomain;

impl Email {
    /// The address in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows the `@`.
    pub fn domain(&self) -> EmailDomain {
        EmailDomain(self.split().1.to_owned())
    }

    /// For screens and logs: `j***@example.com`.
    pub fn masked(&self) -> String {
        let (local, domain) = self.split();
        format!("{}***@{domain}", local.chars().next().unwrap_or_default())
    }

    fn split(&self) -> (&str, &str) {
        self.0.split_once('@').unwrap_or_default()
    }
}

impl EmailDomain {
    /// The domain in lower case, `example.com`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = InvalidEmail;

    /// Accepts an address in any case with blanks around it.
    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim();
        if text.len() > EMAIL_LENGTH_MAX {
            return Err(InvalidEmail);
        }
        let lower = text.to_lowercase();
        let (local, domain) = lower.split_once('@').ok_or(InvalidEmail)?;
        let well_formed =
            lower.len() <= EMAIL_LENGTH_MAX && is_local_part(local) && is_domain(domain);
        if well_formed { Ok(Self(lower)) } else { Err(InvalidEmail) }
    }
}

impl FromStr for EmailDomain {
    type Err = InvalidEmailDomain;

    /// Accepts a domain in any case with blanks around it.
    fn from_str(text: &str) -> Result<Self, InvalidEmailDomain> {
        let text = text.trim();
        if text.len() > DOMAIN_LENGTH_MAX {
            return Err(InvalidEmailDomain);
        }
        let lower = text.to_lowercase();
        if is_domain(&lower) { Ok(Self(lower)) } else { Err(InvalidEmailDomain) }
    }
}

fn is_local_part(text: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    text.len() <= LOCAL_LENGTH_MAX
        && text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(allowed))
}

/// Whether `text` is a host name of at least two labels.
pub(crate) fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=LABEL_LENGTH_MAX).contains(&label.len())
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= DOMAIN_LENGTH_MAX
        && text.contains('.')
        && text.split('.').all(is_label)
        && text.rsplit('.').next().is_some_and(|last| !last.bytes().all(|b| b.is_ascii_digit()))
}

impl TryFrom<String> for Email {
    type Error = InvalidEmail;

    fn try_from(text: String) -> Result<Self, InvalidEmail> {
        text.parse()
    }
}

impl TryFrom<String> for EmailDomain {
    type Error = InvalidEmailDomain;

    fn try_from(text: String) -> Result<Self, InvalidEmailDomain> {
        text.parse()
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for EmailDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Email({})", self.masked())
    }
}
