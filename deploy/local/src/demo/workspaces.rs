//! An organization of the demo, with its owner, a place, an address and a subscription.

use anyhow::Context;
use proto::billing::v1::CreateSubscriptionRequest;
use proto::billing::v1::subscription_service_client::SubscriptionServiceClient;
use proto::company::v1::location_service_client::LocationServiceClient;
use proto::company::v1::organization_address_service_client::OrganizationAddressServiceClient;
use proto::company::v1::organization_service_client::OrganizationServiceClient;
use proto::company::v1::{
    CreateLocationRequest, CreateOrganizationAddressRequest, CreateOrganizationRequest, Location,
    Organization, OrganizationAddress,
};
use proto::identity::v1::organization_user_service_client::OrganizationUserServiceClient;
use proto::identity::v1::{
    AcceptOrganizationInvitationRequest, DeleteOrganizationUserRequest,
    InviteOrganizationUserRequest, ListOrganizationPeopleRequest,
};
use tonic::transport::Channel;

use super::client::Client;
use super::{Account, WorkspaceAccount};
use crate::process::Part;
use crate::stack::Stack;

/// E-mail and password of the owner.
const OWNER: (&str, &str) = ("dona@oficina-ipe.example", "owner-of-oficina-ipe");

/// Makes the organization: the operator opens it, hands it over, and leaves.
///
/// # Errors
/// When a service refuses a step.
pub(super) async fn load(stack: &Stack, operator: &Client<'_>) -> anyhow::Result<WorkspaceAccount> {
    let open = CreateOrganizationRequest {
        name: "Oficina Ipê".to_owned(),
        r#type: Some("demo".to_owned()),
        slug: None,
    };
    let open = operator.once("workspace", open)?;
    let opened = operator.organizations()?.create_organization(open).await?.into_inner();
    let organization = opened.organization.context("no organization")?;
    let invite = InviteOrganizationUserRequest {
        organization_id: organization.id.clone(),
        email: OWNER.0.to_owned(),
        role: "owner".to_owned(),
    };
    let invite = operator.once("workspace-owner", invite)?;
    operator.organization_users()?.invite_organization_user(invite).await?;
    let accept = AcceptOrganizationInvitationRequest {
        token: operator.mailed_token(OWNER.0).await?,
        password: OWNER.1.to_owned(),
    };
    let gateway = operator.as_gateway().await?;
    let accept = gateway.once("workspace-accept", accept)?;
    gateway.organization_users()?.accept_organization_invitation(accept).await?;
    leave(operator, &organization).await?;

    let account = Account { email: OWNER.0.to_owned(), password: OWNER.1.to_owned() };
    furnish(&Client::log_in(stack, &account).await?, &organization).await?;
    let Account { email, password } = account;
    Ok(WorkspaceAccount { email, password, organization_id: organization.id })
}

async fn leave(operator: &Client<'_>, organization: &Organization) -> anyhow::Result<()> {
    let company_ids = vec![organization.company_id.clone()];
    let list = operator.request(ListOrganizationPeopleRequest { company_ids })?;
    let people = operator.organization_users()?.list_organization_people(list).await?;
    let users = people.into_inner().users;
    for user in users.into_iter().filter(|user| user.email == super::OPERATOR.0) {
        let request = DeleteOrganizationUserRequest { organization_user_id: user.id };
        let request = operator.once("workspace-leave", request)?;
        operator.organization_users()?.delete_organization_user(request).await?;
    }
    Ok(())
}

async fn furnish(owner: &Client<'_>, organization: &Organization) -> anyhow::Result<()> {
    let organization_id = organization.id.clone();
    let location = Location {
        id: 0,
        name: "Matriz".to_owned(),
        office_open_hour: Some(8),
        office_close_hour: Some(18),
    };
    let request = CreateLocationRequest {
        organization_id: organization_id.clone(),
        location: Some(location),
    };
    let request = owner.once("workspace-location", request)?;
    LocationServiceClient::new(owner.channel(Part::Company)?).create_location(request).await?;
    let address = OrganizationAddress {
        organization_id: organization_id.clone(),
        street: "Rua das Flores".to_owned(),
        number: "120".to_owned(),
        city: "Curitiba".to_owned(),
        state: "PR".to_owned(),
        postal_code: "80020-090".to_owned(),
        country: "BR".to_owned(),
        ..OrganizationAddress::default()
    };
    let request = CreateOrganizationAddressRequest { address: Some(address) };
    let request = owner.once("workspace-address", request)?;
    let added = OrganizationAddressServiceClient::new(owner.channel(Part::Company)?)
        .create_organization_address(request)
        .await?;
    let address = added.into_inner().address.context("no address")?;
    let subscribe = CreateSubscriptionRequest {
        organization_id,
        address_id: address.id,
        r#type: "monthly".to_owned(),
        products: vec!["workspace".to_owned()],
        seats: Some(5),
        ..CreateSubscriptionRequest::default()
    };
    let subscribe = owner.once("workspace-subscription", subscribe)?;
    SubscriptionServiceClient::new(owner.channel(Part::Billing)?)
        .create_subscription(subscribe)
        .await?;
    Ok(())
}

impl Client<'_> {
    fn organizations(&self) -> anyhow::Result<OrganizationServiceClient<Channel>> {
        Ok(OrganizationServiceClient::new(self.channel(Part::Company)?))
    }

    fn organization_users(&self) -> anyhow::Result<OrganizationUserServiceClient<Channel>> {
        Ok(OrganizationUserServiceClient::new(self.channel(Part::Identity)?))
    }
}
