//! What the OpenAPI document says of every operation alike.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{HeaderBuilder, ObjectBuilder, OpenApi, Ref, RefOr, Response, Type};
use utoipa::{IntoParams, IntoResponses, Modify, OpenApi as _};

use super::error::{
    Envelope, INTERNAL, INVALID, Kind, NO_ACCOUNT, NO_SCHOOL, NO_TENANT, Property, TOO_MANY, Told,
    UNAUTHORIZED, UNAVAILABLE,
};
use crate::docs::with_retry_after;

/// The document without its paths.
pub(super) fn document() -> OpenApi {
    Document::openapi()
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Linha: schools",
        version = "1.0.0",
        description = "Data of schools and of their people, to be read.\n\n\
            A token comes as `Authorization: Bearer`: one of POST /oauth2/token for a partner's \
            program, good here and nowhere else, or one of POST /login for a person. A program \
            sees the active schools that hold its integration, and those of their people who use \
            its product; a person the schools of their profiles. What is not seen is answered as \
            if it did not exist: 400.\n\n\
            A parameter that is missing or cannot be read is 409, with every fault. Lists come \
            whole, in a fixed order. A value that is not known is left out. Wherever there is a \
            `school_external_id`, `schoolExternalId` is the same.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(Envelope, Told, Property)),
    modifiers(&Tokens),
    tags(
        (name = "schools", description = "Schools, and what they are made of"),
        (name = "people", description = "People of schools"),
        (name = "partner", description = "What partners' products need"),
        (name = "platform", description = "Tokens for programs")
    )
)]
struct Document;

struct Tokens;

impl Modify for Tokens {
    fn modify(&self, document: &mut OpenApi) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    }
}

/// A school that may be named.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes parameters to the document; they are read by name")]
pub(super) struct MaybeCalled {
    /// What the caller's integration calls the school.
    #[param(max_length = 50, example = "SCHOOL001")]
    school_external_id: Option<String>,
}

/// A school that must be named.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes parameters to the document; they are read by name")]
pub(super) struct Called {
    /// What the caller's integration calls the school. As `schoolExternalId` it does as well.
    #[param(max_length = 50, example = "SCHOOL001")]
    school_external_id: String,
}

/// A school that must be named, as one operation prints it.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes parameters to the document; they are read by name")]
pub(super) struct CalledToo {
    /// What the caller's integration calls the school. As `school_external_id` it does as well.
    #[param(rename = "schoolExternalId", max_length = 50, example = "SCHOOL001")]
    school_external_id: String,
}

/// A school that must be named in one of two ways.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes parameters to the document; they are read by name")]
pub(super) struct OneSchool {
    /// The school. This or the next one must be there; both must be of the same school.
    #[param(format = Uuid)]
    school_id: Option<String>,
    /// What the caller's integration calls the school.
    #[param(max_length = 50, example = "SCHOOL001")]
    school_external_id: Option<String>,
}

/// An integration that may be named.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes parameters to the document; they are read by name")]
pub(super) struct MaybeIntegrated {
    /// What the partner calls the integration. One that nobody holds finds no school.
    #[param(max_length = 50)]
    external_integration_id: Option<String>,
}

/// Refusals of every operation.
pub(super) struct Always;

impl IntoResponses for Always {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from([unauthorized(), refusal(TOO_MANY), refusal(INTERNAL), refusal(UNAVAILABLE)])
    }
}

/// Refusals of operations that take parameters.
pub(super) struct Wrong;

impl IntoResponses for Wrong {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from([refusal(INVALID)])
    }
}

/// Refusals of operations on a tenant.
pub(super) struct NoTenant;

impl IntoResponses for NoTenant {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from([refusal(NO_TENANT)])
    }
}

/// Refusals of operations on a school.
pub(super) struct NoSchool;

impl IntoResponses for NoSchool {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from([refusal(NO_SCHOOL)])
    }
}

/// Refusals of operations on an account.
pub(super) struct NoAccount;

impl IntoResponses for NoAccount {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from([refusal(NO_ACCOUNT)])
    }
}

fn example(kind: Kind) -> Value {
    let Kind { code, message, .. } = kind;
    let mut error = json!({"Code": code, "Message": message});
    if kind == INVALID {
        error["ErrorProperties"] = json!([
            {"PropertyName": "tenant_id", "ErrorMessage": "tenant_id is invalid."}
        ]);
    }
    json!({"Error": error})
}

fn unauthorized() -> (String, RefOr<Response>) {
    let challenge = HeaderBuilder::new()
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).build()))
        .description(Some("Bearer, and what was wrong with a token that was sent"));
    let response = ResponseBuilder::new()
        .description(UNAUTHORIZED.message)
        .header("WWW-Authenticate", challenge.build());
    (UNAUTHORIZED.status.as_str().to_owned(), response.build().into())
}

fn refusal(kind: Kind) -> (String, RefOr<Response>) {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("SchoolsError")))
        .example(Some(example(kind)))
        .build();
    let response =
        ResponseBuilder::new().description(kind.message).content("application/json", content);
    let response = match kind {
        TOO_MANY | UNAVAILABLE => with_retry_after(response),
        _ => response,
    };
    (kind.status.as_str().to_owned(), response.build().into())
}
