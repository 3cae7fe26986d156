//! `IntegrationService`.

use chassis::Service;
use chassis::page::Page;
use chassis::refusal::{Fields, Rule, invalid};
use chassis::timestamp;
use proto::company::v1 as pb;
use proto::company::v1::integration_service_server::IntegrationService;
use sqlx::PgConnection;
use time::OffsetDateTime;
use tonic::{Code, Request, Response, Status};
use uuid::Uuid;

use super::metadata::{Constraint, Metadata, Wrong};
use super::{Change, DELIVERIES_MAX, INTEGRATIONS_MAX, Integration, store};
use crate::companies::rpc::enter;
use crate::error::Error;
use crate::webhooks;
use crate::webhooks::delivery::{self, Delivery, Guard, Position, SECRET, Secret};

const GATEWAY_MAX: usize = 64;

/// The rpcs.
pub(crate) struct Integrations {
    pub(crate) service: Service,
    pub(crate) guard: Guard,
}

#[tonic::async_trait]
impl IntegrationService for Integrations {
    async fn put_integration(
        &self,
        request: Request<pb::PutIntegrationRequest>,
    ) -> Result<Response<pb::PutIntegrationResponse>, Status> {
        let change = &self.parse(&request).await?;
        let secret = &Secret::generate();
        let secret_sealed = &self.service.keyring.seal(SECRET, secret.as_bytes());
        let now = self.service.clock.now();
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let (integration, is_new_secret) =
                        put(&mut tx, change, secret_sealed, now).await?;
                    Ok::<_, Error>(pb::PutIntegrationResponse {
                        integration: Some(integration.into()),
                        secret: is_new_secret.then(|| secret.text()),
                    })
                })
            })
            .await
    }

    async fn list_integrations(
        &self,
        request: Request<pb::ListIntegrationsRequest>,
    ) -> Result<Response<pb::ListIntegrationsResponse>, Status> {
        let company_id = enter(&request, "company_id", &request.get_ref().company_id)?;
        let integrations = store::list(&self.service.reader(&request).await?, company_id).await?;
        let integrations = integrations.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListIntegrationsResponse { integrations }))
    }

    async fn delete_integration(
        &self,
        request: Request<pb::DeleteIntegrationRequest>,
    ) -> Result<Response<pb::DeleteIntegrationResponse>, Status> {
        let pb::DeleteIntegrationRequest { company_id, id } = request.get_ref();
        let Integration { company_id, integration_id, .. } =
            self.enter_integration(&request, company_id, *id).await?;
        self.service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    store::delete(&mut tx, company_id, integration_id).await?;
                    Ok::<_, Error>(pb::DeleteIntegrationResponse {})
                })
            })
            .await
    }

    async fn list_integration_deliveries(
        &self,
        request: Request<pb::ListIntegrationDeliveriesRequest>,
    ) -> Result<Response<pb::ListIntegrationDeliveriesResponse>, Status> {
        let pb::ListIntegrationDeliveriesRequest { company_id, id } = request.get_ref();
        let integration = self.enter_integration(&request, company_id, *id).await?;
        let page = Page::<Position> { size: DELIVERIES_MAX, skip: 0, after: None };
        let db = &self.service.reader(&request).await?;
        let found = delivery::list(db, integration.endpoint_id, &page).await;
        let (mut found, _) = found.map_err(Error::from)?;
        found.truncate(usize::try_from(DELIVERIES_MAX).unwrap_or_default());
        let url = integration.metadata.url().unwrap_or_default();
        let deliveries = found.into_iter().map(|delivery| told(delivery, url)).collect();
        Ok(Response::new(pb::ListIntegrationDeliveriesResponse { deliveries }))
    }
}

/// Makes or changes an integration; tells whether its secret is the new one.
async fn put(
    tx: &mut PgConnection,
    change: &Change,
    secret_sealed: &[u8],
    now: OffsetDateTime,
) -> Result<(Integration, bool), Error> {
    let company_id = change.company_id;
    // Of two who make the same integration, one changes the other's.
    webhooks::lock_company(tx, company_id).await?;
    if let Some(known) = store::lock(tx, company_id, &change.gateway).await? {
        let integration = known.changed(change, now);
        store::save(tx, &integration).await?;
        if change.rotate_secret {
            store::rotate(tx, integration.endpoint_id, secret_sealed, now).await?;
        }
        return Ok((integration, change.rotate_secret));
    }
    if store::count(tx, company_id).await? >= INTEGRATIONS_MAX {
        let message = format!("names one too many: there are {INTEGRATIONS_MAX} already");
        return Err(invalid("gateway", message).into());
    }
    let integration = Integration {
        integration_id: 0,
        company_id,
        gateway: change.gateway.clone(),
        endpoint_id: Uuid::now_v7(),
        is_webhook: false,
        constraint: None,
        metadata: Metadata::empty(),
        created_at: now,
        updated_at: now,
    };
    let integration = store::insert(tx, integration.changed(change, now), secret_sealed).await?;
    Ok((integration, true))
}

impl Integrations {
    /// The integration that a request names, if its caller may go on with it. Whether it is there
    /// is told before whether they may.
    async fn enter_integration<T: Sync>(
        &self,
        request: &Request<T>,
        company_id: &str,
        integration_id: i64,
    ) -> Result<Integration, Status> {
        let mut fields = Fields::new();
        let account = fields.required("company_id", company_id);
        let Some(account) = account else { return Err(fields.into_status()) };
        let denied = match enter(request, "company_id", company_id) {
            Err(status) if status.code() == Code::PermissionDenied => Some(status),
            entered => entered.map(|_| None)?,
        };
        let integration = store::find(&self.service.db, account, integration_id).await?;
        denied.map_or(Ok(integration), Err)
    }

    async fn parse(&self, request: &Request<pb::PutIntegrationRequest>) -> Result<Change, Status> {
        let given = request.get_ref();
        let company_id = enter(request, "company_id", &given.company_id)?;
        let mut fields = Fields::new();
        check_gateway(&mut fields, &given.gateway);
        let constraint = match given.constraint_json.as_deref().map(Constraint::parse) {
            Some(Err(wrong)) => {
                refuse(&mut fields, wrong);
                None
            }
            parsed => parsed.and_then(Result::ok),
        };
        let metadata = match given.metadata_json.as_deref().map(Metadata::parse) {
            Some(Err(wrongs)) => {
                wrongs.into_iter().for_each(|wrong| refuse(&mut fields, wrong));
                None
            }
            parsed => parsed.and_then(Result::ok),
        };
        if let Some(url) = metadata.as_ref().and_then(Metadata::url) {
            self.check_url(&mut fields, url).await;
        }
        fields.check()?;
        Ok(Change {
            company_id,
            gateway: given.gateway.clone(),
            is_webhook: given.is_webhook,
            constraint,
            metadata,
            rotate_secret: given.rotate_secret,
        })
    }

    /// Refuses a URL that may not be reached, as far as can be told now.
    async fn check_url(&self, fields: &mut Fields, text: &str) {
        let forbidden = match self.guard.https_url(text) {
            Ok(url) => self.guard.destination(&url).await.err(),
            Err(forbidden) => Some(forbidden),
        };
        if let Some(forbidden) = forbidden {
            fields.refuse("metadata.webhookUrl", forbidden.to_string());
        }
    }
}

fn check_gateway(fields: &mut Fields, gateway: &str) {
    const FIELD: &str = "gateway";
    if gateway.is_empty() {
        fields.refuse_as(FIELD, Rule::Required, "is required");
    } else if gateway.chars().count() > GATEWAY_MAX {
        fields.refuse_as(FIELD, Rule::TooLong, format!("has more than {GATEWAY_MAX} characters"));
    } else if !gateway.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)) {
        fields.refuse_as(FIELD, Rule::Format, "is not a name of letters, digits, dots, _ and -");
    }
}

fn refuse(fields: &mut Fields, Wrong { field, message }: Wrong) {
    fields.refuse(field, message);
}

fn told(delivery: Delivery, url: &str) -> pb::IntegrationDelivery {
    pb::IntegrationDelivery {
        webhook_id: delivery.delivery_id.to_string(),
        r#type: delivery.event_type,
        url: url.to_owned(),
        attempts: delivery.attempts,
        last_status: delivery.last_status,
        next_attempt_at: delivery.due_at.map(timestamp::to_proto),
        created_at: Some(timestamp::to_proto(delivery.happened_at)),
    }
}

impl From<Integration> for pb::Integration {
    fn from(integration: Integration) -> Self {
        Self {
            id: integration.integration_id,
            company_id: integration.company_id.to_string(),
            gateway: integration.gateway,
            is_webhook: integration.is_webhook,
            constraint_json: integration.constraint.map(|constraint| constraint.json()),
            metadata_json: integration.metadata.json(),
            created_at: Some(timestamp::to_proto(integration.created_at)),
            updated_at: Some(timestamp::to_proto(integration.updated_at)),
        }
    }
}

#[cfg(test)]
mod tests;
