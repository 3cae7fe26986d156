//! People of organizations: who is in, and who is invited.

mod accepting;
pub(crate) mod rpc;
pub(crate) mod store;

use std::str::FromStr;

use brazil::{CompanyId, Email, UserId};
use proto::events::v1::OrganizationOpened;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

pub(crate) use rpc::OrganizationUsers;

use crate::grants::CompanyRole;
use crate::identity::Identity;

brazil::id!(
    /// An invitation to an organization.
    OrganizationInvitationId
);

/// How many may wait to be let into one organization.
pub(crate) const WAITING_MAX: i64 = 100;

/// A role in an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum OrganizationRole {
    /// Administers it, and decides about owners.
    Owner,
    /// Administers it.
    Admin,
    /// Reads it.
    Member,
}

impl OrganizationRole {
    /// What it may do there.
    pub(crate) fn company_role(self) -> CompanyRole {
        match self {
            Self::Owner | Self::Admin => CompanyRole::Manager,
            Self::Member => CompanyRole::Member,
        }
    }
}

/// The text names no role in an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is none of owner, admin, member")]
pub(crate) struct InvalidRole;

impl FromStr for OrganizationRole {
    type Err = InvalidRole;

    fn from_str(text: &str) -> Result<Self, InvalidRole> {
        match text {
            "owner" => Ok(Self::Owner),
            "admin" => Ok(Self::Admin),
            "member" => Ok(Self::Member),
            _ => Err(InvalidRole),
        }
    }
}

/// Somebody in an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OrganizationUser {
    pub(crate) grant_id: Uuid,
    pub(crate) company_id: CompanyId,
    pub(crate) user_id: UserId,
    pub(crate) email: Email,
    pub(crate) name: Option<String>,
    pub(crate) role: OrganizationRole,
    pub(crate) is_active: bool,
    pub(crate) created_at: OffsetDateTime,
}

/// An invitation to an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invitation {
    pub(crate) invitation_id: OrganizationInvitationId,
    pub(crate) company_id: CompanyId,
    pub(crate) email: Email,
    pub(crate) role: OrganizationRole,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) expires_at: OffsetDateTime,
    pub(crate) accepted_at: Option<OffsetDateTime>,
}

/// Whoever opened an organization owns it.
///
/// # Errors
/// The database's.
pub(crate) async fn organization_opened(
    identity: &Identity,
    tx: &mut PgConnection,
    opened: OrganizationOpened,
) -> sqlx::Result<()> {
    let (Ok(company_id), Ok(user_id)) = (opened.company_id.parse(), opened.user_id.parse()) else {
        tracing::error!("an organization was opened by nobody");
        return Ok(());
    };
    let role = OrganizationRole::Owner;
    store::join(tx, user_id, company_id, role, "service:company", identity.now()).await
}
