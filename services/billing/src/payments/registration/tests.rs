use chassis::simulator::{Outcome, ScriptStep};
use time::macros::{date, datetime};

use super::*;
use crate::MIGRATIONS;
use crate::payments::tests::payee;
use crate::payments::{PaymentOperation, PaymentProviderSimulator};
use crate::testing::{DUE, IN_TIME, invoice, letters};

fn registrar(service: &Service, provider: &PaymentProviderSimulator) -> Registrar {
    Registrar {
        service: service.clone(),
        provider: Arc::new(provider.clone()),
        timeout: Duration::from_secs(5),
        payee: payee(),
    }
}

async fn run(registrar: &Registrar) {
    registrar.collect_new().await.unwrap();
    while registrar.register_batch().await.unwrap() {}
}

#[tokio::test]
async fn every_invoice_reaches_the_provider_and_its_company_once() {
    let (service, _database) = chassis::testing::service("billing", &MIGRATIONS, vec![]).await;
    service.clock.set(IN_TIME).unwrap();
    let provider = PaymentProviderSimulator::new();
    let (one, other) = (CompanyId::generate(), CompanyId::generate());
    let first = invoice(&service.db, one, date!(2036 - 11 - 01)).await;
    let second = invoice(&service.db, other, date!(2036 - 11 - 01)).await;
    let registrar = registrar(&service, &provider);
    run(&registrar).await;
    run(&registrar).await;
    for (invoice_id, company_id) in [(first, one), (second, other)] {
        assert_eq!(provider.charge(Payable::Invoice(invoice_id)).unwrap().company_id, company_id);
        assert_eq!(letters(&service.db, company_id).await, ["Your invoice for 2036-11"]);
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_is_asked_for_again() {
    let (service, _database) = chassis::testing::service("billing", &MIGRATIONS, vec![]).await;
    service.clock.set(IN_TIME).unwrap();
    let provider = PaymentProviderSimulator::new();
    let company_id = CompanyId::generate();
    invoice(&service.db, company_id, date!(2036 - 11 - 01)).await;
    let lost = ScriptStep::new(PaymentOperation::Register, Outcome::LoseAnswer);
    provider.script(vec![lost]);
    let registrar = registrar(&service, &provider);
    run(&registrar).await;
    assert!(letters(&service.db, company_id).await.is_empty());
    service.clock.advance(RETRY_MIN).unwrap();
    run(&registrar).await;
    assert_eq!(letters(&service.db, company_id).await.len(), 1);
}

#[test]
fn an_invoice_is_overdue_after_the_next_business_day() {
    let new = NewInvoice {
        invoice_id: InvoiceId::generate(),
        company_id: CompanyId::generate(),
        due_date: DUE,
    };
    assert_eq!(with_overdue_at(new).1, datetime!(2036-12-09 03:00 UTC));
}

#[test]
fn pauses_grow_to_a_limit() {
    assert_eq!(pause(0), RETRY_MIN);
    assert_eq!(pause(2), RETRY_MIN * 4);
    assert_eq!(pause(i32::MAX), RETRY_MIN * 512);
}
