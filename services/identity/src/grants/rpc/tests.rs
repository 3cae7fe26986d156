use chassis::auth::Grant;
use chassis::refusal::Refusal;
use chassis::testing::request;
use proto::common::v1::Permission;
use proto::identity::v1::grant_service_server::GrantService;
use tonic::Code;

use super::*;
use crate::testing::{identity, mails, reload, user};

fn manager_of(company_id: CompanyId) -> Vec<Grant> {
    vec![Grant { role: Role::Manager, company_id: Some(company_id.0) }]
}

async fn put(
    identity: &Identity,
    company_id: CompanyId,
    grants: Vec<Grant>,
    user_email: &str,
) -> Result<String, Status> {
    let message = pb::PutGrantRequest {
        company_id: company_id.to_string(),
        role: pb::CompanyRole::Member.into(),
        user_email: user_email.to_owned(),
        user_name: "Renamed".to_owned(),
    };
    let rpc = Grants { identity: identity.clone() };
    let answer = rpc.put_grant(request(message, grants, Permission::GrantsManage)).await?;
    Ok(answer.into_inner().user_id)
}

#[tokio::test]
async fn an_unknown_address_is_invited_and_a_repeat_grants_nothing_more() {
    let (identity, _database) = identity().await;
    let company_id = CompanyId::generate();
    let first = put(&identity, company_id, manager_of(company_id), "New@x.example").await.unwrap();
    let again = put(&identity, company_id, manager_of(company_id), "new@x.example").await.unwrap();
    assert_eq!(first, again);
    let user = reload(&identity, first.parse().unwrap()).await;
    assert_eq!(user.person.full_name.as_deref(), Some("Renamed"));
    assert_eq!(user.email_proven_at, None);
    let held = store::of_user(&identity.service.db, user.user_id).await.unwrap();
    assert_eq!(held.len(), 1);

    let links: Vec<_> = mails(&identity).await.into_iter().map(|mail| mail.links).collect();
    assert_eq!(links.len(), 2, "a new link takes the place of the old one");
    assert_ne!(links[0], links[1]);
    let invitations: i64 = sqlx::query_scalar("select count(*) from invitation")
        .fetch_one(&identity.service.db)
        .await
        .unwrap();
    assert_eq!(invitations, 1);
}

#[tokio::test]
async fn two_grants_to_one_unknown_address_make_one_user() {
    let (identity, _database) = identity().await;
    let companies = [CompanyId::generate(), CompanyId::generate()];
    let puts = companies.map(|id| put(&identity, id, manager_of(id), "new@x.example"));
    let [one, other] = futures::future::join_all(puts).await.try_into().unwrap();
    assert_eq!(one.unwrap(), other.unwrap());
}

#[tokio::test]
async fn a_person_with_an_account_is_told_once_and_not_renamed() {
    let (identity, _database) = identity().await;
    let ana = user(&identity, "ana@x.example", Some("correct horse"), true).await;
    let company_id = CompanyId::generate();
    for _ in 0..2 {
        put(&identity, company_id, manager_of(company_id), "ana@x.example").await.unwrap();
    }
    let mails = mails(&identity).await;
    assert_eq!(mails.len(), 1);
    assert!(mails[0].links.is_empty());
    let ana = reload(&identity, ana.user_id).await;
    assert_eq!((ana.person.full_name, ana.epoch), (None, 0));
}

#[tokio::test]
async fn another_company_does_not_exist_and_a_member_may_not() {
    let (identity, _database) = identity().await;
    let (mine, other) = (CompanyId::generate(), CompanyId::generate());
    let status = put(&identity, other, manager_of(mine), "a@x.example").await.unwrap_err();
    assert_eq!(
        (status.code(), Refusal::of(&status).reason.as_str()),
        (Code::NotFound, "COMPANY_NOT_FOUND")
    );
    let member = vec![Grant { role: Role::Member, company_id: Some(mine.0) }];
    let status = put(&identity, mine, member, "a@x.example").await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn a_role_that_is_taken_away_ends_the_tokens_that_carry_it_and_no_others() {
    let (identity, _database) = identity().await;
    let ana = user(&identity, "ana@x.example", Some("correct horse"), true).await;
    let company_id = CompanyId::generate();
    put(&identity, company_id, manager_of(company_id), "ana@x.example").await.unwrap();
    let without = identity.issuer.person(&ana, vec![], 0).unwrap().token;
    let mut db = identity.service.db.acquire().await.unwrap();
    let token = identity.session(&mut db, &ana).await.unwrap().token;

    let rpc = Grants { identity: identity.clone() };
    let delete = || {
        let message = pb::DeleteGrantRequest {
            company_id: company_id.to_string(),
            role: pb::CompanyRole::Member.into(),
            user_email: "ana@x.example".to_owned(),
        };
        rpc.delete_grant(request(message, manager_of(company_id), Permission::GrantsManage))
    };
    delete().await.unwrap();
    assert!(identity.service.trust.check(&token).is_err());
    assert!(identity.service.trust.check(&without).is_ok());
    let status = delete().await.unwrap_err();
    assert_eq!(Refusal::of(&status).reason, "GRANT_NOT_FOUND");
}

#[tokio::test]
async fn a_role_is_taken_and_given_again_within_a_second_as_often_as_one_likes() {
    let (identity, _database) = identity().await;
    let ana = user(&identity, "ana@x.example", Some("correct horse"), true).await;
    let company_ids = [CompanyId::generate(), CompanyId::generate()];
    let mut db = identity.service.db.acquire().await.unwrap();
    let rpc = Grants { identity: identity.clone() };
    for company_id in company_ids {
        put(&identity, company_id, manager_of(company_id), "ana@x.example").await.unwrap();
    }
    for (round, company_id) in company_ids.into_iter().cycle().take(6).enumerate() {
        let token = identity.session(&mut db, &ana).await.unwrap().token;
        assert!(identity.service.trust.check(&token).is_ok(), "{round}");
        let message = pb::DeleteGrantRequest {
            company_id: company_id.to_string(),
            role: pb::CompanyRole::Member.into(),
            user_email: "ana@x.example".to_owned(),
        };
        let grants = manager_of(company_id);
        rpc.delete_grant(request(message, grants, Permission::GrantsManage)).await.unwrap();
        assert!(identity.service.trust.check(&token).is_err(), "{round}");
        put(&identity, company_id, manager_of(company_id), "ana@x.example").await.unwrap();
        assert!(identity.service.trust.check(&token).is_err(), "{round}");
    }
}

#[tokio::test]
async fn a_partner_gets_a_token_for_its_secret() {
    let (identity, _database) = identity().await;
    let rpc = Grants { identity: identity.clone() };
    let message =
        pb::CreatePartnerRequest { name: "Padaria".to_owned(), product: "schools".to_owned() };
    let operator = vec![Grant { role: Role::Operator, company_id: None }];
    let made = rpc
        .create_partner(request(message, operator, Permission::PartnersCreate))
        .await
        .unwrap()
        .into_inner();
    let db = &identity.service.db;
    let known = client_apps::store::authenticate(db, &made.client_id, &made.client_secret).await;
    assert_eq!(known.unwrap(), Some((Kind::Lines, 0)));
    let token = identity.issuer.partner(&made.client_id, Kind::Lines, 0).unwrap().token;
    let claims = identity.service.trust.check(&token).unwrap();
    assert_eq!(claims.grants, [Grant { role: Role::Partner, company_id: None }]);
}
