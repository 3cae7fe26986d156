//! Hashing, and how much of it is done at a time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;

use anyhow::Context;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Password;
use super::memory::Memory;
use crate::config::Policy;
use crate::error::Error;

// No password of ours is longer: what is, is not worth the time.
const LENGTH_MAX_BYTES: usize = 128 * 4;

/// Hashes passwords, a few at a time. Clones share the bounds.
#[derive(Clone)]
pub(crate) struct Passwords {
    entry: Arc<Semaphore>,
    work: Arc<Semaphore>,
    idle: Idle,
    // What a password is compared with where there is none, so that it takes as long.
    dummy: Arc<str>,
}

/// Memory in which nothing is being hashed. As it is taken with a permit to work, and given back
/// before that, there is never more of it than there are permits.
#[derive(Clone, Default)]
struct Idle(Arc<Mutex<Vec<Memory>>>);

impl Idle {
    fn lock(&self) -> MutexGuard<'_, Vec<Memory>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Held while a password is being hashed.
struct Turn {
    idle: Idle,
    _entry: OwnedSemaphorePermit,
    _work: OwnedSemaphorePermit,
}

impl Turn {
    /// Works in memory that somebody used before, or in new one while all that there is is in use.
    fn work<T>(self, work: impl FnOnce(&mut Memory) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let used = self.idle.lock().pop();
        let mut memory = used.map_or_else(Memory::new, Ok)?;
        let done = work(&mut memory);
        memory.wipe();
        self.idle.lock().push(memory);
        done
    }
}

impl Passwords {
    pub(crate) fn new(policy: &Policy) -> anyhow::Result<Self> {
        let cores = || available_parallelism().map_or(1, usize::from);
        let working = policy.password_checks_max.unwrap_or_else(cores).max(1);
        let dummy = Memory::new()?.hash(&crate::links::new_secret())?;
        Ok(Self {
            entry: Arc::new(Semaphore::new(working + policy.password_checks_waiting_max)),
            work: Arc::new(Semaphore::new(working)),
            idle: Idle::default(),
            dummy: dummy.into(),
        })
    }

    /// What is kept of a password.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many wait already.
    pub(crate) async fn hash(&self, password: &Password) -> Result<String, Error> {
        let password = password.expose().to_owned();
        self.take_turn(move |memory| memory.hash(&password)).await
    }

    /// Whether the text is the password that was hashed; takes as long when there is none.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many wait already.
    pub(crate) async fn verify(&self, text: &str, kept: Option<String>) -> Result<bool, Error> {
        let exists = kept.is_some() && text.len() <= LENGTH_MAX_BYTES;
        let kept = kept.filter(|_| exists).unwrap_or_else(|| self.dummy.to_string());
        let text = if exists { text.to_owned() } else { String::new() };
        let equal = self.take_turn(move |memory| memory.verify(&text, &kept)).await?;
        Ok(exists && equal)
    }

    async fn take_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> anyhow::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let entry = self.entry.clone().try_acquire_owned().map_err(|_| Error::Busy)?;
        let turn = self.work.clone().acquire_owned().await.context("no more passwords")?;
        let turn = Turn { idle: self.idle.clone(), _entry: entry, _work: turn };
        // It ends when the work is done, not when the caller stops waiting for it.
        let done = tokio::task::spawn_blocking(move || turn.work(work));
        Ok(done.await.context("hashing broke")??)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn policy(working: usize, waiting: usize) -> Policy {
        Policy {
            password_checks_max: Some(working),
            password_checks_waiting_max: waiting,
            ..Policy::DEFAULT
        }
    }

    #[tokio::test]
    async fn a_password_is_kept_as_owasp_recommends() {
        let passwords = Passwords::new(&policy(1, 4)).unwrap();
        let hash = passwords.hash(&"correct horse".parse().unwrap()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify("correct horse", Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("wrong horse", Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify(&"x".repeat(10_000), Some(hash)).await.unwrap());
        assert!(!passwords.verify("", None).await.unwrap());
    }

    #[tokio::test]
    async fn two_hashes_of_one_password_differ() {
        let passwords = Passwords::new(&policy(1, 4)).unwrap();
        let password: Password = "correct horse".parse().unwrap();
        assert_ne!(
            passwords.hash(&password).await.unwrap(),
            passwords.hash(&password).await.unwrap()
        );
    }

    #[tokio::test]
    async fn whoever_would_wait_too_long_is_told_so() {
        let passwords = Passwords::new(&policy(1, 1)).unwrap();
        let checks = (0..5).map(|_| passwords.verify("x", None));
        let outcomes = futures::future::join_all(checks).await;
        let busy = outcomes.iter().filter(|outcome| matches!(outcome, Err(Error::Busy))).count();
        assert_eq!(busy, 3);
    }

    #[tokio::test]
    async fn there_is_no_more_memory_than_work_at_a_time_and_nothing_stays_in_it() {
        let passwords = Passwords::new(&policy(2, 30)).unwrap();
        let password: Password = "correct horse".parse().unwrap();
        for _ in 0..2 {
            let kept = passwords.hash(&password).await.unwrap();
            let checks = (0..31).map(|_| passwords.verify("correct horse", Some(kept.clone())));
            let hashing = passwords.hash(&password);
            let (checks, hashed) = futures::join!(futures::future::join_all(checks), hashing);
            assert!(checks.into_iter().all(|check| check.unwrap()));
            hashed.unwrap();
            // None is ever thrown away, so these are all there were.
            let idle = passwords.idle.lock();
            assert!((1..=2).contains(&idle.len()), "{}", idle.len());
            assert!(idle.iter().all(Memory::is_wiped));
        }
    }

    #[tokio::test]
    async fn who_stops_waiting_leaves_the_memory_to_others() {
        let passwords = Passwords::new(&policy(1, 4)).unwrap();
        let password: Password = "correct horse".parse().unwrap();
        // Asked once, it has begun.
        assert!(passwords.hash(&password).now_or_never().is_none());
        passwords.hash(&password).await.unwrap();
        assert_eq!(passwords.idle.lock().len(), 1);
    }
}
