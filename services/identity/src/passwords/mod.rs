//! Passwords: what is accepted, and how it is kept.

mod hasher;
mod memory;

use std::str::FromStr;
use std::sync::LazyLock;
use std::{collections::HashSet, fmt};

use chassis::refusal::{Fields, Rule};

pub(crate) use hasher::Passwords;

const LENGTH_MIN: usize = 8;
const LENGTH_MAX: usize = 128;

/// A password that is good enough to be taken.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Password(String);

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WeakPassword {
    #[error("has fewer than 8 characters")]
    Short,
    #[error("has more than 128 characters")]
    Long,
    #[error("is one of the most common passwords")]
    Common,
}

impl WeakPassword {
    fn rule(self) -> Rule {
        match self {
            Self::Short => Rule::TooShort,
            Self::Long => Rule::TooLong,
            Self::Common => Rule::Other,
        }
    }
}

impl Password {
    /// The password in a field of a request; an empty one is missing.
    pub(crate) fn parse(fields: &mut Fields, field: &str, text: &str) -> Option<Self> {
        fields.required_by(field, text, |weak: &WeakPassword| weak.rule())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for Password {
    type Err = WeakPassword;

    /// Takes 8 to 128 characters of any kind that are none of the common passwords.
    fn from_str(text: &str) -> Result<Self, WeakPassword> {
        let length = text.chars().count();
        if length < LENGTH_MIN {
            Err(WeakPassword::Short)
        } else if length > LENGTH_MAX {
            Err(WeakPassword::Long)
        } else if is_common(text) {
            Err(WeakPassword::Common)
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(***)")
    }
}

/// One a line, in lower case, each of at least eight characters.
static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common.txt").lines().collect());

/// Whether it is on the list, or one character over and over, or a walk up or down through
/// digits or letters.
fn is_common(text: &str) -> bool {
    let lower = text.to_lowercase();
    let codes: Vec<i64> = lower.chars().map(|c| i64::from(u32::from(c))).collect();
    let walks = |step| codes.windows(2).all(|pair| pair[1] - pair[0] == step);
    walks(0) || walks(1) || walks(-1) || COMMON.contains(lower.as_str())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn common_passwords_are_refused_in_any_case() {
        for text in ["password", "Password1", "senha1234", "12345678", "87654321", "AAAAAAAA"] {
            assert_eq!(text.parse::<Password>(), Err(WeakPassword::Common), "{text}");
        }
    }

    #[test]
    fn characters_are_counted_not_bytes() {
        assert_eq!("1234567".parse::<Password>(), Err(WeakPassword::Short));
        assert_eq!("çãõéíóú".parse::<Password>(), Err(WeakPassword::Short));
        assert!("çãõéíóúâ".parse::<Password>().is_ok());
        assert!("áb".repeat(64).parse::<Password>().is_ok());
        assert_eq!("áb!".repeat(43).parse::<Password>(), Err(WeakPassword::Long));
    }

    #[test]
    fn the_list_is_as_it_is_looked_up() {
        for line in COMMON.iter() {
            assert_eq!(*line, line.trim().to_lowercase());
            assert!(line.chars().count() >= LENGTH_MIN, "{line} is refused anyway");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let password: Password = "correct horse".parse().unwrap();
        assert!(!format!("{password:?}").contains("horse"));
    }

    proptest! {
        #[test]
        fn only_length_and_habit_count(text in "\\PC{8,128}") {
            let outcome = text.parse::<Password>();
            prop_assert!(outcome.is_ok() || outcome == Err(WeakPassword::Common));
        }
    }
}
