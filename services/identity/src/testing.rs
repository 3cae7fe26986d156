//! Identity on a database of its own, and its mails.

use std::sync::{Arc, Mutex, PoisonError};

use brazil::{CompanyId, Email, UserId};
use chassis::auth::{Grant, Role};
use chassis::jobs::Job;
use chassis::testing;
use postgres_local::testing::TestDatabase;
use proto::common::v1::Permission;
use sqlx::pool::PoolConnection;
use tonic::Request;

use crate::MIGRATIONS;
use crate::config::Policy;
use crate::grants::{self, CompanyRole, Seat};
use crate::identity::Identity;
use crate::users::{self, Person, User};
use chassis::mail::{Mail, Mailer, SendMail};

pub(crate) const SECRET: &str = "0123456789abcdef";

/// Identity without its neighbours, with keys to sign with.
pub(crate) async fn identity() -> (Identity, TestDatabase) {
    let (service, database) = testing::service("identity", &MIGRATIONS, vec![]).await;
    let policy = Policy { password_checks_max: Some(2), ..Policy::DEFAULT };
    let secrets = format!("gateway={SECRET}").parse().unwrap();
    let url = "http://linha.example/".parse().unwrap();
    let identity = Identity::new(service, policy, secrets, &url).unwrap();
    crate::tokens::refresh(&identity).await.unwrap();
    (identity, database)
}

pub(crate) async fn connection(identity: &Identity) -> PoolConnection<sqlx::Postgres> {
    identity.service.db.acquire().await.unwrap()
}

pub(crate) fn email(text: &str) -> Email {
    text.parse().unwrap()
}

/// A user who may log in with `password`; proven if said so.
pub(crate) async fn user(
    identity: &Identity,
    address: &str,
    password: Option<&str>,
    is_proven: bool,
) -> User {
    let now = identity.now();
    let mut user = User::new(email(address), Person::default(), now);
    user.email_proven_at = is_proven.then_some(now);
    user.announced_at = user.email_proven_at;
    let tx = &mut *connection(identity).await;
    users::store::insert(tx, &identity.service.keyring, &user).await.unwrap();
    if let Some(password) = password {
        let hash = identity.passwords.hash(&password.parse().unwrap()).await.unwrap();
        users::store::set_password(tx, user.user_id, &hash, now).await.unwrap();
    }
    user
}

/// An open voice account without people.
pub(crate) async fn account(identity: &Identity, domain: &str) -> CompanyId {
    let company_id = CompanyId::generate();
    sqlx::query(
        "insert into voice_account (company_id, domain, user_id, state, created_at, opened_at)
         values ($1, $2, gen_random_uuid(), 'open', now(), now())",
    )
    .bind(company_id.0)
    .bind(domain)
    .execute(&identity.service.db)
    .await
    .unwrap();
    company_id
}

pub(crate) const PASSWORD: &str = "correct horse";

/// Somebody whom an account made, with a proven address and [`PASSWORD`].
pub(crate) async fn member(
    identity: &Identity,
    company_id: CompanyId,
    address: &str,
    role: CompanyRole,
) -> User {
    let user = user(identity, address, Some(PASSWORD), true).await;
    seat(identity, company_id, user.user_id, role).await;
    let tx = &mut *connection(identity).await;
    crate::account_users::store::insert(tx, user.user_id, company_id, None).await.unwrap();
    user
}

/// Gives somebody a role.
pub(crate) async fn seat(
    identity: &Identity,
    company_id: CompanyId,
    user_id: UserId,
    role: CompanyRole,
) {
    let (tx, now) = (&mut *connection(identity).await, identity.now());
    grants::store::put(tx, user_id, Seat { company_id, role }, "user:x", now).await.unwrap();
}

/// A request of somebody with a role in a company.
pub(crate) fn by<T>(
    user_id: UserId,
    role: Role,
    company_id: CompanyId,
    permission: Permission,
    message: T,
) -> Request<T> {
    let grants = vec![Grant { role, company_id: Some(company_id.into()) }];
    testing::request_of(user_id, message, grants, permission)
}

/// Person and token of the confirmation in the newest mail to somebody.
pub(crate) async fn confirmation(identity: &Identity, to: &str) -> (String, String) {
    let mail = mails(identity).await.into_iter().rev().find(|mail| mail.to == to).unwrap();
    let (base, query) = mail.links[0].split_once("/api/v1/users/confirm?uid=").unwrap();
    assert_eq!(base, "http://linha.example");
    let (user_id, token) = query.split_once("&token=").unwrap();
    (user_id.to_owned(), token.to_owned())
}

/// The user as they are now.
pub(crate) async fn reload(identity: &Identity, user_id: UserId) -> User {
    let tx = &mut *connection(identity).await;
    users::store::lock(tx, &identity.service.keyring, user_id).await.unwrap().unwrap()
}

/// What jobs of a kind wait in the queue, oldest first.
pub(crate) async fn queued<J: Job>(identity: &Identity) -> Vec<J> {
    testing::queued(&identity.service).await
}

/// The mails that wait in the queue, oldest first.
pub(crate) async fn mails(identity: &Identity) -> Vec<Mail> {
    let letterbox = Arc::new(Letterbox::default());
    for job in queued::<SendMail>(identity).await {
        let mailer: Arc<dyn Mailer> = letterbox.clone();
        job.run((identity.post.clone(), mailer)).await.unwrap();
    }
    std::mem::take(&mut *letterbox.mails.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Path segments and token of the link in the newest mail to somebody.
pub(crate) async fn mailed_link(identity: &Identity, to: &str) -> (String, String) {
    let mail = mails(identity).await.into_iter().rev().find(|mail| mail.to == to).unwrap();
    let (path, token) = mail.links[0].split_once("?token=").unwrap();
    (path.rsplit('/').next().unwrap().to_owned(), token.to_owned())
}

#[derive(Default)]
struct Letterbox {
    mails: Mutex<Vec<Mail>>,
}

#[tonic::async_trait]
impl Mailer for Letterbox {
    async fn send(&self, mail: Mail) -> anyhow::Result<()> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner).push(mail);
        Ok(())
    }
}
