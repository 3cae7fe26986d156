use chassis::refusal::Refusal as Refused;
use chassis::testing::request;
use proto::common::v1::Permission;
use tonic::Code;

use super::*;
use crate::grants::{self, CompanyRole, Seat};
use crate::invitations::{AnnounceProof, prove};
use crate::signup::{Prefill, Reach};
use crate::testing::{connection, email, identity, mails, queued, reload, user};
use crate::users::{Person, State};

fn person(name: &str) -> Person {
    Person {
        full_name: Some(name.to_owned()),
        cpf: Some("529.982.247-25".parse().unwrap()),
        ..Person::default()
    }
}

async fn form(identity: &Identity, is_proven: bool) -> Form {
    let now = identity.now();
    let mut form = Form::open(email("ana@x.example"), person("Ana"), &Reach::default(), now);
    form.plan_id = Some(brazil::PlanId::generate());
    form.area_code = Some("41".parse().unwrap());
    form.email_proven_at = is_proven.then_some(now);
    save(identity, &form).await;
    form
}

async fn save(identity: &Identity, form: &Form) {
    let tx = &mut *connection(identity).await;
    store::save(tx, &identity.service.keyring, form).await.unwrap();
}

async fn finish(identity: &Identity, form: &Form) -> Result<pb::CompleteSignupResponse, Status> {
    let form_id = form.form_id.to_string();
    let message = pb::CompleteSignupRequest { form_id, password: "correct horse".to_owned() };
    let answer = complete(identity, request(message, vec![], Permission::SignUp)).await?;
    Ok(answer.into_inner())
}

async fn count(identity: &Identity, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&identity.service.db).await.unwrap()
}

#[tokio::test]
async fn a_form_becomes_one_user_with_one_line_however_often_it_is_sent() {
    let (identity, _database) = identity().await;
    let form = form(&identity, false).await;
    let (one, other) = tokio::join!(finish(&identity, &form), finish(&identity, &form));
    let (won, lost) = if one.is_ok() { (one, other) } else { (other, one) };
    let won = won.unwrap();
    let lost = lost.unwrap_err();
    assert_eq!(Refused::of(&lost).reason, "SIGNUP_FORM_COMPLETED");

    let token = won.token.unwrap().access_token;
    let claims = identity.service.trust.check(&token).unwrap();
    let user = won.user.unwrap();
    assert_eq!((claims.sub, claims.grants.len()), (user.id, 0));
    assert_eq!(user.full_name.as_deref(), Some("Ana"));
    assert_eq!(count(&identity, "select count(*) from app_user").await, 1);
    assert_eq!(count(&identity, "select count(*) from event_sequence").await, 1);
    let mails = mails(&identity).await;
    assert_eq!(mails.len(), 1);
    assert!(mails[0].links[0].contains("/email-proofs/"));
}

#[tokio::test]
async fn a_registered_address_is_refused_unless_its_owner_comes() {
    let (identity, _database) = identity().await;
    let squatter = user(&identity, "ana@x.example", Some("squatters horse"), false).await;
    let company_id = brazil::CompanyId::generate();
    let seat = Seat { company_id, role: CompanyRole::Member };
    let (tx, now) = (&mut *connection(&identity).await, identity.now());
    grants::store::put(tx, squatter.user_id, seat, "user:x", now).await.unwrap();
    let session = identity.issuer.person(&squatter, vec![], 0).unwrap().token;

    let stranger = form(&identity, false).await;
    let status = finish(&identity, &stranger).await.unwrap_err();
    assert_eq!(status.code(), Code::AlreadyExists);
    assert_eq!(Refused::of(&status).reason, "EMAIL_ALREADY_REGISTERED");

    let owner = finish(&identity, &form(&identity, true).await).await.unwrap().user.unwrap();
    assert_ne!(owner.id, squatter.user_id.to_string());
    assert!(owner.email_proven_at.is_some());
    assert_eq!(reload(&identity, squatter.user_id).await.state, State::Replaced);
    assert!(identity.service.trust.check(&session).is_err());
    let passed = grants::store::of_user(tx, owner.id.parse().unwrap()).await.unwrap();
    assert_eq!(passed.len(), 1, "what others tied to the address is the owner's");

    let late = finish(&identity, &form(&identity, true).await).await.unwrap_err();
    assert_eq!(late.code(), Code::AlreadyExists);
}

#[tokio::test]
async fn an_invited_person_who_proved_the_address_keeps_the_account() {
    let (identity, _database) = identity().await;
    let invited = user(&identity, "ana@x.example", None, false).await;
    let user = finish(&identity, &form(&identity, true).await).await.unwrap().user.unwrap();
    assert_eq!(user.id, invited.user_id.to_string());
    assert_eq!(user.full_name.as_deref(), Some("Ana"));
    assert_eq!(queued::<AnnounceProof>(&identity).await.len(), 1);
}

#[tokio::test]
async fn what_a_file_knows_comes_with_the_proof() {
    let (identity, _database) = identity().await;
    let mut form = form(&identity, false).await;
    form.prefill = Some(Prefill {
        company_id: brazil::CompanyId::generate(),
        is_shown: false,
        person: Person { social_name: Some("Aninha".to_owned()), ..person("Ana of the file") },
    });
    save(&identity, &form).await;
    let made = finish(&identity, &form).await.unwrap().user.unwrap();
    assert_eq!(made.social_name, None);

    let tx = &mut *connection(&identity).await;
    let mut user = reload(&identity, made.id.parse().unwrap()).await;
    prove(&identity, tx, &mut user).await.unwrap();
    assert_eq!(user.person.social_name.as_deref(), Some("Aninha"));
    assert_eq!(user.person.full_name.as_deref(), Some("Ana"), "what they said themselves stays");
}

#[tokio::test]
async fn all_that_is_missing_is_named_and_nothing_happens() {
    let (identity, _database) = identity().await;
    let mut form = form(&identity, false).await;
    form.own = Person::default();
    form.plan_id = None;
    save(&identity, &form).await;
    let status = finish(&identity, &form).await.unwrap_err();
    let refused = Refused::of(&status);
    let named: Vec<_> = refused.violations.iter().map(|broken| broken.field.as_str()).collect();
    assert_eq!(named, ["form.full_name", "form.cpf", "form.plan_id"]);
    assert_eq!(count(&identity, "select count(*) from app_user").await, 0);

    let unknown = Form { form_id: brazil::SignupFormId::generate(), ..form };
    let status = finish(&identity, &unknown).await.unwrap_err();
    assert_eq!(Refused::of(&status).reason, "SIGNUP_FORM_NOT_FOUND");
}
