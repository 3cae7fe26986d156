use brazil::UserId;
use chassis::auth::Grant;
use chassis::refusal::Refusal;
use chassis::testing::{request, request_of};
use pb::organization_user_service_server::OrganizationUserService;
use proto::events::v1::OrganizationOpened;
use time::Duration;
use tonic::Code;

use super::super::organization_opened;
use super::*;
use crate::testing::{PASSWORD, connection, identity, user};

fn rpcs(identity: &Identity) -> OrganizationUsers {
    OrganizationUsers { identity: identity.clone() }
}

fn at(role: Role, company_id: CompanyId) -> Vec<Grant> {
    vec![Grant { role, company_id: Some(company_id.0) }]
}

async fn opened(identity: &Identity, owner: UserId) -> CompanyId {
    let company_id = CompanyId::generate();
    let event =
        OrganizationOpened { company_id: company_id.to_string(), user_id: owner.to_string() };
    organization_opened(identity, &mut *connection(identity).await, event).await.unwrap();
    company_id
}

/// The secret of an invitation to a company.
async fn invite(
    identity: &Identity,
    company_id: CompanyId,
    email: &str,
    role: OrganizationRole,
) -> String {
    let (now, secret) = (identity.now(), links::new_secret());
    let invitation = Invitation {
        invitation_id: OrganizationInvitationId::generate(),
        company_id,
        email: email.parse().unwrap(),
        role,
        created_at: now,
        expires_at: now + Duration::DAY,
        accepted_at: None,
    };
    let tx = &mut *connection(identity).await;
    store::invite(tx, &invitation, &links::hash(&secret), "user:x").await.unwrap();
    secret
}

async fn accept(
    identity: &Identity,
    token: &str,
    password: &str,
) -> Result<pb::AcceptOrganizationInvitationResponse, Status> {
    let message = pb::AcceptOrganizationInvitationRequest {
        token: token.to_owned(),
        password: password.to_owned(),
    };
    let gateway = vec![Grant { role: Role::Service, company_id: None }];
    let request = request(message, gateway, Permission::SignIn);
    Ok(accepting::accept(identity, request).await?.into_inner())
}

async fn people(
    identity: &Identity,
    role: Role,
    company_id: CompanyId,
) -> pb::ListOrganizationPeopleResponse {
    let company_ids = vec![company_id.to_string(), CompanyId::generate().to_string()];
    let message = pb::ListOrganizationPeopleRequest { company_ids };
    let request = request(message, at(role, company_id), Permission::OrganizationsRead);
    rpcs(identity).list_organization_people(request).await.unwrap().into_inner()
}

fn reason(status: &Status) -> String {
    Refusal::of(status).reason
}

#[tokio::test]
async fn whoever_opens_an_organization_owns_it() {
    let (identity, _database) = identity().await;
    let ana = user(&identity, "ana@acme.example", Some(PASSWORD), true).await;
    let company_id = opened(&identity, ana.user_id).await;
    let listed = people(&identity, Role::Member, company_id).await;
    let [owner] = listed.users.as_slice() else { panic!("{listed:?}") };
    assert_eq!(
        (owner.user_id.as_str(), owner.role()),
        (ana.user_id.to_string().as_str(), pb::OrganizationRole::Owner)
    );
    assert!(owner.active);
    // Nobody can own what nobody opened.
    opened(&identity, UserId::generate()).await;

    let message = pb::RenewTokenRequest {};
    let stale = request_of(ana.user_id, message, vec![], Permission::OrganizationsOpen);
    let renewed = rpcs(&identity).renew_token(stale).await.unwrap().into_inner().token.unwrap();
    let claims = identity.service.trust.check(&renewed.access_token).unwrap();
    assert_eq!(claims.grants, at(Role::Manager, company_id));
}

#[tokio::test]
async fn an_invitation_is_accepted_once_by_somebody_new() {
    let (identity, _database) = identity().await;
    let ana = user(&identity, "ana@acme.example", Some(PASSWORD), true).await;
    let company_id = opened(&identity, ana.user_id).await;
    let first = invite(&identity, company_id, "new@acme.example", OrganizationRole::Member).await;
    let token = invite(&identity, company_id, "new@acme.example", OrganizationRole::Admin).await;
    assert_eq!(people(&identity, Role::Manager, company_id).await.invitations.len(), 1);
    assert!(people(&identity, Role::Member, company_id).await.invitations.is_empty());

    let replaced = accept(&identity, &first, PASSWORD).await.unwrap_err();
    assert_eq!(reason(&replaced), "INVITATION_NOT_FOUND");
    let refusal = accept(&identity, &token, "").await.unwrap_err();
    assert_eq!(refusal.code(), Code::InvalidArgument);
    let accepted = accept(&identity, &token, PASSWORD).await.unwrap();
    assert_eq!(accepted.company_id, company_id.to_string());
    let token_of_new = accepted.token.unwrap().access_token;
    let claims = identity.service.trust.check(&token_of_new).unwrap();
    assert_eq!(claims.grants, at(Role::Manager, company_id));
    let again = accept(&identity, &token, PASSWORD).await.unwrap_err();
    assert_eq!(reason(&again), "INVITATION_NOT_FOUND");
    let listed = people(&identity, Role::Manager, company_id).await;
    assert_eq!(listed.users[1].role(), pb::OrganizationRole::Admin);
    assert!(listed.invitations[0].accepted_at.is_some());
}

#[tokio::test]
async fn whoever_has_an_account_needs_no_password_and_who_squats_on_it_loses_it() {
    let (identity, _database) = identity().await;
    let owner = user(&identity, "ana@acme.example", Some(PASSWORD), true).await;
    let company_id = opened(&identity, owner.user_id).await;
    let bia = user(&identity, "bia@acme.example", Some(PASSWORD), true).await;
    let token = invite(&identity, company_id, "bia@acme.example", OrganizationRole::Member).await;
    accept(&identity, &token, "").await.unwrap();
    let squatter = user(&identity, "caio@acme.example", Some(PASSWORD), false).await;
    let token = invite(&identity, company_id, "caio@acme.example", OrganizationRole::Member).await;
    assert!(accept(&identity, &token, "").await.is_err(), "the password is not the owner's");
    accept(&identity, &token, "another password").await.unwrap();
    let ids: Vec<_> = people(&identity, Role::Member, company_id)
        .await
        .users
        .into_iter()
        .map(|user| user.user_id)
        .collect();
    assert!(ids.contains(&bia.user_id.to_string()) && !ids.contains(&squatter.user_id.to_string()));
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn a_role_that_passes_on_keeps_its_name() {
    let (identity, _database) = identity().await;
    let ana = user(&identity, "ana@acme.example", Some(PASSWORD), true).await;
    let other = user(&identity, "bia@acme.example", Some(PASSWORD), true).await;
    let company_id = opened(&identity, ana.user_id).await;
    let before = people(&identity, Role::Member, company_id).await.users[0].id.clone();
    let tx = &mut *connection(&identity).await;
    crate::grants::store::pass_on(tx, ana.user_id, other.user_id).await.unwrap();
    let after = people(&identity, Role::Member, company_id).await.users[0].clone();
    assert_eq!((after.id.clone(), after.role()), (before, pb::OrganizationRole::Owner));
    assert_eq!(store::lock_owners(tx, company_id).await.unwrap(), [other.user_id]);
    assert!(store::leave(tx, company_id, other.user_id).await.unwrap());
    assert!(!store::leave(tx, company_id, other.user_id).await.unwrap());
}

#[tokio::test]
async fn those_who_wait_are_counted() {
    let (identity, _database) = identity().await;
    let ana = user(&identity, "ana@acme.example", Some(PASSWORD), true).await;
    let company_id = opened(&identity, ana.user_id).await;
    let member = OrganizationRole::Member;
    for email in ["a@acme.example", "b@acme.example"] {
        invite(&identity, company_id, email, member).await;
    }
    invite(&identity, CompanyId::generate(), "c@acme.example", member).await;
    let accepted = invite(&identity, company_id, "d@acme.example", member).await;
    accept(&identity, &accepted, PASSWORD).await.unwrap();
    let now = identity.now();
    let tx = &mut *connection(&identity).await;
    let mut waiting = async |email: &str, at| {
        store::count_waiting(tx, company_id, &email.parse().unwrap(), at).await.unwrap()
    };
    assert_eq!(waiting("e@acme.example", now).await, 2);
    assert_eq!(waiting("a@acme.example", now).await, 1, "its own place is free");
    assert_eq!(waiting("e@acme.example", now + Duration::DAY).await, 0, "links expire");
}
