//! A key that tests sign with.

use proto::identity::v1::SigningKey;

use super::token::TokenSigner;
use super::trust::Trust;
use crate::clock::Clock;

// Seed bytes 0..32 in PKCS #8, and the public key that belongs to it.
pub(super) fn key_pair() -> (Vec<u8>, Vec<u8>) {
    let mut der = vec![
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04,
        0x20,
    ];
    let seed: Vec<u8> = (0..32).collect();
    der.extend(&seed);
    let public = [
        0x03, 0xa1, 0x07, 0xbf, 0xf3, 0xce, 0x10, 0xbe, 0x1d, 0x70, 0xdd, 0x18, 0xe7, 0x4b, 0xc0,
        0x99, 0x67, 0xe4, 0xd6, 0x30, 0x9b, 0xa5, 0x0d, 0x5f, 0x1d, 0xdc, 0x86, 0x64, 0x12, 0x55,
        0x31, 0xb8,
    ];
    (der, public.to_vec())
}

/// Believes what the second value signs.
pub(super) fn trusting(clock: &Clock) -> (Trust, TokenSigner) {
    let (private, public_key) = key_pair();
    let trust = Trust::new(clock.clone());
    trust.update(vec![SigningKey { key_id: "k1".to_owned(), public_key }], vec![]);
    (trust, TokenSigner::new("k1".to_owned(), &private))
}
