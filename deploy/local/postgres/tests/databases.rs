//! The databases that the tests of other crates get.

use std::{
    env,
    process::{Command, Stdio},
};

use postgres_local::testing;
use sqlx::{Connection, PgConnection};

const STAGE: &str = "LINHA_POSTGRES_STAGE";

async fn databases_are_separate() {
    let (one, other) = tokio::join!(testing::database(), testing::database());
    assert_ne!(one.name(), other.name());
    for database in [&one, &other] {
        let mut connection = PgConnection::connect(&database.url).await.unwrap();
        sqlx::query("create table mine ()").execute(&mut connection).await.unwrap();
    }
}

/// Not a test, but one of the processes of one.
#[tokio::test]
#[ignore = "run by another test"]
async fn process() {
    if env::var_os(STAGE).is_some() {
        databases_are_separate().await;
    }
}

#[tokio::test]
async fn processes_share_a_server_and_no_database() {
    let processes = [(); 3].map(|()| {
        Command::new(env::current_exe().unwrap())
            .args(["--exact", "--ignored", "process"])
            .env(STAGE, "yes")
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    });
    databases_are_separate().await;
    for mut process in processes {
        assert!(process.wait().unwrap().success());
    }
}

#[tokio::test]
async fn a_dropped_database_is_gone_with_its_roles() {
    let survivor = testing::database().await;
    let database = testing::database().await;
    let role = database.role("somebody").await;
    let name = database.name().to_owned();
    let _open = PgConnection::connect(&role).await.unwrap();
    drop(database);

    let mut admin = PgConnection::connect(&survivor.url).await.unwrap();
    let left: i64 = sqlx::query_scalar(
        "select (select count(*) from pg_database where datname = $1)
              + (select count(*) from pg_roles where rolname like '%' || $1)",
    )
    .bind(name)
    .fetch_one(&mut admin)
    .await
    .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_copy_has_everything_and_belongs_to_a_role_of_its_own() {
    let original = testing::database().await;
    let mut owner = PgConnection::connect(&original.role("somebody").await).await.unwrap();
    let fill = "create schema things; create table things.thing as select 1 as number";
    sqlx::raw_sql(fill).execute(&mut owner).await.unwrap();
    owner.close().await.unwrap();

    let (copy, heir) = original.copy("somebody").await;
    let (other, _) = original.copy("somebody").await;
    let mut heir = PgConnection::connect(&heir).await.unwrap();
    let change = "alter table things.thing add column name text; delete from things.thing";
    sqlx::raw_sql(change).execute(&mut heir).await.unwrap();
    for database in [&original, &other] {
        let mut connection = PgConnection::connect(&database.url).await.unwrap();
        let numbers: Vec<i32> = sqlx::query_scalar("select number from things.thing")
            .fetch_all(&mut connection)
            .await
            .unwrap();
        assert_eq!(numbers, [1]);
    }
    let mut admin = PgConnection::connect(&copy.url).await.unwrap();
    let tables_of_others: i64 = sqlx::query_scalar(
        "select count(*) from pg_class where relnamespace = 'things'::regnamespace
                                         and pg_get_userbyid(relowner) <> 'somebody_' || $1",
    )
    .bind(copy.name())
    .fetch_one(&mut admin)
    .await
    .unwrap();
    assert_eq!(tables_of_others, 0);
}
