use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use postgres_local::testing::TestDatabase;
use serde::{Deserialize, Serialize};
use sqlx::migrate::Migrator;
use uuid::Uuid;

use super::*;
use crate::jobs::Job;
use crate::{Service, testing};

static NONE: Migrator = Migrator::DEFAULT;

const SECRET: &str = "thing.secret";
const COLUMNS: [SealedColumn; 1] = [SealedColumn::new("thing", "secret_sealed", SECRET)
    .with_fingerprint("secret_fingerprint", |keyring, plain| {
        Some(keyring.fingerprint(SECRET, plain))
    })];

/// A service with `things` that its keyring sealed, each of them its number.
async fn service(things: i32) -> (Service, TestDatabase) {
    let (service, database) = testing::service("company", &NONE, vec![]).await;
    let table = "create table thing (
                     owner_id uuid, number integer, secret_sealed bytea, secret_fingerprint bytea,
                     primary key (owner_id, number))";
    sqlx::query(table).execute(&service.db).await.unwrap();
    let numbers: Vec<i32> = (0..things).collect();
    let plains = || numbers.iter().map(ToString::to_string);
    let keyring = &service.keyring;
    sqlx::query(
        "insert into thing
         select $1, n.* from unnest($2::int[], $3::bytea[], $4::bytea[]) as n",
    )
    .bind(Uuid::nil())
    .bind(&numbers)
    .bind(plains().map(|plain| keyring.seal_text(SECRET, &plain)).collect::<Vec<_>>())
    .bind(plains().map(|plain| keyring.fingerprint(SECRET, plain.as_bytes())).collect::<Vec<_>>())
    .execute(&service.db)
    .await
    .unwrap();
    sqlx::query("insert into thing values ($1, -1, null, null)")
        .bind(Uuid::nil())
        .execute(&service.db)
        .await
        .unwrap();
    (service, database)
}

async fn run(service: &Service, keyring: &Keyring) -> Resealed {
    reseal(&service.db, service.name, keyring, &COLUMNS).await.unwrap()
}

/// What is opened with `keyring`, by number; and every fingerprint is this keyring's.
async fn opened(service: &Service, keyring: &Keyring) -> Vec<String> {
    let rows: Vec<(Vec<u8>, Vec<u8>)> = sqlx::query_as(
        "select secret_sealed, secret_fingerprint
           from thing
          where number >= 0
          order by number",
    )
    .fetch_all(&service.db)
    .await
    .unwrap();
    rows.into_iter()
        .map(|(sealed, fingerprint)| {
            let plain = keyring.open_text(SECRET, &sealed).unwrap();
            assert_eq!(fingerprint, keyring.fingerprint(SECRET, plain.as_bytes()), "{plain}");
            plain
        })
        .collect()
}

async fn sealed_by_older(service: &Service, keyring: &Keyring) -> i64 {
    sqlx::query_scalar(
        "select count(*) from thing where substring(secret_sealed for octet_length($1)) <> $1",
    )
    .bind(keyring.newest_prefix())
    .fetch_one(&service.db)
    .await
    .unwrap()
}

#[tokio::test]
async fn the_older_keys_are_not_needed_afterwards() {
    let things = 1_203;
    let (service, _database) = service(things).await;
    let (both, alone) = service.keyring.renewed();
    let answer = service.keyring.seal(idempotency::CONTEXT, b"answer");
    sqlx::query(
        "insert into idempotency_key (caller, key, method, request_hash, answer)
         values ('a', 'b', 'c', 'hash', $1), ('a', 'b', 'd', 'hash', null)",
    )
    .bind(answer)
    .execute(&service.db)
    .await
    .unwrap();

    let resealed = run(&service, &both).await;
    assert!(resealed.is_complete(), "{resealed:?}");
    assert_eq!(resealed.values, 1_204);
    let expected: Vec<String> = (0..things).map(|number| number.to_string()).collect();
    assert_eq!(opened(&service, &alone).await, expected);
    let answer: Vec<u8> =
        sqlx::query_scalar("select answer from idempotency_key where answer is not null")
            .fetch_one(&service.db)
            .await
            .unwrap();
    assert_eq!(alone.open(idempotency::CONTEXT, &answer).unwrap(), b"answer");

    let again = run(&service, &both).await;
    assert_eq!(again, Resealed::default(), "nothing is left to be done");
}

#[tokio::test]
async fn a_run_that_was_killed_is_taken_up_where_it_broke_off() {
    let (service, _database) = service(1_203).await;
    let (both, alone) = service.keyring.renewed();
    let mut holder = service.db.begin().await.unwrap();
    sqlx::query("select from thing where number = 1100 for update")
        .execute(&mut *holder)
        .await
        .unwrap();
    let running = tokio::spawn({
        let (service, both) = (service.clone(), both.clone());
        async move { run(&service, &both).await }
    });
    // The third batch is the one that is held.
    while sealed_by_older(&service, &both).await > 203 {
        tokio::task::yield_now().await;
    }
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    holder.rollback().await.unwrap();
    assert_eq!(sealed_by_older(&service, &both).await, 203, "what was done stays");

    let resealed = run(&service, &both).await;
    assert_eq!((resealed.values, resealed.is_complete()), (203, true));
    assert_eq!(opened(&service, &alone).await.len(), 1_203);
}

#[tokio::test]
async fn what_somebody_writes_meanwhile_is_not_lost() {
    let (service, _database) = service(3).await;
    let (both, alone) = service.keyring.renewed();
    let mut writer = service.db.begin().await.unwrap();
    sqlx::query("update thing set secret_sealed = $1, secret_fingerprint = $2 where number = 1")
        // By a replica that does not seal with the new key yet.
        .bind(service.keyring.seal_text(SECRET, "mine"))
        .bind(service.keyring.fingerprint(SECRET, b"mine"))
        .execute(&mut *writer)
        .await
        .unwrap();
    let running = tokio::spawn({
        let (service, both) = (service.clone(), both.clone());
        async move { run(&service, &both).await }
    });
    let waits = "select exists (select from pg_stat_activity
                                 where wait_event_type = 'Lock' and datname = current_database())";
    while !sqlx::query_scalar::<_, bool>(waits).fetch_one(&service.db).await.unwrap() {
        tokio::task::yield_now().await;
    }
    writer.commit().await.unwrap();
    assert!(running.await.unwrap().is_complete());
    assert_eq!(opened(&service, &alone).await, ["0", "mine", "2"]);
}

#[tokio::test]
async fn what_cannot_be_opened_is_told_and_stops_nothing() {
    let (service, _database) = service(3).await;
    let (both, _) = service.keyring.renewed();
    let stranger: Keyring = Keyring::random_text().replace("k1:", "gone:").parse().unwrap();
    sqlx::query("update thing set secret_sealed = $1 where number = 0")
        .bind(stranger.seal_text(SECRET, "0"))
        .execute(&service.db)
        .await
        .unwrap();
    let resealed = run(&service, &both).await;
    assert!(!resealed.is_complete());
    assert_eq!((resealed.values, resealed.lost), (2, 1));
    assert_eq!(resealed.left, BTreeMap::from([("gone".to_owned(), 1)]));
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    sealed: String,
}

impl Job for Sealed {
    const NAME: &'static str = "sealed";
    type Context = ();

    async fn run(self, (): ()) -> anyhow::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn jobs_that_wait_with_something_sealed_are_counted() {
    let (service, _database) = service(0).await;
    let (both, _) = service.keyring.renewed();
    let mut connection = service.db.acquire().await.unwrap();
    for (key, keyring) in [("old", &service.keyring), ("new", &both)] {
        let job = Sealed { sealed: STANDARD.encode(keyring.seal_text("mail", "text")) };
        service.jobs.enqueue(&mut connection, &job, key).await.unwrap();
    }
    let resealed = run(&service, &both).await;
    assert!(!resealed.is_complete());
    assert_eq!(resealed.waiting, BTreeMap::from([("k1".to_owned(), 1)]));
}
