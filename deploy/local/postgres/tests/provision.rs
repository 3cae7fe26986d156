//! What a service's role may do, and what not.

use postgres_local::{Cluster, Options, ServiceRole, provision, testing};
use sqlx::{Connection, PgConnection};

fn roles(password: &str) -> Vec<ServiceRole> {
    ["linha_identity", "linha_company", "linha_telecom", "linha_billing"]
        .map(|name| ServiceRole { name: name.to_owned(), password: password.to_owned() })
        .to_vec()
}

/// What the database said when it refused.
async fn refused(url: &str, statement: &'static str) -> String {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let error = sqlx::raw_sql(statement).execute(&mut connection).await.expect_err(statement);
    error.as_database_error().and_then(|error| error.code()).unwrap_or_default().into_owned()
}

async fn done(url: &str, statement: &'static str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(statement).execute(&mut connection).await.expect(statement);
}

const INSUFFICIENT_PRIVILEGE: &str = "42501";

#[tokio::test]
async fn a_role_sees_its_own_schema_only() {
    let directory = tempfile::tempdir().unwrap();
    let cluster = Cluster::start(directory.path(), Options::throwaway()).await.unwrap();
    provision(&cluster.url(), "linha", &roles("first")).await.unwrap();
    let telecom = cluster.database_url("linha_telecom", "first", "linha");
    let billing = cluster.database_url("linha_billing", "first", "linha");

    done(&telecom, "create table line (line_id int); insert into line values (1)").await;
    done(&telecom, "create schema telecom_queue; create table telecom_queue.job (id int)").await;
    assert_eq!(refused(&billing, "select * from telecom.line").await, INSUFFICIENT_PRIVILEGE);
    assert_eq!(refused(&billing, "select * from telecom_queue.job").await, INSUFFICIENT_PRIVILEGE);
    assert_eq!(refused(&billing, "create table telecom.t ()").await, INSUFFICIENT_PRIVILEGE);
    assert_eq!(refused(&billing, "create table public.t ()").await, INSUFFICIENT_PRIVILEGE);
    assert_eq!(refused(&billing, "set role linha_telecom").await, INSUFFICIENT_PRIVILEGE);
    assert_eq!(refused(&billing, "create role r").await, INSUFFICIENT_PRIVILEGE);
    assert_eq!(refused(&billing, "create database d").await, INSUFFICIENT_PRIVILEGE);

    // The second time changes nothing but the passwords.
    provision(&cluster.url(), "linha", &roles("it's \\ second")).await.unwrap();
    assert!(PgConnection::connect(&telecom).await.is_err());
    let telecom = cluster.database_url("linha_telecom", "it's%20%5C%20second", "linha");
    done(&telecom, "select line_id from line").await;
    cluster.stop().await;
}

#[tokio::test]
async fn services_share_the_extensions() {
    let directory = tempfile::tempdir().unwrap();
    let cluster = Cluster::start(directory.path(), Options::throwaway()).await.unwrap();
    provision(&cluster.url(), "linha", &roles("same")).await.unwrap();
    for role in ["linha_company", "linha_telecom"] {
        let url = cluster.database_url(role, "same", "linha");
        done(
            &url,
            "set search_path to telecom, extensions;
             create temporary table t (id uuid, text text);
             create index on t using gin (id, text gin_trgm_ops)",
        )
        .await;
    }
    cluster.stop().await;
}

#[tokio::test]
async fn two_launchers_may_provision_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let cluster = Cluster::start(directory.path(), Options::throwaway()).await.unwrap();
    let (url, roles) = (cluster.url(), roles("same"));
    let (first, second) =
        tokio::join!(provision(&url, "linha", &roles), provision(&url, "linha", &roles));
    first.unwrap();
    second.unwrap();
}

#[tokio::test]
async fn a_tests_roles_are_as_confined_as_in_earnest() {
    let database = testing::database().await;
    let telecom = database.service("telecom").await;
    let billing = database.service("billing").await;
    let bare = database.role("bare").await;

    done(&telecom, "create table line (); select * from telecom.line").await;
    assert_eq!(refused(&billing, "select * from telecom.line").await, INSUFFICIENT_PRIVILEGE);
    assert_eq!(refused(&bare, "select * from telecom.line").await, INSUFFICIENT_PRIVILEGE);
    assert_eq!(refused(&bare, "create table public.t ()").await, INSUFFICIENT_PRIVILEGE);
    done(&bare, "create schema own; create table own.t ()").await;
    done(&database.url, "select * from telecom.line").await;
}
