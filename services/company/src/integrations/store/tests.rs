use super::*;
use crate::webhooks::testing::{company, deliveries};

fn integration(company_id: CompanyId, now: OffsetDateTime) -> Integration {
    let metadata = r#"{"webhookUrl": "https://example.com/", "webhookTypes": ["channel-answer"]}"#;
    Integration {
        integration_id: 0,
        company_id,
        gateway: "a".to_owned(),
        endpoint_id: Uuid::now_v7(),
        is_webhook: true,
        constraint: Constraint::parse(r#"{"gateway": "\u0000"}"#).unwrap(),
        metadata: Metadata::parse(metadata).unwrap(),
        created_at: now,
        updated_at: now,
    }
}

#[tokio::test]
async fn an_integration_comes_back_as_it_was_stored() {
    let (deliveries, _database) = deliveries().await;
    let (db, now) = (&deliveries.service.db, deliveries.service.clock.now());
    let company_id = company(&deliveries.service).await;
    let mut tx = db.acquire().await.unwrap();
    let kept = insert(&mut tx, integration(company_id, now), b"secret").await.unwrap();
    assert_eq!(kept.integration_id, 1);
    assert_eq!(find(db, company_id, 1).await.unwrap(), kept);
    assert_eq!(lock(&mut tx, company_id, "a").await.unwrap().as_ref(), Some(&kept));
    assert_eq!(lock(&mut tx, company_id, "b").await.unwrap(), None);
    assert_eq!(list(db, company_id).await.unwrap(), std::slice::from_ref(&kept));
    assert_eq!(count(&mut tx, company_id).await.unwrap(), 1);

    let off = Integration { is_webhook: false, metadata: Metadata::empty(), ..kept };
    save(&mut tx, &off).await.unwrap();
    assert_eq!(find(db, company_id, 1).await.unwrap(), off);
    let twice = insert(&mut tx, integration(company_id, now), b"secret").await;
    assert!(twice.is_err(), "one for each gateway");
}

#[tokio::test]
async fn only_those_hear_that_deliver_the_type() {
    let (deliveries, _database) = deliveries().await;
    let now = deliveries.service.clock.now();
    let company_id = company(&deliveries.service).await;
    let mut tx = deliveries.service.db.acquire().await.unwrap();
    let kept = insert(&mut tx, integration(company_id, now), b"secret").await.unwrap();
    let heard = hearers(&mut tx, company_id, "channel-answer").await.unwrap();
    assert_eq!(heard.len(), 1);
    assert_eq!((heard[0].endpoint_id, &heard[0].constraint), (kept.endpoint_id, &kept.constraint));
    assert!(hearers(&mut tx, company_id, "channel-hangup").await.unwrap().is_empty());
    assert!(hearers(&mut tx, CompanyId::generate(), "channel-answer").await.unwrap().is_empty());
    for silent in [
        Integration { is_webhook: false, ..kept.clone() },
        Integration { metadata: Metadata::empty(), ..kept },
    ] {
        save(&mut tx, &silent).await.unwrap();
        assert!(hearers(&mut tx, company_id, "channel-answer").await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn an_account_that_is_none_has_no_integrations() {
    let (deliveries, _database) = deliveries().await;
    let absent = CompanyId::generate();
    let listed = list(&deliveries.service.db, absent).await;
    assert!(matches!(listed, Err(Error::CompanyNotFound(id)) if id == absent));
    let found = find(&deliveries.service.db, absent, 1).await;
    assert!(matches!(found, Err(Error::IntegrationNotFound(1))));
}
