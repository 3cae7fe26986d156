//! Tokens: what they say, how they are signed and read.

use brazil::Email;
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::permissions::Role;

const AUDIENCE: &str = "linha";
const ISSUER: &str = "linha-identity";

/// What a subject is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectKind {
    /// A person; "sub" is the user's id.
    User,
    /// A service; "sub" is its name.
    Service,
    /// A partner's program; "sub" is the client id.
    Partner,
}

/// A role of the subject. Holder is implied and never written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// The company it is held in; absent for a role on the platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company_id: Option<Uuid>,
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    iss: String,
    aud: String,
    /// Who it speaks for.
    pub sub: String,
    /// What that is.
    pub kind: SubjectKind,
    /// What they may do.
    pub grants: Vec<Grant>,
    /// A person's e-mail, once it is proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// Raised when all the subject's tokens are ended.
    pub epoch: i64,
    /// Another token was exchanged for it, whose end is the end of this as well: it is over
    /// before word of a revocation gets around, and none reaches it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exchanged: bool,
    /// When it was issued, seconds since 1970.
    pub iat: i64,
    /// When it ends, seconds since 1970.
    pub exp: i64,
    /// Unique id.
    pub jti: Uuid,
}

impl Claims {
    /// Claims of a token issued at `iat` and good until `exp`, in seconds since 1970.
    pub fn new(
        sub: String,
        kind: SubjectKind,
        grants: Vec<Grant>,
        epoch: i64,
        iat: i64,
        exp: i64,
    ) -> Self {
        Self {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub,
            kind,
            grants,
            email: None,
            epoch,
            exchanged: false,
            iat,
            exp,
            jti: Uuid::now_v7(),
        }
    }

    /// The claims of a token that another one was exchanged for.
    pub fn exchanged(self) -> Self {
        Self { exchanged: true, ..self }
    }

    /// The claims of a person whose e-mail is proven.
    pub fn with_email(self, email: Option<Email>) -> Self {
        Self { email, ..self }
    }
}

/// Signs tokens with one Ed25519 key.
#[derive(Clone)]
pub struct TokenSigner {
    key_id: String,
    key: EncodingKey,
}

impl TokenSigner {
    /// `pkcs8_der` is the private key.
    pub fn new(key_id: String, pkcs8_der: &[u8]) -> Self {
        Self { key_id, key: EncodingKey::from_ed_der(pkcs8_der) }
    }

    /// The signed token.
    ///
    /// # Errors
    /// When the key is not an Ed25519 private key.
    pub fn sign(&self, claims: &Claims) -> Result<String, jsonwebtoken::errors::Error> {
        let header = Header { kid: Some(self.key_id.clone()), ..Header::new(Algorithm::EdDSA) };
        encode(&header, claims, &self.key)
    }
}

/// Id of the key that a token says it is signed with.
pub(super) fn key_id(token: &str) -> Option<String> {
    decode_header(token).ok()?.kid
}

/// Reads a token whose signature, issuer and audience hold. Its age is not looked at: that is
/// the clock's affair.
pub(super) fn read(token: &str, key: &DecodingKey) -> Option<Claims> {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.validate_exp = false;
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[ISSUER]);
    decode::<Claims>(token, key, &validation).ok().map(|data| data.claims)
}
