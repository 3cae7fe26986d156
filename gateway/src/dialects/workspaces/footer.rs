//! What stands below an organization's mails.

use axum::extract::State;
use axum::response::Response;
use proto::company::v1 as company;
use proto::company::v1::organization_service_client::OrganizationServiceClient;

use super::Workspaces;
use super::body::{Given, Session};
use super::error::Error;
use super::wire::{MailFooter, MailFooterChange};

/// Reads it.
pub(super) async fn get(
    State(workspaces): State<Workspaces>,
    session: Session,
) -> Result<Response, Error> {
    let organization_id = session.organization_id;
    let request = company::GetMailFooterRequest { organization_id };
    let answer = workspaces
        .clients()
        .company
        .ask(&session.caller, request, |to, request| async move {
            OrganizationServiceClient::new(to).get_mail_footer(request).await
        })
        .await?;
    Ok(session.form.item(&MailFooter { mail_footer: answer.message.mail_footer }))
}

/// Changes it.
pub(super) async fn set(
    State(workspaces): State<Workspaces>,
    session: Session,
    Given(change, members): Given<MailFooterChange>,
) -> Result<Response, Error> {
    let request = company::SetMailFooterRequest {
        organization_id: session.organization_id,
        mail_footer: change.mail_footer,
        given: members.contains("mailFooter"),
    };
    let answer = workspaces
        .clients()
        .company
        .ask(&session.caller, request, |to, request| async move {
            OrganizationServiceClient::new(to).set_mail_footer(request).await
        })
        .await?;
    Ok(session.form.item(&MailFooter { mail_footer: answer.message.mail_footer }))
}
