//! The table of who may do what. Each rpc names its permission in its contract.

use std::collections::HashMap;

use prost_reflect::{DescriptorPool, ExtensionDescriptor, Value};
use proto::common::v1::Permission;
use serde::{Deserialize, Serialize};

/// What somebody is, on the platform or in a company.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Runs the platform: may do everything that people may, in every company.
    Operator,
    /// Reads and changes what a company has.
    Manager,
    /// Reads what a company has.
    Member,
    /// Any person with a token: what is their own.
    Holder,
    /// A partner's program.
    Partner,
    /// A partner's program that reads the data of schools, and nothing else.
    SchoolPartner,
    /// Looks after the people of a school.
    SchoolStaff,
    /// Belongs to a school.
    SchoolPerson,
    /// One of the services, or the gateway on behalf of somebody without a token.
    Service,
}

/// Whether the role carries the permission, in the role's own scope.
pub fn may(role: Role, permission: Permission) -> bool {
    use Permission as P;
    match role {
        Role::Operator => !matches!(
            permission,
            P::Unspecified
                | P::TrustRead
                | P::EventsDeliver
                | P::SignIn
                | P::AffiliationsRead
                | P::UsersInvite
                | P::OutsideMessages
                | P::VoiceAccountsOpen
                | P::CallsCharge
                | P::SchoolsResolve
                | P::SchoolPeopleImport
                | P::DevicesLookUp
                | P::CompaniesHold
        ),
        Role::Manager => matches!(
            permission,
            P::SignUp
                | P::GrantsManage
                | P::CompaniesRead
                | P::CompaniesUpdate
                | P::EmployeesRead
                | P::EmployeesManage
                | P::LinesRead
                | P::LinesManage
                | P::LinesBlock
                | P::LinesTimeline
                | P::PortInsRequest
                | P::SimCardsRead
                | P::ShipmentsRead
                | P::PlansRead
                | P::PricesRead
                | P::ChargesRead
                | P::InvoicesRead
                | P::WebhooksManage
                | P::AccountUsersRead
                | P::AccountUsersManage
                | P::WalletsRead
                | P::CreditManage
                | P::ExtensionsRead
                | P::ExtensionsManage
                | P::CallsRead
                | P::CallsMake
                | P::OrganizationsRead
                | P::OrganizationsManage
                | P::MeetingsUse
                | P::EnterprisesRead
                | P::EnterprisesManage
        ),
        Role::Member => matches!(
            permission,
            P::CompaniesRead
                | P::EmployeesRead
                | P::LinesRead
                | P::SimCardsRead
                | P::PlansRead
                | P::PricesRead
                | P::ChargesRead
                | P::AccountUsersRead
                | P::WalletsRead
                | P::ExtensionsRead
                | P::CallsRead
                | P::CallsMake
                | P::OrganizationsRead
                | P::MeetingsUse
                | P::EnterprisesRead
        ),
        Role::Holder => matches!(
            permission,
            P::SignUp
                | P::UsersRead
                | P::UsersUpdate
                | P::LinesRead
                | P::LinesBlock
                | P::LinesTimeline
                | P::PortInsRequest
                | P::PlansRead
                | P::AccessTokensOwn
                | P::CountriesRead
                | P::OrganizationsOpen
                | P::SchoolPeopleRead
        ),
        Role::Partner => matches!(permission, P::SignUp | P::PlansRead),
        Role::SchoolPartner | Role::SchoolStaff => {
            matches!(permission, P::SchoolsRead | P::SchoolPeopleRead)
        }
        Role::SchoolPerson => permission == P::SchoolsRead,
        Role::Service => matches!(
            permission,
            P::TrustRead
                | P::EventsDeliver
                | P::SignIn
                | P::SignUp
                | P::UsersRead
                | P::CompaniesRead
                | P::AffiliationsRead
                | P::UsersInvite
                | P::LinesRead
                | P::PlansRead
                | P::PricesRead
                | P::ChargesRead
                | P::InvoicesRead
                | P::BillingRuns
                | P::OutsideMessages
                | P::VoiceAccountsOpen
                | P::CallsCharge
                | P::CountriesRead
                | P::OrganizationsRead
                | P::SchoolsResolve
                | P::SchoolPeopleImport
                | P::DevicesLookUp
                | P::CompaniesHold
        ),
    }
}

/// Whether the permission is about things that belong to somebody. Then anybody with a token
/// may ask, and whoever asks for what is not in their scope is told that it does not exist.
/// The others are about the platform, and refused outright to those without them.
pub fn is_scoped(permission: Permission) -> bool {
    use Permission as P;
    matches!(
        permission,
        P::UsersRead
            | P::UsersUpdate
            | P::GrantsManage
            | P::CompaniesRead
            | P::CompaniesUpdate
            | P::EmployeesRead
            | P::EmployeesManage
            | P::LinesRead
            | P::LinesManage
            | P::LinesBlock
            | P::LinesTimeline
            | P::PortInsRequest
            | P::SimCardsRead
            | P::ShipmentsRead
            | P::PricesRead
            | P::ChargesRead
            | P::InvoicesRead
            | P::WebhooksManage
            | P::AccountUsersRead
            | P::AccountUsersManage
            | P::WalletsRead
            | P::CreditManage
            | P::ExtensionsRead
            | P::ExtensionsManage
            | P::CallsRead
            | P::CallsMake
            | P::OrganizationsRead
            | P::OrganizationsManage
            | P::MeetingsUse
            | P::SchoolsRead
            | P::SchoolPeopleRead
            | P::EnterprisesRead
            | P::EnterprisesManage
    )
}

/// The permission of each rpc by its path ("/linha.telecom.v1.LineService/GetLine"), as the
/// contracts say. An rpc that names none is left out, and thereby refused to everybody.
pub(super) fn permissions_by_path(pool: &DescriptorPool) -> HashMap<String, Permission> {
    let Some(option) = pool.get_extension_by_name("linha.common.v1.permission") else {
        return HashMap::new();
    };
    pool.services()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .filter_map(|method| {
            let permission = named_permission(&method.options(), &option)?;
            let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
            Some((path, permission))
        })
        .collect()
}

fn named_permission(
    options: &prost_reflect::DynamicMessage,
    option: &ExtensionDescriptor,
) -> Option<Permission> {
    if !options.has_extension(option) {
        return None;
    }
    match options.get_extension(option).as_ref() {
        Value::EnumNumber(number) => Permission::try_from(*number).ok(),
        _ => None,
    }
    .filter(|permission| *permission != Permission::Unspecified)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contracts() -> DescriptorPool {
        DescriptorPool::decode(proto::DESCRIPTORS).unwrap()
    }

    #[test]
    fn every_rpc_names_its_permission() {
        let pool = contracts();
        let permissions = permissions_by_path(&pool);
        let without: Vec<String> = pool
            .services()
            .flat_map(|service| service.methods().collect::<Vec<_>>())
            .map(|method| format!("/{}/{}", method.parent_service().full_name(), method.name()))
            .filter(|path| !permissions.contains_key(path))
            .collect();
        assert!(!permissions.is_empty());
        assert_eq!(without, Vec::<String>::new());
    }

    #[test]
    fn people_cannot_pose_as_services() {
        for role in [Role::Operator, Role::Manager, Role::Member, Role::Holder, Role::Partner] {
            for permission in [
                Permission::EventsDeliver,
                Permission::TrustRead,
                Permission::SignIn,
                Permission::UsersInvite,
                Permission::OutsideMessages,
                Permission::VoiceAccountsOpen,
                Permission::CallsCharge,
                Permission::SchoolsResolve,
                Permission::SchoolPeopleImport,
                Permission::DevicesLookUp,
                Permission::CompaniesHold,
            ] {
                assert!(!may(role, permission), "{role:?} {permission:?}");
            }
        }
    }

    #[test]
    fn a_member_changes_nothing() {
        for permission in [
            Permission::CompaniesUpdate,
            Permission::EmployeesManage,
            Permission::LinesManage,
            Permission::GrantsManage,
        ] {
            assert!(!may(Role::Member, permission), "{permission:?}");
            assert!(may(Role::Manager, permission), "{permission:?}");
        }
    }

    #[test]
    fn nobody_has_the_unspecified_permission() {
        for role in [Role::Operator, Role::Manager, Role::Holder, Role::Service] {
            assert!(!may(role, Permission::Unspecified));
        }
    }
}
