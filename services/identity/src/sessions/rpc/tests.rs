use chassis::auth::Role;
use chassis::refusal::Refusal;
use proto::identity::v1::session_service_server::SessionService;
use time::Duration;
use tonic::Code;

use super::*;
use crate::grants::{CompanyRole, Seat};
use crate::testing::{connection, identity, user};

const PASSWORD: &str = "correct horse";

async fn login(
    identity: &Identity,
    email: &str,
    password: &str,
    remote_address: &str,
) -> Result<pb::AccessToken, Status> {
    let request = pb::LoginRequest {
        email: email.to_owned(),
        password: password.to_owned(),
        remote_address: remote_address.to_owned(),
    };
    let rpc = Sessions { identity: identity.clone() };
    let answer = rpc.login(Request::new(request)).await?;
    Ok(answer.into_inner().token.unwrap())
}

#[tokio::test]
async fn a_person_logs_in_with_what_the_proven_address_may_do() {
    let (identity, _database) = identity().await;
    let company_id = brazil::CompanyId::generate();
    let seat = Seat { company_id, role: CompanyRole::Manager };
    for (address, is_proven) in [("ana@x.example", true), ("bia@x.example", false)] {
        let user = user(&identity, address, Some(PASSWORD), is_proven).await;
        let (tx, now) = (&mut *connection(&identity).await, identity.now());
        crate::grants::store::put(tx, user.user_id, seat, "user:x", now).await.unwrap();

        let token = login(&identity, &address.to_uppercase(), PASSWORD, "").await.unwrap();
        assert_eq!(token.expires_in.unwrap().seconds, 86_400);
        let claims = identity.service.trust.check(&token.access_token).unwrap();
        assert_eq!(claims.sub, user.user_id.to_string());
        let roles: Vec<_> = claims.grants.iter().map(|grant| grant.role).collect();
        assert_eq!(roles, if is_proven { vec![Role::Manager] } else { vec![] }, "{address}");
    }
}

#[tokio::test]
async fn all_failures_look_the_same() {
    let (identity, _database) = identity().await;
    user(&identity, "ana@x.example", Some(PASSWORD), true).await;
    user(&identity, "invited@x.example", None, false).await;
    let gone = user(&identity, "gone@x.example", Some(PASSWORD), true).await;
    sqlx::query("update app_user set state = 'disabled' where user_id = $1")
        .bind(gone.user_id.0)
        .execute(&identity.service.db)
        .await
        .unwrap();
    for email in ["ana@x.example", "invited@x.example", "gone@x.example", "nobody@x.example"] {
        let password = if email.starts_with("gone") { PASSWORD } else { "wrong horse" };
        let status = login(&identity, email, password, "").await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated, "{email}");
        assert_eq!(Refusal::of(&status).reason, "INVALID_CREDENTIALS");
    }
}

#[tokio::test]
async fn after_ten_failures_even_the_right_password_waits_and_no_longer_than_the_window() {
    let (identity, _database) = identity().await;
    user(&identity, "ana@x.example", Some(PASSWORD), true).await;
    for _ in 0..10 {
        let status = login(&identity, "ana@x.example", "wrong horse", "").await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated);
    }
    for password in ["wrong horse", PASSWORD] {
        let status = login(&identity, "ana@x.example", password, "").await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted);
        let refusal = Refusal::of(&status);
        assert_eq!(refusal.reason, "TOO_MANY_ATTEMPTS");
        assert!(refusal.retry_after.unwrap().as_secs() <= 900);
    }
    identity.service.clock.advance(Duration::minutes(15)).unwrap();
    login(&identity, "ana@x.example", PASSWORD, "").await.unwrap();
}

#[tokio::test]
async fn guesses_at_the_same_time_do_not_get_around_the_limit() {
    let (identity, _database) = identity().await;
    user(&identity, "ana@x.example", Some(PASSWORD), true).await;
    let guesses = (0..16).map(|_| login(&identity, "ana@x.example", "wrong horse", ""));
    let codes: Vec<_> = futures::future::join_all(guesses)
        .await
        .into_iter()
        .map(|outcome| outcome.unwrap_err().code())
        .collect();
    assert_eq!(codes.iter().filter(|code| **code == Code::Unauthenticated).count(), 10);
}

#[tokio::test]
async fn success_forgets_the_failures_of_the_email_but_not_of_the_address() {
    let (identity, _database) = identity().await;
    user(&identity, "ana@x.example", Some(PASSWORD), true).await;
    for _ in 0..3 {
        for _ in 0..9 {
            login(&identity, "ana@x.example", "wrong horse", "192.0.2.1").await.unwrap_err();
        }
        login(&identity, "ana@x.example", PASSWORD, "192.0.2.1").await.unwrap();
    }
    let counts: Vec<i32> = sqlx::query_scalar("select count from attempt")
        .fetch_all(&identity.service.db)
        .await
        .unwrap();
    assert_eq!(counts, [27]);
}
