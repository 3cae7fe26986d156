//! Integrations, and what was delivered for them.

use proto::company::v1 as pb;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::super::body::About;
use super::super::rules::Model;
use super::seconds;
use crate::body::{Input, Members};

const CONSTRAINT: &str = "webhookConstraint";

/// What the contract calls an integration's members.
pub(in super::super) const INTEGRATION: Model = Model::new(
    "Integration",
    &[
        (CONSTRAINT, "constraint"),
        ("metadata.webhookUrl", "metadata.webhookUrl"),
        ("metadata.webhookVersion", "metadata.webhookVersion"),
        ("metadata.webhookTypes", "metadata.webhookTypes"),
    ],
);

/// Where the account hears of its calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Integration {
    /// Its id.
    #[schema(example = 123)]
    id: i64,
    /// What it is called.
    #[schema(example = "integration-test")]
    gateway: String,
    /// Whether anything is delivered.
    webhook: bool,
    /// What the metadata of a call must contain; null or empty: every call.
    #[schema(
        value_type = Option<Object>, example = json!({"metadata": {"gateway": "integration-test"}})
    )]
    webhook_constraint: Value,
    /// webhookUrl, webhookVersion, webhookTypes and anything else.
    #[schema(value_type = Object, example = json!({
        "webhookUrl": "https://example.com/callback",
        "webhookVersion": "v1.4",
        "webhookTypes": ["channel-hangup"]
    }))]
    metadata: Value,
}

impl From<pb::Integration> for Integration {
    fn from(integration: pb::Integration) -> Self {
        let read = |text: &str| serde_json::from_str(text).unwrap_or_default();
        Self {
            id: integration.id,
            gateway: integration.gateway,
            webhook: integration.is_webhook,
            webhook_constraint: integration
                .constraint_json
                .as_deref()
                .map(read)
                .unwrap_or_default(),
            metadata: read(&integration.metadata_json),
        }
    }
}

/// An integration, with its secret when that is new.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct PutIntegration {
    /// The integration.
    #[serde(flatten)]
    integration: Integration,
    /// What deliveries are signed with; only of an integration that was made or given a new
    /// secret just now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    webhook_secret: Option<String>,
}

impl From<pb::PutIntegrationResponse> for PutIntegration {
    fn from(answer: pb::PutIntegrationResponse) -> Self {
        Self {
            integration: answer.integration.unwrap_or_default().into(),
            webhook_secret: answer.secret,
        }
    }
}

/// What is wanted of an integration: absent members stay as they are.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct IntegrationInput {
    /// Which one: letters, digits, dots, underscores and hyphens.
    #[schema(required = true, min_length = 1, max_length = 64, example = "integration-test")]
    gateway: Option<String>,
    /// Whether anything is delivered.
    webhook: Option<bool>,
    /// What the metadata of a call must contain: an object, or null for every call.
    #[schema(
        value_type = Option<Object>, example = json!({"metadata": {"gateway": "integration-test"}})
    )]
    webhook_constraint: Option<Map<String, Value>>,
    /// At most 4 KiB.
    #[schema(value_type = Option<Object>, example = json!({
        "webhookUrl": "https://example.com/callback",
        "webhookVersion": "v1.4",
        "webhookTypes": ["channel-hangup"]
    }))]
    metadata: Option<Map<String, Value>>,
    /// Makes a new secret; the old one signs beside it for 24 hours.
    rotate_secret: Option<bool>,
}

impl Input for IntegrationInput {
    const REQUIRED: &'static [&'static str] = &["gateway"];
}

impl About for IntegrationInput {
    const MODEL: &'static Model = &INTEGRATION;
}

impl IntegrationInput {
    /// The change of an account's integration; `members` are those that were there.
    pub(in super::super) fn into_request(
        self,
        company_id: String,
        members: &Members,
    ) -> pb::PutIntegrationRequest {
        let json = |object: Map<String, Value>| Value::Object(object).to_string();
        let constraint = self.webhook_constraint.map_or_else(|| Value::Null.to_string(), json);
        pb::PutIntegrationRequest {
            company_id,
            gateway: self.gateway.unwrap_or_default(),
            is_webhook: self.webhook,
            constraint_json: members.contains(CONSTRAINT).then_some(constraint),
            metadata_json: self.metadata.map(json),
            rotate_secret: self.rotate_secret.unwrap_or_default(),
        }
    }
}

/// A message for an integration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = IntegrationDelivery)]
pub(in super::super) struct Delivery {
    /// The header webhook-id, the same at every attempt.
    #[schema(format = Uuid)]
    webhook_id: String,
    /// What it tells of.
    #[schema(example = "channel-hangup")]
    r#type: String,
    /// Where it goes.
    #[schema(example = "https://example.com/callback")]
    url: String,
    /// How often it was tried.
    #[schema(example = 1)]
    attempts: i32,
    /// HTTP status of the last attempt, if there was an answer.
    #[schema(example = 204)]
    last_status: Option<i32>,
    /// When it is tried next, if it is.
    #[schema(example = "2021-01-01T00:00:05Z")]
    next_attempt_at: Option<String>,
    /// When it happened.
    #[schema(example = "2021-01-01T00:00:00Z")]
    created_at: String,
}

impl From<pb::IntegrationDelivery> for Delivery {
    fn from(delivery: pb::IntegrationDelivery) -> Self {
        Self {
            next_attempt_at: delivery.next_attempt_at.as_ref().map(|at| seconds(Some(at))),
            created_at: seconds(delivery.created_at.as_ref()),
            webhook_id: delivery.webhook_id,
            r#type: delivery.r#type,
            url: delivery.url,
            attempts: delivery.attempts,
            last_status: delivery.last_status,
        }
    }
}

/// How many were removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RemovedIntegrations)]
pub(in super::super) struct Removed {
    /// One.
    #[schema(example = 1)]
    pub(in super::super) count: u32,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::body::{Given, parse};
    use super::*;

    /// What a service that keeps all of it answers.
    fn kept(request: pb::PutIntegrationRequest, id: i64) -> pb::Integration {
        pb::Integration {
            id,
            gateway: request.gateway,
            is_webhook: request.is_webhook.unwrap_or_default(),
            constraint_json: request.constraint_json,
            metadata_json: request.metadata_json.unwrap_or_default(),
            ..Default::default()
        }
    }

    fn request(body: &Value) -> pb::PutIntegrationRequest {
        let Given(input, members) = parse::<IntegrationInput>(body.to_string().as_bytes()).unwrap();
        input.into_request("a".to_owned(), &members)
    }

    #[test]
    fn the_samples_are_read_and_written_to_the_letter() {
        for mut sample in [
            json!({
                "id": 123,
                "gateway": "integration-test",
                "webhook": true,
                "webhookConstraint": {"metadata": {"gateway": "integration-test"}},
                "metadata": {
                    "webhookUrl": "https://seu-webhook.com/callback",
                    "webhookVersion": "v1.4",
                    "webhookTypes": ["channel-hangup"]
                }
            }),
            json!({
                "id": 1,
                "gateway": "integration-code",
                "webhook": true,
                "webhookConstraint": {"gateway": "integration-code"},
                "metadata": {"api_token": "123456"}
            }),
        ] {
            let integration = kept(request(&sample), sample["id"].as_i64().unwrap());
            assert_eq!(json!(Integration::from(integration.clone())), sample);
            let secret = Some("whsec_x".to_owned());
            let put = pb::PutIntegrationResponse { integration: Some(integration), secret };
            sample["webhookSecret"] = "whsec_x".into();
            assert_eq!(json!(PutIntegration::from(put)), sample);
        }
    }

    #[test]
    fn null_is_told_from_absent() {
        let bare = request(&json!({"gateway": "a"}));
        assert_eq!(
            bare,
            pb::PutIntegrationRequest {
                company_id: "a".to_owned(),
                gateway: "a".to_owned(),
                ..Default::default()
            }
        );
        let every_call = request(&json!({"gateway": "a", "webhookConstraint": null}));
        assert_eq!(every_call.constraint_json.as_deref(), Some("null"));
        let rotated = request(&json!({"gateway": "a", "rotateSecret": true, "webhook": false}));
        assert_eq!((rotated.rotate_secret, rotated.is_webhook), (true, Some(false)));
        let told = json!(Integration::from(kept(bare, 7)));
        assert_eq!(told["webhookConstraint"], Value::Null);
    }

    #[test]
    fn members_of_another_type_are_refused() {
        for wrong in [
            json!({"gateway": 1}),
            json!({"gateway": "a", "webhook": "true"}),
            json!({"gateway": "a", "webhookConstraint": []}),
            json!({"gateway": "a", "metadata": "x"}),
            json!({}),
        ] {
            assert!(parse::<IntegrationInput>(wrong.to_string().as_bytes()).is_err(), "{wrong}");
        }
        assert_eq!(INTEGRATION.member("metadata.webhookUrl"), "metadata.webhookUrl");
        assert_eq!(INTEGRATION.member("constraint"), "webhookConstraint");
    }

    #[test]
    fn a_delivery_is_told_as_the_contract_says() {
        let at = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
        let delivery = pb::IntegrationDelivery {
            webhook_id: "0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d".to_owned(),
            r#type: "channel-hangup".to_owned(),
            url: "https://seu-webhook.com/callback".to_owned(),
            attempts: 2,
            last_status: None,
            next_attempt_at: at(1_609_459_205),
            created_at: at(1_609_459_200),
        };
        assert_eq!(
            json!(Delivery::from(delivery)),
            json!({
                "webhookId": "0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d",
                "type": "channel-hangup",
                "url": "https://seu-webhook.com/callback",
                "attempts": 2,
                "lastStatus": null,
                "nextAttemptAt": "2021-01-01T00:00:05Z",
                "createdAt": "2021-01-01T00:00:00Z"
            })
        );
    }
}
