//! What the handlers of identity share.

use brazil::{CompanyId, UserId};
use chassis::auth::Grant;
use chassis::{Service, auth};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::config::{Policy, ServiceSecrets};
use crate::error::Error;
use crate::passwords::Passwords;
use crate::tokens::{Issued, Issuer};
use crate::users::User;
use crate::{access_tokens, companies, grants, tokens};
use chassis::mail::Post;

/// The service, its rules, and what hashes, signs and mails. Clones share them.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) service: Service,
    pub(crate) policy: Policy,
    pub(crate) service_secrets: ServiceSecrets,
    pub(crate) passwords: Passwords,
    pub(crate) issuer: Issuer,
    pub(crate) post: Post,
}

impl Identity {
    pub(crate) fn new(
        service: Service,
        policy: Policy,
        service_secrets: ServiceSecrets,
        public_url: &http::Uri,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            passwords: Passwords::new(&policy)?,
            issuer: Issuer::new(service.clock.clone(), &policy),
            post: Post::new(&service, public_url),
            service,
            policy,
            service_secrets,
        })
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        self.service.clock.now()
    }

    /// A session of a user. Roles that others gave to the address come with it once that is
    /// proven, unless their company is not served.
    ///
    /// # Errors
    /// [`Error::CompanyInactive`] when none of their companies is served.
    pub(crate) async fn session(
        &self,
        tx: &mut PgConnection,
        user: &User,
    ) -> Result<Issued, Error> {
        let roles = if user.email_proven_at.is_some() {
            let roles = grants::store::of_user(&mut *tx, user.user_id).await?;
            companies::served(tx, roles).await?
        } else {
            Vec::new()
        };
        // A role that was withdrawn and given again within a second counts from the next one.
        let issued_from = ended_before(tx, user.user_id, &companies_of(&roles)).await?;
        self.issuer.person(user, roles, issued_from)
    }

    /// Ends all tokens that a user has, signed and opaque ones, with the transaction. Call
    /// [`Identity::heed`] after it.
    pub(crate) async fn end_sessions(
        &self,
        tx: &mut PgConnection,
        user: &mut User,
    ) -> Result<(), Error> {
        access_tokens::store::delete_all_but(tx, user.user_id, "").await?;
        self.end_signed_tokens(tx, user).await
    }

    /// Ends all signed tokens that a user has, with the transaction; the user is then to be saved.
    /// Call [`Identity::heed`] after it.
    pub(crate) async fn end_signed_tokens(
        &self,
        tx: &mut PgConnection,
        user: &mut User,
    ) -> Result<(), Error> {
        user.epoch += 1;
        let subject = user.user_id.to_string();
        tokens::store::revoke(tx, &subject, user.epoch, self.now()).await?;
        Ok(())
    }

    /// Ends those tokens of a user that carry a role in a company, with the transaction, and no
    /// others: whoever names somebody's e-mail must not end their sessions. Call
    /// [`Identity::heed`] after it.
    pub(crate) async fn withdraw(
        &self,
        tx: &mut PgConnection,
        user_id: UserId,
        company_id: CompanyId,
    ) -> Result<(), Error> {
        let mut companies = companies_of(&grants::store::of_user(&mut *tx, user_id).await?);
        companies.push(company_id.into());
        // Tokens of this very second carry the role as well, and those of roles that were given
        // again are of a later one.
        let again_from = ended_before(tx, user_id, &companies).await?;
        let newest = self.now().unix_timestamp().max(again_from);
        let subject = auth::subject_in_company(&user_id.to_string(), company_id.into());
        tokens::store::revoke(tx, &subject, newest + 1, self.now()).await?;
        Ok(())
    }

    /// Makes a committed revocation count here at once. Elsewhere, and here if this fails, it
    /// counts after the next regular look.
    pub(crate) async fn heed(&self) {
        if let Err(error) = tokens::refresh(self).await {
            tracing::warn!(error = error.to_string(), "revocations are heeded a little later");
        }
    }
}

fn companies_of(roles: &[Grant]) -> Vec<Uuid> {
    roles.iter().filter_map(|role| role.company_id).collect()
}

/// From when, in seconds since 1970, tokens of a user with roles in these companies count; 0 when
/// none was ever withdrawn.
async fn ended_before(
    tx: &mut PgConnection,
    user_id: UserId,
    company_ids: &[Uuid],
) -> sqlx::Result<i64> {
    let user_id = user_id.to_string();
    let subjects: Vec<_> = company_ids
        .iter()
        .flat_map(|id| [auth::subject_in_company(&user_id, *id), auth::company_subject(*id)])
        .collect();
    tokens::store::epoch_min(tx, &subjects).await
}
