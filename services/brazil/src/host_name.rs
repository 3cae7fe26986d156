use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::email::is_domain;

const LENGTH_MAX: usize = 100;

/// A host name of at least two labels, in lower case and ASCII: the domain of a voice account, as
/// its phones register at it. It is an account's name, so another spelling is not mended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct HostName(String);

/// The text is not a host name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidHostName {
    /// Has too many characters.
    #[error("has more than 100 characters")]
    Long,
    /// Is written otherwise.
    #[error("is not a host name in lower case")]
    Form,
}

impl HostName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HostName {
    type Err = InvalidHostName;

    fn from_str(text: &str) -> Result<Self, InvalidHostName> {
        let is_plain =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
        if text.chars().count() > LENGTH_MAX {
            Err(InvalidHostName::Long)
        } else if is_domain(text) && text.chars().all(is_plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidHostName::Form)
        }
    }
}

impl TryFrom<String> for HostName {
    type Error = InvalidHostName;

    fn try_from(text: String) -> Result<Self, InvalidHostName> {
        text.parse()
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_name_is_taken_as_it_is_or_not_at_all() {
        let longest = format!("{}.{}.br", "a".repeat(48), "b".repeat(48));
        for text in ["suporte.api4com.com", "a-1.b2", "xn--caf-dma.com.br", &longest] {
            assert_eq!(text.parse::<HostName>().unwrap().as_str(), text);
        }
        let long = format!("a{longest}");
        for (text, error) in [
            ("", InvalidHostName::Form),
            ("localhost", InvalidHostName::Form),
            ("Suporte.api4com.com", InvalidHostName::Form),
            (" a.b", InvalidHostName::Form),
            ("a..b", InvalidHostName::Form),
            ("-a.b", InvalidHostName::Form),
            ("a.b-", InvalidHostName::Form),
            ("a_b.com", InvalidHostName::Form),
            ("café.com", InvalidHostName::Form),
            ("10.0.0.1", InvalidHostName::Form),
            ("a.com:5060", InvalidHostName::Form),
            (&long, InvalidHostName::Long),
        ] {
            assert_eq!(text.parse::<HostName>(), Err(error), "{text}");
        }
    }
}
