//! What the OpenAPI document says of every operation alike.

use std::collections::BTreeMap;

use serde_json::json;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi, Ref, RefOr, Response, Schema, Type};
use utoipa::{IntoResponses, Modify, OpenApi as _};

use super::error::{
    Detail, Envelope, FORBIDDEN, INTERNAL, INVALID, Kind, MALFORMED, NOT_FOUND, TOO_LARGE,
    TOO_MANY, UNAUTHORIZED, UNAVAILABLE, UNSUPPORTED,
};
pub(crate) use crate::docs::IdempotencyKey;
use crate::docs::with_retry_after;

/// The document without its paths.
pub(crate) fn document() -> OpenApi {
    Document::openapi()
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Linha: mobile lines",
        version = "1.0.0",
        description = "Companies, their people and their mobile lines.\n\n\
            Every error is `{\"code\", \"message\"}`, with `details` where members of the request \
            are at fault. Every answer carries `x-request-id`. A POST, and a PUT that creates \
            something, may carry an `Idempotency-Key`: a repeat is answered as the first time, \
            with `Idempotency-Replayed: true`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    // Served by the route without the suffix.
    paths(super::invoices::document),
    components(schemas(Envelope, Detail)),
    modifiers(&Bearer),
    tags(
        (name = "session", description = "Log-in and passwords"),
        (name = "signup", description = "From a form to a user with a line"),
        (name = "phone-accounts", description = "Mobile lines"),
        (name = "companies", description = "Companies and their e-mail domains"),
        (name = "employees", description = "The people who work for companies"),
        (name = "users", description = "People"),
        (name = "subscription-plans", description = "Plans and what companies pay for them"),
        (name = "shipments", description = "SIM cards on their way to companies"),
        (name = "invoices", description = "What companies owe, and the closing of months"),
        (name = "service-invoices", description = "Fiscal notes for services"),
        (name = "stock", description = "SIM cards and phone numbers"),
        (name = "webhooks", description = "Where companies hear of what happens"),
        (name = "platform", description = "Programs that use the platform, and its health")
    )
)]
struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("From POST /login, or POST /oauth2/token for programs."))
            .build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// A schema with members that must be there, and not null.
pub(crate) fn requiring(
    schema: RefOr<Schema>,
    description: &str,
    members: &[&str],
) -> RefOr<Schema> {
    let RefOr::T(Schema::Object(mut object)) = schema else { return schema };
    object.description = Some(description.to_owned());
    for member in members {
        object.required.push((*member).to_owned());
        if let Some(RefOr::T(Schema::Object(member))) = object.properties.get_mut(*member)
            && let SchemaType::Array(types) = &mut member.schema_type
        {
            types.retain(|kind| *kind != Type::Null);
        }
    }
    RefOr::T(Schema::Object(object))
}

/// Refusals of every operation.
pub(crate) struct Always;

impl IntoResponses for Always {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from([refusal(TOO_MANY), refusal(INTERNAL), refusal(UNAVAILABLE)])
    }
}

/// Refusals of operations that need a token.
pub(crate) struct Guarded;

impl IntoResponses for Guarded {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from([refusal(UNAUTHORIZED), refusal(FORBIDDEN)])
    }
}

/// Refusals of operations on something that the path names.
pub(crate) struct Named;

impl IntoResponses for Named {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from([refusal(NOT_FOUND)])
    }
}

/// Refusals of operations whose parameters can be wrong.
pub(crate) struct Checked;

impl IntoResponses for Checked {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from([refusal(INVALID)])
    }
}

/// Refusals of operations that take a body.
pub(crate) struct Bodied;

impl IntoResponses for Bodied {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from([
            refusal(MALFORMED),
            refusal(TOO_LARGE),
            refusal(UNSUPPORTED),
            refusal(INVALID),
        ])
    }
}

fn refusal(kind: Kind) -> (String, RefOr<Response>) {
    let Kind(status, code, message) = kind;
    let mut example = json!({"code": code, "message": message});
    if kind == INVALID {
        example["details"] = json!([{"key": "email", "message": "is required"}]);
    }
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Envelope")))
        .example(Some(example))
        .build();
    let response = ResponseBuilder::new().description(message).content("application/json", content);
    let response = match kind {
        TOO_MANY | UNAVAILABLE => with_retry_after(response),
        _ => response,
    };
    (status.as_str().to_owned(), response.build().into())
}
