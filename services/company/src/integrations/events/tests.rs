use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use brazil::CompanyId;
use chassis::auth::{Grant, Role};
use chassis::testing;
use hmac::{Hmac, Mac};
use postgres_local::testing::TestDatabase;
use proto::common::v1::Permission;
use proto::company::v1 as pb;
use proto::company::v1::integration_service_server::IntegrationService;
use sha2::Sha256;
use time::Duration;
use time::macros::datetime;
use tonic::Code;

use super::*;
use crate::integrations::rpc::Integrations;
use crate::webhooks::testing::{Got, Receiver, company, deliveries, guard, in_hand, work};

struct World {
    hearing: CallHearing,
    integrations: Integrations,
    company_id: CompanyId,
    receiver: Receiver,
    _database: TestDatabase,
}

impl World {
    async fn new() -> Self {
        let (deliveries, database) = deliveries().await;
        let service = deliveries.service.clone();
        let public_url = http::Uri::from_static("https://linha.example/");
        Self {
            company_id: company(&service).await,
            hearing: CallHearing::new(deliveries, &public_url),
            integrations: Integrations { service, guard: guard() },
            receiver: Receiver::start().await,
            _database: database,
        }
    }

    fn request<T>(&self, message: T) -> tonic::Request<T> {
        let company_id = Some(self.company_id.into());
        let grants = vec![Grant { role: Role::Manager, company_id }];
        testing::request(message, grants, Permission::WebhooksManage)
    }

    async fn put(&self, request: pb::PutIntegrationRequest) -> pb::PutIntegrationResponse {
        let company_id = self.company_id.to_string();
        let request = self.request(pb::PutIntegrationRequest { company_id, ..request });
        self.integrations.put_integration(request).await.unwrap().into_inner()
    }

    /// An integration that delivers to `path` of the receiver.
    async fn listens(&self, gateway: &str, path: &str, types: &str) -> pb::PutIntegrationResponse {
        let url = self.receiver.url(path);
        self.put(pb::PutIntegrationRequest {
            gateway: gateway.to_owned(),
            is_webhook: Some(true),
            metadata_json: Some(format!(
                r#"{{"webhookUrl": "{url}", "webhookVersion": "v1.4", "webhookTypes": {types}}}"#
            )),
            ..Default::default()
        })
        .await
    }

    async fn constrained(&self, gateway: &str, constraint: &str) {
        self.listens(gateway, "ok", r#"["channel-hangup"]"#).await;
        self.put(pb::PutIntegrationRequest {
            gateway: gateway.to_owned(),
            constraint_json: Some(constraint.to_owned()),
            ..Default::default()
        })
        .await;
    }

    fn call(&self, metadata: &str) -> Call {
        Call {
            call_id: Uuid::now_v7().to_string(),
            company_id: self.company_id.to_string(),
            domain: "suporte.api4com.com".to_owned(),
            direction: "outbound".to_owned(),
            caller: "1001".to_owned(),
            called: "48999999999".to_owned(),
            started_at: Some(timestamp::to_proto(datetime!(2036-01-01 00:00 UTC))),
            ended_at: Some(timestamp::to_proto(datetime!(2036-01-01 00:00:20 UTC))),
            hangup_cause: "NO_ANSWER".to_owned(),
            hangup_cause_code: 19,
            metadata_json: metadata.to_owned(),
            ..Call::default()
        }
    }

    async fn hear(&self, types: &[&'static str], call: &Call) {
        for event_type in types {
            self.try_hear(event_type, Some(call), Uuid::now_v7()).await.unwrap();
        }
        work(&self.hearing.deliveries).await;
    }

    async fn try_hear(
        &self,
        event_type: &'static str,
        call: Option<&Call>,
        event_id: Uuid,
    ) -> Result<(), HandlerError> {
        let envelope = &CloudEvent { id: event_id.to_string(), ..Default::default() };
        let service = &self.hearing.deliveries.service;
        service
            .transaction(|mut tx| {
                let call = call.cloned();
                Box::pin(async move {
                    self.hearing.take_down(&mut tx, event_type, envelope, call).await
                })
            })
            .await
    }

    async fn deliveries(&self, id: i64) -> Vec<pb::IntegrationDelivery> {
        let company_id = self.company_id.to_string();
        let request = self.request(pb::ListIntegrationDeliveriesRequest { company_id, id });
        let answer = self.integrations.list_integration_deliveries(request).await.unwrap();
        answer.into_inner().deliveries
    }

    async fn is_webhook(&self, id: i64) -> bool {
        let company_id = self.company_id.to_string();
        let request = self.request(pb::ListIntegrationsRequest { company_id });
        let answer = self.integrations.list_integrations(request).await.unwrap().into_inner();
        answer.integrations.iter().find(|integration| integration.id == id).unwrap().is_webhook
    }
}

const ALL: [&str; 3] = super::super::payload::TYPES;

fn body(got: &Got) -> Value {
    serde_json::from_str(&got.body).unwrap()
}

/// Whether one of a message's signatures is made with the secret, as a receiver tells it.
fn is_signed_with(got: &Got, secret: &str) -> bool {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let (id, at) = (got.header("webhook-id"), got.header("webhook-timestamp"));
    got.header("webhook-signature").split(' ').any(|signature| {
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&key).unwrap();
        mac.update(format!("{id}.{at}.{}", got.body).as_bytes());
        let signature = STANDARD.decode(signature.strip_prefix("v1,").unwrap()).unwrap();
        mac.verify_slice(&signature).is_ok()
    })
}

#[tokio::test]
async fn each_event_of_a_call_is_delivered_to_those_that_list_it() {
    let world = World::new().await;
    let all = r#"["channel-create", "channel-answer", "channel-hangup"]"#;
    let everything = world.listens("everything", "ok", all).await.integration.unwrap();
    world.listens("the-end", "end", r#"["channel-hangup"]"#).await;
    let call = world.call(r#"{"gateway": "x", "deal": {"id": 1}}"#);
    world.hear(&ALL, &call).await;
    let got = world.receiver.got();
    let told = |path: &str| -> Vec<String> {
        let got = got.iter().filter(|got| got.path == path);
        let mut types: Vec<_> =
            got.map(|got| body(got)["eventType"].as_str().unwrap().to_owned()).collect();
        types.sort();
        types
    };
    assert_eq!(told("ok"), ["channel-answer", "channel-create", "channel-hangup"]);
    assert_eq!(told("end"), ["channel-hangup"]);
    assert_eq!(body(&got[0])["id"], call.call_id);
    assert_eq!(body(&got[0])["metadata"]["deal"]["id"], 1);

    let listed = world.deliveries(everything.id).await;
    let types: Vec<_> = listed.iter().map(|delivery| delivery.r#type.as_str()).collect();
    assert_eq!(types, ["channel-hangup", "channel-answer", "channel-create"]);
    let newest = &listed[0];
    assert_eq!((newest.attempts, newest.last_status), (1, Some(204)));
    assert_eq!((newest.url.clone(), newest.next_attempt_at), (world.receiver.url("ok"), None));
    let ids: Vec<_> = got.iter().map(|got| got.header("webhook-id")).collect();
    assert!(ids.contains(&newest.webhook_id.as_str()));
}

#[tokio::test]
async fn an_event_that_comes_again_is_one_delivery() {
    let world = World::new().await;
    world.listens("a", "ok", r#"["channel-hangup"]"#).await;
    let (call, event_id) = (world.call("{}"), Uuid::now_v7());
    for _ in 0..3 {
        world.try_hear(CHANNEL_HANGUP, Some(&call), event_id).await.unwrap();
    }
    assert_eq!(in_hand(&world.hearing.deliveries.service).await.len(), 1);
    work(&world.hearing.deliveries).await;
    assert_eq!(world.receiver.got().len(), 1);
}

#[tokio::test]
async fn a_constraint_lets_through_what_fulfils_it() {
    let world = World::new().await;
    world.constrained("wrapped", r#"{"metadata": {"gateway": "crm"}}"#).await;
    world.constrained("bare", r#"{"gateway": "crm", "id": 1}"#).await;
    world.constrained("none", "null").await;
    world.constrained("empty", "{}").await;
    world.hear(&ALL, &world.call(r#"{"gateway": "crm", "id": "1"}"#)).await;
    assert_eq!(world.receiver.got().len(), 3);
    world.hear(&ALL, &world.call(r#"{"gateway": "crm", "id": 1}"#)).await;
    assert_eq!(world.receiver.got().len(), 3 + 4);
    world.hear(&ALL, &world.call("{}")).await;
    assert_eq!(world.receiver.got().len(), 3 + 4 + 2);
}

#[tokio::test]
async fn whoever_is_switched_off_or_nowhere_or_somebody_else_hears_nothing() {
    let world = World::new().await;
    let off = pb::PutIntegrationRequest {
        gateway: "off".to_owned(),
        is_webhook: Some(false),
        ..Default::default()
    };
    world.listens("off", "ok", r#"["channel-hangup"]"#).await;
    world.put(off).await;
    world
        .put(pb::PutIntegrationRequest {
            gateway: "nowhere".to_owned(),
            is_webhook: Some(true),
            metadata_json: Some(r#"{"api_token": "123456"}"#.to_owned()),
            ..Default::default()
        })
        .await;
    let service = &world.hearing.deliveries.service;
    let other = Call { company_id: company(service).await.to_string(), ..world.call("{}") };
    world.listens("on", "ok", r#"["channel-hangup"]"#).await;
    world.hear(&ALL, &other).await;
    assert_eq!(world.receiver.got().len(), 0);
    world.hear(&ALL, &world.call("{}")).await;
    assert_eq!(world.receiver.got().len(), 1);
}

#[tokio::test]
async fn a_receiver_that_is_gone_switches_the_webhook_off_until_it_is_put_on() {
    let world = World::new().await;
    let types = r#"["channel-hangup"]"#;
    let id = world.listens("gone", "gone", types).await.integration.unwrap().id;
    world.hear(&ALL, &world.call("{}")).await;
    assert!(!world.is_webhook(id).await);
    world.hear(&ALL, &world.call("{}")).await;
    assert_eq!(world.receiver.got().len(), 1);
    assert_eq!(world.deliveries(id).await[0].last_status, Some(410));
    world.listens("gone", "ok", types).await;
    assert!(world.is_webhook(id).await);
    world.hear(&ALL, &world.call("{}")).await;
    assert_eq!(world.receiver.got().len(), 2);
}

#[tokio::test]
async fn what_waits_is_given_up_when_the_integration_is_switched_off() {
    let world = World::new().await;
    let id = world.listens("a", "broken", r#"["channel-hangup"]"#).await.integration.unwrap().id;
    world.hear(&ALL, &world.call("{}")).await;
    assert!(world.deliveries(id).await[0].next_attempt_at.is_some());
    world
        .put(pb::PutIntegrationRequest {
            gateway: "a".to_owned(),
            metadata_json: Some("{}".to_owned()),
            ..Default::default()
        })
        .await;
    let [delivery] = &world.deliveries(id).await[..] else { panic!("one") };
    assert_eq!((delivery.next_attempt_at, delivery.attempts), (None, 1));
    assert!(world.is_webhook(id).await, "it has no address, but is not switched off");
}

#[tokio::test]
async fn a_secret_that_was_replaced_signs_for_a_day() {
    let world = World::new().await;
    let types = r#"["channel-hangup"]"#;
    let old = world.listens("a", "ok", types).await.secret.unwrap();
    assert_eq!(world.listens("a", "ok", types).await.secret, None, "shown once");
    let rotation = pb::PutIntegrationRequest {
        gateway: "a".to_owned(),
        rotate_secret: true,
        ..Default::default()
    };
    let new = world.put(rotation).await.secret.unwrap();
    assert_ne!(old, new);
    world.hear(&ALL, &world.call("{}")).await;
    let clock = &world.hearing.deliveries.service.clock;
    clock.advance(Duration::hours(24)).unwrap();
    world.hear(&ALL, &world.call("{}")).await;
    let [first, second] = &world.receiver.got()[..] else { panic!("two") };
    assert!(is_signed_with(first, &new) && is_signed_with(first, &old));
    assert!(is_signed_with(second, &new) && !is_signed_with(second, &old));
}

#[tokio::test]
async fn the_last_hundred_deliveries_are_listed() {
    let world = World::new().await;
    let id = world.listens("a", "ok", r#"["channel-hangup"]"#).await.integration.unwrap().id;
    sqlx::query(
        "insert into webhook_delivery
             (delivery_id, endpoint_id, event_type, body, state, attempts, step, due_at, queued,
              happened_at)
         select gen_random_uuid(), endpoint_id, 'channel-hangup', '{}', 'failed', n, 0, null,
                false, to_timestamp(n)
           from integration, generate_series(1, 120) as n",
    )
    .execute(&world.hearing.deliveries.service.db)
    .await
    .unwrap();
    let attempts: Vec<_> =
        world.deliveries(id).await.iter().map(|delivery| delivery.attempts).collect();
    assert_eq!(attempts, (21..=120).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn what_is_no_call_is_refused() {
    let world = World::new().await;
    for wrong in [
        None,
        Some(Call { company_id: "7".to_owned(), ..world.call("{}") }),
        Some(world.call("[]")),
        Some(world.call("")),
    ] {
        let heard = world.try_hear(CHANNEL_CREATE, wrong.as_ref(), Uuid::now_v7()).await;
        let Err(HandlerError::Refused(status)) = heard else { panic!("{wrong:?}") };
        assert_eq!(status.code(), Code::InvalidArgument);
    }
}
