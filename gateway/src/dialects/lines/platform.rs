//! The gateway's own affairs: its health, and the keys that tokens are checked with.

use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, HeaderName};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proto::identity::v1::token_service_client::TokenServiceClient;
use proto::identity::v1::{ListSigningKeysRequest, SigningKey};
use serde::Serialize;
use utoipa::ToSchema;

use super::Lines;
use super::documents::Always;
use super::error::{Envelope, Error};
use super::wire::Names;
use crate::caller::Caller;
use crate::dialects::Dialect;
use crate::fault::Fault;

/// The keys that tokens are signed with, as a JSON Web Key Set.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeySet {
    /// Newest first.
    keys: Vec<Key>,
}

/// An Ed25519 public key (RFC 8037).
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "kty": "OKP",
    "crv": "Ed25519",
    "use": "sig",
    "alg": "EdDSA",
    "kid": "k1",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
}))]
struct Key {
    /// Octet key pair.
    kty: &'static str,
    /// The curve.
    crv: &'static str,
    /// Signatures.
    r#use: &'static str,
    /// The signature's algorithm.
    alg: &'static str,
    /// "kid" of the tokens it signed.
    kid: String,
    /// The key, base64url.
    x: String,
}

impl From<SigningKey> for Key {
    fn from(key: SigningKey) -> Self {
        Self {
            kty: "OKP",
            crv: "Ed25519",
            r#use: "sig",
            alg: "EdDSA",
            kid: key.key_id,
            x: URL_SAFE_NO_PAD.encode(key.public_key),
        }
    }
}

/// List the keys that tokens are signed with
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "platform", operation_id = "listSigningKeys",
    responses((status = 200, description = "A JSON Web Key Set", body = KeySet), Always)
)]
pub(super) async fn signing_keys(
    State(lines): State<Lines>,
) -> Result<([(HeaderName, &'static str); 1], Json<KeySet>), Error> {
    let answer = lines
        .clients()
        .identity
        .ask(&Caller::default(), ListSigningKeysRequest {}, |to, request| async move {
            TokenServiceClient::new(to).list_signing_keys(request).await
        })
        .await
        .map_err(|status| Error::of(status, &Names::NONE))?;
    let keys = answer.message.keys.into_iter().map(Into::into).collect();
    Ok(([(CACHE_CONTROL, "public, max-age=60")], Json(KeySet { keys })))
}

/// How the gateway is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// "alive" or "ready".
    status: &'static str,
}

/// Whether the gateway runs
#[utoipa::path(
    get, path = "/healthz", tag = "platform", operation_id = "alive",
    responses((status = 200, description = "It does", body = Health))
)]
pub(super) async fn alive() -> Json<Health> {
    Json(Health { status: "alive" })
}

/// Whether the gateway should get requests
///
/// It can check tokens, identity is well, and no shutdown has begun.
#[utoipa::path(
    get, path = "/readyz", tag = "platform", operation_id = "ready",
    responses(
        (status = 200, description = "It should", body = Health),
        (status = 503, description = "Not now", body = Envelope)
    )
)]
pub(super) async fn ready(State(lines): State<Lines>) -> Result<Json<Health>, Error> {
    if lines.gateway().is_ready().await {
        Ok(Json(Health { status: "ready" }))
    } else {
        Err(Fault::Unavailable.into())
    }
}
