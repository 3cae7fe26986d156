//! Partners' programs: what they are called, their secrets, and what their tokens are good for.

mod rpc;
pub(crate) mod store;
#[cfg(test)]
mod tests;

use chassis::refusal::Fields;
use proto::identity::v1 as pb;

pub(crate) use rpc::ClientApps;

use crate::links;

brazil::id!(
    /// A secret of a partner's program.
    ClientSecretId
);

/// The most secrets that a program has at a time: an old one, and the one it goes over to.
const SECRETS_MAX: i64 = 2;
const ID_MIN: usize = 3;
const ID_MAX: usize = 50;
const NAME_MAX: usize = 100;

/// What the tokens of a program are good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Signup forms and plans.
    Lines,
    /// The data of schools, and nothing else.
    Schools,
}

/// A partner's program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientApp {
    pub(crate) client_id: String,
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) product: String,
    pub(crate) active: bool,
}

impl ClientApp {
    pub(crate) fn new(client_id: String, kind: Kind, name: String, product: String) -> Self {
        Self { client_id, kind, name, product, active: true }
    }

    /// A program that reads the data of schools; `prefix` goes before the names of fields.
    pub(crate) fn parse(
        fields: &mut Fields,
        prefix: &str,
        given: &pb::ClientAppInput,
    ) -> Option<Self> {
        let name = fields.text(&format!("{prefix}name"), &given.name, 1, NAME_MAX);
        let product = fields.text(&format!("{prefix}product"), &given.product, 1, NAME_MAX);
        let client_id = given.client_id.as_str();
        if !is_client_id(client_id) {
            let rule = format!("has {ID_MIN} to {ID_MAX} letters, digits, hyphens, lines and dots");
            fields.refuse(&format!("{prefix}client_id"), rule);
            return None;
        }
        let app = Self::new(client_id.to_owned(), Kind::Schools, name?, product?);
        Some(Self { active: !given.inactive, ..app })
    }
}

fn is_client_id(text: &str) -> bool {
    (ID_MIN..=ID_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

/// What a program proves itself with. It is random enough for a plain hash, and shown once.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new() -> Self {
        Self(links::new_secret())
    }

    pub(crate) fn as_text(&self) -> &str {
        &self.0
    }

    fn hash(&self) -> Vec<u8> {
        links::hash(&self.0)
    }
}
