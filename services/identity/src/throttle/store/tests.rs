use std::slice::from_ref;

use time::Duration;

use super::*;
use crate::identity::Identity;
use crate::testing::{connection, identity};
use crate::throttle::Limit;

fn subject(identity: &Identity, who: &str, attempts_max: u32) -> Subject {
    let limit = Limit { attempts_max, window: Duration::minutes(15) };
    Subject::new(&identity.service.keyring, "test", who, limit)
}

#[tokio::test]
async fn attempts_count_until_the_window_closes() {
    let (identity, _database) = identity().await;
    let (tx, now) = (&mut *connection(&identity).await, identity.now());
    let (one, other) = (subject(&identity, "ana", 2), subject(&identity, "bia", 2));
    let both = [one.clone(), other.clone()];
    assert_eq!(count(tx, &both, now).await.unwrap(), None);
    assert_eq!(count(tx, from_ref(&one), now).await.unwrap(), None);
    let wait = Pause::from_secs(900);
    assert_eq!(count(tx, &both, now).await.unwrap(), Some(wait));
    assert_eq!(pause(&mut *tx, from_ref(&one), now).await.unwrap(), Some(wait));
    assert_eq!(pause(&mut *tx, from_ref(&other), now).await.unwrap(), None);
    // The attempt that was turned away was not counted of the other one either.
    assert_eq!(count(tx, from_ref(&other), now).await.unwrap(), None);
    assert_eq!(count(tx, from_ref(&other), now).await.unwrap(), Some(wait));

    let later = now + Duration::minutes(15);
    assert_eq!(pause(&mut *tx, &both, later).await.unwrap(), None);
    assert_eq!(count(tx, from_ref(&one), later).await.unwrap(), None);
    assert_eq!(pause(&mut *tx, &[one], later).await.unwrap(), None);
}

#[tokio::test]
async fn concurrent_attempts_are_counted_one_by_one() {
    let (identity, _database) = identity().await;
    let (one, other) = (subject(&identity, "ana", 3), subject(&identity, "net", 100));
    let attempts = (0..8).map(|i| {
        let subjects =
            if i % 2 == 0 { [one.clone(), other.clone()] } else { [other.clone(), one.clone()] };
        let service = &identity.service;
        let now = identity.now();
        async move {
            let subjects = &subjects;
            service
                .transaction(|mut tx| {
                    Box::pin(async move {
                        Ok::<_, crate::error::Error>(count(&mut tx, subjects, now).await?)
                    })
                })
                .await
                .unwrap()
        }
    });
    let outcomes = futures::future::join_all(attempts).await;
    assert_eq!(outcomes.iter().filter(|pause| pause.is_none()).count(), 3);
}

#[tokio::test]
async fn success_and_time_forget() {
    let (identity, _database) = identity().await;
    let (tx, now) = (&mut *connection(&identity).await, identity.now());
    let one = subject(&identity, "ana", 1);
    count(tx, from_ref(&one), now).await.unwrap();
    forget(tx, &one).await.unwrap();
    assert_eq!(count(tx, &[one], now).await.unwrap(), None);
    delete_ended(&mut *tx, now + Duration::minutes(15)).await.unwrap();
    let left: i64 = sqlx::query_scalar("select count(*) from attempt").fetch_one(tx).await.unwrap();
    assert_eq!(left, 0);
}
