//! Secrets of mailed links: told once, kept as a hash.

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use brazil::Email;
use chassis::crypto::Keyring;
use chassis::jobs::Job;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::error::Error;
use crate::identity::Identity;
use crate::throttle::{self, Subject};

/// 32 random bytes, as text that needs no escaping in a URL.
pub(crate) fn new_secret() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// What is kept of a secret. It is random enough for a plain hash.
pub(crate) fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret).to_vec()
}

/// Whether `secret` is what `hash` was made of; tells nothing by the time it takes.
pub(crate) fn matches(secret: &str, kept: &[u8]) -> bool {
    hash(secret).ct_eq(kept).into()
}

/// Somebody's asking for a mailed link, in the queue until it is known what to answer. The
/// address is sealed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) request_id: Uuid,
    email_sealed: String,
}

impl Asked {
    /// `sealed_as` names what the link is for.
    pub(crate) fn new(keyring: &Keyring, sealed_as: &str, email: &Email) -> Self {
        let email_sealed = STANDARD.encode(keyring.seal_text(sealed_as, email.as_str()));
        Self { request_id: Uuid::now_v7(), email_sealed }
    }

    /// The job's key in the queue.
    pub(crate) fn key(&self) -> String {
        self.request_id.to_string()
    }

    /// The address, sealed as `sealed_as`.
    pub(crate) fn email(&self, keyring: &Keyring, sealed_as: &str) -> anyhow::Result<Email> {
        let sealed = STANDARD.decode(&self.email_sealed).context("the e-mail is not base64")?;
        Ok(keyring.open_text(sealed_as, &sealed)?.parse()?)
    }
}

/// Has a job look after the asking for a link once the answer, which tells nothing, is given; not
/// when there was too much of it.
pub(crate) async fn take_on<Req, Res, J>(
    identity: &Identity,
    request: &Request<Req>,
    counted: &[Subject],
    job: &J,
    key: &str,
) -> Result<Response<Res>, Status>
where
    Req: prost::Message,
    Res: prost::Message + Default,
    J: Job,
{
    let now = identity.now();
    identity
        .service
        .once(request, |mut tx| {
            Box::pin(async move {
                if throttle::store::count(&mut tx, counted, now).await?.is_none() {
                    identity.service.jobs.enqueue(&mut tx, job, key).await?;
                }
                Ok::<_, Error>(Res::default())
            })
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_matches_its_own_hash_only() {
        let (one, other) = (new_secret(), new_secret());
        assert_eq!(one.len(), 43);
        assert!(matches(&one, &hash(&one)));
        assert!(!matches(&other, &hash(&one)));
        assert!(!matches("", &hash(&one)));
    }
}
