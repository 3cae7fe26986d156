//! Hashing, and how much of it is done at a time.

use std::sync::Arc;
use std::thread::available_parallelism;

use anyhow::Context;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Password;
use crate::config::Policy;
use crate::error::Error;

// OWASP's recommendation for argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

// No password of ours is longer: what is, is not worth the time.
const LENGTH_MAX_BYTES: usize = 128 * 4;

/// Hashes passwords, a few at a time. Clones share the bounds.
#[derive(Clone)]
pub(crate) struct Passwords {
    entry: Arc<Semaphore>,
    work: Arc<Semaphore>,
    // What a password is compared with where there is none, so that it takes as long.
    dummy: Arc<str>,
}

/// Held while a password is being hashed.
struct Turn {
    _entry: OwnedSemaphorePermit,
    _work: OwnedSemaphorePermit,
}

impl Passwords {
    pub(crate) fn new(policy: &Policy) -> anyhow::Result<Self> {
        let cores = || available_parallelism().map_or(1, usize::from);
        let working = policy.password_checks_max.unwrap_or_else(cores).max(1);
        Ok(Self {
            entry: Arc::new(Semaphore::new(working + policy.password_checks_waiting_max)),
            work: Arc::new(Semaphore::new(working)),
            dummy: hash(&crate::links::new_secret())?.into(),
        })
    }

    /// What is kept of a password.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many wait already.
    pub(crate) async fn hash(&self, password: &Password) -> Result<String, Error> {
        let password = password.expose().to_owned();
        self.take_turn(move || hash(&password)).await
    }

    /// Whether the text is the password that was hashed; takes as long when there is none.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many wait already.
    pub(crate) async fn verify(&self, text: &str, kept: Option<String>) -> Result<bool, Error> {
        let exists = kept.is_some() && text.len() <= LENGTH_MAX_BYTES;
        let kept = kept.filter(|_| exists).unwrap_or_else(|| self.dummy.to_string());
        let text = if exists { text.to_owned() } else { String::new() };
        let equal = self.take_turn(move || verify(&text, &kept)).await?;
        Ok(exists && equal)
    }

    async fn take_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let entry = self.entry.clone().try_acquire_owned().map_err(|_| Error::Busy)?;
        let turn = self.work.clone().acquire_owned().await.context("no more passwords")?;
        let turn = Turn { _entry: entry, _work: turn };
        let done = tokio::task::spawn_blocking(move || {
            // Let go when the work is done, not when the caller stops waiting for it.
            let _turn = turn;
            work()
        });
        Ok(done.await.context("hashing broke")??)
    }
}

fn argon2() -> anyhow::Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(text: &str) -> anyhow::Result<String> {
    let hash = argon2()?.hash_password(text.as_bytes());
    Ok(hash.map_err(anyhow::Error::from)?.to_string())
}

fn verify(text: &str, kept: &str) -> anyhow::Result<bool> {
    match argon2()?.verify_password(text.as_bytes(), kept) {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(error).context("a kept password cannot be read"),
    }
}

#[cfg(test)]
mod tests {
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
}
