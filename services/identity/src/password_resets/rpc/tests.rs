use brazil::UserId;
use chassis::jobs::Job;
use proto::identity::v1::password_reset_service_server::PasswordResetService;
use time::Duration;
use tonic::Code;

use super::*;
use crate::invitations::AnnounceProof;
use crate::links::MailLink;
use crate::testing::{identity, mails, queued, reload, user};

async fn ask(identity: &Identity, email: &str) {
    let rpc = PasswordResets { identity: identity.clone() };
    let request = pb::CreatePasswordResetRequest {
        email: email.to_owned(),
        remote_address: "192.0.2.1".to_owned(),
    };
    rpc.create_password_reset(Request::new(request)).await.unwrap();
}

/// The secret of the one reset that is mailed.
async fn secret(identity: &Identity, email: &str) -> String {
    ask(identity, email).await;
    for job in queued::<MailLink<Reset>>(identity).await {
        job.run(identity.clone()).await.unwrap();
    }
    let mails = mails(identity).await;
    assert_eq!(mails.len(), 1);
    assert!(mails[0].links[0].starts_with("http://linha.example/password-resets/"));
    mails[0].links[0].rsplit('/').next().unwrap().to_owned()
}

async fn complete(identity: &Identity, reset_id: &str, password: &str) -> Result<(), Status> {
    let rpc = PasswordResets { identity: identity.clone() };
    let request = pb::CompletePasswordResetRequest {
        reset_id: reset_id.to_owned(),
        new_password: password.to_owned(),
    };
    rpc.complete_password_reset(Request::new(request)).await.map(|_| ())
}

async fn is_right(identity: &Identity, user_id: UserId, password: &str) -> bool {
    let email = reload(identity, user_id).await.email;
    let login = users::store::login_of(&identity.service.db, &email).await.unwrap();
    identity.passwords.verify(password, login.unwrap().2).await.unwrap()
}

#[tokio::test]
async fn a_reset_changes_the_password_once_and_ends_all_sessions() {
    let (identity, _database) = identity().await;
    let user = user(&identity, "ana@x.example", Some("old horse"), false).await;
    let session = identity.issuer.person(&user, vec![], 0).unwrap().token;
    let secret = secret(&identity, "ANA@x.example").await;

    let rpc = PasswordResets { identity: identity.clone() };
    let check = || Request::new(pb::CheckPasswordResetRequest { reset_id: secret.clone() });
    rpc.check_password_reset(check()).await.unwrap();
    let weak = complete(&identity, &secret, "123456").await.unwrap_err();
    assert_eq!(weak.code(), Code::InvalidArgument);
    complete(&identity, &secret, "new horse").await.unwrap();

    assert!(is_right(&identity, user.user_id, "new horse").await);
    assert!(identity.service.trust.check(&session).is_err());
    assert!(reload(&identity, user.user_id).await.email_proven_at.is_some());
    assert_eq!(queued::<AnnounceProof>(&identity).await.len(), 1);
    for status in [
        rpc.check_password_reset(check()).await.map(|_| ()).unwrap_err(),
        complete(&identity, &secret, "newer horse").await.unwrap_err(),
    ] {
        assert_eq!(status.code(), Code::NotFound);
    }
}

#[tokio::test]
async fn a_reset_ends_with_its_hour() {
    let (identity, _database) = identity().await;
    user(&identity, "ana@x.example", Some("old horse"), true).await;
    let secret = secret(&identity, "ana@x.example").await;
    identity.service.clock.advance(Duration::HOUR).unwrap();
    let status = complete(&identity, &secret, "new horse").await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
}

#[tokio::test]
async fn a_repeated_job_mails_once_and_unknown_addresses_get_nothing() {
    let (identity, _database) = identity().await;
    user(&identity, "ana@x.example", Some("old horse"), true).await;
    for email in ["ana@x.example", "nobody@x.example"] {
        ask(&identity, email).await;
    }
    assert_eq!(queued::<MailLink<Reset>>(&identity).await.len(), 2, "as much work for either");
    for _ in 0..2 {
        for job in queued::<MailLink<Reset>>(&identity).await {
            job.run(identity.clone()).await.unwrap();
        }
    }
    let to: Vec<_> = mails(&identity).await.into_iter().map(|mail| mail.to).collect();
    assert_eq!(to, ["ana@x.example"]);
}

#[tokio::test]
async fn too_many_requests_are_dropped_silently() {
    let (identity, _database) = identity().await;
    for _ in 0..8 {
        ask(&identity, "ana@x.example").await;
    }
    let queued = queued::<MailLink<Reset>>(&identity).await.len();
    assert_eq!(queued, usize::try_from(identity.policy.resets_max).unwrap());
}
