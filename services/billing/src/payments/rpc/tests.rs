use brazil::CompanyId;
use chassis::Service;
use chassis::refusal::Refusal;
use postgres_local::testing::TestDatabase;
use time::macros::date;
use tonic::Code;

use super::*;
use crate::MIGRATIONS;
use crate::dunning::Terms;
use crate::payments::{CancelCharge, NewCharge, PaymentError, PaymentProviderSimulator};
use crate::testing::{IN_TIME, invoice, letters, status};

struct Desk {
    payments: Payments,
    invoice_id: InvoiceId,
    company_id: CompanyId,
    _database: TestDatabase,
}

impl Desk {
    /// With one invoice of R$ 100,00, on the last day on which it costs nothing more.
    async fn new() -> Self {
        let (service, database) = chassis::testing::service("billing", &MIGRATIONS, vec![]).await;
        service.clock.set(IN_TIME).unwrap();
        let company_id = CompanyId::generate();
        let invoice_id = invoice(&service.db, company_id, date!(2036 - 11 - 01)).await;
        let dunning = Dunning { service: service.clone(), terms: Terms::default() };
        let provider = Arc::new(PaymentProviderSimulator::new());
        let payments = Payments { service, dunning, provider };
        Self { payments, invoice_id, company_id, _database: database }
    }

    fn service(&self) -> &Service {
        &self.payments.service
    }

    async fn hear(&self, notice: &str, outcome: PaymentOutcome) -> Result<(), Status> {
        self.hear_of(notice, outcome, None).await
    }

    async fn hear_of(
        &self,
        notice: &str,
        outcome: PaymentOutcome,
        cents: Option<i64>,
    ) -> Result<(), Status> {
        let request = pb::ReceivePaymentNoticeRequest {
            notice_id: notice.to_owned(),
            invoice_id: self.invoice_id.to_string(),
            outcome: outcome.into(),
            amount: cents.map(|cents| Money { cents }),
            occurred_at: None,
            charge_id: String::new(),
        };
        self.payments.receive_payment_notice(Request::new(request)).await.map(|_| ())
    }

    async fn status(&self) -> String {
        status(&self.service().db, self.invoice_id).await
    }

    async fn notices(&self) -> Vec<(String, i64)> {
        sqlx::query_as("select effect, amount_cents from payment_notice order by notice_id")
            .fetch_all(&self.service().db)
            .await
            .unwrap()
    }
}

use PaymentOutcome::{Failed, Paid, Refunded};

#[tokio::test]
async fn a_notice_counts_once_however_often_it_comes() {
    let desk = Desk::new().await;
    let heard = futures::future::join_all((0..5).map(|_| desk.hear("1", Paid))).await;
    assert!(heard.iter().all(Result::is_ok));
    assert_eq!(desk.status().await, "paid");
    assert_eq!(desk.notices().await, [("settles".to_owned(), 10_000)]);
}

#[tokio::test]
async fn a_second_payment_is_not_lost() {
    let desk = Desk::new().await;
    let paid = futures::future::join_all([desk.hear("1", Paid), desk.hear("2", Paid)]).await;
    assert!(paid.iter().all(Result::is_ok));
    let mut effects: Vec<_> = desk.notices().await.into_iter().map(|notice| notice.0).collect();
    effects.sort();
    assert_eq!(effects, ["settles", "surplus"]);
    desk.hear("3", Refunded).await.unwrap();
    assert_eq!(desk.status().await, "paid", "one of two payments was paid back");
    desk.hear("4", Refunded).await.unwrap();
    assert_eq!(desk.status().await, "refunded");
}

#[tokio::test]
async fn any_order_ends_the_same() {
    let desk = Desk::new().await;
    let refusal = desk.hear("3", Refunded).await.unwrap_err();
    assert_eq!(refusal.code(), Code::FailedPrecondition);
    assert_eq!(Refusal::of(&refusal).reason, "INVOICE_NOT_PAID");
    desk.hear("2", Paid).await.unwrap();
    desk.hear("1", Failed).await.unwrap();
    assert_eq!(desk.status().await, "paid");
    desk.hear("3", Refunded).await.unwrap();
    desk.hear("3", Refunded).await.unwrap();
    desk.hear("2", Paid).await.unwrap();
    assert_eq!(desk.status().await, "refunded");
}

#[tokio::test]
async fn parts_settle_an_invoice_when_they_suffice() {
    let desk = Desk::new().await;
    desk.hear_of("1", Paid, Some(4_000)).await.unwrap();
    assert_eq!(desk.status().await, "pending");
    desk.hear_of("2", Paid, Some(6_000)).await.unwrap();
    assert_eq!(desk.status().await, "paid");
}

#[tokio::test]
async fn late_payment_costs_fine_and_interest() {
    let desk = Desk::new().await;
    desk.service().clock.advance(time::Duration::days(10)).unwrap();
    desk.hear("1", Paid).await.unwrap();
    assert_eq!(desk.notices().await, [("settles".to_owned(), 10_000 + 200 + 33)]);
}

#[tokio::test]
async fn paying_ends_a_notice_at_once() {
    let desk = Desk::new().await;
    let (service, company_id) = (desk.service(), desk.company_id);
    sqlx::query("insert into standing (company_id, state, noticed_at) values ($1, 'noticed', $2)")
        .bind(company_id.0)
        .bind(IN_TIME)
        .execute(&service.db)
        .await
        .unwrap();
    desk.hear("1", Paid).await.unwrap();
    let state: String =
        sqlx::query_scalar("select state from standing").fetch_one(&service.db).await.unwrap();
    assert_eq!(state, "good");
    assert_eq!(letters(&service.db, company_id).await, ["Your payment has arrived"]);
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let desk = Desk::new().await;
    let wrong = pb::ReceivePaymentNoticeRequest {
        notice_id: "x".repeat(101),
        invoice_id: "x".to_owned(),
        amount: Some(Money { cents: 0 }),
        ..pb::ReceivePaymentNoticeRequest::default()
    };
    let refused = desk.payments.receive_payment_notice(Request::new(wrong)).await.unwrap_err();
    let named: Vec<_> =
        Refusal::of(&refused).violations.into_iter().map(|broken| broken.field).collect();
    assert_eq!(named, ["notice_id", "invoice_id", "outcome", "amount"]);

    let unknown = Desk { invoice_id: InvoiceId::generate(), ..desk };
    let refused = unknown.hear("1", Paid).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).reason, "INVOICE_NOT_FOUND");
}

#[tokio::test]
async fn a_simulator_sends_no_messages() {
    let desk = Desk::new().await;
    let message = pb::ReceiveProviderMessageRequest::default();
    let refused = desk.payments.receive_provider_message(Request::new(message)).await;
    assert_eq!(refused.unwrap_err().code(), Code::Unimplemented);
}

/// Says what it was told to say.
struct Saying(Result<Option<PaymentNotice>, MessageError>);

#[tonic::async_trait]
impl PaymentProvider for Saying {
    async fn register(&self, _: NewCharge) -> Result<String, PaymentError> {
        Err(PaymentError::Unavailable)
    }

    async fn cancel(&self, _: &str) -> Result<(), PaymentError> {
        Err(PaymentError::Unavailable)
    }

    async fn read(&self, _: &[u8], _: &str) -> Result<Option<PaymentNotice>, MessageError> {
        self.0.clone()
    }
}

impl Desk {
    async fn read(
        &mut self,
        says: Result<Option<PaymentNotice>, MessageError>,
    ) -> Result<(), Status> {
        self.payments.provider = Arc::new(Saying(says));
        let message = Request::new(pb::ReceiveProviderMessageRequest::default());
        self.payments.receive_provider_message(message).await.map(|_| ())
    }
}

#[tokio::test]
async fn what_the_provider_says_in_its_own_words_is_taken_in_once() {
    let mut desk = Desk::new().await;
    let notice = PaymentNotice {
        notice_id: "evt_1".to_owned(),
        about: Payable::Invoice(desk.invoice_id),
        result: PaymentResult::Paid,
        amount: Cents::new(10_000),
        occurred_at: IN_TIME,
    };
    let collected = sqlx::query(
        "insert into collection (invoice_id, company_id, overdue_at, charge_id)
         values ($1, $2, $3, 'pi_1')",
    );
    let collected = collected.bind(desk.invoice_id.0).bind(desk.company_id.0).bind(IN_TIME);
    collected.execute(&desk.service().db).await.unwrap();
    desk.read(Ok(None)).await.unwrap();
    assert_eq!(status(&desk.service().db, desk.invoice_id).await, "pending");
    for _ in 0..2 {
        desk.read(Ok(Some(notice.clone()))).await.unwrap();
    }
    assert_eq!(status(&desk.service().db, desk.invoice_id).await, "paid");
    let notices: i64 = sqlx::query_scalar("select count(*) from payment_notice")
        .fetch_one(&desk.service().db)
        .await
        .unwrap();
    assert_eq!(notices, 1);
    let cancelled = chassis::testing::queued::<CancelCharge>(desk.service()).await;
    assert!(cancelled.is_empty(), "it is paid there");
    for (error, code) in [
        (MessageError::Untrusted, Code::InvalidArgument),
        (MessageError::Unreadable, Code::InvalidArgument),
        (MessageError::Unavailable, Code::Unavailable),
    ] {
        assert_eq!(desk.read(Err(error)).await.unwrap_err().code(), code);
    }
}
