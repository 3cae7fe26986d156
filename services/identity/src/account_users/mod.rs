//! People of voice accounts. Whoever manages the account's company is its administrator, its
//! members are users.

mod rpc;
pub(crate) mod store;
mod update;

use brazil::{Email, UserId};
use chassis::refusal::{Fields, Rule};
use chassis::timestamp;
use proto::identity::v1 as pb;
use time::OffsetDateTime;

pub(crate) use rpc::AccountUsers;

use crate::grants::CompanyRole;
use crate::voice_accounts::PHONE_MAX;

/// Somebody in an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccountUser {
    pub(crate) user_id: UserId,
    pub(crate) name: String,
    pub(crate) email: Email,
    pub(crate) phone: Option<String>,
    pub(crate) role: CompanyRole,
    pub(crate) is_email_verified: bool,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) updated_at: OffsetDateTime,
    pub(crate) last_login_at: Option<OffsetDateTime>,
}

fn role_to_proto(role: CompanyRole) -> pb::AccountRole {
    match role {
        CompanyRole::Manager => pb::AccountRole::Admin,
        CompanyRole::Member => pb::AccountRole::User,
    }
}

/// A role; `unsaid` is what holds where none is said.
fn parse_role(fields: &mut Fields, role: i32, unsaid: Option<CompanyRole>) -> Option<CompanyRole> {
    let role = match pb::AccountRole::try_from(role) {
        Ok(pb::AccountRole::Admin) => Some(CompanyRole::Manager),
        Ok(pb::AccountRole::User) => Some(CompanyRole::Member),
        Ok(pb::AccountRole::Unspecified) => unsaid,
        Err(_) => None,
    };
    if role.is_none() {
        fields.refuse_as("role", Rule::NotOneOf, "is not one of the roles");
    }
    role
}

fn parse_phone(fields: &mut Fields, phone: Option<&str>) -> Option<String> {
    fields.optional_text("phone", phone, PHONE_MAX)
}

impl From<AccountUser> for pb::AccountUser {
    fn from(user: AccountUser) -> Self {
        Self {
            user_id: user.user_id.to_string(),
            name: user.name,
            email: user.email.to_string(),
            phone: user.phone,
            role: role_to_proto(user.role).into(),
            is_email_verified: user.is_email_verified,
            created_at: Some(timestamp::to_proto(user.created_at)),
            updated_at: Some(timestamp::to_proto(user.updated_at)),
            last_login_at: user.last_login_at.map(timestamp::to_proto),
        }
    }
}
