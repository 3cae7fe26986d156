use chassis::auth::{Grant, Role};
use chassis::testing::request;
use prost_types::FieldMask;
use proto::common::v1::Permission;
use proto::identity::v1::user_service_server::UserService;
use tonic::Code;

use super::*;
use crate::testing::{identity, mails, reload, user};

fn operator() -> Vec<Grant> {
    vec![Grant { role: Role::Operator, company_id: None }]
}

async fn update(identity: &Identity, user: pb::User, paths: &[&str]) -> Result<pb::User, Status> {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let message =
        pb::UpdateUserRequest { user: Some(user), update_mask: Some(FieldMask { paths }) };
    let rpc = Users { identity: identity.clone() };
    let answer = rpc.update_user(request(message, operator(), Permission::UsersUpdate)).await?;
    Ok(answer.into_inner().user.unwrap())
}

#[tokio::test]
async fn named_fields_change_and_a_new_address_waits_for_its_proof() {
    let (identity, _database) = identity().await;
    let ana = user(&identity, "ana@x.example", Some("correct horse"), true).await;
    let change = pb::User {
        id: ana.user_id.to_string(),
        email: "new@x.example".to_owned(),
        full_name: Some("Ana Souza".to_owned()),
        cpf: Some("52998224725".to_owned()),
        social_name: Some("not named".to_owned()),
        ..Default::default()
    };
    let changed = update(&identity, change, &["email", "full_name", "cpf"]).await.unwrap();
    assert_eq!(changed.email, "ana@x.example");
    assert_eq!(changed.full_name.as_deref(), Some("Ana Souza"));
    assert_eq!(changed.cpf.as_deref(), Some("529.982.247-25"));
    assert_eq!(changed.social_name, None);
    let mails = mails(&identity).await;
    assert_eq!(mails[0].to, "new@x.example");
    assert!(mails[0].links[0].contains("/email-proofs/"));
}

#[tokio::test]
async fn wrong_fields_are_named_and_change_nothing() {
    let (identity, _database) = identity().await;
    let ana = user(&identity, "ana@x.example", Some("correct horse"), true).await;
    let change = pb::User {
        id: ana.user_id.to_string(),
        cpf: Some("111.111.111-11".to_owned()),
        date_of_birth: Some("2999-01-01".to_owned()),
        ..Default::default()
    };
    let paths = ["cpf", "date_of_birth", "full_name", "email", "epoch"];
    let status = update(&identity, change, &paths).await.unwrap_err();
    let refusal = chassis::refusal::Refusal::of(&status);
    let mut named: Vec<_> = refusal.violations.iter().map(|broken| broken.field.as_str()).collect();
    named.sort_unstable();
    assert_eq!(
        named,
        ["update_mask", "user.cpf", "user.date_of_birth", "user.email", "user.full_name"]
    );
    assert_eq!(reload(&identity, ana.user_id).await, ana);
}

#[tokio::test]
async fn somebody_else_does_not_exist() {
    let (identity, _database) = identity().await;
    let ana = user(&identity, "ana@x.example", None, true).await;
    let rpc = Users { identity: identity.clone() };
    let user_id = ana.user_id.to_string();
    let get = |grants| {
        let message = pb::GetUserRequest { user_id: user_id.clone() };
        rpc.get_user(request(message, grants, Permission::UsersRead))
    };
    assert_eq!(get(vec![]).await.unwrap_err().code(), Code::NotFound);
    assert!(get(operator()).await.unwrap().into_inner().user.is_some());

    let user = Some(pb::User { id: user_id.clone(), ..Default::default() });
    let message = pb::UpdateUserRequest { user, update_mask: None };
    let status = rpc.update_user(request(message, vec![], Permission::UsersUpdate)).await;
    assert_eq!(status.unwrap_err().code(), Code::NotFound);
    let message = pb::BatchGetUsersRequest { user_ids: vec![user_id.clone()] };
    let none = rpc.batch_get_users(request(message, vec![], Permission::UsersRead)).await.unwrap();
    assert!(none.into_inner().users.is_empty());
}

async fn invite(identity: &Identity, email: &str, name: &str) -> Result<pb::User, Status> {
    let message = pb::InviteUserRequest { email: email.to_owned(), name: name.to_owned() };
    let rpc = Users { identity: identity.clone() };
    let grants = vec![Grant { role: Role::Service, company_id: None }];
    let answer = rpc.invite_user(request(message, grants, Permission::UsersInvite)).await?;
    Ok(answer.into_inner().user.unwrap())
}

#[tokio::test]
async fn an_unknown_address_is_invited_once() {
    let (identity, _database) = identity().await;
    let ana = invite(&identity, "ana@x.example", "Ana").await.unwrap();
    let again = invite(&identity, "ANA@x.example", "Somebody").await.unwrap();
    assert_eq!(again, ana);
    assert_eq!(ana.full_name.as_deref(), Some("Ana"));
    assert_eq!(ana.email_proven_at, None);
    let mails = mails(&identity).await;
    assert_eq!(mails.len(), 1);
    assert!(mails[0].links[0].contains("/invitations/"));
}

#[tokio::test]
async fn a_known_user_is_neither_renamed_nor_mailed() {
    let (identity, _database) = identity().await;
    let ana = user(&identity, "ana@x.example", Some("correct horse"), true).await;
    let found = invite(&identity, "ana@x.example", "Somebody").await.unwrap();
    assert_eq!(found.id, ana.user_id.to_string());
    assert_eq!(found.full_name, None);
    assert!(found.email_proven_at.is_some());
    assert_eq!(mails(&identity).await.len(), 0);
}

#[tokio::test]
async fn an_invitation_needs_an_address_and_a_name() {
    let (identity, _database) = identity().await;
    for (email, name) in [("", "Ana"), ("ana", "Ana"), ("ana@x.example", " ")] {
        let refused = invite(&identity, email, name).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{email} {name}");
    }
}
