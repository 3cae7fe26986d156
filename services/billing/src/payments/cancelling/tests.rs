use std::sync::Arc;
use std::time::Duration;

use brazil::{Cents, CompanyId, InvoiceId};
use chassis::simulator::{Outcome, ScriptStep};
use chassis::testing::queued;
use postgres_local::testing::TestDatabase;
use proto::billing::v1 as pb;
use proto::billing::v1::PaymentOutcome;
use proto::billing::v1::payment_service_server::PaymentService;
use time::macros::date;
use tonic::Request;

use super::super::rpc::Payments;
use super::super::tests::payee;
use super::*;
use crate::MIGRATIONS;
use crate::dunning::{Dunning, Terms};
use crate::payments::{
    BillingType, CreditChargeId, Payable, PaymentOperation, PaymentProviderSimulator,
};
use crate::testing::{DUE, IN_TIME, invoice, status};

struct Desk {
    registrar: Registrar,
    provider: PaymentProviderSimulator,
    _database: TestDatabase,
}

impl Desk {
    async fn new() -> Self {
        let (service, database) = chassis::testing::service("billing", &MIGRATIONS, vec![]).await;
        service.clock.set(IN_TIME).unwrap();
        let provider = PaymentProviderSimulator::new();
        let registrar = Registrar {
            service,
            provider: Arc::new(provider.clone()),
            timeout: Duration::from_secs(5),
            payee: payee(),
        };
        Self { registrar, provider, _database: database }
    }

    fn service(&self) -> &Service {
        &self.registrar.service
    }

    async fn invoice(&self) -> InvoiceId {
        invoice(&self.service().db, CompanyId::generate(), date!(2036 - 11 - 01)).await
    }

    async fn charge(&self) -> CreditChargeId {
        let charge_id = CreditChargeId::generate();
        sqlx::query(
            "insert into credit_charge
                 (charge_id, company_id, status, value_cents, billing_type, due_date, overdue_at,
                  created_at, credited_cents, attempt_at, failures)
             values ($1, gen_random_uuid(), 'pending', 5000, 'pix', $2, $3, $3, 0, $3, 0)",
        )
        .bind(charge_id.0)
        .bind(DUE)
        .bind(IN_TIME)
        .execute(&self.service().db)
        .await
        .unwrap();
        charge_id
    }

    /// Hands all invoices over.
    async fn collect(&self) {
        self.registrar.collect_new().await.unwrap();
        while self.registrar.register_batch().await.unwrap() {}
    }

    /// The bank tells of a payment.
    async fn pay(&self, about: Payable, cents: Option<i64>) {
        let (invoice_id, charge_id) = match about {
            Payable::Invoice(invoice_id) => (invoice_id.to_string(), String::new()),
            Payable::Charge(charge_id) => (String::new(), charge_id.to_string()),
        };
        let service = self.service().clone();
        let dunning = Dunning { service: service.clone(), terms: Terms::default() };
        let provider = self.registrar.provider.clone();
        let rpcs = Payments { service, dunning, provider };
        let request = pb::ReceivePaymentNoticeRequest {
            notice_id: InvoiceId::generate().to_string(),
            invoice_id,
            charge_id,
            outcome: PaymentOutcome::Paid.into(),
            amount: cents.map(|cents| proto::common::v1::Money { cents }),
            occurred_at: None,
        };
        rpcs.receive_payment_notice(Request::new(request)).await.unwrap();
    }

    /// Runs what waits; tells whether all of it is done.
    async fn cancel(&self) -> bool {
        let mut done = true;
        for job in queued::<CancelCharge>(self.service()).await {
            done &= job.run(self.registrar.clone()).await.is_ok();
        }
        done
    }
}

#[tokio::test]
async fn what_is_paid_otherwise_is_cancelled_at_the_provider() {
    let desk = Desk::new().await;
    let about = [Payable::Invoice(desk.invoice().await), Payable::Charge(desk.charge().await)];
    let other = Payable::Invoice(desk.invoice().await);
    desk.collect().await;
    for about in about {
        desk.pay(about, Some(10)).await;
        assert!(queued::<CancelCharge>(desk.service()).await.is_empty(), "a part is not all");
    }
    for about in about {
        desk.pay(about, None).await;
        desk.pay(about, None).await;
    }
    assert_eq!(queued::<CancelCharge>(desk.service()).await.len(), 2);
    assert!(desk.cancel().await);
    assert!(about.into_iter().all(|about| desk.provider.is_cancelled(about)));
    assert!(!desk.provider.is_cancelled(other));
}

#[tokio::test]
async fn what_may_be_with_the_provider_is_cancelled_as_well() {
    let desk = Desk::new().await;
    let about = Payable::Invoice(desk.invoice().await);
    let lost = ScriptStep::new(PaymentOperation::Register, Outcome::LoseAnswer);
    desk.provider.script(vec![lost]);
    desk.collect().await;
    desk.pay(about, None).await;
    assert!(desk.cancel().await);
    assert!(desk.provider.is_cancelled(about));
}

#[tokio::test]
async fn it_is_asked_until_it_answers_and_not_when_it_refuses() {
    let desk = Desk::new().await;
    let invoice_id = desk.invoice().await;
    let about = Payable::Invoice(invoice_id);
    desk.collect().await;
    desk.pay(about, None).await;
    assert_eq!(status(&desk.service().db, invoice_id).await, "paid");
    let answers = [Outcome::Fail, Outcome::Refuse, Outcome::LoseAnswer, Outcome::Ok];
    let steps = answers.map(|outcome| ScriptStep::new(PaymentOperation::Cancel, outcome));
    desk.provider.script(steps.to_vec());
    assert!(!desk.cancel().await, "again later");
    assert!(desk.cancel().await, "it would refuse again");
    assert!(!desk.provider.is_cancelled(about));
    assert!(!desk.cancel().await, "nobody knows");
    assert!(desk.cancel().await);
    assert!(desk.provider.is_cancelled(about));
}

#[tokio::test]
async fn nothing_is_cancelled_that_was_never_to_be_collected() {
    let desk = Desk::new().await;
    let uncollected = Payable::Invoice(desk.invoice().await);
    desk.pay(uncollected, None).await;
    assert!(queued::<CancelCharge>(desk.service()).await.is_empty());
}

#[test]
fn a_job_is_kept_as_it_is() {
    let charge = NewCharge {
        key: Payable::Invoice(InvoiceId::generate()),
        company_id: CompanyId::generate(),
        amount: Cents::new(12_345),
        billing_type: BillingType::CreditCard,
        due: DUE,
    };
    let job = CancelCharge::new(charge, Some("pi_1".to_owned()));
    let kept = serde_json::to_string(&job).unwrap();
    assert_eq!(serde_json::from_str::<CancelCharge>(&kept).unwrap(), job);
}
