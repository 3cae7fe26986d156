//! What tokens are checked with: identity's public keys, and whose tokens ended early.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use arc_swap::ArcSwap;
use jsonwebtoken::DecodingKey;
use proto::identity::v1::token_service_client::TokenServiceClient;
use proto::identity::v1::{ListRevocationsRequest, ListSigningKeysRequest, Revocation, SigningKey};
use tokio::sync::{Mutex, watch};
use tonic::Status;
use uuid::Uuid;

use super::token::{self, Claims};
use crate::client::Upstream;
use crate::clock::Clock;
use crate::sweeps::Sweep;

/// Checks tokens. Clones share what they know.
#[derive(Clone)]
pub struct Trust {
    keys: Arc<ArcSwap<HashMap<String, DecodingKey>>>,
    revocations: Arc<ArcSwap<HashMap<String, i64>>>,
    loaded: Arc<watch::Sender<bool>>,
    clock: Clock,
}

impl Trust {
    /// Knows nothing yet, and trusts nobody until told.
    pub fn new(clock: Clock) -> Self {
        Self {
            keys: Arc::default(),
            revocations: Arc::default(),
            loaded: Arc::new(watch::Sender::new(false)),
            clock,
        }
    }

    /// Takes note of the current keys, which replace the earlier ones, and of revocations, which
    /// add to them.
    pub fn update(&self, keys: Vec<SigningKey>, revocations: Vec<Revocation>) {
        let keys = keys
            .into_iter()
            .map(|key| (key.key_id, DecodingKey::from_ed_der(&key.public_key)))
            .collect();
        self.keys.store(Arc::new(keys));
        if !revocations.is_empty() {
            let mut known = HashMap::clone(&self.revocations.load());
            for revocation in revocations {
                let epoch = known.entry(revocation.subject).or_default();
                *epoch = revocation.epoch_min.max(*epoch);
            }
            self.revocations.store(Arc::new(known));
        }
        self.loaded.send_replace(true);
    }

    /// Whether it was told anything yet.
    pub fn is_loaded(&self) -> bool {
        *self.loaded.borrow()
    }

    /// Waits until it was told something.
    pub async fn loaded(&self) {
        let mut loaded = self.loaded.subscribe();
        // The sender lives as long as self.
        let _ = loaded.wait_for(|loaded| *loaded).await;
    }

    /// What the token says, if it is to be believed.
    ///
    /// # Errors
    /// UNAVAILABLE before anything is known; UNAUTHENTICATED for a token that is forged, foreign,
    /// too old or revoked.
    pub fn check(&self, token: &str) -> Result<Claims, Status> {
        if !self.is_loaded() {
            return Err(Status::unavailable("the keys of identity are not known yet"));
        }
        self.read(token).ok_or_else(|| Status::unauthenticated("the token is not valid"))
    }

    fn read(&self, token: &str) -> Option<Claims> {
        let keys = self.keys.load();
        let key = keys.get(&token::key_id(token)?)?;
        let claims = token::read(token, key)?;
        let alive = claims.exp > self.clock.now().unix_timestamp();
        let revocations = self.revocations.load();
        let ended = |subject: &str, epoch: i64| {
            revocations.get(subject).is_some_and(|epoch_min| epoch < *epoch_min)
        };
        let withdrawn =
            claims.grants.iter().filter_map(|grant| grant.company_id).any(|company_id| {
                ended(&subject_in_company(&claims.sub, company_id), claims.iat)
                    || ended(&company_subject(company_id), claims.iat)
            });
        let revoked = withdrawn || ended(&claims.sub, claims.epoch);
        (alive && (claims.exchanged || !revoked)).then_some(claims)
    }
}

/// The subject of a revocation that ends only those tokens which carry a role in one company, and
/// were issued, in seconds since 1970, before its `epoch_min`.
pub fn subject_in_company(subject: &str, company_id: Uuid) -> String {
    format!("{subject}/{company_id}")
}

/// The subject of a revocation that ends the tokens of everybody with a role in one company, issued,
/// in seconds since 1970, before its `epoch_min`.
pub fn company_subject(company_id: Uuid) -> String {
    format!("company/{company_id}")
}

/// Keeps `trust` up to date from identity, which is asked `every` so often. While it does not
/// answer, what is known stays in force.
pub fn refreshing(identity: Upstream, trust: Trust, every: Duration) -> Sweep {
    let since = Arc::new(Mutex::new(None));
    Sweep::new("trust", every, move || {
        let (identity, trust, since) = (identity.clone(), trust.clone(), since.clone());
        async move {
            let (mut keys_client, mut revocations_client) =
                (TokenServiceClient::new(identity.clone()), TokenServiceClient::new(identity));
            let mut since = since.lock().await;
            let (keys, revocations) = tokio::try_join!(
                keys_client.list_signing_keys(ListSigningKeysRequest {}),
                revocations_client.list_revocations(ListRevocationsRequest { since: *since }),
            )
            .context("cannot ask identity for its keys")?;
            let (keys, revocations) = (keys.into_inner().keys, revocations.into_inner());
            believe(&trust, keys, revocations.revocations)?;
            *since = revocations.read_at;
            Ok(false)
        }
    })
}

/// Tells `trust` what identity answered. There always is a key: were it believed that there is
/// none, every good token would be refused.
fn believe(
    trust: &Trust,
    keys: Vec<SigningKey>,
    revocations: Vec<Revocation>,
) -> anyhow::Result<()> {
    anyhow::ensure!(!keys.is_empty(), "identity tells no keys");
    trust.update(keys, revocations);
    Ok(())
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{Algorithm, Header};
    use time::Duration;

    use super::super::permissions::Role;
    use super::super::testing::{key_pair, trusting};
    use super::super::token::{Grant, SubjectKind};
    use super::*;

    fn claims(clock: &Clock, epoch: i64) -> Claims {
        let now = clock.now().unix_timestamp();
        Claims::new("u1".to_owned(), SubjectKind::User, vec![], epoch, now, now + 60)
    }

    #[test]
    fn a_token_is_believed_until_it_is_too_old() {
        let clock = Clock::system();
        let (trust, signer) = trusting(&clock);
        let token = signer.sign(&claims(&clock, 0)).unwrap();
        assert_eq!(trust.check(&token).unwrap().sub, "u1");
        clock.advance(Duration::minutes(2)).unwrap();
        assert_eq!(trust.check(&token).unwrap_err().code(), tonic::Code::Unauthenticated);
    }

    #[test]
    fn that_there_is_no_key_is_not_believed() {
        let clock = Clock::system();
        let nobody = Trust::new(clock.clone());
        assert!(believe(&nobody, vec![], vec![]).is_err());
        assert!(!nobody.is_loaded());
        let (trust, signer) = trusting(&clock);
        let token = signer.sign(&claims(&clock, 0)).unwrap();
        assert!(believe(&trust, vec![], vec![]).is_err());
        assert!(trust.check(&token).is_ok());
    }

    #[test]
    fn a_revocation_ends_older_tokens_only() {
        let clock = Clock::system();
        let (trust, signer) = trusting(&clock);
        let (old, new) = (claims(&clock, 0), claims(&clock, 1));
        let (_, public_key) = key_pair();
        trust.update(
            vec![SigningKey { key_id: "k1".to_owned(), public_key }],
            vec![Revocation { subject: "u1".to_owned(), epoch_min: 1 }],
        );
        assert!(trust.check(&signer.sign(&old).unwrap()).is_err());
        assert!(trust.check(&signer.sign(&new).unwrap()).is_ok());
        assert!(trust.check(&signer.sign(&old.exchanged()).unwrap()).is_ok());
    }

    #[test]
    fn a_withdrawn_role_ends_those_older_tokens_that_carry_it() {
        let clock = Clock::system();
        let (trust, signer) = trusting(&clock);
        let (company_id, other) = (Uuid::now_v7(), Uuid::now_v7());
        let token = |company_id, iat| {
            let grants = vec![Grant { role: Role::Member, company_id: Some(company_id) }];
            let sub = "u1".to_owned();
            let claims = Claims::new(sub, SubjectKind::User, grants, 0, iat, i64::MAX);
            signer.sign(&claims).unwrap()
        };
        let (_, public_key) = key_pair();
        let subject = subject_in_company("u1", company_id);
        trust.update(
            vec![SigningKey { key_id: "k1".to_owned(), public_key }],
            vec![Revocation { subject, epoch_min: 100 }],
        );
        assert!(trust.check(&token(company_id, 99)).is_err());
        assert!(trust.check(&token(company_id, 100)).is_ok(), "given again later");
        assert!(trust.check(&token(other, 99)).is_ok(), "a role elsewhere");
    }

    #[test]
    fn foreign_and_forged_tokens_are_refused() {
        let clock = Clock::system();
        let (trust, signer) = trusting(&clock);
        let token = signer.sign(&claims(&clock, 0)).unwrap();
        assert!(trust.check(&token[..token.len() - 3]).is_err());
        assert!(trust.check("").is_err());
        assert!(trust.check("a.b.c").is_err());

        let mut other = serde_json::to_value(claims(&clock, 0)).unwrap();
        other["aud"] = "elsewhere".into();
        let (private, _) = key_pair();
        let header = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::EdDSA) };
        let key = jsonwebtoken::EncodingKey::from_ed_der(&private);
        let token = jsonwebtoken::encode(&header, &other, &key).unwrap();
        assert!(trust.check(&token).is_err(), "another audience");

        let header = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::HS256) };
        let key = jsonwebtoken::EncodingKey::from_secret(b"guess");
        let token = jsonwebtoken::encode(&header, &claims(&clock, 0), &key).unwrap();
        assert!(trust.check(&token).is_err(), "another algorithm");
    }

    #[test]
    fn nobody_is_believed_before_the_keys_are_known() {
        let status = Trust::new(Clock::system()).check("x").unwrap_err();
        assert_eq!(status.code(), tonic::Code::Unavailable);
    }
}
