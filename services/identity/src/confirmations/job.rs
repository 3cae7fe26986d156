//! Finding out whether there is something to confirm happens after the answer, so that the answer
//! tells nothing.

use brazil::Email;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{mail, store};
use crate::error::Error;
use crate::identity::Identity;
use crate::links::Purpose;
use crate::users::{self, State};

/// A link for an address that somebody has, or wants to have, and has yet to confirm.
#[derive(Debug)]
pub(crate) struct Confirmation;

impl Purpose for Confirmation {
    const JOB: &'static str = "mail_confirmation";
    const SEALED_AS: &'static str = "identity.confirmation.email";

    async fn mail(
        identity: &Identity,
        tx: &mut PgConnection,
        request_id: Uuid,
        email: &Email,
    ) -> Result<(), Error> {
        let keyring = &identity.service.keyring;
        let user_id = match users::store::lock_by_email(tx, keyring, email).await? {
            Some(user) => (user.state == State::Active && user.email_proven_at.is_none())
                .then_some(user.user_id),
            None => store::who_wants(&mut *tx, email, identity.now()).await?,
        };
        match user_id {
            Some(user_id) => mail(identity, tx, request_id, user_id, email).await,
            None => Ok(()),
        }
    }
}
