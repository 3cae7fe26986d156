use std::sync::Arc;

use brazil::{Cents, CompanyId};
use chassis::Service;
use chassis::simulator::{Outcome, ScriptStep};
use time::OffsetDateTime;
use time::macros::{date, datetime};

use super::*;
use crate::MIGRATIONS;
use crate::credit_charges::{CreditCharge, Status};
use crate::payments::{
    BillingType, CreditChargeId, PaymentOperation, PaymentProviderSimulator, payee_of_tests,
};

const NOON: OffsetDateTime = datetime!(2036-12-01 12:00 UTC);

fn registrar(service: &Service, provider: &PaymentProviderSimulator) -> Registrar {
    Registrar {
        service: service.clone(),
        provider: Arc::new(provider.clone()),
        timeout: Duration::from_secs(5),
        payee: payee_of_tests(),
    }
}

async fn charge(service: &Service) -> CreditCharge {
    let charge = CreditCharge {
        charge_id: CreditChargeId::generate(),
        company_id: CompanyId::generate(),
        status: Status::Pending,
        value: Cents::new(1_000),
        billing_type: BillingType::Boleto,
        due_date: date!(2036 - 12 - 04),
        description: None,
        pix_code: None,
        created_at: service.clock.now(),
        paid_at: None,
    };
    let mut db = service.db.acquire().await.unwrap();
    store::insert(&mut db, &charge).await.unwrap();
    charge
}

async fn known_as(service: &Service) -> Option<String> {
    sqlx::query_scalar("select provider_id from credit_charge")
        .fetch_one(&service.db)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_charge_reaches_the_provider_even_if_its_answer_is_lost() {
    let (service, _database) = chassis::testing::service("billing", &MIGRATIONS, vec![]).await;
    service.clock.set(NOON).unwrap();
    let provider = PaymentProviderSimulator::new();
    provider.script(vec![ScriptStep::new(PaymentOperation::Register, Outcome::LoseAnswer)]);
    let registrar = registrar(&service, &provider);
    let charge = charge(&service).await;
    assert!(register_batch(&registrar).await.unwrap());
    assert_eq!(known_as(&service).await, None);
    assert!(!register_batch(&registrar).await.unwrap(), "not at once");
    service.clock.advance(time::Duration::seconds(5)).unwrap();
    assert!(register_batch(&registrar).await.unwrap());
    assert_eq!(known_as(&service).await, Some(charge.charge_id.to_string()));
    let taken = provider.charge(Payable::Charge(charge.charge_id)).unwrap();
    assert_eq!((taken.amount, taken.due), (charge.value, charge.due_date));
    assert_eq!((taken.billing_type, taken.company_id), (BillingType::Boleto, charge.company_id));
    service.clock.advance(time::Duration::days(1)).unwrap();
    assert!(!register_batch(&registrar).await.unwrap());
}

#[tokio::test]
async fn a_charge_is_overdue_after_its_day() {
    let (service, _database) = chassis::testing::service("billing", &MIGRATIONS, vec![]).await;
    service.clock.set(datetime!(2036-12-05 02:59 UTC)).unwrap();
    let registrar = registrar(&service, &PaymentProviderSimulator::new());
    let charge = charge(&service).await;
    let status = async || {
        let found = store::find(&service.db, charge.company_id, charge.charge_id).await;
        found.unwrap().unwrap().status
    };
    note_overdue(&registrar).await.unwrap();
    assert_eq!(status().await, Status::Pending);
    service.clock.advance(time::Duration::minutes(1)).unwrap();
    note_overdue(&registrar).await.unwrap();
    assert_eq!(status().await, Status::Overdue);
}
