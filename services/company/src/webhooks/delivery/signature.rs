//! Signatures as Standard Webhooks prescribes them.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

const PREFIX: &str = "whsec_";
const BYTES: usize = 32;

/// What an endpoint's deliveries are signed with. The specification wants 24 to 64 bytes.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(Vec<u8>);

impl Secret {
    /// A new one.
    pub(crate) fn generate() -> Self {
        Self(rand::random::<[u8; BYTES]>().to_vec())
    }

    /// One that was made before.
    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Itself.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// How it is shown to the receiver: `whsec_` and base64.
    pub(crate) fn text(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }

    /// The header `webhook-signature` of a message: `timestamp` are seconds since 1970.
    pub(crate) fn sign(&self, message_id: &str, timestamp: i64, body: &str) -> String {
        let mut mac =
            <Hmac<Sha256> as Mac>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        for part in [message_id, ".", &timestamp.to_string(), ".", body] {
            mac.update(part.as_bytes());
        }
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the reference implementations of Standard Webhooks.
    const PUBLISHED: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn the_published_example_is_signed_as_published() {
        let secret = Secret::from_bytes(STANDARD.decode(PUBLISHED).unwrap());
        assert_eq!(secret.text(), format!("whsec_{PUBLISHED}"));
        assert_eq!(
            secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn secrets_are_long_enough_all_different_and_not_printed() {
        let secret = Secret::generate();
        assert_ne!(secret, Secret::generate());
        assert!((24..=64).contains(&secret.as_bytes().len()));
        let shown = secret.text();
        let bytes = STANDARD.decode(shown.strip_prefix("whsec_").unwrap()).unwrap();
        assert_eq!(Secret::from_bytes(bytes), secret);
        assert!(!format!("{secret:?}").contains(&shown[6..]));
    }
}
