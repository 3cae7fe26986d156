//! Making and mailing a reset happens after the answer, so that the answer tells nothing.

use brazil::Email;
use sqlx::PgConnection;
use uuid::Uuid;

use super::store;
use crate::error::Error;
use crate::identity::Identity;
use crate::invitations::Link;
use crate::letters;
use crate::links::{self, Purpose};
use crate::users::{self, State};

/// A reset for whoever has the address, if anybody does.
#[derive(Debug)]
pub(crate) struct Reset;

impl Purpose for Reset {
    const JOB: &'static str = "mail_reset";
    const SEALED_AS: &'static str = "identity.password_reset.email";

    async fn mail(
        identity: &Identity,
        tx: &mut PgConnection,
        request_id: Uuid,
        email: &Email,
    ) -> Result<(), Error> {
        let user = users::store::lock_by_email(tx, &identity.service.keyring, email).await?;
        let Some(user) = user.filter(|user| user.state == State::Active) else { return Ok(()) };
        let (now, secret) = (identity.now(), links::new_secret());
        let expires_at = now + identity.policy.reset_life();
        let link = Link { token_hash: links::hash(&secret), expires_at };
        if store::insert(tx, request_id, user.user_id, &link, now).await? {
            let url = identity.post.url(&format!("/password-resets/{secret}"));
            identity.post.send(tx, email, letters::password_reset(url)).await?;
        }
        Ok(())
    }
}
