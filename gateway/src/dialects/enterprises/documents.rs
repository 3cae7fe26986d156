//! What the OpenAPI document says of every operation alike.

use std::collections::BTreeMap;

use proto::common::v1::TextOperator;
use serde_json::json;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ObjectBuilder, OpenApi, Ref, RefOr, Required, Response, Type};
use utoipa::{IntoParams, IntoResponses, Modify, OpenApi as _, ToSchema};

use super::error::{
    BAD_REQUEST, Envelope, INTERNAL, Kind, NOT_FOUND, TOO_LARGE, TOO_MANY, Told, UNAUTHORIZED,
    UNAVAILABLE, UNSUPPORTED, deletion_messages,
};
use super::question::{FIELDS, OPERATORS, SORT_KEYS};
use crate::docs::{with_limit, with_retry_after};

/// The document without its paths.
pub(super) fn document() -> OpenApi {
    Document::openapi()
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Linha: enterprises",
        version = "1.0.0",
        description = "Customer companies, with others below them.\n\n\
            The token is the one of POST /login. Somebody sees their own enterprise and all below \
            it; all else is 404. Who belongs to several names one in `X-Company`.\n\n\
            Lists are asked with nested brackets: \
            `filters[enterprise.name][ilk]=pad&sort[name]=-1&includes[device][]=imei&count=true`. \
            Several filters must all hold: those about chips for one chip, and those about devices \
            for one device. `enterprises.name` and `enterprises.cnpj` mean the same as \
            `enterprise.name` and `enterprise.cnpj`.\n\n\
            Every error is `{\"error\": {\"message\": \"…\"}}`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(Envelope, Told)),
    modifiers(&Bearer),
    tags(
        (name = "enterprises", description = "Enterprises"),
        (name = "countries", description = "Countries that an enterprise may be in")
    )
)]
struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// The header that says in whose name somebody asks.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes a header to the document; the session reads it")]
pub(super) struct InTheNameOf {
    /// One of one's enterprises, where that is not the oldest.
    #[param(rename = "X-Company")]
    x_company: Option<String>,
}

/// What of enterprises is shown.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes parameters to the document; the question reads them")]
pub(super) struct Shown {
    /// Attributes to be shown; none means all.
    #[param(rename = "attributes[]", example = json!(["name", "cnpj"]))]
    attributes: Option<Vec<String>>,
    /// Reads devices along; empty means with all that is known of them.
    #[param(rename = "includes[device][]", example = json!(["name", "imei"]))]
    device: Option<Vec<String>>,
    /// Reads the parent along.
    #[param(rename = "includes[enterprise][]", example = json!(["name"]))]
    enterprise: Option<Vec<String>>,
    /// Reads addresses along.
    #[param(rename = "includes[addresses][]", example = json!(["formatted_address"]))]
    addresses: Option<Vec<String>>,
    /// Reads the newest document along.
    #[param(rename = "includes[document][]", example = json!(["name"]))]
    document: Option<Vec<String>>,
    /// Reads the country along.
    #[param(rename = "includes[country][]", example = json!(["code"]))]
    country: Option<Vec<String>>,
}

/// Which enterprises are listed.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes parameters to the document; the question reads them")]
pub(super) struct Listed {
    /// Contained in name, fantasy name, CNPJ or e-mail.
    #[param(max_length = 100)]
    search: Option<String>,
    /// The most that a page has; 15 unless said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// From 1 on; 0 is the first as well.
    #[param(minimum = 0)]
    page: Option<u64>,
    /// Whether all are counted.
    count: Option<bool>,
}

/// Parameters with brackets, of which there is one for each field and operator, and one for each
/// key to sort by.
pub(super) struct Bracketed;

impl IntoParams for Bracketed {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let filters = FIELDS
            .iter()
            .filter(|(field, _)| !field.starts_with("enterprises."))
            .flat_map(|(field, _)| {
                OPERATORS.iter().map(move |(operator, meaning)| {
                    let description = format!("{field} {}", told(*meaning));
                    in_query(&format!("filters[{field}][{operator}]"), &description, text())
                })
            });
        let sorts = SORT_KEYS.iter().map(|(key, _)| {
            let direction = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^-?1$"));
            in_query(&format!("sort[{key}]"), "1 for ascending, -1 for descending", direction)
        });
        filters.chain(sorts).collect()
    }
}

fn told(operator: TextOperator) -> &'static str {
    match operator {
        TextOperator::NotEqual => "is not this",
        TextOperator::Contains => "contains this, whatever the case",
        TextOperator::StartsWith => "begins with this, whatever the case",
        TextOperator::EndsWith => "ends with this, whatever the case",
        TextOperator::Equal | TextOperator::Unspecified => "is this",
    }
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).max_length(Some(1_000))
}

fn in_query(name: &str, description: &str, schema: ObjectBuilder) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema.build()))
        .build()
}

/// The enterprise that a path names, and what is said of others.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes a parameter to the document; the operation reads it")]
pub(super) struct Named {
    /// 15 digits and letters.
    #[param(pattern = "^[0-9A-Za-z]{15}$", example = "0Ab3dE6gH9jKmN2")]
    id: String,
}

impl IntoResponses for Named {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from([refusal(BAD_REQUEST), refusal(NOT_FOUND)])
    }
}

/// What is said of an enterprise that cannot be deleted.
pub(super) struct NamedForDeletion;

impl IntoResponses for NamedForDeletion {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let messages: Vec<&str> =
            std::iter::once(BAD_REQUEST.1).chain(deletion_messages()).collect();
        let Kind(status, message) = BAD_REQUEST;
        let told = Kind(status, message);
        BTreeMap::from([described(told, &messages.join(", or ")), refusal(NOT_FOUND)])
    }
}

/// Refusals of every operation.
pub(super) struct Always;

impl IntoResponses for Always {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from([refusal(TOO_MANY), refusal(INTERNAL), refusal(UNAVAILABLE)])
    }
}

/// Refusals of whoever has no token, or may not.
pub(super) struct Guarded;

impl IntoResponses for Guarded {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from([refusal(UNAUTHORIZED)])
    }
}

/// Refusals of operations that take parameters.
pub(super) struct Checked;

impl IntoResponses for Checked {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from([refusal(BAD_REQUEST)])
    }
}

/// Refusals of operations that take a body.
pub(super) struct Bodied;

impl IntoResponses for Bodied {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from([refusal(BAD_REQUEST), refusal(TOO_LARGE), refusal(UNSUPPORTED)])
    }
}

fn refusal(kind: Kind) -> (String, RefOr<Response>) {
    described(kind, kind.1)
}

fn described(kind: Kind, description: &str) -> (String, RefOr<Response>) {
    let Kind(status, message) = kind;
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("EnterpriseError")))
        .example(Some(json!({"error": {"message": message}})))
        .build();
    let response =
        ResponseBuilder::new().description(description).content("application/json", content);
    let response = match kind {
        TOO_MANY => with_limit(response),
        UNAVAILABLE => with_retry_after(response),
        _ => response,
    };
    (status.as_str().to_owned(), response.build().into())
}

/// The body of a new enterprise.
#[derive(ToSchema)]
#[schema(example = json!({"data": {
    "attributes": {
        "name": "Example Company", "cnpj": "12345678901234", "timezone": "America/New_York",
        "phone1": "(123) 456-7890", "email": "info@example.com", "fantasy_name": "Example"
    },
    "relationships": {"country": {"type": "country", "id": "c8a098d7b6932c2"}}
}}))]
#[expect(dead_code, reason = "describes a body to the document; the dialect reads it")]
pub(super) struct NewEnterprise {
    /// What it is like.
    data: NewEnterpriseData,
}

/// What a new enterprise is like.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body to the document; the dialect reads it")]
pub(super) struct NewEnterpriseData {
    /// What is known of it.
    attributes: NewEnterpriseAttributes,
    /// Where it is.
    relationships: WrittenRelationships,
}

/// What is known of a new enterprise.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body to the document; the dialect reads it")]
pub(super) struct NewEnterpriseAttributes {
    /// Not only blanks.
    #[schema(min_length = 1, max_length = 250)]
    name: String,
    /// Free text with at least one digit or letter.
    #[schema(min_length = 1, max_length = 25)]
    cnpj: String,
    /// Name of an IANA time zone, or null.
    #[schema(required = true, example = "America/Sao_Paulo")]
    timezone: Option<String>,
    /// Free text.
    #[schema(max_length = 100)]
    phone1: Option<String>,
    /// Free text.
    #[schema(max_length = 100)]
    phone2: Option<String>,
    /// Free text.
    #[schema(max_length = 100)]
    email: Option<String>,
    /// Free text.
    #[schema(max_length = 100)]
    contact_name: Option<String>,
    /// Free text.
    #[schema(max_length = 255)]
    webpage: Option<String>,
    /// Free text.
    #[schema(max_length = 100)]
    assistance_emergency_tel: Option<String>,
    /// Free text.
    #[schema(max_length = 100)]
    theft_emergency_tel: Option<String>,
    /// Free text.
    #[schema(max_length = 100)]
    fantasy_name: Option<String>,
}

/// The body of a change of an enterprise.
#[derive(ToSchema)]
#[schema(example = json!({"data": {"attributes": {"phone1": "(123) 456-7890", "email": null}}}))]
#[expect(dead_code, reason = "describes a body to the document; the dialect reads it")]
pub(super) struct EnterpriseChange {
    /// What is different.
    #[schema(value_type = Option<EnterpriseChangeData>, nullable = false)]
    data: Option<EnterpriseChangeData>,
}

/// What is different about an enterprise.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body to the document; the dialect reads it")]
pub(super) struct EnterpriseChangeData {
    /// Any of those of a new one.
    #[schema(value_type = Option<Object>, nullable = false)]
    attributes: Option<NewEnterpriseAttributes>,
    /// Where it is; null for the country takes it away.
    #[schema(value_type = Option<Object>, nullable = false)]
    relationships: Option<WrittenRelationships>,
}

/// Where an enterprise is.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body to the document; the dialect reads it")]
pub(super) struct WrittenRelationships {
    /// Its country.
    #[schema(value_type = Option<WrittenCountry>, nullable = false)]
    country: Option<WrittenCountry>,
}

/// A country, by its id.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body to the document; the dialect reads it")]
pub(super) struct WrittenCountry {
    /// Always "country".
    #[schema(example = "country", pattern = "^country$")]
    r#type: String,
    /// From GET /countries.
    #[schema(example = "c8a098d7b6932c2", pattern = "^[0-9A-Za-z]{15}$")]
    id: String,
}
