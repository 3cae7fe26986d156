//! Organizations.

use axum::extract::State;
use axum::response::Response;
use proto::billing::v1::BatchGetOrganizationAccountsRequest;
use proto::billing::v1::subscription_service_client::SubscriptionServiceClient;
use proto::company::v1 as company;
use proto::company::v1::organization_service_client::OrganizationServiceClient;
use proto::identity::v1::ListOrganizationPeopleRequest;
use proto::identity::v1::organization_user_service_client::OrganizationUserServiceClient;

use super::Workspaces;
use super::body::{Given, Session};
use super::error::Error;
use super::page::Paging;
use super::wire::{Around, NewOrganization, Nothing, Organization};
use crate::body::At;
use crate::caller::Caller;

impl Workspaces {
    /// Organizations with what identity and billing know of them: one call each.
    async fn around(
        &self,
        caller: &Caller,
        organizations: &[company::Organization],
    ) -> Result<Around, Error> {
        let company_ids: Vec<String> =
            organizations.iter().map(|found| found.company_id.clone()).collect();
        if company_ids.is_empty() {
            return Ok(Around::default());
        }
        let people = ListOrganizationPeopleRequest { company_ids: company_ids.clone() };
        let people = self.clients().identity.ask(caller, people, |to, request| async move {
            OrganizationUserServiceClient::new(to).list_organization_people(request).await
        });
        let accounts = BatchGetOrganizationAccountsRequest { company_ids };
        let accounts = self.clients().billing.ask(caller, accounts, |to, request| async move {
            SubscriptionServiceClient::new(to).batch_get_organization_accounts(request).await
        });
        let (people, accounts) = tokio::try_join!(people, accounts)?;
        Ok(Around::new(people.message, accounts.message.accounts))
    }

    /// An organization with what identity and billing know of it.
    pub(super) async fn whole(
        &self,
        caller: &Caller,
        organization: Option<company::Organization>,
    ) -> Result<Organization, Error> {
        let organization = organization.unwrap_or_default();
        let mut around = self.around(caller, std::slice::from_ref(&organization)).await?;
        Ok(around.organization(organization))
    }
}

/// The caller's organizations.
pub(super) async fn list(
    State(workspaces): State<Workspaces>,
    session: Session,
    paging: Paging,
) -> Result<Response, Error> {
    let request = company::ListOrganizationsRequest { page: paging.request() };
    let answer = workspaces
        .clients()
        .company
        .ask(&session.caller, request, |to, request| async move {
            OrganizationServiceClient::new(to).list_organizations(request).await
        })
        .await?;
    let found = answer.message.organizations;
    let mut around = workspaces.around(&session.caller, &found).await?;
    let items: Vec<_> = found.into_iter().map(|found| around.organization(found)).collect();
    let total = answer.message.page.unwrap_or_default().total_size;
    Ok(session.form.collection(&paging, &items, total))
}

/// Opens one.
pub(super) async fn create(
    State(workspaces): State<Workspaces>,
    session: Session,
    Given(new, _): Given<NewOrganization>,
) -> Result<Response, Error> {
    let request = company::CreateOrganizationRequest {
        name: new.name.unwrap_or_default(),
        r#type: new.r#type,
        slug: new.slug,
    };
    let answer = workspaces
        .clients()
        .company
        .ask(&session.caller, request, |to, request| async move {
            OrganizationServiceClient::new(to).create_organization(request).await
        })
        .await?;
    // The opener's role is newer than the token that the request came with.
    let caller = workspaces.with_roles_of_now(&session.caller).await?;
    let whole = workspaces.whole(&caller, answer.message.organization).await?;
    Ok(session.form.made(answer.replayed, &whole))
}

/// Reads one.
pub(super) async fn get(
    State(workspaces): State<Workspaces>,
    session: Session,
    At(organization_id): At<String>,
) -> Result<Response, Error> {
    let request = company::GetOrganizationRequest { organization_id };
    let answer = workspaces
        .clients()
        .company
        .ask(&session.caller, request, |to, request| async move {
            OrganizationServiceClient::new(to).get_organization(request).await
        })
        .await?;
    let whole = workspaces.whole(&session.caller, answer.message.organization).await?;
    Ok(session.form.item(&whole))
}

/// Clears a demo one.
pub(super) async fn clear(
    State(workspaces): State<Workspaces>,
    session: Session,
    Given(_, _): Given<Nothing>,
) -> Result<Response, Error> {
    let organization_id = session.organization_id;
    let request = company::ClearOrganizationRequest { organization_id };
    let answer = workspaces
        .clients()
        .company
        .ask(&session.caller, request, |to, request| async move {
            OrganizationServiceClient::new(to).clear_organization(request).await
        })
        .await?;
    let whole = workspaces.whole(&session.caller, answer.message.organization).await?;
    Ok(session.form.made(answer.replayed, &whole))
}
