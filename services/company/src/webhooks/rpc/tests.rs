use brazil::CompanyId;
use chassis::auth::{Grant, Role};
use chassis::refusal::Refusal;
use chassis::testing;
use postgres_local::testing::TestDatabase;
use proto::common::v1::{PageRequest, Permission};
use time::Duration as Span;
use tonic::Code;

use super::*;
use crate::webhooks::testing::{Receiver, company, deliveries, guard, message, work};

const PUBLIC: &str = "https://hooks.example.com/linha";

struct World {
    webhooks: Webhooks,
    company_id: CompanyId,
    _database: TestDatabase,
}

async fn world() -> World {
    let (deliveries, database) = deliveries().await;
    let company_id = company(&deliveries.service).await;
    let service = deliveries.service.clone();
    let webhooks = Webhooks { service, guard: guard(), deliveries };
    World { webhooks, company_id, _database: database }
}

impl World {
    fn given(&self, url: &str) -> pb::WebhookEndpoint {
        pb::WebhookEndpoint {
            company_id: self.company_id.to_string(),
            url: url.to_owned(),
            event_types: vec!["line.ordered".to_owned()],
            ..Default::default()
        }
    }

    fn at(&self, role: Role) -> Vec<Grant> {
        vec![Grant { role, company_id: Some(self.company_id.into()) }]
    }

    async fn create(
        &self,
        grants: Vec<Grant>,
        endpoint: pb::WebhookEndpoint,
    ) -> Result<pb::CreateWebhookEndpointResponse, Status> {
        let request = pb::CreateWebhookEndpointRequest { endpoint: Some(endpoint) };
        let request = testing::request(request, grants, Permission::WebhooksManage);
        Ok(self.webhooks.create_webhook_endpoint(request).await?.into_inner())
    }

    async fn created(&self, url: &str) -> pb::WebhookEndpoint {
        let created = self.create(self.at(Role::Manager), self.given(url)).await.unwrap();
        created.endpoint.unwrap()
    }

    async fn replay(
        &self,
        grants: Vec<Grant>,
        endpoint_id: &str,
        (from, to): (Option<OffsetDateTime>, Option<OffsetDateTime>),
    ) -> Result<i64, Status> {
        let request = pb::ReplayWebhookDeliveriesRequest {
            endpoint_id: endpoint_id.to_owned(),
            from: from.map(timestamp::to_proto),
            to: to.map(timestamp::to_proto),
        };
        let request = testing::request(request, grants, Permission::WebhooksManage);
        Ok(self.webhooks.replay_webhook_deliveries(request).await?.into_inner().replayed)
    }

    async fn list(
        &self,
        grants: Vec<Grant>,
        endpoint_id: &str,
    ) -> Result<pb::ListWebhookDeliveriesResponse, Status> {
        let page = Some(PageRequest { page_size: 1, ..Default::default() });
        let endpoint_id = endpoint_id.to_owned();
        let request = pb::ListWebhookDeliveriesRequest { endpoint_id, page };
        let request = testing::request(request, grants, Permission::WebhooksManage);
        Ok(self.webhooks.list_webhook_deliveries(request).await?.into_inner())
    }

    async fn delete(&self, grants: Vec<Grant>, endpoint_id: &str) -> Result<(), Status> {
        let request = pb::DeleteWebhookEndpointRequest { endpoint_id: endpoint_id.to_owned() };
        let request = testing::request(request, grants, Permission::WebhooksManage);
        self.webhooks.delete_webhook_endpoint(request).await.map(drop)
    }

    async fn endpoints(
        &self,
        grants: Vec<Grant>,
        company_id: &str,
    ) -> Result<Vec<pb::WebhookEndpoint>, Status> {
        let request = pb::ListWebhookEndpointsRequest { company_id: company_id.to_owned() };
        let request = testing::request(request, grants, Permission::WebhooksManage);
        let answer = self.webhooks.list_webhook_endpoints(request).await?;
        Ok(answer.into_inner().endpoints)
    }
}

fn operator() -> Vec<Grant> {
    vec![Grant { role: Role::Operator, company_id: None }]
}

fn stranger() -> Vec<Grant> {
    vec![Grant { role: Role::Manager, company_id: Some(CompanyId::generate().into()) }]
}

fn wrong_fields(status: &Status) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    Refusal::of(status).violations.into_iter().map(|broken| broken.field).collect()
}

#[tokio::test]
async fn an_endpoint_is_registered_and_its_secret_shown_once() {
    let world = world().await;
    let mut given = world.given(PUBLIC);
    given.event_types = ["invoice.paid", "line.ordered", "invoice.paid"].map(Into::into).to_vec();
    given.description = Some(" Our ERP ".to_owned());
    given.id = "ignored".to_owned();
    let created = world.create(world.at(Role::Manager), given).await.unwrap();
    let endpoint = created.endpoint.unwrap();
    assert_eq!(endpoint.event_types, ["invoice.paid", "line.ordered"]);
    assert_eq!(endpoint.description.as_deref(), Some("Our ERP"));
    assert_eq!((endpoint.url.as_str(), endpoint.disabled_at), (PUBLIC, None));
    assert!(created.secret.starts_with("whsec_"));
    let sealed: Vec<u8> = sqlx::query_scalar("select secret_sealed from webhook_endpoint")
        .fetch_one(&world.webhooks.service.db)
        .await
        .unwrap();
    let opened = world.webhooks.service.keyring.open(SECRET, &sealed).unwrap();
    assert_eq!(Secret::from_bytes(opened).text(), created.secret);

    let id = world.company_id.to_string();
    let listed = world.endpoints(world.at(Role::Manager), &id).await.unwrap();
    world.delete(world.at(Role::Manager), &endpoint.id).await.unwrap();
    assert_eq!(listed, [endpoint]);
    assert_eq!(world.endpoints(operator(), &id).await.unwrap(), []);
}

#[tokio::test]
async fn whatever_is_wrong_with_an_endpoint_is_named() {
    let world = world().await;
    let empty = world.create(operator(), pb::WebhookEndpoint::default()).await.unwrap_err();
    assert_eq!(
        wrong_fields(&empty),
        ["endpoint.company_id", "endpoint.url", "endpoint.event_types"]
    );
    for url in ["http://127.0.0.1/", "http://localhost/", "https://a@example.com/", "nowhere"] {
        let refusal = world.create(operator(), world.given(url)).await.unwrap_err();
        assert_eq!(wrong_fields(&refusal), ["endpoint.url"], "{url}");
    }
    let mut given = world.given(PUBLIC);
    given.event_types.push("line.exploded".to_owned());
    let refusal = world.create(operator(), given).await.unwrap_err();
    let broken = Refusal::of(&refusal).violations.remove(0);
    assert_eq!(broken.field, "endpoint.event_types");
    assert!(broken.message.contains("line.ordered, line.activated"), "{}", broken.message);
    let mut given = world.given(PUBLIC);
    given.event_types = vec!["line.ordered".to_owned(); 51];
    given.description = Some("x".repeat(201));
    let refusal = world.create(operator(), given).await.unwrap_err();
    assert_eq!(wrong_fields(&refusal), ["endpoint.event_types", "endpoint.description"]);
}

#[tokio::test]
async fn a_company_of_others_is_as_good_as_none() {
    let world = world().await;
    let refusal = world.create(stranger(), world.given(PUBLIC)).await.unwrap_err();
    assert_eq!(wrong_fields(&refusal), ["endpoint.company_id"]);
    let mut given = world.given(PUBLIC);
    given.company_id = CompanyId::generate().to_string();
    let absent = world.create(operator(), given).await.unwrap_err();
    assert_eq!(wrong_fields(&absent), ["endpoint.company_id"]);
    assert_eq!(Refusal::of(&refusal), Refusal::of(&absent));
    let refusal = world.create(world.at(Role::Member), world.given(PUBLIC)).await.unwrap_err();
    assert_eq!(refusal.code(), Code::PermissionDenied);

    let id = world.company_id.to_string();
    let refusal = world.endpoints(stranger(), &id).await.unwrap_err();
    assert_eq!(Refusal::of(&refusal).reason, "COMPANY_NOT_FOUND");
    let absent = CompanyId::generate().to_string();
    let refusal = world.endpoints(operator(), &absent).await.unwrap_err();
    assert_eq!(Refusal::of(&refusal).reason, "COMPANY_NOT_FOUND");
}

#[tokio::test]
async fn an_endpoint_of_others_is_as_good_as_none() {
    let world = world().await;
    let endpoint = world.created(PUBLIC).await;
    let absent = WebhookEndpointId::generate().to_string();
    let day = (Some(OffsetDateTime::UNIX_EPOCH), Some(OffsetDateTime::now_utc()));
    for (grants, id) in
        [(stranger(), &endpoint.id), (operator(), &absent), (world.at(Role::Manager), &absent)]
    {
        for refusal in [
            world.delete(grants.clone(), id).await.unwrap_err(),
            world.list(grants.clone(), id).await.unwrap_err(),
            world.replay(grants.clone(), id, day).await.unwrap_err(),
        ] {
            assert_eq!(refusal.code(), Code::NotFound);
            assert_eq!(Refusal::of(&refusal).reason, "WEBHOOK_ENDPOINT_NOT_FOUND");
        }
    }
    let refusal = world.delete(world.at(Role::Member), &endpoint.id).await.unwrap_err();
    assert_eq!(refusal.code(), Code::PermissionDenied);
    let refusal = world.delete(operator(), "7").await.unwrap_err();
    assert_eq!(wrong_fields(&refusal), ["endpoint_id"]);
}

#[tokio::test]
async fn a_company_has_twenty_endpoints_even_if_asked_for_at_once() {
    let world = world().await;
    let attempts = (0..24).map(|_| world.create(operator(), world.given(PUBLIC)));
    let outcomes = futures::future::join_all(attempts).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 20);
    for refusal in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert_eq!(wrong_fields(refusal), ["endpoint.company_id"]);
    }
}

#[tokio::test]
async fn what_was_delivered_is_listed_and_delivered_again_under_the_same_id() {
    let world = world().await;
    let service = &world.webhooks.service;
    let receiver = Receiver::start().await;
    let created = world.created(&receiver.url("ok")).await;
    let endpoint = store::find(&service.db, created.id.parse().unwrap()).await.unwrap();
    let older = message(service, &endpoint, Span::hours(2)).await.to_string();
    let newer = message(service, &endpoint, Span::hours(1)).await.to_string();
    crate::webhooks::testing::hand_out(&world.webhooks.deliveries, &endpoint).await;
    work(&world.webhooks.deliveries).await;

    let page = world.list(world.at(Role::Manager), &created.id).await.unwrap();
    let [delivery] = &page.deliveries[..] else { panic!("one to a page") };
    assert_eq!(delivery.id, newer);
    assert_eq!(delivery.state(), pb::WebhookDeliveryState::Delivered);
    assert_eq!((delivery.attempts, delivery.last_status), (1, Some(204)));
    assert!(delivery.delivered_at.is_some() && delivery.next_attempt_at.is_none());
    let lies = page.page.unwrap();
    assert_eq!((lies.total_size, lies.next_page_token.is_empty()), (2, false));

    let now = service.clock.now();
    let recent = (Some(now - Span::minutes(90)), Some(now));
    assert_eq!(world.replay(world.at(Role::Manager), &created.id, recent).await.unwrap(), 1);
    work(&world.webhooks.deliveries).await;
    let ids: Vec<_> =
        receiver.got().iter().map(|got| got.header("webhook-id").to_owned()).collect();
    assert_eq!(ids.len(), 3);
    assert_eq!(ids.iter().filter(|id| **id == newer).count(), 2);
    assert_eq!(ids.iter().filter(|id| **id == older).count(), 1);
}

#[tokio::test]
async fn a_replay_needs_a_stretch_of_time_and_an_endpoint_that_listens() {
    let world = world().await;
    let endpoint = world.created(PUBLIC).await;
    let now = OffsetDateTime::now_utc();
    for (stretch, expected) in [
        ((None, None), vec!["from", "to"]),
        ((Some(now), None), vec!["to"]),
        ((Some(now), Some(now)), vec!["to"]),
        ((Some(now), Some(now - Span::SECOND)), vec!["to"]),
    ] {
        let refusal = world.replay(operator(), &endpoint.id, stretch).await.unwrap_err();
        assert_eq!(wrong_fields(&refusal), expected);
    }
    let db = &world.webhooks.service.db;
    sqlx::query("update webhook_endpoint set disabled_at = now()").execute(db).await.unwrap();
    let stretch = (Some(now - Span::HOUR), Some(now));
    let refusal = world.replay(operator(), &endpoint.id, stretch).await.unwrap_err();
    assert_eq!(Refusal::of(&refusal).reason, "WEBHOOK_ENDPOINT_DISABLED");
    assert!(world.created(PUBLIC).await.disabled_at.is_none());
}
