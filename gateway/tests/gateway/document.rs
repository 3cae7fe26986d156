//! The document of the lines dialect, and the page that shows it.

use axum::http::StatusCode;
use serde_json::Value;
use tower::ServiceExt;

use crate::support::World;

#[tokio::test]
async fn the_document_describes_every_operation() {
    let world = World::new().await;
    let answer = world.ask("GET", "/openapi/lines.json", None).await;
    let document = answer.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut documented: Vec<String> = vec![];
    let mut ids = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            documented.push(format!("{} {path}", method.to_uppercase()));
            assert!(operation["summary"].is_string(), "{method} {path}");
            assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()));
            let described: usize = operation["parameters"]
                .as_array()
                .map_or(0, |all| all.iter().filter(|p| p["in"] == "path").count());
            assert_eq!(described, path.matches('{').count(), "{method} {path}");
            for (status, response) in operation["responses"].as_object().unwrap() {
                assert!(response["description"].is_string(), "{method} {path} {status}");
            }
            if path != "/healthz" {
                assert!(operation["responses"]["503"].is_object(), "{method} {path}");
            }
        }
    }
    let routes: Vec<&str> = ROUTES.lines().filter(|line| !line.is_empty()).collect();
    documented.sort();
    let mut expected: Vec<&str> = routes.clone();
    expected.sort_unstable();
    assert_eq!(documented, expected);
    for reference in references(&document) {
        let name = reference.strip_prefix("#/components/schemas/").unwrap();
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }

    // What is documented is there.
    for route in routes {
        let (method, path) = route.split_once(' ').unwrap();
        let path = path.replace("{id}", "53af5437-dd2b-4efb-84c2-d16c6fffd376");
        let answer = world.ask(method, &path, None).await;
        let missing = answer.status == StatusCode::METHOD_NOT_ALLOWED
            || (answer.status == StatusCode::NOT_FOUND && !path.contains("?token"));
        let link = ["/signup-forms/", "/email-proofs/"].iter().any(|start| path.starts_with(start));
        assert!(!missing || (method == "GET" && link), "{route}: {}", answer.text);
    }
}

fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| match value {
                Value::String(text) if name == "$ref" => vec![text.clone()],
                _ => references(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => vec![],
    }
}

const ROUTES: &str = "
POST /login
POST /oauth2/token
POST /signup-forms
GET /signup-forms/{id}
PATCH /signup-forms/{id}
POST /signup-forms/{id}/complete
POST /password-resets
GET /password-resets/{id}
GET /password-resets/{id}/form
POST /password-resets/{id}/complete
GET /invitations/{id}
POST /invitations/{id}/accept
GET /email-proofs/{id}
GET /phone-accounts
GET /phone-accounts/{id}
POST /phone-accounts/{id}/approve
POST /phone-accounts/{id}/activate-sim-card
POST /companies/{id}/phone-accounts
GET /permissions
POST /companies
GET /companies
GET /companies/{id}
PATCH /companies/{id}
PUT /companies/{id}/email-domains
DELETE /companies/{id}/email-domains
DELETE /companies/{id}/email-domains/{domain}
PUT /companies/{id}/managers
DELETE /companies/{id}/managers
PUT /companies/{id}/members
DELETE /companies/{id}/members
GET /companies/{id}/employees
POST /employees
GET /employees/{id}
PUT /employees/{id}
PATCH /users/{id}
POST /subscription-plans
GET /subscription-plans
GET /companies/{id}/subscription-plans
PATCH /companies/{companyId}/subscription-plans/{subscriptionPlanId}
POST /sim-cards
GET /companies/{id}/sim-cards
POST /phone-numbers
POST /partners
GET /.well-known/jwks.json
GET /healthz
GET /readyz
DELETE /phone-accounts/{id}/custom-fields/{fieldName}
DELETE /phone-accounts/{id}/portability
DELETE /webhook-endpoints/{id}
GET /billing/runs/{period}
GET /companies/{id}/invoices
GET /companies/{id}/invoices/{invoiceId}
GET /companies/{id}/invoices/{invoiceId}.pdf
GET /companies/{id}/phone-accounts
GET /companies/{id}/sim-card-shipments
GET /login/email-domain/{id}
GET /phone-account-requests/{id}
GET /phone-accounts/{id}/portability
GET /phone-accounts/{id}/timeline
GET /webhook-endpoints
GET /webhook-endpoints/{id}/deliveries
PATCH /companies/{id}/custom-fields
PATCH /sim-card-shipments/{id}
POST /companies/{id}/phone-account-requests
POST /companies/{id}/service-invoices
POST /login/email-domain
POST /login/email-domain/{id}/complete
POST /phone-accounts/{id}/add-data
POST /phone-accounts/{id}/block
POST /phone-accounts/{id}/cancel
POST /phone-accounts/{id}/portability
POST /phone-accounts/{id}/provision-number
POST /phone-accounts/{id}/unblock
POST /sim-card-shipments
POST /users/{id}/service-invoices
POST /webhook-endpoints
POST /webhook-endpoints/{id}/replay
PUT /phone-accounts/{id}/company
PUT /phone-accounts/{id}/custom-fields/{fieldName}
PUT /phone-accounts/{id}/sim-card
PUT /phone-accounts/{id}/subscription-plan/{planId}
PUT /phone-accounts/{id}/tag
PUT /phone-accounts/{id}/user
";

#[tokio::test]
async fn the_document_can_be_browsed_without_the_internet() {
    let world = World::new().await;
    let page = world.ask("GET", "/docs/", None).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.text.contains("http://") && !page.text.contains("https://"), "{}", page.text);
    assert!(page.header("content-security-policy").contains("script-src 'self';"));
    let response = world
        .router
        .clone()
        .oneshot(world.request("GET", "/docs/swagger-ui-bundle.js", None))
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let script = world.ask("GET", "/docs/swagger-initializer.js", None).await;
    assert!(script.text.contains("/openapi/lines.json"), "{}", script.text);
}
