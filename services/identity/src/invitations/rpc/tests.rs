use proto::identity::v1::invitation_service_server::InvitationService;
use sqlx::PgConnection;
use time::Duration;
use tonic::Code;

use super::*;
use crate::grants::{self, CompanyRole, Seat};
use crate::invitations::{AnnounceProof, ask_for_proof, invite};
use crate::testing::{connection, email, identity, mailed_link, queued, reload, user};
use crate::users::User;

async fn accept(
    identity: &Identity,
    (invitation_id, token): (String, String),
) -> Result<pb::AcceptInvitationResponse, Status> {
    let password = "correct horse".to_owned();
    let rpc = Invitations { identity: identity.clone() };
    let request = pb::AcceptInvitationRequest { invitation_id, token, password };
    Ok(rpc.accept_invitation(Request::new(request)).await?.into_inner())
}

async fn prove(
    identity: &Identity,
    (proof_id, token): (String, String),
) -> Result<pb::ProveEmailResponse, Status> {
    let rpc = Invitations { identity: identity.clone() };
    Ok(rpc.prove_email(Request::new(pb::ProveEmailRequest { proof_id, token })).await?.into_inner())
}

async fn grant(identity: &Identity, tx: &mut PgConnection, user: &User) {
    let company_id = brazil::CompanyId::generate();
    let seat = Seat { company_id, role: CompanyRole::Manager };
    grants::store::put(tx, user.user_id, seat, "user:x", identity.now()).await.unwrap();
}

#[tokio::test]
async fn an_invited_person_gets_a_password_and_what_was_granted() {
    let (identity, _database) = identity().await;
    let user = user(&identity, "ana@x.example", None, false).await;
    let tx = &mut *connection(&identity).await;
    grant(&identity, tx, &user).await;
    invite(&identity, tx, &user).await.unwrap();
    let link = mailed_link(&identity, "ana@x.example").await;

    let wrong = accept(&identity, (link.0.clone(), "wrong".to_owned())).await.unwrap_err();
    assert_eq!(wrong.code(), Code::NotFound);
    let accepted = accept(&identity, link.clone()).await.unwrap();
    let token = accepted.token.unwrap().access_token;
    let claims = identity.service.trust.check(&token).unwrap();
    assert_eq!(claims.grants.len(), 1);
    assert!(accepted.user.unwrap().email_proven_at.is_some());
    assert_eq!(accept(&identity, link).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(queued::<AnnounceProof>(&identity).await.len(), 1);
}

#[tokio::test]
async fn accepting_throws_out_whoever_had_the_address_unproven() {
    let (identity, _database) = identity().await;
    let user = user(&identity, "ana@x.example", Some("squatters horse"), false).await;
    let squatter = identity.issuer.person(&user, vec![], 0).unwrap().token;
    invite(&identity, &mut *connection(&identity).await, &user).await.unwrap();
    accept(&identity, mailed_link(&identity, "ana@x.example").await).await.unwrap();
    assert!(identity.service.trust.check(&squatter).is_err());
    let (_, _, hash) =
        users::store::login_of(&identity.service.db, &user.email).await.unwrap().unwrap();
    assert!(identity.passwords.verify("correct horse", hash).await.unwrap());
}

#[tokio::test]
async fn an_invitation_ends_after_a_week() {
    let (identity, _database) = identity().await;
    let user = user(&identity, "ana@x.example", None, false).await;
    invite(&identity, &mut *connection(&identity).await, &user).await.unwrap();
    let link = mailed_link(&identity, "ana@x.example").await;
    identity.service.clock.advance(Duration::days(7)).unwrap();
    assert_eq!(accept(&identity, link).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn a_proof_is_good_once() {
    let (identity, _database) = identity().await;
    let user = user(&identity, "ana@x.example", Some("correct horse"), false).await;
    let tx = &mut *connection(&identity).await;
    ask_for_proof(&identity, tx, &user, &user.email).await.unwrap();
    let link = mailed_link(&identity, "ana@x.example").await;
    assert_eq!(prove(&identity, link.clone()).await.unwrap().user_id, user.user_id.to_string());
    assert!(reload(&identity, user.user_id).await.email_proven_at.is_some());
    assert_eq!(prove(&identity, link).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn a_new_address_counts_once_it_is_proven_and_inherits_what_was_tied_to_it() {
    let (identity, _database) = identity().await;
    let ana = user(&identity, "ana@x.example", Some("correct horse"), true).await;
    let invited = user(&identity, "new@x.example", None, false).await;
    let tx = &mut *connection(&identity).await;
    grant(&identity, tx, &invited).await;
    ask_for_proof(&identity, tx, &ana, &invited.email).await.unwrap();
    assert_eq!(reload(&identity, ana.user_id).await.email, ana.email);

    prove(&identity, mailed_link(&identity, "new@x.example").await).await.unwrap();
    let now = reload(&identity, ana.user_id).await;
    assert_eq!(now.email, email("new@x.example"));
    assert!(now.email_proven_at.is_some());
    assert_eq!(reload(&identity, invited.user_id).await.state, State::Replaced);
    assert_eq!(grants::store::of_user(tx, ana.user_id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_address_that_somebody_else_proved_is_taken() {
    let (identity, _database) = identity().await;
    let ana = user(&identity, "ana@x.example", Some("correct horse"), true).await;
    let other = user(&identity, "new@x.example", Some("correct horse"), false).await;
    let tx = &mut *connection(&identity).await;
    ask_for_proof(&identity, tx, &ana, &other.email).await.unwrap();
    let link = mailed_link(&identity, "new@x.example").await;
    sqlx::query("update app_user set email_proven_at = now() where user_id = $1")
        .bind(other.user_id.0)
        .execute(&mut *tx)
        .await
        .unwrap();
    assert_eq!(prove(&identity, link).await.unwrap_err().code(), Code::AlreadyExists);
    let refused = ask_for_proof(&identity, tx, &ana, &other.email).await;
    assert!(matches!(refused, Err(Error::EmailAlreadyRegistered)));
}
