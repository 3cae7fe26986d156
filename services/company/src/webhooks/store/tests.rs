use chassis::Service;

use super::*;
use crate::webhooks::delivery::{self, Message};
use crate::webhooks::testing::{company, deliveries, endpoint};

const OURS: &str = "https://example.com/";

async fn addressed(service: &Service, event_id: Uuid, to: &[CompanyId]) -> Vec<Uuid> {
    let announcement = Announcement {
        company_ids: to.to_vec(),
        event_type: "line.ordered",
        body: "{}".to_owned(),
    };
    let now = service.clock.now();
    let mut connection = service.db.acquire().await.unwrap();
    let to = hearers(&mut connection, &announcement).await.unwrap();
    let Announcement { event_type, body, .. } = &announcement;
    let message = Message { event_id, event_type, body, happened_at: now };
    let found = delivery::address(&mut connection, &message, &to, now).await;
    let mut found = found.unwrap();
    found.sort_unstable();
    found
}

async fn message_ids(service: &Service) -> Vec<Uuid> {
    let ids = "select delivery_id from webhook_delivery order by endpoint_id, delivery_id";
    sqlx::query_scalar(ids).fetch_all(&service.db).await.unwrap()
}

#[tokio::test]
async fn an_endpoint_comes_back_as_it_was_stored() {
    let (deliveries, _database) = deliveries().await;
    let service = &deliveries.service;
    let company_id = company(service).await;
    let types = ["line.ordered", "invoice.paid"];
    let first = endpoint(service, company_id, OURS, &types).await;
    let second = endpoint(service, company_id, OURS, &types).await;
    endpoint(service, company(service).await, OURS, &types).await;
    assert_eq!(find(&service.db, first.endpoint_id).await.unwrap(), first);
    assert_eq!(list(&service.db, company_id).await.unwrap(), [first.clone(), second.clone()]);
    let mut connection = service.db.acquire().await.unwrap();
    assert_eq!(count_locked(&mut connection, company_id).await.unwrap(), 2);

    addressed(service, Uuid::now_v7(), &[company_id]).await;
    delete(&mut connection, first.endpoint_id).await.unwrap();
    assert_eq!(list(&service.db, company_id).await.unwrap(), [second]);
    assert_eq!(message_ids(service).await.len(), 1, "its deliveries went with it");
    let absent = delete(&mut connection, first.endpoint_id).await;
    assert!(matches!(absent, Err(Error::WebhookEndpointNotFound(id)) if id == first.endpoint_id));
    let absent = find(&service.db, first.endpoint_id).await;
    assert!(matches!(absent, Err(Error::WebhookEndpointNotFound(_))));
}

#[tokio::test]
async fn a_companys_absence_is_told_from_its_having_no_endpoint() {
    let (deliveries, _database) = deliveries().await;
    let service = &deliveries.service;
    let company_id = company(service).await;
    assert_eq!(list(&service.db, company_id).await.unwrap(), []);
    let absent = CompanyId::generate();
    assert!(matches!(list(&service.db, absent).await, Err(Error::CompanyNotFound(_))));
    let mut connection = service.db.acquire().await.unwrap();
    let counted = count_locked(&mut connection, absent).await;
    assert!(matches!(counted, Err(Error::CompanyNotFound(id)) if id == absent));
}

#[tokio::test]
async fn an_event_goes_to_whoever_wants_to_hear_of_it_once() {
    let (deliveries, _database) = deliveries().await;
    let service = &deliveries.service;
    let (here, there) = (company(service).await, company(service).await);
    let wants = endpoint(service, here, OURS, &["invoice.paid", "line.ordered"]).await;
    let also = endpoint(service, here, OURS, &["line.ordered"]).await;
    let other_type = endpoint(service, here, OURS, &["line.cancelled"]).await;
    let elsewhere = endpoint(service, there, OURS, &["line.ordered"]).await;
    let gone = endpoint(service, here, OURS, &["line.ordered"]).await;
    sqlx::query("update webhook_endpoint set disabled_at = now() where endpoint_id = $1")
        .bind(gone.endpoint_id.0)
        .execute(&service.db)
        .await
        .unwrap();
    let expected = [wants.endpoint_id.0, also.endpoint_id.0];

    let event_id = Uuid::now_v7();
    assert_eq!(addressed(service, event_id, &[here]).await, expected);
    let ids = message_ids(service).await;
    assert_eq!(ids.len(), 2);
    assert_ne!(ids[0], ids[1], "each endpoint's message has an id of its own");
    for id in &ids {
        assert_eq!(id.get_version_num(), 7);
        assert_eq!(id.as_bytes()[..8], event_id.as_bytes()[..8]);
    }
    // The same event once more is the same message.
    assert_eq!(addressed(service, event_id, &[here]).await, Vec::<Uuid>::new());
    assert_eq!(message_ids(service).await, ids);

    let both = [wants.endpoint_id.0, also.endpoint_id.0, elsewhere.endpoint_id.0];
    assert_eq!(addressed(service, Uuid::now_v7(), &[here, there]).await, both);
    assert_eq!(message_ids(service).await.len(), 5);
    assert!(!both.contains(&other_type.endpoint_id.0));
}

#[tokio::test]
async fn events_and_the_end_of_an_endpoint_do_not_get_in_each_others_way() {
    let (deliveries, _database) = deliveries().await;
    let service = &deliveries.service;
    let company_id = company(service).await;
    for _ in 0..10 {
        let brief = endpoint(service, company_id, OURS, &["line.ordered"]).await;
        let removed = async {
            let mut connection = service.db.acquire().await.unwrap();
            delete(&mut connection, brief.endpoint_id).await.unwrap();
        };
        let to = [company_id];
        tokio::join!(removed, addressed(service, Uuid::now_v7(), &to));
    }
    assert_eq!(message_ids(service).await, Vec::<Uuid>::new());
}
