//! Postal addresses of organizations.

pub(crate) mod rpc;
mod store;

use time::OffsetDateTime;
use uuid::Uuid;

brazil::id!(
    /// An address of an organization.
    AddressId
);

/// How many addresses one organization has.
pub(crate) const ADDRESSES_MAX: i64 = 100;

/// A postal address of an organization, in any country.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct OrganizationAddress {
    #[sqlx(try_from = "Uuid")]
    pub(crate) address_id: AddressId,
    pub(crate) organization_id: String,
    pub(crate) street: String,
    pub(crate) number: String,
    pub(crate) complement: Option<String>,
    pub(crate) neighborhood: Option<String>,
    pub(crate) city: String,
    pub(crate) state: String,
    pub(crate) postal_code: String,
    /// ISO 3166, alpha-2.
    pub(crate) country: String,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) updated_at: OffsetDateTime,
}
