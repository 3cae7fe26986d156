//! `WebhookService`.

use chassis::Service;
use chassis::auth::Caller;
use chassis::page::Page;
use chassis::refusal::{Fields, Rule, invalid};
use chassis::timestamp;
use proto::company::v1 as pb;
use proto::company::v1::webhook_service_server::WebhookService;
use time::OffsetDateTime;
use tonic::{Request, Response, Status};

use super::catalogue::{is_known, known_types};
use super::delivery::{self, Deliveries, Delivery, Guard, Position, SECRET, Secret, State};
use super::{
    DESCRIPTION_MAX, ENDPOINTS_MAX, EVENT_TYPES_MAX, Endpoint, REPLAY_MAX, WebhookEndpointId, store,
};
use crate::companies::rpc::{check_company, enter};
use crate::error::Error;

/// The rpcs.
pub(crate) struct Webhooks {
    pub(crate) service: Service,
    pub(crate) guard: Guard,
    pub(crate) deliveries: Deliveries,
}

#[tonic::async_trait]
impl WebhookService for Webhooks {
    async fn create_webhook_endpoint(
        &self,
        request: Request<pb::CreateWebhookEndpointRequest>,
    ) -> Result<Response<pb::CreateWebhookEndpointResponse>, Status> {
        let given = request.get_ref().endpoint.clone().unwrap_or_default();
        let endpoint = &self.parse(Caller::of(&request)?, &given).await?;
        let secret = &Secret::generate();
        let secret_sealed = &self.service.keyring.seal(SECRET, secret.as_bytes());
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let count = store::count_locked(&mut tx, endpoint.company_id).await;
                    match count {
                        Err(Error::CompanyNotFound(_)) => {
                            return Err(invalid("endpoint.company_id", "names no company").into());
                        }
                        Ok(ENDPOINTS_MAX..) => {
                            let message = format!("has {ENDPOINTS_MAX} endpoints already");
                            return Err(invalid("endpoint.company_id", message).into());
                        }
                        counted => counted?,
                    };
                    store::insert(&mut tx, endpoint, secret_sealed).await?;
                    Ok::<_, Error>(pb::CreateWebhookEndpointResponse {
                        endpoint: Some(endpoint.clone().into()),
                        secret: secret.text(),
                    })
                })
            })
            .await
    }

    async fn list_webhook_endpoints(
        &self,
        request: Request<pb::ListWebhookEndpointsRequest>,
    ) -> Result<Response<pb::ListWebhookEndpointsResponse>, Status> {
        let company_id = enter(&request, "company_id", &request.get_ref().company_id)?;
        let endpoints = store::list(&self.service.reader(&request).await?, company_id).await?;
        let endpoints = endpoints.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListWebhookEndpointsResponse { endpoints }))
    }

    async fn delete_webhook_endpoint(
        &self,
        request: Request<pb::DeleteWebhookEndpointRequest>,
    ) -> Result<Response<pb::DeleteWebhookEndpointResponse>, Status> {
        let endpoint = self.enter_endpoint(&request, &request.get_ref().endpoint_id).await?;
        let endpoint_id = endpoint.endpoint_id;
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    store::delete(&mut tx, endpoint_id).await?;
                    Ok::<_, Error>(pb::DeleteWebhookEndpointResponse {})
                })
            })
            .await
    }

    async fn list_webhook_deliveries(
        &self,
        request: Request<pb::ListWebhookDeliveriesRequest>,
    ) -> Result<Response<pb::ListWebhookDeliveriesResponse>, Status> {
        let endpoint = self.enter_endpoint(&request, &request.get_ref().endpoint_id).await?;
        let page = Page::<Position>::parse(request.get_ref().page.clone())?;
        let db = &self.service.reader(&request).await?;
        let found = delivery::list(db, endpoint.endpoint_id.0, &page).await;
        let (found, total) = found.map_err(Error::from)?;
        let (found, page) = page.cut(found, total, |delivery| Position {
            happened_at: delivery.happened_at,
            delivery_id: delivery.delivery_id,
        });
        let deliveries = found.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListWebhookDeliveriesResponse { deliveries, page: Some(page) }))
    }

    async fn replay_webhook_deliveries(
        &self,
        request: Request<pb::ReplayWebhookDeliveriesRequest>,
    ) -> Result<Response<pb::ReplayWebhookDeliveriesResponse>, Status> {
        let endpoint = self.enter_endpoint(&request, &request.get_ref().endpoint_id).await?;
        let stretch = stretch(request.get_ref())?;
        let endpoint_id = endpoint.endpoint_id;
        if endpoint.disabled_at.is_some() {
            return Err(Error::WebhookEndpointDisabled(endpoint_id).into());
        }
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    delivery::lock_endpoints(&mut tx, &[endpoint_id.0]).await?;
                    let now = self.service.clock.now();
                    let replayed =
                        delivery::replay(&mut tx, endpoint_id.0, stretch, now, REPLAY_MAX).await?;
                    self.deliveries.hand_out(&mut tx, &[endpoint_id.0]).await?;
                    Ok::<_, Error>(pb::ReplayWebhookDeliveriesResponse { replayed })
                })
            })
            .await
    }
}

impl Webhooks {
    /// The endpoint that a request names, if its caller may go on with it.
    async fn enter_endpoint<T: Sync>(
        &self,
        request: &Request<T>,
        id: &str,
    ) -> Result<Endpoint, Status> {
        let mut fields = Fields::new();
        let endpoint_id: Option<WebhookEndpointId> = fields.required("endpoint_id", id);
        let Some(endpoint_id) = endpoint_id else { return Err(fields.into_status()) };
        let endpoint = store::find(&self.service.db, endpoint_id).await?;
        let absent = Error::WebhookEndpointNotFound(endpoint_id);
        Caller::of(request)?.enter(endpoint.company_id, absent.into())?;
        Ok(endpoint)
    }

    /// An endpoint to be registered for a company that the caller may use.
    async fn parse(
        &self,
        caller: &Caller,
        given: &pb::WebhookEndpoint,
    ) -> Result<Endpoint, Status> {
        let mut fields = Fields::new();
        let company_id = fields.required("endpoint.company_id", &given.company_id);
        if let Some(company_id) = company_id {
            check_company(&mut fields, "endpoint.company_id", caller, company_id)?;
        }
        let url = self.destination(&mut fields, &given.url).await;
        let event_types = event_types(&mut fields, &given.event_types);
        let description = given.description.as_deref();
        let description =
            fields.optional_text("endpoint.description", description, DESCRIPTION_MAX);
        let (Some(company_id), Some(url)) = (company_id, url) else {
            return Err(fields.into_status());
        };
        fields.check()?;
        Ok(Endpoint {
            endpoint_id: WebhookEndpointId::generate(),
            company_id,
            url,
            event_types,
            description,
            disabled_at: None,
            created_at: self.service.clock.now(),
        })
    }

    /// A URL, as given, that may be reached as far as can be told now.
    async fn destination(&self, fields: &mut Fields, text: &str) -> Option<String> {
        const FIELD: &str = "endpoint.url";
        if text.is_empty() {
            fields.refuse_as(FIELD, Rule::Required, "is required");
            return None;
        }
        let forbidden = match self.guard.url(text) {
            Ok(url) => self.guard.destination(&url).await.err(),
            Err(forbidden) => Some(forbidden),
        };
        if let Some(forbidden) = forbidden {
            fields.refuse(FIELD, forbidden.to_string());
            return None;
        }
        Some(text.to_owned())
    }
}

/// Known event types, each once.
fn event_types(fields: &mut Fields, given: &[String]) -> Vec<String> {
    const FIELD: &str = "endpoint.event_types";
    if given.is_empty() {
        fields.refuse_as(FIELD, Rule::Required, "is required");
    } else if given.len() > EVENT_TYPES_MAX {
        fields.refuse(FIELD, format!("has more than {EVENT_TYPES_MAX} types"));
    } else if !given.iter().all(|event_type| is_known(event_type)) {
        fields.refuse(FIELD, format!("has an unknown type; known are {}", known_types()));
    }
    let mut event_types: Vec<String> = vec![];
    for event_type in given.iter().take(EVENT_TYPES_MAX) {
        if !event_types.contains(event_type) {
            event_types.push(event_type.clone());
        }
    }
    event_types
}

/// The stretch of time that is to be replayed.
fn stretch(
    request: &pb::ReplayWebhookDeliveriesRequest,
) -> Result<(OffsetDateTime, OffsetDateTime), Status> {
    let mut fields = Fields::new();
    let mut moment = |field: &str, given: Option<&prost_types::Timestamp>| {
        if given.is_none() {
            fields.refuse_as(field, Rule::Required, "is required");
        }
        timestamp::parse(&mut fields, field, given)
    };
    let from = moment("from", request.from.as_ref());
    let to = moment("to", request.to.as_ref());
    match (from, to) {
        (Some(from), Some(to)) if from < to => return Ok((from, to)),
        (Some(_), Some(_)) => fields.refuse_as("to", Rule::Format, "is not after from"),
        _ => {}
    }
    Err(fields.into_status())
}

impl From<Endpoint> for pb::WebhookEndpoint {
    fn from(endpoint: Endpoint) -> Self {
        Self {
            id: endpoint.endpoint_id.to_string(),
            company_id: endpoint.company_id.to_string(),
            url: endpoint.url,
            event_types: endpoint.event_types,
            description: endpoint.description,
            created_at: Some(timestamp::to_proto(endpoint.created_at)),
            disabled_at: endpoint.disabled_at.map(timestamp::to_proto),
        }
    }
}

impl From<Delivery> for pb::WebhookDelivery {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.delivery_id.to_string(),
            event_type: delivery.event_type,
            state: match delivery.state {
                State::Pending => pb::WebhookDeliveryState::Pending,
                State::Delivered => pb::WebhookDeliveryState::Delivered,
                State::Failed => pb::WebhookDeliveryState::Failed,
            }
            .into(),
            attempts: delivery.attempts,
            last_status: delivery.last_status,
            last_error: delivery.last_error,
            next_attempt_at: delivery.due_at.map(timestamp::to_proto),
            created_at: Some(timestamp::to_proto(delivery.happened_at)),
            delivered_at: delivery.delivered_at.map(timestamp::to_proto),
        }
    }
}

#[cfg(test)]
mod tests;
