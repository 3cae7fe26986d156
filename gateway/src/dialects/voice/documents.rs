//! What the OpenAPI document says of every operation alike.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::openapi::{OpenApi, Ref, RefOr, Response};
use utoipa::{IntoResponses, Modify, OpenApi as _};

use super::error::{
    ACCESS_DENIED, AUTHORIZATION_REQUIRED, BAD_REQUEST, Details, Envelope, INTERNAL, INVALID,
    INVALID_FILTER, Kind, MODEL_NOT_FOUND, TOO_LARGE, TOO_MANY, Told, UNAVAILABLE, UNSUPPORTED,
};
pub(super) use crate::docs::IdempotencyKey;
use crate::docs::{with_limit, with_retry_after};

/// The document without its paths.
pub(super) fn document() -> OpenApi {
    Document::openapi()
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Linha: voice",
        version = "1.0.0",
        description = "Extensions, calls and credit of voice accounts.\n\n\
            A token comes as `?access_token=`, in `X-Access-Token` or in `Authorization`, raw or \
            after `Bearer `: an access token from POST /users/login or POST /users/accessTokens, \
            or the signed one of POST /login. An access token belongs to one account.\n\n\
            Every error is `{\"error\": {\"statusCode\", \"name\", \"message\", \"code\"}}`, with \
            `details` where members of the request are at fault. A POST may carry an \
            `Idempotency-Key`: a repeat is answered as the first time, with \
            `Idempotency-Replayed: true`.\n\n\
            Lists take a `filter`: `filter={\"where\": {\"ramal\": \"1001\"}}` or \
            `filter[where][ramal]=1001`, with where, order, limit, skip and fields.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    // Served by a route without the ending.
    paths(super::calls::recording),
    components(schemas(Envelope, Told, Details)),
    modifiers(&Tokens),
    tags(
        (name = "users", description = "People of an account, and their tokens"),
        (name = "accounts", description = "The account, and who pays for it"),
        (name = "credits", description = "Charges and what they bought"),
        (name = "extensions", description = "Telephones"),
        (name = "calls", description = "Calls, and how they are made"),
        (name = "integrations", description = "Where calls are told of")
    )
)]
struct Document;

struct Tokens;

impl Modify for Tokens {
    fn modify(&self, document: &mut OpenApi) {
        let header = |name, description| {
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(name, description)))
        };
        let components = document.components.get_or_insert_default();
        components.add_security_scheme(
            "token",
            header("Authorization", "Raw, or after `Bearer `. `X-Access-Token` does as well."),
        );
    }
}

/// Refusals of every operation.
pub(super) struct Always;

impl IntoResponses for Always {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from([refusal(TOO_MANY), refusal(INTERNAL), refusal(UNAVAILABLE)])
    }
}

/// Refusals of operations that need a token.
pub(super) struct Guarded;

impl IntoResponses for Guarded {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from([refusal(AUTHORIZATION_REQUIRED), refusal(ACCESS_DENIED)])
    }
}

/// Refusals of operations on something that the path names.
pub(super) struct Named;

impl IntoResponses for Named {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from([refusal(BAD_REQUEST), refusal(MODEL_NOT_FOUND)])
    }
}

/// Refusals of operations that take a filter.
pub(super) struct Filtered;

impl IntoResponses for Filtered {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from([refusal(INVALID_FILTER)])
    }
}

/// Refusals of operations that take a body.
pub(super) struct Bodied;

impl IntoResponses for Bodied {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from([
            refusal(BAD_REQUEST),
            refusal(TOO_LARGE),
            refusal(UNSUPPORTED),
            refusal(INVALID),
        ])
    }
}

fn example(kind: Kind) -> Value {
    let Kind { status, name, code, message } = kind;
    if status.is_server_error() {
        return json!({"error": {"statusCode": status.as_u16(), "message": message}});
    }
    let mut error = json!({"statusCode": status.as_u16(), "name": name, "message": message});
    if let Some(code) = code {
        error["code"] = code.into();
    }
    if kind == INVALID {
        error["details"] = json!({
            "context": "User",
            "codes": {"email": ["presence"]},
            "messages": {"email": ["is required"]}
        });
    }
    json!({"error": error})
}

fn refusal(kind: Kind) -> (String, RefOr<Response>) {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("VoiceError")))
        .example(Some(example(kind)))
        .build();
    let response =
        ResponseBuilder::new().description(kind.message).content("application/json", content);
    let response = match kind {
        TOO_MANY => with_limit(response),
        UNAVAILABLE => with_retry_after(response),
        _ => response,
    };
    (kind.status.as_str().to_owned(), response.build().into())
}
