use chassis::auth::Role;
use proto::common::v1::Permission;
use tonic::Code;

use super::*;
use crate::enterprises::Enterprise;
use crate::enterprises::testing::{request_of, service, stored, values};

fn own(company_id: CompanyId) -> Own {
    Own { company_id, may_manage: true, is_operator: false }
}

async fn family(service: &Service) -> (Enterprise, Enterprise) {
    let top = stored(service, values("Topo", "1"), None).await;
    let child = stored(service, values("Filha", "2"), Some(top.company_id)).await;
    (top, child)
}

async fn finished(service: &Service, own: &Own, closing: &Closing) -> Result<(), Error> {
    service
        .transaction(|mut tx| {
            Box::pin(async move { finish(&mut tx, own, closing, service.clock.now()).await })
        })
        .await
}

#[tokio::test]
async fn two_who_close_the_same_one_share_the_closing_and_one_ends_it() {
    let (service, _database) = service().await;
    let (top, child) = family(&service).await;
    let own = own(top.company_id);
    let first = mark(&service, &own, &child.public_id, "user:a").await.unwrap();
    let second = mark(&service, &own, &child.public_id, "user:b").await.unwrap();
    assert_eq!(first, second);
    finished(&service, &own, &first).await.unwrap();
    let late = finished(&service, &own, &second).await.unwrap_err();
    assert!(matches!(late, Error::Enterprise(Refusal::NotFound)));
    assert!(!give_up(&service, &second).await.unwrap(), "nothing is left to give up");
    let gone = mark(&service, &own, &child.public_id, "user:b").await.unwrap_err();
    assert!(matches!(gone, Error::Enterprise(Refusal::NotFound)));
}

#[tokio::test]
async fn a_closing_that_was_given_up_deletes_nothing() {
    let (service, _database) = service().await;
    let (top, child) = family(&service).await;
    let own = own(top.company_id);
    let first = mark(&service, &own, &child.public_id, "user:a").await.unwrap();
    assert!(give_up(&service, &first).await.unwrap());
    assert!(finished(&service, &own, &first).await.is_err());
    let second = mark(&service, &own, &child.public_id, "user:a").await.unwrap();
    assert_ne!(first.closing_id, second.closing_id);
    // Nobody could lift the holds of the first one: it is taken up again.
    let due = claim_due(&service.db, service.clock.now() + PAUSE).await.unwrap();
    assert_eq!(due.iter().map(|closing| closing.state).collect::<Vec<_>>(), [State::Lifting]);
    let again = claim_due(&service.db, service.clock.now() + PAUSE).await.unwrap();
    assert_eq!(again, [], "it is somebody's already");
}

#[tokio::test]
async fn what_became_affiliated_elsewhere_meanwhile_is_not_deleted() {
    let (service, _database) = service().await;
    let (top, child) = family(&service).await;
    let own = own(top.company_id);
    let closing = mark(&service, &own, &child.public_id, "user:a").await.unwrap();
    stored(&service, values("Neta", "3"), Some(child.company_id)).await;
    let refused = finished(&service, &own, &closing).await.unwrap_err();
    assert!(matches!(refused, Error::Enterprise(Refusal::AffiliatedElsewhere)));
}

#[tokio::test]
async fn what_cannot_be_counted_is_not_deleted() {
    let (service, _database) = service().await;
    let (top, child) = family(&service).await;
    let message = pb::DeleteEnterpriseRequest {
        enterprise_id: child.public_id.to_string(),
        ..Default::default()
    };
    let roles = [(Role::Manager, Some(top.company_id))];
    let request = request_of(message, &roles, Permission::EnterprisesManage);
    let status = delete(&service, request).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "nobody else is there");
    let states: Vec<State> = sqlx::query_scalar("select state from enterprise_closing")
        .fetch_all(&service.db)
        .await
        .unwrap();
    assert_eq!(states, [State::Lifting]);
    store::find_seen(&service.db, top.company_id, &child.public_id).await.unwrap();
}
