use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

const LENGTH: usize = 15;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// An id of 15 digits and letters, as enterprises and what they have are called by outside.
///
/// Case counts. A new one is random.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicId(String);

/// The text is no such id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not an id of 15 digits and letters")]
pub struct InvalidPublicId;

impl PublicId {
    /// A new id.
    pub fn generate() -> Self {
        // Two halves of random bits, without those that say what kind of UUID it is.
        let (high, low) = (Uuid::new_v4().as_u64_pair().0, Uuid::new_v4().as_u64_pair().1);
        let mut rest = (u128::from(high >> 16) << 62) | u128::from(low & (u64::MAX >> 2));
        let mut text = String::with_capacity(LENGTH);
        for _ in 0..LENGTH {
            let digit = usize::try_from(rest % 62).unwrap_or_default();
            text.push(char::from(DIGITS[digit]));
            rest /= 62;
        }
        Self(text)
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PublicId {
    type Err = InvalidPublicId;

    fn from_str(text: &str) -> Result<Self, InvalidPublicId> {
        if text.len() == LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidPublicId)
        }
    }
}

impl TryFrom<String> for PublicId {
    type Error = InvalidPublicId;

    fn try_from(text: String) -> Result<Self, InvalidPublicId> {
        text.parse()
    }
}

impl From<PublicId> for String {
    fn from(id: PublicId) -> Self {
        id.0
    }
}

impl fmt::Display for PublicId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn it_has_15_digits_and_letters() {
        assert!("ABC1234567890de".parse::<PublicId>().is_ok());
        for bad in ["", "ABC1234567890DEF", "ABC1234567890D", "ABC1234567890d-", "ÁBC123456789de"]
        {
            assert_eq!(bad.parse::<PublicId>(), Err(InvalidPublicId), "{bad}");
        }
    }

    #[test]
    fn new_ones_are_such_and_differ() {
        let ids: HashSet<_> = (0..1_000).map(|_| PublicId::generate()).collect();
        assert_eq!(ids.len(), 1_000);
        assert!(ids.iter().all(|id| id.as_str().parse() == Ok(id.clone())));
        let last: HashSet<_> = ids.iter().map(|id| id.as_str().as_bytes()[14]).collect();
        assert!(last.len() > 40, "every place is used");
    }
}
