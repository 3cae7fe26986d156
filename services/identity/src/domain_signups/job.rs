//! Finding out whether there is an offer, and mailing it, happens after the answer, so that the
//! answer tells nothing.

use brazil::Email;
use chassis::crypto::Keyring;
use chassis::jobs::Job;
use serde::{Deserialize, Serialize};

use super::{Offer, store};
use crate::error::Error;
use crate::identity::Identity;
use crate::invitations::Link;
use crate::letters;
use crate::links::{self, Asked};

const SEALED_AS: &str = "identity.domain_signup.email";

/// Mails a link to the owner of an address, if its domain is a company's.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct MailDomainSignup(Asked);

impl MailDomainSignup {
    pub(crate) fn new(keyring: &Keyring, email: &Email) -> Self {
        Self(Asked::new(keyring, SEALED_AS, email))
    }

    pub(crate) fn key(&self) -> String {
        self.0.key()
    }
}

impl Job for MailDomainSignup {
    const NAME: &'static str = "mail_domain_signup";
    type Context = Identity;

    async fn run(self, identity: Identity) -> anyhow::Result<()> {
        let email = &self.0.email(&identity.service.keyring, SEALED_AS)?;
        if Offer::to(&identity, email).await?.is_none() {
            return Ok(());
        }
        let (identity, request_id) = (&identity, self.0.request_id);
        let sent = identity
            .service
            .transaction(|mut tx| {
                Box::pin(async move {
                    let (now, secret) = (identity.now(), links::new_secret());
                    let link = Link {
                        token_hash: links::hash(&secret),
                        expires_at: now + identity.policy.form_link_life(),
                    };
                    if store::insert(&mut tx, request_id, email, &link, now).await? {
                        let url = identity.post.url(&format!("/login/email-domain/{secret}"));
                        identity.post.send(&mut tx, email, letters::domain_signup(url)).await?;
                    }
                    Ok::<_, Error>(())
                })
            })
            .await;
        Ok(sent?)
    }
}
