use brazil::CompanyId;
use chassis::auth::{Grant, Role};
use chassis::idempotency::KEY_HEADER;
use chassis::refusal::Refusal;
use chassis::testing;
use postgres_local::testing::TestDatabase;
use proto::common::v1::Permission;
use serde_json::{Value, json};
use tonic::Code;

use super::*;
use crate::webhooks::testing::{company, deliveries, endpoint, guard};

struct World {
    integrations: Integrations,
    company_id: CompanyId,
    _database: TestDatabase,
}

impl World {
    async fn new() -> Self {
        let (deliveries, database) = deliveries().await;
        let service = deliveries.service;
        let company_id = company(&service).await;
        let integrations = Integrations { service, guard: guard() };
        Self { integrations, company_id, _database: database }
    }

    fn request<T>(&self, role: Role, message: T) -> Request<T> {
        let company_id = Some(self.company_id.into());
        let grants = vec![Grant { role, company_id }];
        testing::request(message, grants, Permission::WebhooksManage)
    }

    async fn put(
        &self,
        request: pb::PutIntegrationRequest,
    ) -> Result<pb::PutIntegrationResponse, Status> {
        let company_id = self.company_id.to_string();
        let request =
            self.request(Role::Manager, pb::PutIntegrationRequest { company_id, ..request });
        Ok(self.integrations.put_integration(request).await?.into_inner())
    }

    async fn with_url(&self, url: &str) -> Result<pb::Integration, Status> {
        let metadata_json = Some(json!({ "webhookUrl": url }).to_string());
        let request = pb::PutIntegrationRequest { metadata_json, ..named("a") };
        Ok(self.put(request).await?.integration.unwrap())
    }

    async fn list(&self) -> Vec<pb::Integration> {
        let company_id = self.company_id.to_string();
        let request = self.request(Role::Manager, pb::ListIntegrationsRequest { company_id });
        let answer = self.integrations.list_integrations(request).await.unwrap();
        answer.into_inner().integrations
    }

    async fn delete(&self, company_id: CompanyId, id: i64) -> Result<(), Status> {
        self.delete_as(Role::Manager, company_id, id).await
    }

    async fn delete_as(&self, role: Role, company_id: CompanyId, id: i64) -> Result<(), Status> {
        let company_id = company_id.to_string();
        let request = pb::DeleteIntegrationRequest { company_id, id };
        let request = self.request(role, request);
        self.integrations.delete_integration(request).await.map(drop)
    }
}

fn named(gateway: &str) -> pb::PutIntegrationRequest {
    pb::PutIntegrationRequest { gateway: gateway.to_owned(), ..Default::default() }
}

fn wrong_fields(status: &Status) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    Refusal::of(status).violations.into_iter().map(|broken| broken.field).collect()
}

fn read(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

#[tokio::test]
async fn what_is_present_replaces_and_what_is_absent_stays() {
    let world = World::new().await;
    let made = world.put(named("integration-test")).await.unwrap();
    assert!(made.secret.unwrap().starts_with("whsec_"));
    let new = made.integration.unwrap();
    assert_eq!((new.is_webhook, new.constraint_json.as_deref()), (false, None));
    assert_eq!(new.metadata_json, "{}");

    let sample = json!({
        "webhookUrl": "https://seu-webhook.com/callback",
        "webhookVersion": "v1.4",
        "webhookTypes": ["channel-hangup"],
        "ours": [1, {"a": null}]
    });
    let constraint = json!({"metadata": {"gateway": "integration-test"}});
    let changed = world
        .put(pb::PutIntegrationRequest {
            is_webhook: Some(true),
            constraint_json: Some(constraint.to_string()),
            metadata_json: Some(sample.to_string()),
            ..named("integration-test")
        })
        .await
        .unwrap();
    assert_eq!(changed.secret, None);
    let changed = changed.integration.unwrap();
    assert_eq!((changed.id, changed.is_webhook), (new.id, true));
    assert_eq!(read(&changed.metadata_json), sample);

    let kept = world.put(named("integration-test")).await.unwrap().integration.unwrap();
    assert_eq!(read(kept.constraint_json.as_deref().unwrap()), constraint);
    assert_eq!((read(&kept.metadata_json), kept.is_webhook), (sample, true));
    let none = pb::PutIntegrationRequest {
        constraint_json: Some("null".to_owned()),
        metadata_json: Some("{}".to_owned()),
        is_webhook: Some(false),
        ..named("integration-test")
    };
    let cleared = world.put(none).await.unwrap().integration.unwrap();
    assert_eq!(world.list().await, std::slice::from_ref(&cleared));
    assert_eq!(
        cleared,
        pb::Integration { updated_at: cleared.updated_at, ..new },
        "as it was in the beginning"
    );
}

#[tokio::test]
async fn each_gateway_is_one_integration_even_for_those_who_make_it_at_once() {
    let world = World::new().await;
    let all = (0..8).map(|_| world.put(named("same")));
    let made: Vec<_> =
        futures::future::join_all(all).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(made.iter().filter(|made| made.secret.is_some()).count(), 1);
    let other = world.put(named("Same")).await.unwrap().integration.unwrap();
    let listed: Vec<_> = world.list().await.into_iter().map(|listed| listed.gateway).collect();
    assert_eq!(listed, ["same", "Same"]);
    assert!(other.id > made[0].integration.as_ref().unwrap().id);
}

#[tokio::test]
async fn a_repeated_request_shows_the_same_secret() {
    let world = World::new().await;
    let request = || {
        let company_id = world.company_id.to_string();
        pb::PutIntegrationRequest { company_id, rotate_secret: true, ..named("a") }
    };
    let mut first = world.request(Role::Manager, request());
    first.metadata_mut().insert(KEY_HEADER, "k".parse().unwrap());
    let mut again = Request::new(request());
    *again.metadata_mut() = first.metadata().clone();
    *again.extensions_mut() = first.extensions().clone();
    let first = world.integrations.put_integration(first).await.unwrap().into_inner();
    let again = world.integrations.put_integration(again).await.unwrap().into_inner();
    assert_eq!(first, again);
    assert!(first.secret.is_some());
}

#[tokio::test]
async fn a_url_leads_to_the_public_by_https_or_to_a_host_that_is_allowed() {
    let world = World::new().await;
    for url in [
        "https://hooks.example.com/callback",
        "http://127.0.0.77:8080/callback",
        "https://127.0.0.77/",
    ] {
        assert!(world.with_url(url).await.is_ok(), "{url}");
    }
    for url in [
        "http://hooks.example.com/callback",
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/latest",
        "https://localhost/",
        "https://user:pass@hooks.example.com/",
        "ftp://hooks.example.com/",
        "hooks.example.com",
        "",
        &format!("https://hooks.example.com/{}", "x".repeat(2_048)),
    ] {
        let refused = world.with_url(url).await.unwrap_err();
        assert_eq!(wrong_fields(&refused), ["metadata.webhookUrl"], "{url}");
    }
}

#[tokio::test]
async fn everything_that_is_wrong_is_named() {
    let world = World::new().await;
    let wrong = pb::PutIntegrationRequest {
        constraint_json: Some("1".to_owned()),
        metadata_json: Some(r#"{"webhookVersion": "v1"}"#.to_owned()),
        ..named("a b")
    };
    let refused = world.put(wrong).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["gateway", "constraint", "metadata.webhookVersion"]);
    for gateway in ["", "é", &"x".repeat(65)] {
        let refused = world.put(named(gateway)).await.unwrap_err();
        assert_eq!(wrong_fields(&refused), ["gateway"]);
    }
    assert!(world.put(named(&"x".repeat(64))).await.is_ok());
}

#[tokio::test]
async fn an_account_has_no_more_than_a_hundred() {
    let world = World::new().await;
    for n in 0..100 {
        world.put(named(&n.to_string())).await.unwrap();
    }
    assert_eq!(wrong_fields(&world.put(named("100")).await.unwrap_err()), ["gateway"]);
    assert!(world.put(named("99")).await.is_ok());
    assert_eq!(world.list().await.len(), 100);
}

#[tokio::test]
async fn an_integration_of_somebody_else_does_not_exist() {
    let world = World::new().await;
    let id = world.put(named("a")).await.unwrap().integration.unwrap().id;
    let denied = world.delete_as(Role::Member, world.company_id, id).await.unwrap_err();
    assert_eq!(denied.code(), Code::PermissionDenied);
    let absent = world.delete_as(Role::Member, world.company_id, id + 1).await.unwrap_err();
    assert_eq!(absent.code(), Code::NotFound);
    let service = world.integrations.service.clone();
    let stranger = company(&service).await;
    let absent = world.delete(stranger, id).await.unwrap_err();
    assert_eq!(Refusal::of(&absent).reason, "COMPANY_NOT_FOUND");

    let World { integrations, _database, .. } = world;
    let other = World { integrations, company_id: stranger, _database };
    let absent = other.delete(stranger, id).await.unwrap_err();
    assert_eq!(
        (absent.code(), Refusal::of(&absent).reason.as_str()),
        (Code::NotFound, "INTEGRATION_NOT_FOUND")
    );
    let request = pb::ListIntegrationDeliveriesRequest { company_id: stranger.to_string(), id };
    let request = other.request(Role::Manager, request);
    let absent = other.integrations.list_integration_deliveries(request).await.unwrap_err();
    assert_eq!(Refusal::of(&absent).reason, "INTEGRATION_NOT_FOUND");
    assert_eq!(other.list().await, []);

    let company_id = stranger.to_string();
    let request = pb::PutIntegrationRequest { company_id, ..named("a") };
    let request = other.request(Role::Member, request);
    let refused = other.integrations.put_integration(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn integrations_and_a_companys_own_endpoints_do_not_mix() {
    let world = World::new().await;
    let service = &world.integrations.service;
    endpoint(service, world.company_id, "https://example.com/", &["line.ordered"]).await;
    let id = world.put(named("a")).await.unwrap().integration.unwrap().id;
    assert_eq!(world.list().await.len(), 1);
    let own = webhooks::testing::endpoints(service, world.company_id).await;
    assert_eq!(own.len(), 1);
    world.delete(world.company_id, id).await.unwrap();
    assert_eq!(world.list().await, []);
    assert_eq!(webhooks::testing::endpoints(service, world.company_id).await, own);
    assert_eq!(
        Refusal::of(&world.delete(world.company_id, id).await.unwrap_err()).reason,
        "INTEGRATION_NOT_FOUND"
    );
}
