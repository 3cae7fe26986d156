use std::collections::BTreeSet;

use chassis::Service;
use uuid::Uuid;

use super::*;
use crate::enterprises::testing::{affiliate, service, stored, values};

/// Whom an enterprise sees, itself included.
async fn seen(service: &Service, top: CompanyId) -> BTreeSet<Uuid> {
    let seen: Vec<Uuid> =
        sqlx::query_scalar("select company_id from enterprise_reach where top_id = $1")
            .bind(top.0)
            .fetch_all(&service.db)
            .await
            .unwrap();
    seen.into_iter().collect()
}

fn set<const N: usize>(ids: [CompanyId; N]) -> BTreeSet<Uuid> {
    ids.into_iter().map(Uuid::from).collect()
}

#[tokio::test]
async fn everybody_sees_what_is_below_them_and_only_as_long_as_it_is() {
    let (service, _database) = service().await;
    let mut ids = Vec::new();
    for name in ["A", "B", "C", "D"] {
        ids.push(stored(&service, values(name, name), None).await.company_id);
    }
    let [a, b, c, d] = ids[..] else { unreachable!() };
    let mut tx = service.db.begin().await.unwrap();
    // D is below B and C, which are below A; the affiliations come in no order.
    for (parent, child) in [(b, d), (a, b), (c, d), (a, c)] {
        affiliate(&mut tx, parent, child).await.unwrap();
    }
    tx.commit().await.unwrap();
    assert_eq!(seen(&service, a).await, set([a, b, c, d]));
    assert_eq!(seen(&service, c).await, set([c, d]));

    let mut tx = service.db.begin().await.unwrap();
    end(&mut tx, b, d).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(seen(&service, a).await, set([a, b, c, d]), "D is still seen through C");
    assert_eq!(seen(&service, b).await, set([b]));

    let mut tx = service.db.begin().await.unwrap();
    end(&mut tx, a, c).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(seen(&service, a).await, set([a, b]));
    assert_eq!(seen(&service, c).await, set([c, d]));
}

#[tokio::test]
async fn nobody_is_below_themselves() {
    let (service, _database) = service().await;
    let a = stored(&service, values("A", "1"), None).await.company_id;
    let b = stored(&service, values("B", "2"), Some(a)).await.company_id;
    let c = stored(&service, values("C", "3"), Some(b)).await.company_id;
    let mut tx = service.db.begin().await.unwrap();
    for (parent, child) in [(a, a), (c, a), (b, a)] {
        let refused = add(&mut tx, parent, child, OffsetDateTime::now_utc()).await.unwrap_err();
        assert!(matches!(refused, Error::Enterprise(Refusal::AffiliationCircular)));
    }
    assert!(!add(&mut tx, a, b, OffsetDateTime::now_utc()).await.unwrap(), "it is there already");
    let refused = end(&mut tx, a, c).await.unwrap_err();
    assert!(matches!(refused, Error::Enterprise(Refusal::AffiliationNotFound)));
}

#[tokio::test]
async fn how_one_stands_to_another_is_told() {
    let (service, _database) = service().await;
    let a = stored(&service, values("A", "1"), None).await.company_id;
    let b = stored(&service, values("B", "2"), Some(a)).await.company_id;
    let c = stored(&service, values("C", "3"), Some(b)).await.company_id;
    let active = Some(AffiliationState::Active);
    let told = async |own, other| standing(&service.db, own, other).await.unwrap();
    assert_eq!(told(a, b).await, Standing { affiliation: active, has_others: true });
    assert_eq!(told(a, c).await, Standing { affiliation: None, has_others: true });
    assert_eq!(told(b, c).await, Standing { affiliation: active, has_others: false });
    let mut tx = service.db.begin().await.unwrap();
    set_state(&mut tx, b, c, AffiliationState::Suspended).await.unwrap();
    tx.commit().await.unwrap();
    let suspended = Some(AffiliationState::Suspended);
    assert_eq!(told(b, c).await, Standing { affiliation: suspended, has_others: false });
}
