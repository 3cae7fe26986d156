//! JSON-LD contexts.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::Workspaces;
use super::error::Error;
use super::negotiation::Form;
use crate::body::At;

const VOCABULARY: &str = "urn:linha:workspaces:";

/// Types, each with those of its members that are paths.
pub(super) const TYPES: &[(&str, &[&str])] = &[
    ("Organization", &["subscriptions", "organizationAddresses", "currentSubscription"]),
    ("Location", &[]),
    ("Country", &[]),
    ("Language", &[]),
    ("Meeting", &["employee"]),
    ("Subscription", &["organization", "organizationAddress", "paymentMethod"]),
    ("SubscriptionProduct", &[]),
    ("Invoice", &["client"]),
    ("Integration", &["bankConnection"]),
    ("BankConnection", &["organization"]),
    ("Transaction", &[]),
    ("OrganizationAddress", &["country"]),
    ("PaymentMethod", &[]),
    ("OrganizationUserInvitation", &[]),
    ("Error", &[]),
    ("ConstraintViolation", &[]),
];

/// The context of a type.
pub(super) async fn get(
    State(_): State<Workspaces>,
    form: Form,
    At(name): At<String>,
) -> Result<Response, Error> {
    let (_, relations) =
        TYPES.iter().find(|(known, _)| *known == name).ok_or_else(Error::not_found)?;
    let mut context = Map::new();
    context.insert("@vocab".to_owned(), format!("{VOCABULARY}{name}#").into());
    context.insert("hydra".to_owned(), "http://www.w3.org/ns/hydra/core#".into());
    for relation in *relations {
        let id = format!("{VOCABULARY}{name}#{relation}");
        context.insert((*relation).to_owned(), json!({"@id": id, "@type": "@id"}));
    }
    Ok(form.answer(StatusCode::OK, json!({ "@context": Value::from(context) })))
}
