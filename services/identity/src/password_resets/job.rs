//! Making and mailing a reset happens after the answer, so that the answer tells nothing.

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use brazil::Email;
use chassis::crypto::Keyring;
use chassis::jobs::Job;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::store;
use crate::error::Error;
use crate::identity::Identity;
use crate::invitations::Link;
use crate::letters;
use crate::links;
use crate::users::{self, State};

const SEALED_AS: &str = "identity.password_reset.email";

/// Mails a reset to whoever has the e-mail, if anybody does.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct MailReset {
    request_id: Uuid,
    email_sealed: String,
}

impl MailReset {
    pub(crate) fn new(keyring: &Keyring, email: &Email) -> Self {
        let email_sealed = STANDARD.encode(keyring.seal_text(SEALED_AS, email.as_str()));
        Self { request_id: Uuid::now_v7(), email_sealed }
    }

    pub(crate) fn key(&self) -> String {
        self.request_id.to_string()
    }
}

impl Job for MailReset {
    const NAME: &'static str = "mail_reset";
    type Context = Identity;

    async fn run(self, identity: Identity) -> anyhow::Result<()> {
        let sealed = STANDARD.decode(&self.email_sealed).context("the e-mail is not base64")?;
        let keyring = &identity.service.keyring;
        let email: &Email = &keyring.open_text(SEALED_AS, &sealed)?.parse()?;
        let (identity, request_id) = (&identity, self.request_id);
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
