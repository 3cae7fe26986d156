use chassis::auth::{Grant, Role};
use chassis::refusal::Refusal;
use chassis::testing::request;
use proto::common::v1::Permission;
use proto::identity::v1::invitation_service_server::InvitationService;
use proto::identity::v1::school_people_service_server::SchoolPeopleService;
use tonic::Code;

use super::putting::Stored;
use super::*;
use crate::invitations::Invitations;
use crate::school_people::testing;
use crate::testing::{PASSWORD, connection, identity, mailed_link, user};

/// Puts somebody into a school, as the rpc does once company has answered.
async fn put(identity: &Identity, school_id: Uuid, given: &pb::SchoolPersonInput) -> Stored {
    let db = &identity.service.db;
    let profiles = store::profiles(db).await.unwrap();
    let (mut fields, now) = (Fields::new(), identity.now());
    let input = input::person(&mut fields, "", school_id, given, &profiles, now).unwrap();
    let tx = &mut *connection(identity).await;
    let keyring = &identity.service.keyring;
    let put = putting::people(tx, keyring, &profiles, &[input], true, now).await.unwrap();
    let stored = put.into_iter().next().unwrap().unwrap();
    if stored.lost_role {
        identity.withdraw(tx, stored.user_id, school_id.into()).await.unwrap();
        identity.heed().await;
    }
    stored
}

async fn invite(identity: &Identity, person_id: SchoolPersonId) -> Result<(), Status> {
    let rpc = SchoolPeople { identity: identity.clone() };
    let operator = vec![Grant { role: Role::Operator, company_id: None }];
    let message = pb::InviteSchoolPersonRequest { person_id: person_id.to_string() };
    let request = request(message, operator, Permission::SchoolsManage);
    rpc.invite_school_person(request).await.map(drop)
}

async fn accept(identity: &Identity, email: &str) -> Result<pb::AcceptInvitationResponse, Status> {
    let (invitation_id, token) = mailed_link(identity, email).await;
    accept_with(identity, invitation_id, token).await
}

async fn accept_with(
    identity: &Identity,
    invitation_id: String,
    token: String,
) -> Result<pb::AcceptInvitationResponse, Status> {
    let rpc = Invitations { identity: identity.clone() };
    let message =
        pb::AcceptInvitationRequest { invitation_id, token, password: PASSWORD.to_owned() };
    let request = request(message, vec![], Permission::SignIn);
    rpc.accept_invitation(request).await.map(Response::into_inner)
}

fn roles(identity: &Identity, token: &str) -> Vec<Grant> {
    identity.service.trust.check(token).unwrap().grants
}

#[tokio::test]
async fn whoever_was_put_into_a_school_logs_in_by_a_mailed_link_and_not_before() {
    let (identity, _database) = identity().await;
    let school_id = Uuid::now_v7();
    let stored = put(&identity, school_id, &testing::person("p1", &["Manager"])).await;
    let keyring = &identity.service.keyring;
    let tx = &mut *connection(&identity).await;
    assert_eq!(crate::users::store::lock(tx, keyring, stored.user_id).await.unwrap(), None);
    let email: Email = "familia@example.com".parse().unwrap();
    assert_eq!(crate::users::store::login_of(&mut *tx, &email).await.unwrap(), None);

    invite(&identity, stored.person_id).await.unwrap();
    let accepted = accept(&identity, email.as_str()).await.unwrap();
    let user = accepted.user.unwrap();
    assert_eq!(user.id, stored.user_id.to_string());
    assert_eq!(user.email, email.as_str());
    let token = accepted.token.unwrap().access_token;
    let staff = Grant { role: Role::SchoolStaff, company_id: Some(school_id) };
    assert_eq!(roles(&identity, &token), [staff]);
    let again = invite(&identity, stored.person_id).await.unwrap_err();
    assert_eq!(Refusal::of(&again).reason, "ACCOUNT_HAS_LOGIN");

    // A teacher does not look after the school's people: the old token must not last.
    put(&identity, school_id, &testing::person("p1", &["Teacher"])).await;
    assert!(identity.service.trust.check(&token).is_err());
}

#[tokio::test]
async fn an_address_of_a_family_becomes_the_login_of_whoever_is_first() {
    let (identity, _database) = identity().await;
    let school_id = Uuid::now_v7();
    let mother = put(&identity, school_id, &testing::person("mother", &["Sponsor"])).await;
    let child = put(&identity, school_id, &testing::person("child", &["Student"])).await;
    assert_ne!(mother.user_id, child.user_id);
    invite(&identity, child.person_id).await.unwrap();
    let late = mailed_link(&identity, "familia@example.com").await;
    invite(&identity, mother.person_id).await.unwrap();
    let accepted = accept(&identity, "familia@example.com").await.unwrap();
    assert_eq!(accepted.user.unwrap().id, mother.user_id.to_string());
    let refused = accept_with(&identity, late.0, late.1).await.unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    assert_eq!(Refusal::of(&refused).reason, "EMAIL_ALREADY_REGISTERED");
}

#[tokio::test]
async fn an_account_that_only_says_it_has_the_address_makes_room() {
    let (identity, _database) = identity().await;
    let squatter = user(&identity, "familia@example.com", Some(PASSWORD), false).await;
    let stored = put(&identity, Uuid::now_v7(), &testing::person("p1", &["Student"])).await;
    invite(&identity, stored.person_id).await.unwrap();
    let accepted = accept(&identity, "familia@example.com").await.unwrap();
    assert_eq!(accepted.user.unwrap().id, stored.user_id.to_string());
    assert_ne!(stored.user_id, squatter.user_id);
}

#[tokio::test]
async fn nobody_is_invited_without_an_address() {
    let (identity, _database) = identity().await;
    for email in [None, Some("no address".to_owned())] {
        let given = pb::SchoolPersonInput { email, ..testing::person("p1", &["Student"]) };
        let stored = put(&identity, Uuid::now_v7(), &given).await;
        let refused = invite(&identity, stored.person_id).await.unwrap_err();
        assert_eq!(Refusal::of(&refused).reason, "NO_CONTACT_EMAIL");
    }
    let refused = invite(&identity, SchoolPersonId::generate()).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).reason, "SCHOOL_PERSON_NOT_FOUND");
}
