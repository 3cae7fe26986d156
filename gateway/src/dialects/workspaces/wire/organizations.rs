//! Organizations and their people.

use std::collections::HashMap;

use proto::billing::v1::OrganizationAccount;
use proto::company::v1 as company;
use proto::identity::v1 as identity;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::body::Moment;
use super::super::resource::Resource;
use super::input;

/// An organization.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Organization {
    #[schema(example = "k3m9x2ab", min_length = 8, max_length = 8)]
    id: String,
    /// production, demo or test.
    #[schema(example = "production")]
    r#type: &'static str,
    /// active, suspended or pending.
    #[schema(example = "active")]
    status: &'static str,
    name: String,
    slug: String,
    stripe_customer_id: Option<String>,
    manual_billing: bool,
    /// Always null: nothing is provisioned per organization.
    database_status: Option<Vec<String>>,
    organization_users: Vec<OrganizationUser>,
    organization_user_invitations: Vec<Invited>,
    organization_modules: Vec<OrganizationModule>,
    subscriptions: Vec<String>,
    organization_configs: Vec<OrganizationConfig>,
    organization_addresses: Vec<String>,
    created_at: Option<String>,
    updated_at: Option<String>,
    demo: bool,
    production_like: bool,
    current_subscription: Option<String>,
}

impl Resource for Organization {
    const TYPE: &'static str = "Organization";

    fn iri(&self) -> Option<String> {
        Some(format!("/organizations/{}", self.id))
    }
}

/// Somebody in an organization.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct OrganizationUser {
    id: String,
    user: OrganizationPerson,
    /// owner, admin or member.
    role: &'static str,
    active: bool,
    created_at: Option<String>,
}

/// A person.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in super::super) struct OrganizationPerson {
    id: String,
    email: String,
    name: Option<String>,
}

/// Somebody who is invited.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrganizationUserInvitation)]
pub(in super::super) struct Invited {
    id: String,
    email: String,
    /// owner, admin or member.
    role: &'static str,
    created_at: Option<String>,
    expires_at: Option<String>,
    accepted_at: Option<String>,
}

impl Resource for Invited {
    const TYPE: &'static str = "OrganizationUserInvitation";

    fn iri(&self) -> Option<String> {
        None
    }
}

/// A module that an organization has.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in super::super) struct OrganizationModule {
    code: String,
    enabled: bool,
}

/// A setting.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in super::super) struct OrganizationConfig {
    key: String,
    value: String,
}

/// What identity and billing know of organizations.
#[derive(Debug, Default)]
pub(in super::super) struct Around {
    users: HashMap<String, Vec<OrganizationUser>>,
    invitations: HashMap<String, Vec<Invited>>,
    accounts: HashMap<String, OrganizationAccount>,
}

impl Around {
    /// By company.
    pub(in super::super) fn new(
        people: identity::ListOrganizationPeopleResponse,
        accounts: Vec<OrganizationAccount>,
    ) -> Self {
        let mut around = Self::default();
        for user in people.users {
            let role = role(user.role());
            around.users.entry(user.company_id).or_default().push(OrganizationUser {
                id: user.id,
                user: OrganizationPerson { id: user.user_id, email: user.email, name: user.name },
                role,
                active: user.active,
                created_at: Moment::shown(user.created_at.as_ref()),
            });
        }
        for invitation in people.invitations {
            let company_id = invitation.company_id.clone();
            around.invitations.entry(company_id).or_default().push(invitation.into());
        }
        for account in accounts {
            around.accounts.insert(account.company_id.clone(), account);
        }
        around
    }

    /// An organization with all that is around it.
    pub(in super::super) fn organization(&mut self, found: company::Organization) -> Organization {
        let account = self.accounts.remove(&found.company_id).unwrap_or_default();
        let subscription = |id: &String| format!("/subscriptions/{id}");
        let purpose = found.r#type();
        Organization {
            r#type: match purpose {
                company::OrganizationType::Demo => "demo",
                company::OrganizationType::Test => "test",
                _ => "production",
            },
            status: match found.status() {
                company::OrganizationStatus::Suspended => "suspended",
                company::OrganizationStatus::Pending => "pending",
                _ => "active",
            },
            demo: purpose == company::OrganizationType::Demo,
            production_like: purpose == company::OrganizationType::Production,
            id: found.id,
            name: found.name,
            slug: found.slug,
            stripe_customer_id: account.customer_id,
            manual_billing: account.manual_billing,
            database_status: None,
            organization_users: self.users.remove(&found.company_id).unwrap_or_default(),
            organization_user_invitations: self
                .invitations
                .remove(&found.company_id)
                .unwrap_or_default(),
            organization_modules: account
                .modules
                .into_iter()
                .map(|module| OrganizationModule { code: module.code, enabled: module.enabled })
                .collect(),
            subscriptions: account.subscription_ids.iter().map(subscription).collect(),
            organization_configs: found
                .configs
                .into_iter()
                .map(|config| OrganizationConfig { key: config.key, value: config.value })
                .collect(),
            organization_addresses: found
                .address_ids
                .iter()
                .map(|id| format!("/organization-addresses/{id}"))
                .collect(),
            created_at: Moment::shown(found.created_at.as_ref()),
            updated_at: Moment::shown(found.updated_at.as_ref()),
            current_subscription: account.current_subscription_id.as_ref().map(subscription),
        }
    }
}

fn role(role: identity::OrganizationRole) -> &'static str {
    match role {
        identity::OrganizationRole::Owner => "owner",
        identity::OrganizationRole::Admin => "admin",
        _ => "member",
    }
}

impl From<identity::OrganizationInvitation> for Invited {
    fn from(invitation: identity::OrganizationInvitation) -> Self {
        Self {
            role: role(invitation.role()),
            id: invitation.id,
            email: invitation.email,
            created_at: Moment::shown(invitation.created_at.as_ref()),
            expires_at: Moment::shown(invitation.expires_at.as_ref()),
            accepted_at: Moment::shown(invitation.accepted_at.as_ref()),
        }
    }
}

/// What stands below an organization's mails.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct MailFooter {
    /// HTML.
    pub(in super::super) mail_footer: Option<String>,
}

impl Resource for MailFooter {
    const TYPE: &'static str = "Organization";

    fn iri(&self) -> Option<String> {
        Some("/organizations/mail-footer".to_owned())
    }
}

/// An organization to be opened.
#[derive(Debug, Deserialize, ToSchema)]
pub(in super::super) struct NewOrganization {
    /// 1 to 250 characters.
    #[schema(example = "Padaria São João")]
    pub(in super::super) name: Option<String>,
    /// production, demo or test.
    #[schema(example = "demo")]
    pub(in super::super) r#type: Option<String>,
    /// 1 to 63 of a-z, 0-9 and hyphens.
    pub(in super::super) slug: Option<String>,
}

/// Nothing that matters.
#[derive(Debug, Deserialize, ToSchema)]
pub(in super::super) struct Nothing {}

/// What is to stand below an organization's mails.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct MailFooterChange {
    /// HTML of up to 20,000 characters.
    #[schema(example = "<p>Padaria <b>São João</b></p>")]
    pub(in super::super) mail_footer: Option<String>,
}

/// Somebody to be invited.
#[derive(Debug, Deserialize, ToSchema)]
pub(in super::super) struct InvitationInput {
    #[schema(example = "bia@example.com")]
    pub(in super::super) email: Option<String>,
    /// owner, admin or member.
    #[schema(example = "member")]
    pub(in super::super) role: Option<String>,
}

/// A mailed link that was followed.
#[derive(Debug, Deserialize, ToSchema)]
pub(in super::super) struct Acceptance {
    /// Of the link.
    pub(in super::super) token: Option<String>,
    /// For somebody without an account: 8 to 128 characters.
    pub(in super::super) password: Option<String>,
}

/// Who logs in.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = WorkspacesLogin)]
pub(in super::super) struct Login {
    /// The e-mail.
    #[schema(example = "ana@example.com")]
    pub(in super::super) username: Option<String>,
    /// The password.
    #[schema(example = "correct horse battery")]
    pub(in super::super) password: Option<String>,
}

input!(NewOrganization, MailFooterChange, InvitationInput, Acceptance, Login);
input!(or nothing: Nothing);
