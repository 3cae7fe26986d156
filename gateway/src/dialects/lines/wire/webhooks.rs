//! Webhooks: endpoints, and what was delivered to them.

use prost_types::Timestamp;
use proto::company::v1::{self as company, WebhookDeliveryState};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::{Names, Pagination, moment, utc};
use crate::body::Input;
use crate::fault::Checks;

/// Members of an endpoint are called here as they are in the contract.
pub(crate) const NAMES: Names = Names::new("endpoint", &[]);

/// An endpoint to be registered.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({
    "company_id": "9df54b15-1a57-4e11-917a-5a5ddedb99ea",
    "url": "https://erp.example.com/linha",
    "event_types": ["line.activated", "invoice.issued"],
    "description": "Our ERP"
}))]
pub(crate) struct NewWebhookEndpoint {
    /// The company.
    #[serde(default)]
    #[schema(required = true, format = Uuid)]
    company_id: String,
    /// Where deliveries go: https or http, to a public address, without credentials.
    #[serde(default)]
    #[schema(required = true, max_length = 2048)]
    url: String,
    /// What it hears of: `line.ordered`, `line.activated`, `line.plan_changed`,
    /// `line.company_changed`, `line.user_changed`, `line.number_changed`,
    /// `line.sim_card_changed`, `line.blocked`, `line.unblocked`, `line.cancelled`,
    /// `port_in.changed`, `data.topped_up`, `shipment.changed`, `line_order.finished`,
    /// `invoice.issued`, `invoice.paid`, `invoice.overdue`, `company.suspended`,
    /// `company.reinstated`, `company.terminated`, `fiscal_note.authorized`.
    #[serde(default)]
    #[schema(required = true, min_items = 1, max_items = 50)]
    event_types: Vec<String>,
    /// For people.
    #[schema(max_length = 200)]
    description: Option<String>,
}

impl Input for NewWebhookEndpoint {
    const REQUIRED: &'static [&'static str] = &["company_id", "url", "event_types"];
}

impl From<NewWebhookEndpoint> for company::WebhookEndpoint {
    fn from(new: NewWebhookEndpoint) -> Self {
        let NewWebhookEndpoint { company_id, url, event_types, description } = new;
        Self { company_id, url, event_types, description, ..Self::default() }
    }
}

/// Where a company hears of what happens.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0198b1c2-7d3e-7c4a-9b1e-3f5d6a7b8c9d",
    "company_id": "9df54b15-1a57-4e11-917a-5a5ddedb99ea",
    "url": "https://erp.example.com/linha",
    "event_types": ["line.activated", "invoice.issued"],
    "description": "Our ERP",
    "created_at": "2026-08-01T12:00:00Z",
    "disabled_at": null
}))]
pub(crate) struct WebhookEndpoint {
    /// Its id.
    #[schema(format = Uuid)]
    id: String,
    /// The company.
    #[schema(format = Uuid)]
    company_id: String,
    /// Where deliveries go.
    url: String,
    /// What it hears of.
    event_types: Vec<String>,
    /// For people.
    #[schema(required = true)]
    description: Option<String>,
    /// When it was registered.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Option<OffsetDateTime>,
    /// When it answered 410 Gone: since then nothing is delivered to it.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required = true)]
    disabled_at: Option<OffsetDateTime>,
}

impl From<company::WebhookEndpoint> for WebhookEndpoint {
    fn from(endpoint: company::WebhookEndpoint) -> Self {
        Self {
            id: endpoint.id,
            company_id: endpoint.company_id,
            url: endpoint.url,
            event_types: endpoint.event_types,
            description: endpoint.description,
            created_at: utc(endpoint.created_at),
            disabled_at: utc(endpoint.disabled_at),
        }
    }
}

/// A registered endpoint, with its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RegisteredWebhookEndpoint {
    /// The endpoint.
    #[serde(flatten)]
    endpoint: WebhookEndpoint,
    /// Verifies the signatures of its deliveries, as Standard Webhooks says. Shown here, and never
    /// again.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: String,
}

impl From<company::CreateWebhookEndpointResponse> for RegisteredWebhookEndpoint {
    fn from(created: company::CreateWebhookEndpointResponse) -> Self {
        let endpoint = created.endpoint.unwrap_or_default().into();
        Self { endpoint, secret: created.secret }
    }
}

/// A company's endpoints.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookEndpoints {
    /// Oldest first, at most 20.
    webhook_endpoints: Vec<WebhookEndpoint>,
}

impl From<Vec<company::WebhookEndpoint>> for WebhookEndpoints {
    fn from(endpoints: Vec<company::WebhookEndpoint>) -> Self {
        Self { webhook_endpoints: endpoints.into_iter().map(Into::into).collect() }
    }
}

/// Where a delivery is.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = WebhookDeliveryState)]
enum State {
    /// To be sent, or sent again.
    Pending,
    /// The endpoint answered 2xx.
    Delivered,
    /// Given up.
    Failed,
}

/// A message for an endpoint.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0198b1c2-7d3e-7c4a-8b1e-3f5d6a7b8c9d",
    "event_type": "line.activated",
    "state": "pending",
    "attempts": 1,
    "last_status": 500,
    "last_error": "the answer is not 2xx",
    "next_attempt_at": "2026-08-01T12:00:05Z",
    "created_at": "2026-08-01T12:00:00Z",
    "delivered_at": null
}))]
struct WebhookDelivery {
    /// The header `webhook-id`: the same at every attempt.
    #[schema(format = Uuid)]
    id: String,
    /// What happened.
    event_type: String,
    /// Where it is.
    state: State,
    /// How often it was tried, replays included.
    attempts: i32,
    /// HTTP status of the last attempt, if there was an answer.
    #[schema(required = true)]
    last_status: Option<i32>,
    /// What went wrong at the last attempt.
    #[schema(required = true)]
    last_error: Option<String>,
    /// When it is tried next.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required = true)]
    next_attempt_at: Option<OffsetDateTime>,
    /// When it happened.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Option<OffsetDateTime>,
    /// When the endpoint took it.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required = true)]
    delivered_at: Option<OffsetDateTime>,
}

impl From<company::WebhookDelivery> for WebhookDelivery {
    fn from(delivery: company::WebhookDelivery) -> Self {
        Self {
            state: match delivery.state() {
                WebhookDeliveryState::Unspecified | WebhookDeliveryState::Pending => State::Pending,
                WebhookDeliveryState::Delivered => State::Delivered,
                WebhookDeliveryState::Failed => State::Failed,
            },
            id: delivery.id,
            event_type: delivery.event_type,
            attempts: delivery.attempts,
            last_status: delivery.last_status,
            last_error: delivery.last_error,
            next_attempt_at: utc(delivery.next_attempt_at),
            created_at: utc(delivery.created_at),
            delivered_at: utc(delivery.delivered_at),
        }
    }
}

/// A page of deliveries.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookDeliveries {
    /// How the page lies in the list.
    pagination: Pagination,
    /// Newest first.
    deliveries: Vec<WebhookDelivery>,
}

impl From<company::ListWebhookDeliveriesResponse> for WebhookDeliveries {
    fn from(list: company::ListWebhookDeliveriesResponse) -> Self {
        let deliveries = list.deliveries.into_iter().map(Into::into).collect();
        Self { pagination: list.page.into(), deliveries }
    }
}

/// A stretch of time to be delivered again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({"from": "2026-08-01T00:00:00Z", "to": "2026-08-02T00:00:00Z"}))]
pub(crate) struct WebhookReplay {
    /// From when, included.
    #[serde(default)]
    #[schema(required = true, format = DateTime)]
    from: String,
    /// Until when, not included; at most 10,000 messages lie between.
    #[serde(default)]
    #[schema(required = true, format = DateTime)]
    to: String,
}

impl Input for WebhookReplay {
    const REQUIRED: &'static [&'static str] = &["from", "to"];
}

impl WebhookReplay {
    /// Both ends.
    pub(crate) fn stretch(&self, checks: &mut Checks) -> (Option<Timestamp>, Option<Timestamp>) {
        (moment(checks, "from", Some(&self.from)), moment(checks, "to", Some(&self.to)))
    }
}

/// What is delivered again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"replayed": 12}))]
pub(crate) struct WebhookReplayed {
    /// Messages.
    replayed: i64,
}

impl From<company::ReplayWebhookDeliveriesResponse> for WebhookReplayed {
    fn from(replayed: company::ReplayWebhookDeliveriesResponse) -> Self {
        Self { replayed: replayed.replayed }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::body::{Body, parse};

    fn at(seconds: i64) -> Option<Timestamp> {
        Some(Timestamp { seconds, nanos: 0 })
    }

    #[test]
    fn an_endpoint_is_read_and_answered_with_its_secret() {
        let given = json!({
            "company_id": "c", "url": "https://example.com/", "event_types": ["line.blocked"],
            "description": null
        });
        let Body(new, _) = parse::<NewWebhookEndpoint>(given.to_string().as_bytes()).unwrap();
        let mut endpoint = company::WebhookEndpoint::from(new);
        assert_eq!(
            (endpoint.company_id.as_str(), endpoint.url.as_str()),
            ("c", "https://example.com/")
        );
        assert_eq!((endpoint.event_types.len(), &endpoint.description), (1, &None));
        endpoint.id = "e".to_owned();
        endpoint.created_at = at(1_640_995_200);
        let created = company::CreateWebhookEndpointResponse {
            endpoint: Some(endpoint.clone()),
            secret: "whsec_x".to_owned(),
        };
        let mut expected = json!({
            "id": "e", "company_id": "c", "url": "https://example.com/",
            "event_types": ["line.blocked"], "description": null,
            "created_at": "2022-01-01T00:00:00Z", "disabled_at": null, "secret": "whsec_x"
        });
        let registered = RegisteredWebhookEndpoint::from(created);
        assert_eq!(serde_json::to_value(registered).unwrap(), expected);
        expected.as_object_mut().unwrap().remove("secret");
        let list = serde_json::to_value(WebhookEndpoints::from(vec![endpoint])).unwrap();
        assert_eq!(list, json!({ "webhook_endpoints": [expected] }));
    }

    #[test]
    fn deliveries_are_answered_page_by_page() {
        let delivery = company::WebhookDelivery {
            id: "d".to_owned(),
            event_type: "line.blocked".to_owned(),
            state: WebhookDeliveryState::Failed.into(),
            attempts: 10,
            last_status: Some(503),
            last_error: Some("the answer is not 2xx".to_owned()),
            created_at: at(1_640_995_200),
            ..Default::default()
        };
        let list = company::ListWebhookDeliveriesResponse {
            deliveries: vec![delivery],
            page: Some(proto::common::v1::PageResponse {
                next_page_token: String::new(),
                total_size: 1,
            }),
        };
        assert_eq!(
            serde_json::to_value(WebhookDeliveries::from(list)).unwrap(),
            json!({
                "pagination": {"hasMore": false, "totalCount": 1},
                "deliveries": [{
                    "id": "d", "event_type": "line.blocked", "state": "failed", "attempts": 10,
                    "last_status": 503, "last_error": "the answer is not 2xx",
                    "next_attempt_at": null, "created_at": "2022-01-01T00:00:00Z",
                    "delivered_at": null
                }]
            })
        );
    }

    #[test]
    fn both_ends_of_a_stretch_are_moments() {
        let mut checks = Checks::new();
        let replay =
            WebhookReplay { from: "2022-01-01T00:00:00Z".to_owned(), to: "soon".to_owned() };
        assert_eq!(replay.stretch(&mut checks), (at(1_640_995_200), None));
        assert!(checks.pass().is_err());
    }
}
