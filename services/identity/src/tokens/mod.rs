//! Signing keys, and the tokens signed with them.

mod issuer;
mod rpc;
pub(crate) mod store;

use chassis::auth::TokenSigner;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

pub(crate) use issuer::{Issued, Issuer};
pub(crate) use rpc::Tokens;

use crate::config::Policy;
use crate::error::Error;
use crate::identity::Identity;

pub(crate) const SEALED_AS: &str = "identity.signing_key";

/// When the next key must start to sign, if one has to be made now. `newest` is when the newest
/// key there is starts. There is always one whose time is to come: so no leap of the clock meets
/// a key that nobody has heard of, and the present one signs until its heir does.
fn next_activation(
    newest: Option<OffsetDateTime>,
    now: OffsetDateTime,
    lifetime: Duration,
    ahead: Duration,
) -> Option<OffsetDateTime> {
    match newest {
        None => Some(now),
        Some(newest) if newest <= now => Some((newest + lifetime).max(now + ahead)),
        Some(_) => None,
    }
}

/// Where, in activation times from the newest to the oldest, those begin that no living token
/// can be signed with: a key signs until its heir starts, and its last token lives on for a while.
fn first_dead(activations: &[OffsetDateTime], now: OffsetDateTime, token_life: Duration) -> usize {
    let heir_is_old = |heir: &OffsetDateTime| *heir + token_life <= now;
    activations.iter().position(heir_is_old).map_or(activations.len(), |heir| heir + 1)
}

/// The longest that any token lives.
pub(crate) fn token_life(policy: &Policy) -> Duration {
    policy.token_life().max(policy.client_token_life())
}

/// A new Ed25519 key: PKCS #8 of the private one, and the public one.
fn new_key() -> anyhow::Result<(Vec<u8>, Vec<u8>)> {
    let key = SigningKey::from_bytes(&rand::random());
    let public = key.verifying_key().to_bytes().to_vec();
    Ok((key.to_pkcs8_der()?.as_bytes().to_vec(), public))
}

/// Rotates the keys if it is time, and tells the keys and revocations to whoever signs and checks
/// tokens in this process. Tells whether it was time.
///
/// # Errors
/// The database's, or when a key cannot be opened.
pub(crate) async fn refresh(identity: &Identity) -> Result<bool, Error> {
    let (now, policy, service) = (identity.now(), &identity.policy, &identity.service);
    let mut keys = store::keys(&service.db).await?;
    let due = is_due(&keys, now, policy);
    if due {
        service.transaction(|tx| Box::pin(rotate(tx, identity, now))).await?;
        keys = store::keys(&service.db).await?;
    }
    let revocations = store::revocations(&service.db, now - token_life(policy)).await?;
    let signers = keys
        .iter()
        .map(|key| {
            let private = service.keyring.open(SEALED_AS, &key.private_key_sealed);
            let private = private.map_err(anyhow::Error::from)?;
            Ok((key.activates_at, TokenSigner::new(key.key_id.clone(), &private)))
        })
        .collect::<Result<Vec<_>, Error>>()?;
    identity.issuer.sign_with(signers);
    service.trust.update(rpc::keys_to_proto(keys), rpc::revocations_to_proto(revocations));
    Ok(due)
}

fn is_due(keys: &[store::Key], now: OffsetDateTime, policy: &Policy) -> bool {
    let activations = activations(keys);
    let newest = activations.first().copied();
    next_activation(newest, now, policy.key_lifetime(), policy.key_ahead()).is_some()
        || first_dead(&activations, now, token_life(policy)) < keys.len()
}

fn activations(keys: &[store::Key]) -> Vec<OffsetDateTime> {
    keys.iter().map(|key| key.activates_at).collect()
}

async fn rotate(
    mut tx: chassis::db::Tx<'_, '_>,
    identity: &Identity,
    now: OffsetDateTime,
) -> Result<(), Error> {
    let (policy, keyring) = (&identity.policy, &identity.service.keyring);
    store::lock_keys(&mut tx).await?;
    let keys = store::keys(&mut *tx).await?;
    let activations = activations(&keys);
    for key in &keys[first_dead(&activations, now, token_life(policy))..] {
        store::delete_key(&mut tx, &key.key_id).await?;
    }
    let mut newest = activations.first().copied();
    while let Some(activates_at) =
        next_activation(newest, now, policy.key_lifetime(), policy.key_ahead())
    {
        let (private, public_key) = new_key()?;
        let key = store::Key {
            key_id: Uuid::now_v7().to_string(),
            private_key_sealed: keyring.seal(SEALED_AS, &private),
            public_key,
            activates_at,
        };
        store::insert_key(&mut tx, &key, now).await?;
        newest = Some(activates_at);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
