//! Who joins an organization, and who leaves it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use proto::company::v1::BatchGetOrganizationsRequest;
use proto::company::v1::organization_service_client::OrganizationServiceClient;
use proto::identity::v1 as identity;
use proto::identity::v1::organization_user_service_client::OrganizationUserServiceClient;

use super::Workspaces;
use super::body::{Given, Session};
use super::error::Error;
use super::negotiation::Form;
use super::wire::{Acceptance, InvitationInput, Invited};
use crate::body::At;
use crate::caller::{Caller, Stranger};
use crate::pages;

const JOIN: pages::Form = pages::Form {
    action: "accept",
    password: "password",
    button: "Join",
    done: "You have joined. You can log in now.",
};

impl Workspaces {
    /// Somebody with the roles that they have now.
    pub(super) async fn with_roles_of_now(&self, caller: &Caller) -> Result<Caller, Error> {
        let answer = self
            .clients()
            .identity
            .ask(caller, identity::RenewTokenRequest {}, |to, request| async move {
                OrganizationUserServiceClient::new(to).renew_token(request).await
            })
            .await?;
        Ok(caller.with_token(&answer.message.token.unwrap_or_default().access_token))
    }
}

/// The page that a mailed link opens.
pub(super) async fn page() -> Response {
    pages::password_form("Join an organization", JOIN)
}

/// Mails somebody an invitation.
pub(super) async fn invite(
    State(workspaces): State<Workspaces>,
    session: Session,
    Given(given, _): Given<InvitationInput>,
) -> Result<Response, Error> {
    let request = identity::InviteOrganizationUserRequest {
        organization_id: session.organization_id,
        email: given.email.unwrap_or_default(),
        role: given.role.unwrap_or_default(),
    };
    let answer = workspaces
        .clients()
        .identity
        .ask(&session.caller, request, |to, request| async move {
            OrganizationUserServiceClient::new(to).invite_organization_user(request).await
        })
        .await?;
    let invited = Invited::from(answer.message.invitation.unwrap_or_default());
    Ok(session.form.made(answer.replayed, &invited))
}

/// Joins an organization by a mailed link.
pub(super) async fn accept(
    State(workspaces): State<Workspaces>,
    form: Form,
    Stranger(caller): Stranger,
    Given(given, _): Given<Acceptance>,
) -> Result<Response, Error> {
    let request = identity::AcceptOrganizationInvitationRequest {
        token: given.token.unwrap_or_default(),
        password: given.password.unwrap_or_default(),
    };
    let answer = workspaces
        .clients()
        .identity
        .ask(&caller, request, |to, request| async move {
            OrganizationUserServiceClient::new(to).accept_organization_invitation(request).await
        })
        .await?;
    let accepted = answer.message;
    let member = caller.with_token(&accepted.token.unwrap_or_default().access_token);
    let (company_ids, organization_ids) = (vec![accepted.company_id], vec![]);
    let request = BatchGetOrganizationsRequest { company_ids, organization_ids };
    let found = workspaces
        .clients()
        .company
        .ask(&member, request, |to, request| async move {
            OrganizationServiceClient::new(to).batch_get_organizations(request).await
        })
        .await?;
    let organization = found.message.organizations.into_iter().next();
    let whole = workspaces.whole(&member, organization).await?;
    Ok((answer.replayed, form.item(&whole)).into_response())
}

/// Takes somebody out of an organization.
pub(super) async fn remove(
    State(workspaces): State<Workspaces>,
    session: Session,
    At(organization_user_id): At<String>,
) -> Result<StatusCode, Error> {
    let request = identity::DeleteOrganizationUserRequest { organization_user_id };
    workspaces
        .clients()
        .identity
        .ask(&session.caller, request, |to, request| async move {
            OrganizationUserServiceClient::new(to).delete_organization_user(request).await
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
