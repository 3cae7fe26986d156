//! Finding out whether there is something to confirm happens after the answer, so that the answer
//! tells nothing.

use brazil::Email;
use chassis::crypto::Keyring;
use chassis::jobs::Job;
use serde::{Deserialize, Serialize};

use super::{mail, store};
use crate::error::Error;
use crate::identity::Identity;
use crate::links::Asked;
use crate::users::{self, State};

const SEALED_AS: &str = "identity.confirmation.email";

/// Mails a link to an address that somebody has, or wants to have, and has yet to confirm.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct MailConfirmation(Asked);

impl MailConfirmation {
    pub(crate) fn new(keyring: &Keyring, email: &Email) -> Self {
        Self(Asked::new(keyring, SEALED_AS, email))
    }

    pub(crate) fn key(&self) -> String {
        self.0.key()
    }
}

impl Job for MailConfirmation {
    const NAME: &'static str = "mail_confirmation";
    type Context = Identity;

    async fn run(self, identity: Identity) -> anyhow::Result<()> {
        let keyring = &identity.service.keyring;
        let email = &self.0.email(keyring, SEALED_AS)?;
        let (identity, request_id) = (&identity, self.0.request_id);
        let sent = identity
            .service
            .transaction(|mut tx| {
                Box::pin(async move {
                    let user_id = match users::store::lock_by_email(&mut tx, keyring, email).await?
                    {
                        Some(user) => (user.state == State::Active
                            && user.email_proven_at.is_none())
                        .then_some(user.user_id),
                        None => store::who_wants(&mut *tx, email, identity.now()).await?,
                    };
                    match user_id {
                        Some(user_id) => mail(identity, &mut tx, request_id, user_id, email).await,
                        None => Ok::<_, Error>(()),
                    }
                })
            })
            .await;
        Ok(sent?)
    }
}
