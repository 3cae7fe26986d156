use chassis::jobs::Job;
use chassis::refusal::Refusal;
use time::Duration;
use tonic::Code;

use super::*;
use crate::links::MailLink;
use crate::testing::{confirmation, connection, email, identity, mails, queued, reload, user};

async fn use_link(identity: &Identity, (user_id, token): (String, String)) -> Result<(), Status> {
    let request = Request::new(pb::ConfirmEmailRequest { user_id, token });
    confirm(identity, request).await.map(|_| ())
}

async fn ask_again(identity: &Identity, email: &str) {
    let email = email.to_owned();
    let request = pb::ResendConfirmationRequest { email, remote_address: "192.0.2.1".to_owned() };
    resend(identity, Request::new(request)).await.unwrap();
    for job in queued::<MailLink<Confirmation>>(identity).await {
        job.run(identity.clone()).await.unwrap();
    }
}

#[tokio::test]
async fn a_link_is_good_for_a_day_and_for_its_person() {
    let (identity, _database) = identity().await;
    let ana = user(&identity, "ana@x.example", None, false).await;
    let bia = user(&identity, "bia@x.example", None, false).await;
    let tx = &mut *connection(&identity).await;
    ask(&identity, tx, &ana, &ana.email).await.unwrap();
    let (user_id, token) = confirmation(&identity, "ana@x.example").await;
    for (user_id, token) in [
        (bia.user_id.to_string(), token.clone()),
        (user_id.clone(), links::new_secret()),
        (user_id.clone(), String::new()),
        ("x".to_owned(), token.clone()),
    ] {
        let refusal = use_link(&identity, (user_id, token)).await.unwrap_err();
        assert_eq!(refusal.code(), Code::FailedPrecondition);
        assert_eq!(Refusal::of(&refusal).reason, "INVALID_CONFIRMATION");
    }
    assert!(reload(&identity, ana.user_id).await.email_proven_at.is_none());
    let link = (user_id, token);
    use_link(&identity, link.clone()).await.unwrap();
    identity.service.clock.advance(Duration::hours(23)).unwrap();
    use_link(&identity, link.clone()).await.unwrap();
    identity.service.clock.advance(Duration::HOUR).unwrap();
    assert!(use_link(&identity, link).await.is_err());
    store::delete_expired(&identity.service.db, identity.now()).await.unwrap();
    let left: i64 = sqlx::query_scalar("select count(*) from confirmation")
        .fetch_one(&identity.service.db)
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_link_is_mailed_again_to_whoever_has_something_to_confirm() {
    let (identity, _database) = identity().await;
    let ana = user(&identity, "ana@x.example", None, false).await;
    user(&identity, "bia@x.example", None, true).await;
    {
        let tx = &mut *connection(&identity).await;
        ask(&identity, tx, &ana, &ana.email).await.unwrap();
    }
    let first = confirmation(&identity, "ana@x.example").await;
    for email in ["bia@x.example", "nobody@x.example"] {
        ask_again(&identity, email).await;
    }
    assert_eq!(mails(&identity).await.len(), 1, "nobody else gets mail");
    ask_again(&identity, "ANA@x.example").await;
    assert_eq!(mails(&identity).await.len(), 2);
    let job = queued::<MailLink<Confirmation>>(&identity).await.pop().unwrap();
    job.run(identity.clone()).await.unwrap();
    assert_eq!(mails(&identity).await.len(), 2, "a job that is repeated mails once");
    use_link(&identity, confirmation(&identity, "ana@x.example").await).await.unwrap();
    use_link(&identity, first).await.unwrap();
}

#[tokio::test]
async fn a_link_to_a_new_address_is_mailed_again_too() {
    let (identity, _database) = identity().await;
    let ana = user(&identity, "ana@x.example", None, true).await;
    {
        let tx = &mut *connection(&identity).await;
        ask(&identity, tx, &ana, &email("new@x.example")).await.unwrap();
    }
    ask_again(&identity, "new@x.example").await;
    assert_eq!(mails(&identity).await.len(), 2);
    use_link(&identity, confirmation(&identity, "new@x.example").await).await.unwrap();
    assert_eq!(reload(&identity, ana.user_id).await.email, email("new@x.example"));
}

#[tokio::test]
async fn asking_too_often_is_dropped_in_silence() {
    let (identity, _database) = identity().await;
    user(&identity, "ana@x.example", None, false).await;
    for _ in 0..8 {
        ask_again(&identity, "ana@x.example").await;
    }
    assert_eq!(mails(&identity).await.len(), 5);
}

#[tokio::test]
async fn an_address_that_somebody_proved_meanwhile_is_theirs() {
    let (identity, _database) = identity().await;
    let ana = user(&identity, "ana@x.example", None, true).await;
    {
        let tx = &mut *connection(&identity).await;
        ask(&identity, tx, &ana, &email("new@x.example")).await.unwrap();
    }
    let link = confirmation(&identity, "new@x.example").await;
    user(&identity, "new@x.example", None, true).await;
    let refusal = use_link(&identity, link).await.unwrap_err();
    assert_eq!(Refusal::of(&refusal).reason, "INVALID_CONFIRMATION");
    assert_eq!(reload(&identity, ana.user_id).await.email, ana.email);
}
