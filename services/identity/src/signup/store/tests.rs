use brazil::{CompanyId, PlanId};
use chassis::resealing::reseal;
use time::Duration;

use super::*;
use crate::SEALED;
use crate::identity::Identity;
use crate::links;
use crate::signup::Reach;
use crate::testing::{connection, email, identity, user};

fn form(identity: &Identity) -> Form {
    let own = Person {
        full_name: Some("Ana Souza".to_owned()),
        cpf: Some("529.982.247-25".parse().unwrap()),
        ..Person::default()
    };
    let mut form = Form::open(email("ana@x.example"), own, &Reach::default(), identity.now());
    form.plan_id = Some(PlanId::generate());
    form.company_id = Some(CompanyId::generate());
    form.vouched_company_id = form.company_id;
    form.area_code = Some("41".parse().unwrap());
    form.partner = Some("p1".to_owned());
    form.prefill = Some(Prefill {
        company_id: CompanyId::generate(),
        is_shown: false,
        person: Person { social_name: Some("Aninha".to_owned()), ..Person::default() },
    });
    form
}

#[tokio::test]
async fn a_form_is_read_as_written_and_sealed_between() {
    let (identity, _database) = identity().await;
    let (keyring, tx) = (&identity.service.keyring, &mut *connection(&identity).await);
    let mut form = form(&identity);
    save(tx, keyring, &form).await.unwrap();
    assert_eq!(lock(tx, keyring, form.form_id).await.unwrap(), form);
    let row: String =
        sqlx::query_scalar("select f::text from signup_form f").fetch_one(&mut *tx).await.unwrap();
    for hidden in ["Ana Souza", "52998224725", "Aninha"] {
        assert!(!row.contains(hidden), "{hidden} is in the clear");
    }
    form.plan_id = None;
    form.prefill = None;
    form.own = Person::default();
    save(tx, keyring, &form).await.unwrap();
    assert_eq!(find(&mut *tx, keyring, form.form_id).await.unwrap(), Some(form));
    let absent = lock(tx, keyring, SignupFormId::generate()).await;
    assert!(matches!(absent, Err(Error::SignupFormNotFound)));
}

#[tokio::test]
async fn a_link_is_taken_once_and_goes_with_the_email() {
    let (identity, _database) = identity().await;
    let (keyring, tx) = (&identity.service.keyring, &mut *connection(&identity).await);
    let mut form = form(&identity);
    let now = identity.now();
    save(tx, keyring, &form).await.unwrap();
    let link = Link { token_hash: links::hash("x"), expires_at: now + Duration::DAY };
    put_link(tx, form.form_id, &link).await.unwrap();
    save(tx, keyring, &form).await.unwrap();
    assert!(take_link(tx, form.form_id).await.unwrap().unwrap().opens("x", now));
    assert!(take_link(tx, form.form_id).await.unwrap().is_none());

    put_link(tx, form.form_id, &link).await.unwrap();
    form.email = email("bia@x.example");
    save(tx, keyring, &form).await.unwrap();
    assert!(take_link(tx, form.form_id).await.unwrap().is_none());
}

#[tokio::test]
async fn a_closed_form_keeps_the_file_until_the_same_email_is_proven() {
    let (identity, _database) = identity().await;
    let (keyring, tx) = (&identity.service.keyring, &mut *connection(&identity).await);
    let (form, now) = (form(&identity), identity.now());
    let user_id = user(&identity, "ana@x.example", None, false).await.user_id;
    save(tx, keyring, &form).await.unwrap();
    close(tx, keyring, &form, user_id, now).await.unwrap();
    let closed = lock(tx, keyring, form.form_id).await.unwrap();
    assert_eq!((closed.completed_at, closed.own), (Some(now), Person::default()));

    let other = take_prefill(tx, keyring, user_id, &email("bia@x.example")).await.unwrap();
    assert_eq!(other, None);
    let file = take_prefill(tx, keyring, user_id, &form.email).await.unwrap().unwrap();
    assert_eq!(file.social_name.as_deref(), Some("Aninha"));
    assert_eq!(take_prefill(tx, keyring, user_id, &form.email).await.unwrap(), None);
}

#[tokio::test]
async fn forms_that_nobody_touches_are_forgotten() {
    let (identity, _database) = identity().await;
    let (keyring, tx) = (&identity.service.keyring, &mut *connection(&identity).await);
    let (form, now) = (form(&identity), identity.now());
    save(tx, keyring, &form).await.unwrap();
    delete_untouched(&mut *tx, now - Duration::DAY).await.unwrap();
    assert!(find(&mut *tx, keyring, form.form_id).await.unwrap().is_some());
    delete_untouched(&mut *tx, now + Duration::DAY).await.unwrap();
    assert!(find(tx, keyring, form.form_id).await.unwrap().is_none());
}

#[tokio::test]
async fn a_form_outlives_the_key_that_sealed_it() {
    let (identity, _database) = identity().await;
    let (service, form) = (&identity.service, form(&identity));
    save(&mut *connection(&identity).await, &service.keyring, &form).await.unwrap();
    let (both, alone) = service.keyring.renewed();
    assert!(reseal(&service.db, "identity", &both, &SEALED).await.unwrap().is_complete());
    assert_eq!(find(&service.db, &alone, form.form_id).await.unwrap(), Some(form));
}
