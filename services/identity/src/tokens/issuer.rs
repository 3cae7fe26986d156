//! What makes tokens.

use std::sync::Arc;

use anyhow::Context;
use arc_swap::ArcSwap;
use brazil::{Email, UserId};
use chassis::auth::{Claims, Grant, Role, SubjectKind, TokenSigner};
use chassis::clock::Clock;
use time::{Duration, OffsetDateTime};

use crate::client_apps::Kind;
use crate::config::Policy;
use crate::error::Error;
use crate::users::User;

/// Signs tokens with the key whose time it is. Clones share the keys.
#[derive(Clone)]
pub(crate) struct Issuer {
    clock: Clock,
    person_life: Duration,
    client_life: Duration,
    exchanged_life: Duration,
    // From the newest to the oldest, each with the moment from which it signs.
    signers: Arc<ArcSwap<Vec<(OffsetDateTime, TokenSigner)>>>,
}

/// A signed token.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) token: String,
    pub(crate) life: Duration,
}

impl Issuer {
    /// Has no key yet.
    pub(crate) fn new(clock: Clock, policy: &Policy) -> Self {
        let (person_life, client_life) = (policy.token_life(), policy.client_token_life());
        let exchanged_life = policy.exchanged_token_life();
        Self { clock, person_life, client_life, exchanged_life, signers: Arc::default() }
    }

    /// `signers` from the newest to the oldest, each with the moment from which it signs.
    pub(crate) fn sign_with(&self, signers: Vec<(OffsetDateTime, TokenSigner)>) {
        self.signers.store(Arc::new(signers));
    }

    /// A session of a person, issued now or, if that is later, at `issued_from`, in seconds since
    /// 1970: older tokens with one of these roles have been ended.
    pub(crate) fn person(
        &self,
        user: &User,
        grants: Vec<Grant>,
        issued_from: i64,
    ) -> Result<Issued, Error> {
        let now = self.clock.now();
        let iat = now.unix_timestamp().max(issued_from);
        let exp = (now + self.person_life).unix_timestamp();
        let sub = user.user_id.to_string();
        let claims = Claims::new(sub, SubjectKind::User, grants, user.epoch, iat, exp)
            .with_email(user.email_proven_at.map(|_| user.email.clone()));
        self.sign(&claims, now, self.person_life)
    }

    /// A token of a person with one role and no other, in exchange for an opaque one. It ends with
    /// that one at `ends_at` or, if that is earlier, after the life of such tokens.
    pub(crate) fn exchanged(
        &self,
        (user_id, email, epoch): (UserId, Email, i64),
        grant: Grant,
        ends_at: Option<OffsetDateTime>,
    ) -> Result<Issued, Error> {
        let now = self.clock.now();
        let end = now + self.exchanged_life;
        let end = ends_at.map_or(end, |ends_at| end.min(ends_at));
        let (sub, iat, exp) = (user_id.to_string(), now.unix_timestamp(), end.unix_timestamp());
        let claims = Claims::new(sub, SubjectKind::User, vec![grant], epoch, iat, exp);
        self.sign(&claims.with_email(Some(email)).exchanged(), now, end - now)
    }

    /// A token of a service.
    pub(crate) fn service(&self, name: &str) -> Result<Issued, Error> {
        self.program(name, SubjectKind::Service, Role::Service, 0)
    }

    /// A token of a partner's program.
    pub(crate) fn partner(&self, client_id: &str, kind: Kind, epoch: i64) -> Result<Issued, Error> {
        let role = match kind {
            Kind::Lines => Role::Partner,
            Kind::Schools => Role::SchoolPartner,
        };
        self.program(client_id, SubjectKind::Partner, role, epoch)
    }

    fn program(
        &self,
        sub: &str,
        kind: SubjectKind,
        role: Role,
        epoch: i64,
    ) -> Result<Issued, Error> {
        let grants = vec![Grant { role, company_id: None }];
        let (now, life) = (self.clock.now(), self.client_life);
        let (iat, exp) = (now.unix_timestamp(), (now + life).unix_timestamp());
        let claims = Claims::new(sub.to_owned(), kind, grants, epoch, iat, exp);
        self.sign(&claims, now, life)
    }

    fn sign(&self, claims: &Claims, now: OffsetDateTime, life: Duration) -> Result<Issued, Error> {
        let signers = self.signers.load();
        let (_, signer) = signers
            .iter()
            .find(|(activates_at, _)| *activates_at <= now)
            .context("there is no key to sign with")?;
        let token = signer.sign(claims).context("the signing key is not one")?;
        Ok(Issued { token, life })
    }
}
