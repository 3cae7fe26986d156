use std::sync::atomic::{AtomicU32, Ordering};

use futures::future::join_all;
use proto::common::v1::{Address, Permission};
use sqlx::migrate::Migrator;

use super::*;
use crate::auth::{Claims, SubjectKind};
use crate::refusal::Refusal;
use crate::{Service, testing};

static NONE: Migrator = Migrator::DEFAULT;

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error("refused")]
    Refused,
}

impl WorkError for Failure {
    fn database(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Database(error) => Some(error),
            Self::Refused => None,
        }
    }
}

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Database(error) => internal(&error),
            Failure::Refused => Status::failed_precondition("refused"),
        }
    }
}

fn request(city: &str, key: Option<&str>, caller: &str) -> Request<Address> {
    let mut request = Request::new(Address { city: Some(city.to_owned()), ..Address::default() });
    let claims = Claims::new(caller.to_owned(), SubjectKind::Service, vec![], 0, 0, 1);
    request.extensions_mut().insert(Caller::new(claims, Permission::SignUp, "/x.Y/Z").unwrap());
    if let Some(key) = key {
        request.metadata_mut().insert(KEY_HEADER, key.parse().unwrap());
    }
    request
}

/// Answers the city with the number of this piece of work.
async fn call(
    service: &Service,
    request: Request<Address>,
    done: &AtomicU32,
) -> Result<Response<Address>, Status> {
    let city = request.get_ref().city();
    service
        .once(&request, |_tx| {
            Box::pin(async move {
                let number = done.fetch_add(1, Ordering::SeqCst) + 1;
                let city = Some(format!("{city} {number}"));
                Ok::<_, Failure>(Address { city, ..Address::default() })
            })
        })
        .await
}

fn replayed(response: &Response<Address>) -> bool {
    response.metadata().get(REPLAYED_HEADER).is_some()
}

#[tokio::test]
async fn concurrent_repeats_do_the_work_once_and_get_one_answer() {
    let (service, _database) = testing::service("company", &NONE, vec![]).await;
    let done = AtomicU32::new(0);
    let calls = (0..8).map(|_| call(&service, request("Curitiba", Some("k"), "a"), &done));
    let answers: Vec<_> = join_all(calls).await.into_iter().map(Result::unwrap).collect();

    assert_eq!(done.load(Ordering::SeqCst), 1);
    assert!(answers.iter().all(|answer| answer.get_ref().city() == "Curitiba 1"));
    assert_eq!(answers.iter().filter(|answer| replayed(answer)).count(), 7);
}

#[tokio::test]
async fn without_a_key_and_for_another_caller_every_call_counts() {
    let (service, _database) = testing::service("company", &NONE, vec![]).await;
    let done = AtomicU32::new(0);
    for (key, caller) in [(None, "a"), (None, "a"), (Some("k"), "a"), (Some("k"), "b")] {
        let answer = call(&service, request("Recife", key, caller), &done).await.unwrap();
        assert!(!replayed(&answer));
    }
    assert_eq!(done.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn the_same_key_with_another_request_is_refused() {
    let (service, _database) = testing::service("company", &NONE, vec![]).await;
    let done = AtomicU32::new(0);
    call(&service, request("Recife", Some("k"), "a"), &done).await.unwrap();
    let refusal = call(&service, request("Natal", Some("k"), "a"), &done).await.unwrap_err();
    assert_eq!(refusal.code(), Code::InvalidArgument);
    assert_eq!(Refusal::of(&refusal).reason, "IDEMPOTENCY_MISMATCH");
    assert_eq!(done.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_failed_call_keeps_nothing() {
    let (service, _database) = testing::service("company", &NONE, vec![]).await;
    let failing = request("Recife", Some("k"), "a");
    let refusal = service
        .once(&failing, |_tx| Box::pin(async { Err::<Address, _>(Failure::Refused) }))
        .await
        .unwrap_err();
    assert_eq!(refusal.code(), Code::FailedPrecondition);
    let done = AtomicU32::new(0);
    let answer = call(&service, request("Recife", Some("k"), "a"), &done).await.unwrap();
    assert!(!replayed(&answer));
}

#[tokio::test]
async fn the_kept_answer_cannot_be_read_in_the_database() {
    let (service, _database) = testing::service("company", &NONE, vec![]).await;
    let done = AtomicU32::new(0);
    call(&service, request("Segredo", Some("k"), "a"), &done).await.unwrap();
    let kept: Vec<u8> = sqlx::query_scalar("select answer from idempotency_key")
        .fetch_one(&service.db)
        .await
        .unwrap();
    assert!(!kept.windows(7).any(|window| window == b"Segredo"));
}
