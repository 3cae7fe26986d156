//! Secrets at rest: personal data sealed in its column, and looked up by a keyed fingerprint.

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

/// Keys that seal columns: the first seals, all open. Written as `id:base64` pairs of 32-byte
/// keys, separated by commas; the key named `lookup` makes fingerprints and never changes.
#[derive(Clone)]
pub struct Keyring {
    sealing: Arc<[(String, Aes256Gcm)]>,
    lookup: Arc<[u8; 32]>,
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
        let id_length = u8::try_from(key_id.len()).expect("key ids have at most 32 bytes");
        [&[id_length], key_id.as_bytes(), &nonce, &sealed].concat()
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

    /// 32 bytes that are equal for equal values of one context, and tell nothing else.
    pub fn fingerprint(&self, context: &str, value: &[u8]) -> Vec<u8> {
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(self.lookup.as_slice())
            .expect("HMAC takes keys of any length");
        mac.update(context.as_bytes());
        mac.update(&[0]);
        mac.update(value);
        mac.finalize().into_bytes().to_vec()
    }

    /// A text that [`FromStr`] reads as a new random keyring.
    pub fn random_text() -> String {
        let key = || STANDARD.encode(rand::random::<[u8; 32]>());
        format!("k1:{},lookup:{}", key(), key())
    }
}

impl FromStr for Keyring {
    type Err = InvalidKeyring;

    fn from_str(text: &str) -> Result<Self, InvalidKeyring> {
        let mut sealing = Vec::new();
        let mut lookup = None;
        for part in text.split(',') {
            let (id, key) = part.trim().split_once(':').ok_or(InvalidKeyring::Key)?;
            let key = STANDARD.decode(key).map_err(|_| InvalidKeyring::Key)?;
            let key: [u8; 32] = key.try_into().map_err(|_| InvalidKeyring::Key)?;
            if id.is_empty() || id.len() > 32 {
                return Err(InvalidKeyring::Key);
            }
            if id == "lookup" {
                lookup = Some(key);
            } else {
                sealing.push((id.to_owned(), Aes256Gcm::new(&key.into())));
            }
        }
        match lookup {
            Some(lookup) if !sealing.is_empty() => {
                Ok(Self { sealing: sealing.into(), lookup: Arc::new(lookup) })
            }
            _ => Err(InvalidKeyring::Incomplete),
        }
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
    fn a_bad_keyring_is_refused() {
        for text in ["", "k1", "k1:short", &format!("k1:{}", STANDARD.encode([1; 32]))] {
            assert!(text.parse::<Keyring>().is_err(), "{text}");
        }
    }
}
