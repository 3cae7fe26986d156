//! Secrets of mailed links: told once, kept as a hash.

use std::marker::PhantomData;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use brazil::Email;
use chassis::crypto::Keyring;
use chassis::jobs::Job;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
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

/// What a link can be asked for without telling whether there is anybody to get it.
pub(crate) trait Purpose: Send + Sync + 'static {
    /// Name of the job that mails it.
    const JOB: &'static str;
    /// What the address is sealed as until then.
    const SEALED_AS: &'static str;

    /// Whether there is anything to mail, as far as others than we know.
    fn is_offered(_: &Identity, _: &Email) -> impl Future<Output = anyhow::Result<bool>> + Send {
        std::future::ready(Ok(true))
    }

    /// Mails a link to whoever it is for, if anybody; once for a request.
    fn mail(
        identity: &Identity,
        tx: &mut PgConnection,
        request_id: Uuid,
        email: &Email,
    ) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Somebody's asking for a mailed link, in the queue until it is known what to answer. The
/// address is sealed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound = "")]
pub(crate) struct MailLink<P> {
    pub(crate) request_id: Uuid,
    email_sealed: String,
    #[serde(skip)]
    purpose: PhantomData<P>,
}

impl<P: Purpose> MailLink<P> {
    fn new(keyring: &Keyring, email: &Email) -> Self {
        let email_sealed = STANDARD.encode(keyring.seal_text(P::SEALED_AS, email.as_str()));
        Self { request_id: Uuid::now_v7(), email_sealed, purpose: PhantomData }
    }

    fn email(&self, keyring: &Keyring) -> anyhow::Result<Email> {
        let sealed = STANDARD.decode(&self.email_sealed).context("the e-mail is not base64")?;
        Ok(keyring.open_text(P::SEALED_AS, &sealed)?.parse()?)
    }
}

impl<P: Purpose> Job for MailLink<P> {
    const NAME: &'static str = P::JOB;
    type Context = Identity;

    async fn run(self, identity: Identity) -> anyhow::Result<()> {
        let email = &self.email(&identity.service.keyring)?;
        if !P::is_offered(&identity, email).await? {
            return Ok(());
        }
        let (identity, request_id) = (&identity, self.request_id);
        let mailed = identity.service.transaction(|mut tx| {
            Box::pin(async move { P::mail(identity, &mut tx, request_id, email).await })
        });
        Ok(mailed.await?)
    }
}

/// Has a job look after the asking for a link once the answer, which tells nothing, is given; not
/// when there was too much of it.
pub(crate) async fn take_on<P, Req, Res>(
    identity: &Identity,
    request: &Request<Req>,
    counted: &[Subject],
    email: &Email,
) -> Result<Response<Res>, Status>
where
    P: Purpose,
    Req: prost::Message,
    Res: prost::Message + Default,
{
    let job = &MailLink::<P>::new(&identity.service.keyring, email);
    let (key, now) = (&job.request_id.to_string(), identity.now());
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
