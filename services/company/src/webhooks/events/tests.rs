use brazil::CompanyId;
use prost::{Message, Name};
use proto::events::v1::{LineCompanyChanged, LineOrdered, SignupCompleted};
use tonic::Code;

use super::*;
use crate::webhooks::testing::{Receiver, company, deliveries, endpoint, in_hand, work};

fn event<M: Message + Name>(message: &M) -> CloudEvent {
    CloudEvent {
        id: Uuid::now_v7().to_string(),
        r#type: M::full_name(),
        time: Some(prost_types::Timestamp { seconds: 1_793_502_000, nanos: 0 }),
        data: Some(prost_types::Any { type_url: M::type_url(), value: message.encode_to_vec() }),
        ..CloudEvent::default()
    }
}

async fn hear(hearing: &Hearing, event: &CloudEvent) -> Result<(), HandlerError> {
    let service = &hearing.deliveries.service;
    service
        .transaction(|mut tx| Box::pin(async move { hearing.take_down(&mut tx, event).await }))
        .await
}

#[tokio::test]
async fn an_event_reaches_both_companies_it_concerns() {
    let (deliveries, _database) = deliveries().await;
    let service = &deliveries.service;
    let hearing = Hearing::new(deliveries.clone()).unwrap();
    let receiver = Receiver::start().await;
    let (new, previous) = (company(service).await, company(service).await);
    for company_id in [new, previous] {
        endpoint(service, company_id, &receiver.url("ok"), &["line.company_changed"]).await;
    }
    let changed = event(&LineCompanyChanged {
        line_id: "7".to_owned(),
        company_id: Some(new.to_string()),
        previous_company_id: Some(previous.to_string()),
        ..Default::default()
    });
    hear(&hearing, &changed).await.unwrap();
    assert_eq!(in_hand(service).await.len(), 2, "handed out by the same transaction");
    work(&deliveries).await;

    let got = receiver.got();
    assert_eq!(got.len(), 2);
    assert_eq!(got[0].body, got[1].body);
    assert_ne!(got[0].header("webhook-id"), got[1].header("webhook-id"));
    let told: serde_json::Value = serde_json::from_str(&got[0].body).unwrap();
    assert_eq!(told["type"], "line.company_changed");
    assert_eq!(told["timestamp"], "2026-11-01T03:00:00Z");
    assert_eq!(told["data"]["company_id"], new.to_string());

    // Once more, as when the inbox has forgotten it.
    hear(&hearing, &changed).await.unwrap();
    work(&deliveries).await;
    assert_eq!(receiver.got().len(), 2);
}

#[tokio::test]
async fn what_concerns_no_company_or_nobody_who_listens_is_let_go() {
    let (deliveries, _database) = deliveries().await;
    let service = &deliveries.service;
    let hearing = Hearing::new(deliveries.clone()).unwrap();
    hear(&hearing, &event(&LineOrdered::default())).await.unwrap();
    let company_id = Some(CompanyId::generate().to_string());
    hear(&hearing, &event(&LineOrdered { company_id, ..Default::default() })).await.unwrap();
    let messages: i64 = sqlx::query_scalar("select count(*) from webhook_delivery")
        .fetch_one(&service.db)
        .await
        .unwrap();
    assert_eq!(messages, 0);
}

#[tokio::test]
async fn what_cannot_be_told_is_refused() {
    let (deliveries, _database) = deliveries().await;
    let hearing = Hearing::new(deliveries).unwrap();
    let broken = prost_types::Any { value: vec![0xff], ..Default::default() };
    for refused in [
        event(&SignupCompleted::default()),
        CloudEvent { data: Some(broken), ..event(&LineOrdered::default()) },
        CloudEvent { id: "7".to_owned(), ..event(&LineOrdered::default()) },
    ] {
        let Err(HandlerError::Refused(status)) = hear(&hearing, &refused).await else {
            panic!("{refused:?}");
        };
        assert_eq!(status.code(), Code::InvalidArgument);
    }
}
