use time::macros::{date, datetime};

use super::*;
use crate::MIGRATIONS;
use crate::credit_charges::Status;

const NOW: OffsetDateTime = datetime!(2036-12-01 12:00 UTC);

fn charge(company_id: CompanyId) -> CreditCharge {
    CreditCharge {
        charge_id: CreditChargeId::generate(),
        company_id,
        status: Status::Pending,
        value: Cents::new(1_000),
        billing_type: BillingType::Pix,
        due_date: date!(2036 - 12 - 04),
        description: Some("Recarga".to_owned()),
        pix_code: Some("code".to_owned()),
        created_at: NOW,
        paid_at: None,
    }
}

#[tokio::test]
async fn charges_are_listed_newest_first_and_only_to_their_company() {
    let (service, _database) = chassis::testing::service("billing", &MIGRATIONS, vec![]).await;
    let mut db = service.db.acquire().await.unwrap();
    let company_id = CompanyId::generate();
    let mut expected = vec![];
    for _ in 0..3 {
        let charge = charge(company_id);
        insert(&mut db, &charge).await.unwrap();
        expected.insert(0, charge);
    }
    let other = charge(CompanyId::generate());
    insert(&mut db, &other).await.unwrap();
    let page = Page { size: 2, skip: 0, after: None };
    assert_eq!(list(&service.db, company_id, &page).await.unwrap(), (expected.clone(), 3));
    let rest = Page { after: Some(expected[0].charge_id.0), ..page };
    let (rest, _) = list(&service.db, company_id, &rest).await.unwrap();
    assert_eq!(rest, expected[1..]);
    assert_eq!(find(&mut *db, company_id, other.charge_id).await.unwrap(), None);
    let found = find(&mut *db, company_id, expected[1].charge_id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&expected[1]));
}

#[tokio::test]
async fn a_paid_charge_need_not_reach_the_provider_any_more() {
    let (service, _database) = chassis::testing::service("billing", &MIGRATIONS, vec![]).await;
    let mut db = service.db.acquire().await.unwrap();
    let charge = charge(CompanyId::generate());
    let charge_id = charge.charge_id;
    insert(&mut db, &charge).await.unwrap();
    assert_eq!(lock(&mut db, charge_id).await.unwrap(), Some(charge.company_id));
    registered(&service.db, charge_id, "pi_1").await.unwrap();
    let left = pay(&mut db, charge_id, NOW).await.unwrap();
    let handed_over = NewCharge {
        key: Payable::Charge(charge_id),
        company_id: charge.company_id,
        amount: charge.value,
        billing_type: charge.billing_type,
        due: charge.due_date,
    };
    assert_eq!(left, CancelCharge::new(handed_over, Some("pi_1".to_owned())));
    assert_eq!(take_unregistered(&service.db, NOW, NOW, 10).await.unwrap(), []);
    assert_eq!(note_overdue(&service.db, NOW + time::Duration::days(9), 10).await.unwrap(), 0);
    let account = account(&mut db, charge_id).await.unwrap();
    assert_eq!((account.credited, account.settled), (charge.value, Some(Cents::ZERO)));
    pay_back(&mut db, charge_id, Cents::new(1_000), true).await.unwrap();
    let found = find(&mut *db, charge.company_id, charge_id).await.unwrap().unwrap();
    assert_eq!((found.status, found.paid_at), (Status::Refunded, Some(NOW)));
}
