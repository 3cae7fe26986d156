//! Roles in companies, and partners' programs.

mod rpc;
pub(crate) mod store;

use brazil::CompanyId;

pub(crate) use rpc::Grants;

/// A role that somebody can be given in a company.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum CompanyRole {
    /// Reads and changes what the company has.
    Manager,
    /// Reads it.
    Member,
}

/// A role in a company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) company_id: CompanyId,
    pub(crate) role: CompanyRole,
}
