use chassis::auth::Role;
use chassis::refusal::Refusal;
use proto::common::v1::Permission;
use proto::identity::v1 as pb;
use proto::identity::v1::company_hold_service_server::CompanyHoldService;
use proto::identity::v1::invitation_service_server::InvitationService;
use tonic::{Code, Request};

use super::*;
use crate::grants::{self, CompanyRole, Seat};
use crate::invitations::{self, Invitations};
use crate::testing::{PASSWORD, by, connection, identity, mailed_link, reload, seat, user};

async fn told(identity: &Identity, company_id: CompanyId, is_active: bool) {
    let event =
        CompanyStatusChanged { company_id: company_id.to_string(), is_active, changed_at: None };
    let event = &event;
    identity
        .service
        .transaction(|mut tx| Box::pin(async move { take_note(identity, &mut tx, event).await }))
        .await
        .unwrap();
    identity.heed().await;
}

#[tokio::test]
async fn people_of_a_company_that_is_not_served_get_no_tokens_and_their_sessions_end() {
    let (identity, _database) = identity().await;
    let company_id = CompanyId::generate();
    let ana = user(&identity, "ana@x.example", None, true).await;
    seat(&identity, company_id, ana.user_id, CompanyRole::Manager).await;
    let session = async || {
        let tx = &mut *connection(&identity).await;
        identity.session(tx, &ana).await.map(|issued| issued.token)
    };
    let trust = &identity.service.trust;
    let before = session().await.unwrap();
    assert!(trust.check(&before).is_ok());

    told(&identity, company_id, false).await;
    assert!(trust.check(&before).is_err());
    assert!(matches!(session().await.unwrap_err(), Error::CompanyInactive));

    told(&identity, company_id, true).await;
    let after = session().await.unwrap();
    assert!(trust.check(&after).is_ok());
    assert!(trust.check(&before).is_err(), "what ended stays ended");
}

#[tokio::test]
async fn who_belongs_to_another_company_as_well_is_let_in_for_that() {
    let (identity, _database) = identity().await;
    let (closed, open) = (CompanyId::generate(), CompanyId::generate());
    let ana = user(&identity, "ana@x.example", None, true).await;
    seat(&identity, closed, ana.user_id, CompanyRole::Manager).await;
    seat(&identity, open, ana.user_id, CompanyRole::Member).await;
    told(&identity, closed, false).await;
    let tx = &mut *connection(&identity).await;
    let token = identity.session(tx, &ana).await.unwrap().token;
    let claims = identity.service.trust.check(&token).unwrap();
    let companies: Vec<_> = claims.grants.iter().filter_map(|grant| grant.company_id).collect();
    assert_eq!(companies, [open.0]);

    let bia = user(&identity, "bia@x.example", None, true).await;
    assert!(identity.session(tx, &bia).await.is_ok(), "who belongs to none is let in");
}

#[tokio::test]
async fn an_invitation_waits_until_the_company_is_served_again() {
    let (identity, _database) = identity().await;
    let company_id = CompanyId::generate();
    let ana = user(&identity, "ana@x.example", None, false).await;
    seat(&identity, company_id, ana.user_id, CompanyRole::Manager).await;
    invitations::invite(&identity, &mut *connection(&identity).await, &ana).await.unwrap();
    let (invitation_id, token) = mailed_link(&identity, "ana@x.example").await;
    let password = PASSWORD.to_owned();
    let given = pb::AcceptInvitationRequest { invitation_id, token, password };
    let rpc = Invitations { identity: identity.clone() };
    let accept = || rpc.accept_invitation(Request::new(given.clone()));

    told(&identity, company_id, false).await;
    assert_eq!(Refusal::of(&accept().await.unwrap_err()).reason, "COMPANY_INACTIVE");
    assert!(reload(&identity, ana.user_id).await.email_proven_at.is_none(), "nothing changed");

    told(&identity, company_id, true).await;
    let accepted = accept().await.unwrap().into_inner();
    let claims = identity.service.trust.check(&accepted.token.unwrap().access_token).unwrap();
    assert_eq!(claims.grants[0].company_id, Some(company_id.0));
}

#[tokio::test]
async fn a_held_company_gets_nobody_new() {
    let (identity, _database) = identity().await;
    let company_id = CompanyId::generate();
    let ana = user(&identity, "ana@x.example", None, true).await;
    let bia = user(&identity, "bia@x.example", None, true).await;
    seat(&identity, company_id, ana.user_id, CompanyRole::Manager).await;
    let holds = Holds { identity: identity.clone() };
    let hold_id = Uuid::now_v7().to_string();
    let asked = pb::HoldCompanyRequest { company_id: company_id.to_string(), hold_id };
    let counted = holds.hold_company(request(asked.clone())).await.unwrap().into_inner();
    assert_eq!(counted.users, 1);

    let tx = &mut *connection(&identity).await;
    let place = Seat { company_id, role: CompanyRole::Member };
    let refused = grants::store::put(tx, bia.user_id, place, "user:x", identity.now()).await;
    assert!(matches!(refused.unwrap_err(), Error::CompanyHeld));

    let pb::HoldCompanyRequest { company_id, hold_id } = asked.clone();
    let lift = pb::LiftCompanyHoldRequest { company_id, hold_id };
    holds.lift_company_hold(request(lift)).await.unwrap();
    grants::store::put(tx, bia.user_id, place, "user:x", identity.now()).await.unwrap();
    let late = holds.hold_company(request(asked)).await.unwrap_err();
    assert_eq!(late.code(), Code::FailedPrecondition);
}

fn request<T>(message: T) -> Request<T> {
    let somebody = brazil::UserId::generate();
    by(somebody, Role::Service, CompanyId::generate(), Permission::CompaniesHold, message)
}
