//! Organizations: workspaces of people who work together.

mod current;
mod footer;
mod pictures;
pub(crate) mod refusals;
pub(crate) mod rpc;
mod slug;
pub(crate) mod store;
#[cfg(test)]
pub(crate) mod testing;

use brazil::CompanyId;
use time::OffsetDateTime;
use uuid::Uuid;

pub(crate) use current::{locate, permit, readable, writable};
pub(crate) use pictures::Pictures;

/// The most characters of a name.
pub(crate) const NAME_MAX: usize = 250;

/// The languages that an organization is born with.
pub(crate) const FIRST_LANGUAGES: [&str; 2] = ["en", "pt-BR"];

/// How many organizations one person may open.
pub(crate) const OPENED_MAX: i64 = 10;

const PUBLIC_ID_LENGTH: usize = 8;
const PUBLIC_ID_LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// What an organization is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Type {
    Production,
    Demo,
    Test,
}

/// Whether an organization works; if not, it can only be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Status {
    Active,
    Suspended,
    Pending,
}

/// Which picture of an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PictureKind {
    Icon,
    Logo,
}

impl PictureKind {
    /// As it is stored.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Icon => "icon",
            Self::Logo => "logo",
        }
    }
}

/// An organization.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Organization {
    #[sqlx(try_from = "Uuid")]
    pub(crate) company_id: CompanyId,
    /// How everybody outside names it.
    pub(crate) organization_id: String,
    #[sqlx(rename = "type")]
    pub(crate) purpose: Type,
    pub(crate) status: Status,
    pub(crate) name: String,
    pub(crate) slug: String,
    pub(crate) mail_footer: Option<String>,
    pub(crate) address_ids: Vec<Uuid>,
    pub(crate) pictures: Vec<String>,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) updated_at: OffsetDateTime,
}

/// An organization to be opened.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    pub(crate) company_id: CompanyId,
    pub(crate) organization_id: String,
    pub(crate) purpose: Type,
    pub(crate) name: String,
    /// None for one made from the name.
    pub(crate) slug: Option<String>,
    pub(crate) opened_by: Uuid,
    pub(crate) opened_at: OffsetDateTime,
}

/// A random public id.
pub(crate) fn new_public_id() -> String {
    let letter = || PUBLIC_ID_LETTERS[rand::random_range(0..PUBLIC_ID_LETTERS.len())];
    (0..PUBLIC_ID_LENGTH).map(|_| char::from(letter())).collect()
}

/// Whether a text can be somebody's public id: what cannot names nothing.
pub(crate) fn is_public_id(text: &str) -> bool {
    text.len() == PUBLIC_ID_LENGTH && text.bytes().all(|byte| PUBLIC_ID_LETTERS.contains(&byte))
}

impl std::str::FromStr for Type {
    type Err = InvalidType;

    fn from_str(text: &str) -> Result<Self, InvalidType> {
        match text {
            "production" => Ok(Self::Production),
            "demo" => Ok(Self::Demo),
            "test" => Ok(Self::Test),
            _ => Err(InvalidType),
        }
    }
}

/// The text names no type of organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is none of production, demo, test")]
pub(crate) struct InvalidType;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_id_is_eight_letters_and_digits() {
        let (one, other) = (new_public_id(), new_public_id());
        assert_eq!(one.len(), 8);
        assert!(one.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
        assert_ne!(one, other);
        assert!(is_public_id(&one));
        for text in ["", "short", "UPPER123", "nul\0nul8", "ninechars"] {
            assert!(!is_public_id(text), "{text:?}");
        }
    }
}
