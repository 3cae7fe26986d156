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
    let context = context(&name).ok_or_else(Error::not_found)?;
    Ok(form.answer(StatusCode::OK, context))
}

fn context(name: &str) -> Option<Value> {
    let (_, relations) = TYPES.iter().find(|(known, _)| *known == name)?;
    let mut context = Map::new();
    context.insert("@vocab".to_owned(), format!("{VOCABULARY}{name}#").into());
    context.insert("hydra".to_owned(), "http://www.w3.org/ns/hydra/core#".into());
    for relation in *relations {
        let id = format!("{VOCABULARY}{name}#{relation}");
        context.insert((*relation).to_owned(), json!({"@id": id, "@type": "@id"}));
    }
    Some(json!({ "@context": Value::from(context) }))
}

#[cfg(test)]
mod tests {
    use super::super::operations::{Gives, OPERATIONS};
    use super::*;

    #[test]
    fn a_context_tells_relations_from_values() {
        let expected = json!({"@context": {
            "@vocab": "urn:linha:workspaces:Meeting#",
            "hydra": "http://www.w3.org/ns/hydra/core#",
            "employee": {"@id": "urn:linha:workspaces:Meeting#employee", "@type": "@id"}
        }});
        assert_eq!(context("Meeting"), Some(expected));
        assert_eq!(context("meeting"), None);
        assert_eq!(context("Nothing"), None);
    }

    #[test]
    fn every_type_that_is_emitted_has_a_context() {
        for operation in OPERATIONS {
            let (Gives::Item(name) | Gives::New(name) | Gives::Collection(name)) = operation.gives
            else {
                continue;
            };
            // A token is no thing, and a footer is a part of its organization.
            let is_typed = !["Session", "MailFooter"].contains(&name);
            assert_eq!(context(name).is_some(), is_typed, "{name}");
        }
        assert!(context("Error").is_some() && context("ConstraintViolation").is_some());
    }
}
