//! Who asks, and what of the request travels on with the calls made for them.

use axum::extract::{FromRequestParts, Request};
use axum::http::header::{AUTHORIZATION, HeaderMap};
use axum::http::request::Parts;
use axum::http::{HeaderName, Method};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chassis::auth::{SubjectKind, Trust};
use chassis::idempotency::KEY_HEADER;
use sha2::{Digest, Sha256};
use tonic::Code;
use tonic::metadata::{Ascii, MetadataValue};

use crate::address::ClientAddress;
use crate::dialects::Dialect;
use crate::fault::{Fault, invalid};

/// Header and metadata that name a request throughout the system.
pub const REQUEST_ID: HeaderName = HeaderName::from_static(REQUEST_ID_NAME);

/// Header that may bear a token, in dialects that say so.
pub const TOKEN_HEADER: HeaderName = HeaderName::from_static("x-access-token");

/// Header that says which of somebody's companies is meant, in dialects whose paths do not.
pub const COMPANY_HEADER: HeaderName = HeaderName::from_static("x-company");

const REQUEST_ID_NAME: &str = "x-request-id";

const KEY_NAME: &str = "Idempotency-Key";
const KEY_RULE: &str = "has 1 to 255 printable ASCII characters";
const KEY_LENGTH_MAX: usize = 255;

/// The token that came with a request, once it was looked at.
#[derive(Clone, Debug)]
pub(crate) enum Presented {
    /// None came.
    Nothing,
    /// A good one.
    Token {
        /// As it is passed on.
        bearer: MetadataValue<Ascii>,
        /// One text for each subject.
        subject: String,
    },
    /// One that is not good.
    Bad,
    /// One that cannot be checked at the moment.
    Unknown,
}

impl Presented {
    /// A token that is good.
    pub(crate) fn good(token: &str, subject: String) -> Self {
        match format!("Bearer {token}").parse() {
            Ok(bearer) => Self::Token { bearer, subject },
            Err(_) => Self::Bad,
        }
    }

    /// Looks at the token of a request.
    pub(crate) fn of(headers: &HeaderMap, trust: &Trust) -> Self {
        let Some(header) = headers.get(AUTHORIZATION) else { return Self::Nothing };
        let token = header.to_str().ok().and_then(|text| text.split_once(' '));
        let Some((_, token)) = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        else {
            return Self::Bad;
        };
        let claims = match trust.check(token.trim()) {
            Ok(claims) => claims,
            Err(status) if status.code() == Code::Unavailable => return Self::Unknown,
            Err(_) => return Self::Bad,
        };
        let kind = match claims.kind {
            SubjectKind::User => "user",
            SubjectKind::Service => "service",
            SubjectKind::Partner => "partner",
        };
        Self::good(token.trim(), format!("{kind}:{}", claims.sub))
    }
}

/// Somebody whose request is being served.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    bearer: Option<MetadataValue<Ascii>>,
    idempotency_key: Option<MetadataValue<Ascii>>,
    request_id: Option<MetadataValue<Ascii>>,
}

impl Caller {
    /// Passes on what the services are to know of the request.
    pub(crate) fn attach<M>(&self, request: &mut tonic::Request<M>) {
        let passed = [
            ("authorization", &self.bearer),
            (KEY_HEADER, &self.idempotency_key),
            (REQUEST_ID_NAME, &self.request_id),
        ];
        for (name, value) in passed {
            if let Some(value) = value {
                request.metadata_mut().insert(name, value.clone());
            }
        }
    }

    /// The same request, in the name of whoever has this token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { bearer: format!("Bearer {token}").parse().ok(), ..self.clone() }
    }

    /// Whether the services do what is asked only once, however often they are told.
    pub(crate) fn is_idempotent(&self) -> bool {
        self.idempotency_key.is_some()
    }

    /// Whether the gateway speaks for itself, since nobody showed a token.
    pub(crate) fn is_gateway(&self) -> bool {
        self.bearer.is_none()
    }

    /// Whoever has this token, and asks nothing that could be done twice.
    pub(crate) fn reader(bearer: MetadataValue<Ascii>, headers: &HeaderMap) -> Self {
        Self { bearer: Some(bearer), idempotency_key: None, request_id: request_id(headers) }
    }

    fn of(parts: &Parts, bearer: Option<MetadataValue<Ascii>>) -> Result<Self, Fault> {
        let key = idempotency_key(parts)?;
        let key = if bearer.is_none() { key.map(|key| of_address(key, parts)) } else { key };
        let refused = |_| invalid(KEY_NAME, KEY_RULE);
        Ok(Self {
            idempotency_key: key.map(|key| key.parse().map_err(refused)).transpose()?,
            request_id: request_id(&parts.headers),
            bearer,
        })
    }
}

fn request_id(headers: &HeaderMap) -> Option<MetadataValue<Ascii>> {
    headers.get(REQUEST_ID)?.to_str().ok()?.parse().ok()
}

/// Only requests that create or charge are told apart by a key.
fn idempotency_key(parts: &Parts) -> Result<Option<String>, Fault> {
    if ![Method::POST, Method::PUT].contains(&parts.method) {
        return Ok(None);
    }
    let Some(key) = parts.headers.get(KEY_HEADER) else { return Ok(None) };
    let key = key.to_str().ok().filter(|key| (1..=KEY_LENGTH_MAX).contains(&key.len()));
    key.map(|key| Some(key.to_owned())).ok_or_else(|| invalid(KEY_NAME, KEY_RULE))
}

/// A key of somebody without a token. To the services they are all the gateway, so their addresses
/// tell them apart: nobody is to be given, by a key that was easy to guess, what somebody else was
/// answered.
fn of_address(key: String, parts: &Parts) -> String {
    let address = parts.extensions.get().map(|ClientAddress(address)| address.to_string());
    let named = format!("{} {key}", address.unwrap_or_default());
    URL_SAFE_NO_PAD.encode(Sha256::digest(named))
}

/// The token of a request, unless it is not good.
fn bearer(parts: &Parts) -> Result<Option<MetadataValue<Ascii>>, Fault> {
    match parts.extensions.get() {
        None | Some(Presented::Nothing) => Ok(None),
        Some(Presented::Token { bearer, .. }) => Ok(Some(bearer.clone())),
        Some(Presented::Bad) => Err(Fault::Unauthorized),
        Some(Presented::Unknown) => Err(Fault::Unavailable),
    }
}

/// A caller with a good token.
impl<D: Dialect> FromRequestParts<D> for Caller {
    type Rejection = D::Error;

    async fn from_request_parts(parts: &mut Parts, _: &D) -> Result<Self, D::Error> {
        // Whatever is wrong with the rest is nobody's business without a token.
        let bearer = bearer(parts)?.ok_or(Fault::Unauthorized)?;
        Ok(Self::of(parts, Some(bearer))?)
    }
}

/// A caller with a good token or none; the gateway speaks for those without.
#[derive(Clone, Debug)]
pub struct Anyone(pub Caller);

impl<D: Dialect> FromRequestParts<D> for Anyone {
    type Rejection = D::Error;

    async fn from_request_parts(parts: &mut Parts, _: &D) -> Result<Self, D::Error> {
        Ok(Self(Caller::of(parts, bearer(parts)?)?))
    }
}

/// A caller whose token does not matter: the gateway always speaks for them.
#[derive(Clone, Debug)]
pub struct Stranger(pub Caller);

impl<D: Dialect> FromRequestParts<D> for Stranger {
    type Rejection = D::Error;

    async fn from_request_parts(parts: &mut Parts, _: &D) -> Result<Self, D::Error> {
        Ok(Self(Caller::of(parts, None)?))
    }
}

/// Looks at the token of a request and leaves what it found for whoever reads the request.
pub(crate) fn identify(request: &mut Request, trust: &Trust) -> Presented {
    let presented = Presented::of(request.headers(), trust);
    request.extensions_mut().insert(presented.clone());
    presented
}
