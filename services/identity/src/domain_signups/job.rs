//! Finding out whether there is an offer, and mailing it, happens after the answer, so that the
//! answer tells nothing.

use brazil::Email;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Offer, store};
use crate::error::Error;
use crate::identity::Identity;
use crate::invitations::Link;
use crate::letters;
use crate::links::{self, Purpose};

/// An offer for the owner of an address, if its domain is a company's.
#[derive(Debug)]
pub(crate) struct DomainSignup;

impl Purpose for DomainSignup {
    const JOB: &'static str = "mail_domain_signup";
    const SEALED_AS: &'static str = "identity.domain_signup.email";

    async fn is_offered(identity: &Identity, email: &Email) -> anyhow::Result<bool> {
        Ok(Offer::to(identity, email).await?.is_some())
    }

    async fn mail(
        identity: &Identity,
        tx: &mut PgConnection,
        request_id: Uuid,
        email: &Email,
    ) -> Result<(), Error> {
        let (now, secret) = (identity.now(), links::new_secret());
        let expires_at = now + identity.policy.form_link_life();
        let link = Link { token_hash: links::hash(&secret), expires_at };
        if store::insert(tx, request_id, email, &link, now).await? {
            let url = identity.post.url(&format!("/login/email-domain/{secret}"));
            identity.post.send(tx, email, letters::domain_signup(url)).await?;
        }
        Ok(())
    }
}
