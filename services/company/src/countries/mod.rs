//! Countries: a table that everybody reads and nobody changes.

pub(crate) mod rpc;
pub(crate) mod store;

/// A country.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Country {
    /// ISO 3166, alpha-2.
    pub(crate) code: String,
    /// Its English name.
    pub(crate) name: String,
    /// How enterprises name it.
    pub(crate) public_id: String,
}
