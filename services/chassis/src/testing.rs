//! A service without its neighbours, on a database of its own: for tests of stores and of work in
//! one transaction.

#[cfg(test)]
pub(crate) mod outage;
pub mod peer;
pub mod sealing;
pub mod sharding;
pub mod statements;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use brazil::UserId;
use clap::Parser;
use postgres_local::testing::TestDatabase;
use proto::common::v1::Permission;
use serde_json::Value;
use sqlx::AssertSqlSafe;
use sqlx::migrate::Migrator;
use tokio::sync::Mutex;
use tonic::Request;

use crate::auth::{Caller, Claims, Grant, SubjectKind};
use crate::clock::Clock;
use crate::config::ServiceConfig;
use crate::crypto::Keyring;
use crate::jobs::Job;
use crate::service::Service;

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    service: ServiceConfig,
}

/// A service on an empty, migrated database, which goes when the second value is dropped.
/// `subscriptions` as for [`Service::open`].
///
/// # Panics
/// When no Postgres can be started.
pub async fn service(
    name: &'static str,
    migrations: &Migrator,
    subscriptions: Vec<(&'static str, String)>,
) -> (Service, TestDatabase) {
    let (database, url) = migrated(name, migrations).await.copy(name).await;
    let config = config(name, &[("database-url", &url), ("migrate-at-start", "false")]);
    let service = Service::open(name, &config, migrations, Clock::system(), subscriptions)
        .await
        .expect("the service opens its database");
    (service, database)
}

/// What all tests of this program get copies of, because migrating takes longer than most of them.
async fn migrated(name: &'static str, migrations: &Migrator) -> Arc<TestDatabase> {
    type Key = (&'static str, Vec<Cow<'static, [u8]>>);
    static MIGRATED: LazyLock<Mutex<HashMap<Key, Arc<TestDatabase>>>> =
        LazyLock::new(Mutex::default);

    let key = (name, migrations.iter().map(|migration| migration.checksum.clone()).collect());
    let mut migrated = MIGRATED.lock().await;
    if let Some(database) = migrated.get(&key) {
        return database.clone();
    }
    let database = Arc::new(postgres_local::testing::database().await);
    let config = config(name, &[("database-url", &database.role(name).await)]);
    Service::migrate(name, &config.database, migrations).await.expect("the database is migrated");
    migrated.insert(key, database.clone());
    database
}

/// Settings of a service; `more` are flags without their dashes, and their values.
pub(crate) fn config(name: &str, more: &[(&str, &str)]) -> ServiceConfig {
    let keyring = Keyring::random_text();
    let own =
        [("service-secret", "secret"), ("keyring", &keyring), ("database-connections-max", "5")];
    let flags = own.iter().chain(more).map(|(flag, value)| format!("--{flag}={value}"));
    Settings::parse_from(std::iter::once(name.to_owned()).chain(flags)).service
}

/// A request of a person with these grants to an rpc that needs `permission`, as it comes out of
/// the authentication layer.
pub fn request<T>(message: T, grants: Vec<Grant>, permission: Permission) -> Request<T> {
    request_of(UserId::generate(), message, grants, permission)
}

/// A request of a certain person, as [`request`] makes them.
pub fn request_of<T>(
    user_id: UserId,
    message: T,
    grants: Vec<Grant>,
    permission: Permission,
) -> Request<T> {
    let sub = user_id.to_string();
    request_with(message, Claims::new(sub, SubjectKind::User, grants, 0, 0, i64::MAX), permission)
}

/// The same, of whom the claims speak.
///
/// # Panics
/// When the claims make no sense.
pub fn request_with<T>(message: T, claims: Claims, permission: Permission) -> Request<T> {
    let caller = Caller::new(claims, permission, "/test").expect("the claims make sense");
    let mut request = Request::new(message);
    request.extensions_mut().insert(caller);
    request
}

/// What jobs of a kind wait in a service's queue, oldest first.
///
/// # Panics
/// When the queue cannot be read.
pub async fn queued<J: Job>(service: &Service) -> Vec<J> {
    let jobs = service.jobs.schema();
    let payloads: Vec<Value> = sqlx::query_scalar(AssertSqlSafe(format!(
        "select job.payload::jsonb
           from {jobs}._private_jobs as job
           join {jobs}._private_tasks as task on task.id = job.task_id
          where task.identifier = $1
          order by job.id",
    )))
    .bind(J::NAME)
    .fetch_all(&service.db)
    .await
    .expect("the queue is read");
    let job = |mut payload: Value| serde_json::from_value(payload["job"].take());
    payloads.into_iter().map(|payload| job(payload).expect("a job of this kind")).collect()
}
