//! The OpenAPI document, made from the table of operations.

use serde_json::{Value, json};
use utoipa::openapi::content::{Content, ContentBuilder};
use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{ArrayBuilder, KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{HeaderBuilder, OpenApi, Ref, RefOr, Required, Schema};
use utoipa::{IntoParams, Modify, OpenApi as _};

use super::contexts::TYPES;
use super::error::Violation;
use super::operations::{Gives, OPERATIONS, Operation, Takes};
use super::wire;
use crate::docs::{IdempotencyKey, with_retry_after};

/// The document.
pub(super) fn document() -> OpenApi {
    let mut document = Document::openapi();
    for operation in OPERATIONS {
        let item = document.paths.paths.entry(operation.path.to_owned()).or_default();
        item.merge_operations(PathItem::new(method(operation), described(operation)));
    }
    document
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Linha: workspaces",
        version = "1.0.0",
        description = "Organizations: who is in them, where and when they work, what they \
            subscribe to, and their bank data.\n\n\
            `Authorization: Bearer <token>` from POST /api/login. Whoever is in several \
            organizations names one in `X-Company`; else the oldest membership is meant.\n\n\
            Answers are JSON-LD with Hydra collections, or plain JSON where `Accept` asks for it. \
            Relations are paths in both. PATCH takes merge patches. Errors are problem details; \
            members at fault are in `violations`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(
        wire::Organization, wire::MailFooter, wire::NewOrganization, wire::Nothing,
        wire::MailFooterChange, wire::Location, wire::LocationInput, wire::Country,
        wire::Language, wire::LanguageInput, wire::Meeting, wire::MeetingInput,
        wire::OrganizationAddress, wire::OrganizationAddressInput, wire::Integration,
        wire::BankConnection, wire::Transaction, wire::BankSetup, wire::BankPull,
        wire::BankRevocation, wire::Subscription, wire::SubscriptionInput, wire::CouponInput,
        wire::CouponClearing, wire::Invoice, wire::SubscriptionProduct, wire::PaymentMethod,
        wire::PaymentMethodInput, wire::Invited, wire::InvitationInput, wire::Acceptance,
        wire::Login, Violation
    )),
    modifiers(&Token)
)]
struct Document;

struct Token;

impl Modify for Token {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("token", bearer);
        let text = || RefOr::T(Schema::from(ObjectBuilder::new().schema_type(Type::String)));
        let whole = || RefOr::T(Schema::from(ObjectBuilder::new().schema_type(Type::Integer)));
        let problem = ObjectBuilder::new()
            .property("type", text())
            .required("type")
            .property("title", text())
            .required("title")
            .property("detail", text())
            .required("detail")
            .property("status", whole())
            .required("status")
            .property("violations", ArrayBuilder::new().items(Ref::from_schema_name("Violation")));
        components.schemas.insert("Problem".to_owned(), RefOr::T(Schema::from(problem)));
        let session = ObjectBuilder::new().property("token", text()).required("token");
        components.schemas.insert("Session".to_owned(), RefOr::T(Schema::from(session)));
    }
}

/// What a schema is called in the document.
fn schema_name(name: &str) -> &str {
    match name {
        "Integration" => "BankIntegration",
        "Transaction" => "BankTransaction",
        "Invoice" => "SubscriptionInvoice",
        "Login" => "WorkspacesLogin",
        name => name,
    }
}

fn method(operation: &Operation) -> HttpMethod {
    match operation.method.as_str() {
        "POST" => HttpMethod::Post,
        "PATCH" => HttpMethod::Patch,
        "DELETE" => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

fn described(operation: &Operation) -> utoipa::openapi::path::Operation {
    let mut described = OperationBuilder::new()
        .operation_id(Some(operation.id))
        .summary(Some(operation.summary))
        .tag(operation.path.trim_start_matches('/').split('/').next().unwrap_or_default());
    for parameter in parameters(operation) {
        described = described.parameter(parameter);
    }
    if let Some(body) = body(operation) {
        described = described.request_body(Some(body));
    }
    if operation.is_public {
        described = described.security(SecurityRequirement::default());
    } else {
        described = described.security(SecurityRequirement::new::<_, _, &str>("token", []));
    }
    let (status, success) = success(operation);
    described = described.response(status, success);
    for status in refusals(operation) {
        described = described.response(status.to_string(), problem(status));
    }
    described.build()
}

fn parameters(operation: &Operation) -> Vec<Parameter> {
    let mut parameters = Vec::new();
    for name in operation
        .path
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')))
    {
        let is_number = ["/locations/{id}", "/meetings/{id}"].contains(&operation.path);
        let kind = if is_number { Type::Integer } else { Type::String };
        let example = match operation.path {
            "/contexts/{type}" => "Location".into(),
            "/countries/{id}" => "BR".into(),
            "/languages/{id}" => "pt-BR".into(),
            path if path.starts_with("/organizations/") => "k3m9x2ab".into(),
            _ if is_number => Value::from(1),
            _ => "0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d".into(),
        };
        parameters.push(
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .schema(Some(ObjectBuilder::new().schema_type(kind).build()))
                .example(Some(example))
                .build(),
        );
    }
    let mut optional = |place: ParameterIn, name: &str, schema: ObjectBuilder| {
        let parameter = ParameterBuilder::new().name(name).parameter_in(place);
        let parameter = parameter.required(Required::False).schema(Some(schema.build()));
        parameters.push(parameter.build());
    };
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let number = || ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1));
    if matches!(operation.gives, Gives::Collection(_)) {
        optional(ParameterIn::Query, "page", number());
        optional(ParameterIn::Query, "itemsPerPage", number());
    }
    if operation.id == "listMeetings" {
        optional(ParameterIn::Query, "employee", text());
        for name in ["dateFrom[after]", "dateFrom[before]", "dateTo[after]", "dateTo[before]"] {
            let moment = text().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
            optional(ParameterIn::Query, name, moment);
        }
    }
    if !operation.is_public {
        optional(ParameterIn::Header, "X-Company", text());
    }
    if operation.takes_keys() {
        parameters.extend(IdempotencyKey::into_params(|| Some(ParameterIn::Header)));
    }
    parameters
}

fn reference(name: &str) -> Content {
    ContentBuilder::new().schema(Some(Ref::from_schema_name(schema_name(name)))).build()
}

fn body(operation: &Operation) -> Option<utoipa::openapi::request_body::RequestBody> {
    let (contents, is_required): (Vec<(&str, Content)>, bool) = match operation.takes {
        Takes::Nothing => return None,
        Takes::Json(name) | Takes::PerhapsJson(name) => {
            let kinds = ["application/ld+json", "application/json"];
            let is_required = matches!(operation.takes, Takes::Json(_));
            (kinds.map(|kind| (kind, reference(name))).into(), is_required)
        }
        Takes::Patch(name) => (vec![("application/merge-patch+json", reference(name))], true),
        Takes::File => {
            let file = ObjectBuilder::new()
                .schema_type(Type::String)
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)));
            let form = ObjectBuilder::new().property("file", file).required("file");
            let form = ContentBuilder::new().schema(Some(Schema::from(form))).build();
            (vec![("multipart/form-data", form)], true)
        }
    };
    let required = if is_required { Required::True } else { Required::False };
    let body = RequestBodyBuilder::new().required(Some(required));
    Some(
        contents
            .into_iter()
            .fold(body, |body, (kind, content)| body.content(kind, content))
            .build(),
    )
}

fn success(operation: &Operation) -> (&'static str, utoipa::openapi::Response) {
    let response = ResponseBuilder::new().description(operation.summary);
    let item = |response: ResponseBuilder, name: &str| {
        response
            .content("application/ld+json", reference(name))
            .content("application/json", reference(name))
    };
    match operation.gives {
        Gives::Item(name) => ("200", item(response, name).build()),
        Gives::New(name) => {
            let place = HeaderBuilder::new().description(Some("Where it is"));
            ("201", item(response, name).header("Location", place.build()).build())
        }
        Gives::Collection(name) => {
            let item = Ref::from_schema_name(schema_name(name));
            let members = ArrayBuilder::new().items(item).build();
            let collection = ObjectBuilder::new()
                .property("hydra:totalItems", ObjectBuilder::new().schema_type(Type::Integer))
                .required("hydra:totalItems")
                .property("hydra:member", members.clone())
                .required("hydra:member");
            let linked = ContentBuilder::new().schema(Some(Schema::from(collection)));
            let plain = ContentBuilder::new().schema(Some(Schema::from(members)));
            let response = response
                .content("application/ld+json", linked.build())
                .content("application/json", plain.build());
            ("200", response.build())
        }
        Gives::Nothing => ("204", response.build()),
        Gives::Picture => {
            let picture = ContentBuilder::new().build();
            let response =
                response.content("image/png", picture.clone()).content("image/jpeg", picture);
            ("200", response.build())
        }
        Gives::Page => {
            let page = ContentBuilder::new().build();
            ("200", response.content("text/html", page).build())
        }
        Gives::Context => {
            let names: Vec<&str> = TYPES.iter().map(|(name, _)| *name).collect();
            let context = ContentBuilder::new()
                .schema(Some(ObjectBuilder::new().description(Some(names.join(", ")))))
                .build();
            let response = response
                .content("application/ld+json", context.clone())
                .content("application/json", context);
            ("200", response.build())
        }
    }
}

fn refusals(operation: &Operation) -> Vec<u16> {
    let mut statuses = vec![429, 500, 503];
    if !operation.has_one_form() {
        statuses.push(406);
    }
    if !operation.is_public {
        // The current organization, or what the path names, may not be the caller's.
        statuses.extend([401, 403, 404]);
    }
    match operation.takes {
        Takes::Nothing => {}
        _ => statuses.extend([400, 413, 415, 422]),
    }
    if matches!(operation.gives, Gives::Collection(_)) {
        statuses.push(400);
    }
    match operation.id {
        "login" => statuses.push(401),
        "getContext" => statuses.push(404),
        "deleteOrganizationUser" => statuses.push(422),
        "setupBank" | "pullTransactions" | "revokeBank" => statuses.extend([502, 504]),
        _ => {}
    }
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

fn problem(status: u16) -> utoipa::openapi::Response {
    let mut example = json!({
        "type": format!("/errors/{status}"), "title": "An error occurred",
        "detail": "What is wrong, for people.", "status": status
    });
    if status == 422 {
        example["type"] = "/validation_errors/not-blank".into();
        example["detail"] = "name: is required".into();
        example["violations"] =
            json!([{"propertyPath": "name", "message": "is required", "code": "not-blank"}]);
    }
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .example(Some(example))
        .build();
    let response = ResponseBuilder::new()
        .description(
            axum::http::StatusCode::from_u16(status)
                .map_or("", |status| status.canonical_reason().unwrap_or_default()),
        )
        .content("application/problem+json", content);
    match status {
        429 | 503 => with_retry_after(response).build(),
        _ => response.build(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_described_and_every_reference_leads_somewhere() {
        let document = serde_json::to_value(document()).unwrap();
        for operation in OPERATIONS {
            let method = operation.method.as_str().to_lowercase();
            let described = &document["paths"][operation.path][&method];
            assert_eq!(described["operationId"], operation.id);
        }
        let text = document.to_string();
        for reference in text.split("#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(document["components"]["schemas"][name].is_object(), "{name}");
        }
    }
}
