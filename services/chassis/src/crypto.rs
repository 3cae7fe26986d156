//! Secrets at rest: personal data sealed in its column, and looked up by a keyed fingerprint.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

const NONCE_BYTES: usize = 12;

/// What the ids of keys begin with that make fingerprints.
const LOOKUP: &str = "lookup";

/// Keys that seal columns: the first seals, all open. Written as `id:base64` pairs of 32-byte
/// keys, separated by commas. Those whose ids begin with `lookup` make fingerprints instead: the
/// first of them makes those that are kept, all make those that are looked for.
#[derive(Clone)]
pub struct Keyring {
    sealing: Arc<[(String, Aes256Gcm)]>,
    lookups: Arc<[[u8; 32]]>,
}

/// A keyring's text is not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum InvalidKeyring {
    /// A part is not `id:base64`, or its key has not 32 bytes.
    #[error("each key is written id:base64, of 32 bytes, with an id of 1 to 32 characters")]
    Key,
    /// It cannot seal, or not make fingerprints.
    #[error("a keyring has a key named lookup and at least one more")]
    Incomplete,
    /// Two keys have one id.
    #[error("two keys of the keyring have the same id")]
    Twice,
}

/// Sealed bytes were changed, belong elsewhere, or their key is gone.
#[derive(Debug, thiserror::Error)]
#[error("sealed data cannot be opened")]
pub struct CannotOpen;

impl Keyring {
    /// Seals bytes for one purpose, named by `context` ("identity.user.cpf"): opened in another
    /// context they are garbage. The key's id stands in front.
    pub fn seal(&self, context: &str, plain: &[u8]) -> Vec<u8> {
        let (key_id, cipher) = &self.sealing[0];
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let payload = Payload { msg: plain, aad: context.as_bytes() };
        let sealed = cipher
            .encrypt(&nonce.into(), payload)
            .expect("AES-GCM seals anything shorter than 64 GiB");
        [prefix(key_id).as_slice(), &nonce, &sealed].concat()
    }

    /// What everything begins with that the newest key sealed.
    pub(crate) fn newest_prefix(&self) -> Vec<u8> {
        prefix(&self.sealing[0].0)
    }

    /// The id of the key that seals.
    pub(crate) fn newest(&self) -> &str {
        &self.sealing[0].0
    }

    /// The ids of the keys that open only.
    pub(crate) fn older(&self) -> impl Iterator<Item = &str> {
        self.sealing[1..].iter().map(|(id, _)| id.as_str())
    }

    /// Whether fingerprints may be kept that an older key made.
    pub(crate) fn has_older_lookups(&self) -> bool {
        self.lookups.len() > 1
    }

    /// Opens what [`Keyring::seal`] sealed in the same context.
    ///
    /// # Errors
    /// [`CannotOpen`].
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>, CannotOpen> {
        let (&id_length, rest) = sealed.split_first().ok_or(CannotOpen)?;
        let (key_id, rest) = rest.split_at_checked(id_length.into()).ok_or(CannotOpen)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_BYTES).ok_or(CannotOpen)?;
        let (_, cipher) =
            self.sealing.iter().find(|(id, _)| id.as_bytes() == key_id).ok_or(CannotOpen)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| CannotOpen)?;
        let payload = Payload { msg: sealed, aad: context.as_bytes() };
        cipher.decrypt(&nonce.into(), payload).map_err(|_| CannotOpen)
    }

    /// Seals a text.
    pub fn seal_text(&self, context: &str, plain: &str) -> Vec<u8> {
        self.seal(context, plain.as_bytes())
    }

    /// Opens a sealed text.
    ///
    /// # Errors
    /// [`CannotOpen`], also when it was not a text.
    pub fn open_text(&self, context: &str, sealed: &[u8]) -> Result<String, CannotOpen> {
        String::from_utf8(self.open(context, sealed)?).map_err(|_| CannotOpen)
    }

    /// 32 bytes that are equal for equal values of one context, and tell nothing else: as they are
    /// kept. While keys are exchanged, the same value may be kept as any of
    /// [`Keyring::fingerprints`].
    pub fn fingerprint(&self, context: &str, value: &[u8]) -> Vec<u8> {
        fingerprint(&self.lookups[0], context, value)
    }

    /// All that a value may be kept as, the newest first.
    pub fn fingerprints(&self, context: &str, value: &[u8]) -> Vec<Vec<u8>> {
        self.lookups.iter().map(|key| fingerprint(key, context, value)).collect()
    }

    /// This keyring with new keys in front, and the new keys alone.
    #[cfg(feature = "testing")]
    pub fn renewed(&self) -> (Self, Self) {
        let key = rand::random::<[u8; 32]>();
        let sealing = [("renewed".to_owned(), Aes256Gcm::new(&key.into()))];
        let alone = Self { sealing: sealing.into(), lookups: [key].into() };
        let both = Self {
            sealing: alone.sealing.iter().chain(&*self.sealing).cloned().collect(),
            lookups: alone.lookups.iter().chain(&*self.lookups).copied().collect(),
        };
        (both, alone)
    }

    /// A text that [`FromStr`] reads as a new random keyring.
    pub fn random_text() -> String {
        let key = || STANDARD.encode(rand::random::<[u8; 32]>());
        format!("k1:{},lookup:{}", key(), key())
    }
}

/// The id of a key as it stands in front of what it sealed.
fn prefix(key_id: &str) -> Vec<u8> {
    let length = u8::try_from(key_id.len()).expect("key ids have at most 32 bytes");
    [&[length], key_id.as_bytes()].concat()
}

fn fingerprint(key: &[u8; 32], context: &str, value: &[u8]) -> Vec<u8> {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key.as_slice())
        .expect("HMAC takes keys of any length");
    mac.update(context.as_bytes());
    mac.update(&[0]);
    mac.update(value);
    mac.finalize().into_bytes().to_vec()
}

impl FromStr for Keyring {
    type Err = InvalidKeyring;

    fn from_str(text: &str) -> Result<Self, InvalidKeyring> {
        let mut ids = HashSet::new();
        let mut sealing = Vec::new();
        let mut lookups = Vec::new();
        for part in text.split(',') {
            let (id, key) = part.trim().split_once(':').ok_or(InvalidKeyring::Key)?;
            let key = STANDARD.decode(key).map_err(|_| InvalidKeyring::Key)?;
            let key: [u8; 32] = key.try_into().map_err(|_| InvalidKeyring::Key)?;
            if id.is_empty() || id.len() > 32 {
                return Err(InvalidKeyring::Key);
            }
            if !ids.insert(id) {
                return Err(InvalidKeyring::Twice);
            }
            if id.starts_with(LOOKUP) {
                lookups.push(key);
            } else {
                sealing.push((id.to_owned(), Aes256Gcm::new(&key.into())));
            }
        }
        if sealing.is_empty() || lookups.is_empty() {
            return Err(InvalidKeyring::Incomplete);
        }
        Ok(Self { sealing: sealing.into(), lookups: lookups.into() })
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<_> = self.sealing.iter().map(|(id, _)| id).collect();
        f.debug_struct("Keyring").field("ids", &ids).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyring() -> Keyring {
        Keyring::random_text().parse().unwrap()
    }

    #[test]
    fn opens_what_it_sealed_and_only_in_its_context() {
        let keyring = keyring();
        let sealed = keyring.seal_text("user.cpf", "11144477735");
        assert_eq!(keyring.open_text("user.cpf", &sealed).unwrap(), "11144477735");
        assert!(keyring.open_text("user.birth", &sealed).is_err());
        let mut changed = sealed;
        *changed.last_mut().unwrap() ^= 1;
        assert!(keyring.open("user.cpf", &changed).is_err());
        assert!(keyring.open("user.cpf", &[]).is_err());
        assert!(keyring.open("user.cpf", &[200, 1]).is_err());
    }

    #[test]
    fn an_old_key_still_opens_after_rotation() {
        let old = format!("k1:{}", STANDARD.encode([1; 32]));
        let lookup = format!("lookup:{}", STANDARD.encode([9; 32]));
        let before: Keyring = format!("{old},{lookup}").parse().unwrap();
        let sealed = before.seal_text("c", "text");
        let new = format!("k2:{}", STANDARD.encode([2; 32]));
        let after: Keyring = format!("{new},{old},{lookup}").parse().unwrap();
        assert_eq!(after.open_text("c", &sealed).unwrap(), "text");
        assert_eq!(after.fingerprint("c", b"x"), before.fingerprint("c", b"x"));
        assert_ne!(after.fingerprint("c", b"x"), after.fingerprint("d", b"x"));
    }

    #[test]
    fn a_value_is_looked_for_as_any_key_made_it_and_kept_as_the_first_does() {
        let seals = format!("k1:{}", STANDARD.encode([1; 32]));
        let old = format!("lookup:{}", STANDARD.encode([9; 32]));
        let new = format!("lookup-2:{}", STANDARD.encode([8; 32]));
        let before: Keyring = format!("{seals},{old}").parse().unwrap();
        let next: Keyring = format!("{seals},{old},{new}").parse().unwrap();
        let after: Keyring = format!("{seals},{new},{old}").parse().unwrap();
        let kept = |keyring: &Keyring| keyring.fingerprint("c", b"x");
        assert_eq!(kept(&next), kept(&before), "the new key is only looked with at first");
        assert_ne!(kept(&after), kept(&before));
        for keyring in [&next, &after] {
            let sought = keyring.fingerprints("c", b"x");
            assert_eq!(sought[0], kept(keyring));
            assert!(sought.contains(&kept(&before)) && sought.contains(&kept(&after)));
        }
    }

    #[test]
    fn a_bad_keyring_is_refused() {
        let key = STANDARD.encode([1; 32]);
        let (alone, twice) = (format!("k1:{key}"), format!("k1:{key},k1:{key},lookup:{key}"));
        for text in ["", "k1", "k1:short", &alone, &twice] {
            assert!(text.parse::<Keyring>().is_err(), "{text}");
        }
    }
}
