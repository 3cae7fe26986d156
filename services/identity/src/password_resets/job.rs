//! Making and mailing a reset happens after the answer, so that the answer tells nothing.

use brazil::Email;
use chassis::crypto::Keyring;
use chassis::jobs::Job;
use serde::{Deserialize, Serialize};

use super::store;
use crate::error::Error;
use crate::identity::Identity;
use crate::invitations::Link;
use crate::letters;
use crate::links::{self, Asked};
use crate::users::{self, State};

const SEALED_AS: &str = "identity.password_reset.email";

/// Mails a reset to whoever has the e-mail, if anybody does.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct MailReset(Asked);

impl MailReset {
    pub(crate) fn new(keyring: &Keyring, email: &Email) -> Self {
        Self(Asked::new(keyring, SEALED_AS, email))
    }

    pub(crate) fn key(&self) -> String {
        self.0.key()
    }
}

impl Job for MailReset {
    const NAME: &'static str = "mail_reset";
    type Context = Identity;

    async fn run(self, identity: Identity) -> anyhow::Result<()> {
        let keyring = &identity.service.keyring;
        let email = &self.0.email(keyring, SEALED_AS)?;
        let (identity, request_id) = (&identity, self.0.request_id);
        let sent = identity
            .service
            .transaction(|mut tx| {
                Box::pin(async move {
                    let user = users::store::lock_by_email(&mut tx, keyring, email).await?;
                    let user = user.filter(|user| user.state == State::Active);
                    let Some(user) = user else { return Ok::<_, Error>(()) };
                    let (now, secret) = (identity.now(), links::new_secret());
                    let link = Link {
                        token_hash: links::hash(&secret),
                        expires_at: now + identity.policy.reset_life(),
                    };
                    let is_new =
                        store::insert(&mut tx, request_id, user.user_id, &link, now).await?;
                    if is_new {
                        let url = identity.post.url(&format!("/password-resets/{secret}"));
                        identity.post.send(&mut tx, email, letters::password_reset(url)).await?;
                    }
                    Ok(())
                })
            })
            .await;
        Ok(sent?)
    }
}
