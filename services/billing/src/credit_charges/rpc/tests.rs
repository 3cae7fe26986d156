use std::sync::Arc;

use chassis::auth::{Grant, Role};
use chassis::idempotency::KEY_HEADER;
use chassis::refusal::Refusal;
use chassis::testing;
use postgres_local::testing::TestDatabase;
use proto::billing::v1::PaymentOutcome;
use proto::billing::v1::payment_service_server::PaymentService;
use proto::common::v1::Permission;
use time::Duration;
use time::macros::datetime;
use tonic::Code;

use super::*;
use crate::MIGRATIONS;
use crate::dunning::{Dunning, Terms};
use crate::financial_accounts::given;
use crate::payments::rpc::Payments;
use crate::payments::{PaymentProviderSimulator, payee_of_tests};

/// Noon in São Paulo.
const NOON: OffsetDateTime = datetime!(2036-12-01 15:00 UTC);

struct Desk {
    charges: CreditCharges,
    payments: Payments,
    company_id: CompanyId,
    _database: TestDatabase,
}

impl Desk {
    async fn new() -> Self {
        let (service, database) = testing::service("billing", &MIGRATIONS, vec![]).await;
        service.clock.set(NOON).unwrap();
        let dunning = Dunning { service: service.clone(), terms: Terms::default() };
        Self {
            payments: Payments {
                service: service.clone(),
                dunning,
                provider: Arc::new(PaymentProviderSimulator::new()),
            },
            charges: CreditCharges {
                service,
                payee: payee_of_tests(),
                pages: "https://pay.example/".to_owned(),
            },
            company_id: CompanyId::generate(),
            _database: database,
        }
    }

    /// With a financial account.
    async fn ready() -> Self {
        let desk = Self::new().await;
        desk.create_account(Role::Manager).await.unwrap();
        desk
    }

    fn request<T>(&self, role: Role, message: T) -> Request<T> {
        let grants = vec![Grant { role, company_id: Some(self.company_id.into()) }];
        testing::request(message, grants, Permission::CreditManage)
    }

    async fn create_account(&self, role: Role) -> Result<pb::FinancialAccount, tonic::Status> {
        let company_id = self.company_id.to_string();
        let request = pb::CreateFinancialAccountRequest { company_id, account: Some(given()) };
        let request = self.request(role, request);
        let answer = self.charges.create_financial_account(request).await?;
        Ok(answer.into_inner().account.unwrap())
    }

    async fn account(&self) -> Result<pb::FinancialAccount, tonic::Status> {
        let request = pb::GetFinancialAccountRequest { company_id: self.company_id.to_string() };
        let request = self.request(Role::Manager, request);
        let answer = self.charges.get_financial_account(request).await?;
        Ok(answer.into_inner().account.unwrap())
    }

    async fn replace(&self, account: pb::FinancialAccount) -> Result<(), tonic::Status> {
        let request = pb::ReplaceFinancialAccountRequest {
            company_id: self.company_id.to_string(),
            account: Some(account),
        };
        let request = self.request(Role::Manager, request);
        self.charges.replace_financial_account(request).await.map(drop)
    }

    fn wanted(&self, cents: i64, billing_type: pb::BillingType) -> pb::CreateCreditChargeRequest {
        pb::CreateCreditChargeRequest {
            company_id: self.company_id.to_string(),
            value: Some(Money { cents }),
            billing_type: billing_type.into(),
            due_date: None,
            description: None,
        }
    }

    async fn create(
        &self,
        wanted: pb::CreateCreditChargeRequest,
    ) -> Result<pb::CreditCharge, tonic::Status> {
        let request = self.request(Role::Manager, wanted);
        Ok(self.charges.create_credit_charge(request).await?.into_inner().charge.unwrap())
    }

    /// A charge of R$ 10,00.
    async fn charge(&self) -> pb::CreditCharge {
        self.create(self.wanted(1_000, pb::BillingType::Pix)).await.unwrap()
    }

    async fn find(&self, id: &str) -> Result<pb::CreditCharge, tonic::Status> {
        self.find_as(Role::Manager, id).await
    }

    async fn find_as(&self, role: Role, id: &str) -> Result<pb::CreditCharge, tonic::Status> {
        let request = pb::GetCreditChargeRequest {
            company_id: self.company_id.to_string(),
            charge_id: id.to_owned(),
        };
        let request = self.request(role, request);
        Ok(self.charges.get_credit_charge(request).await?.into_inner().charge.unwrap())
    }

    async fn status(&self, id: &str) -> pb::CreditChargeStatus {
        self.find(id).await.unwrap().status()
    }

    async fn hear(
        &self,
        notice: &str,
        charge_id: &str,
        outcome: PaymentOutcome,
        cents: Option<i64>,
    ) -> Result<(), tonic::Status> {
        let request = pb::ReceivePaymentNoticeRequest {
            notice_id: notice.to_owned(),
            invoice_id: String::new(),
            outcome: outcome.into(),
            amount: cents.map(|cents| Money { cents }),
            occurred_at: None,
            charge_id: charge_id.to_owned(),
        };
        self.payments.receive_payment_notice(Request::new(request)).await.map(drop)
    }

    /// Balance and debt.
    async fn wallet(&self) -> (i64, i64) {
        sqlx::query_as("select balance_cents, debt_cents from wallet where company_id = $1")
            .bind(self.company_id.0)
            .fetch_optional(&self.charges.service.db)
            .await
            .unwrap()
            .unwrap_or_default()
    }
}

use PaymentOutcome::{Failed, Paid, Refunded};
use pb::CreditChargeStatus::{Overdue, Pending, Received};

fn reason(status: &tonic::Status) -> (Code, String) {
    (status.code(), Refusal::of(status).reason)
}

fn named(status: &tonic::Status) -> Vec<String> {
    Refusal::of(status).violations.into_iter().map(|broken| broken.field).collect()
}

#[tokio::test]
async fn who_pays_is_said_once_and_then_anew() {
    let desk = Desk::new().await;
    let absent = (Code::NotFound, "FINANCIAL_ACCOUNT_NOT_FOUND".to_owned());
    assert_eq!(reason(&desk.account().await.unwrap_err()), absent);
    assert_eq!(reason(&desk.replace(given()).await.unwrap_err()), absent);
    let empty = pb::FinancialAccount::default();
    assert_eq!(reason(&desk.replace(empty).await.unwrap_err()), absent);
    assert_eq!(desk.create_account(Role::Manager).await.unwrap(), given());
    let again = desk.create_account(Role::Manager).await.unwrap_err();
    assert_eq!(reason(&again), (Code::AlreadyExists, "FINANCIAL_ACCOUNT_EXISTS".to_owned()));
    let bare = pb::FinancialAccount { company: None, name: "Outra".to_owned(), ..given() };
    desk.replace(bare.clone()).await.unwrap();
    assert_eq!(desk.account().await.unwrap(), bare);
    let sealed: Vec<u8> = sqlx::query_scalar("select content_sealed from financial_account")
        .fetch_one(&desk.charges.service.db)
        .await
        .unwrap();
    assert!(!sealed.windows(5).any(|part| part == b"Outra"));
    let wrong = desk.replace(pb::FinancialAccount::default()).await.unwrap_err();
    assert_eq!(wrong.code(), Code::InvalidArgument);
    let member = desk.create_account(Role::Member).await.unwrap_err();
    assert_eq!(member.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn a_charge_is_made_and_read() {
    let desk = Desk::ready().await;
    let wanted = pb::CreateCreditChargeRequest {
        due_date: Some("2036-12-01".to_owned()),
        description: Some("Recarga de dezembro".to_owned()),
        ..desk.wanted(10_000_000, pb::BillingType::Undefined)
    };
    let charge = desk.create(wanted).await.unwrap();
    assert_eq!((charge.status(), charge.billing_type()), (Pending, pb::BillingType::Undefined));
    assert_eq!(charge.value, Some(Money { cents: 10_000_000 }));
    assert_eq!(charge.due_date, "2036-12-01");
    assert_eq!(charge.invoice_url, format!("https://pay.example/{}", charge.id));
    assert_eq!(charge.description.as_deref(), Some("Recarga de dezembro"));
    let pix: brazil::PixCode = charge.pix_copy_paste.as_deref().unwrap().parse().unwrap();
    assert_eq!(pix.charge().amount, Some(Cents::new(10_000_000)));
    assert_eq!(desk.find(&charge.id).await.unwrap(), charge);

    let boleto = desk.create(desk.wanted(100, pb::BillingType::Boleto)).await.unwrap();
    assert_eq!((boleto.pix_copy_paste.as_deref(), boleto.due_date.as_str()), (None, "2036-12-04"));
    let request = pb::ListCreditChargesRequest {
        company_id: desk.company_id.to_string(),
        ..Default::default()
    };
    let request = desk.request(Role::Manager, request);
    let listed = desk.charges.list_credit_charges(request).await.unwrap().into_inner().charges;
    assert_eq!(listed, [boleto, charge]);
}

#[tokio::test]
async fn what_cannot_be_charged_is_refused() {
    let desk = Desk::new().await;
    let refused = desk.create(desk.wanted(100, pb::BillingType::Pix)).await.unwrap_err();
    let expected = (Code::FailedPrecondition, "FINANCIAL_ACCOUNT_REQUIRED".to_owned());
    assert_eq!(reason(&refused), expected);
    let wrong = |due: &str| pb::CreateCreditChargeRequest {
        value: Some(Money { cents: 99 }),
        due_date: Some(due.to_owned()),
        description: Some("x".repeat(501)),
        ..desk.wanted(0, pb::BillingType::Unspecified)
    };
    let everything = ["value", "billing_type", "due_date", "description"];
    for due in ["2036-11-30", "2036-13-01", "01/01/2037", "+2036-12-24", "", "2036-12-01T00:00"] {
        assert_eq!(named(&desk.create(wrong(due)).await.unwrap_err()), everything, "{due}");
    }
    let absent =
        pb::CreateCreditChargeRequest { value: None, ..desk.wanted(1, pb::BillingType::Pix) };
    assert_eq!(named(&desk.create(absent).await.unwrap_err()), ["value"]);
    let much = desk.wanted(10_000_001, pb::BillingType::Pix);
    assert_eq!(named(&desk.create(much).await.unwrap_err()), ["value"]);
    let refused = desk.find(&CreditChargeId::generate().to_string()).await.unwrap_err();
    assert_eq!(reason(&refused), (Code::NotFound, "CHARGE_NOT_FOUND".to_owned()));
}

#[tokio::test]
async fn a_charge_of_somebody_else_does_not_exist() {
    let desk = Desk::ready().await;
    let charge = desk.charge().await;
    let member = desk.find_as(Role::Member, &charge.id).await.unwrap_err();
    assert_eq!(member.code(), Code::PermissionDenied);
    let absent = CreditChargeId::generate().to_string();
    let absent = desk.find_as(Role::Member, &absent).await.unwrap_err();
    assert_eq!(reason(&absent).1, "CHARGE_NOT_FOUND");
    let other = Desk { company_id: CompanyId::generate(), ..desk };
    assert_eq!(reason(&other.find(&charge.id).await.unwrap_err()).1, "CHARGE_NOT_FOUND");
}

#[tokio::test]
async fn a_repeated_request_makes_one_charge() {
    let desk = Desk::ready().await;
    let mut request = desk.request(Role::Manager, desk.wanted(500, pb::BillingType::Pix));
    request.metadata_mut().insert(KEY_HEADER, "k".parse().unwrap());
    let mut again = Request::new(request.get_ref().clone());
    *again.metadata_mut() = request.metadata().clone();
    *again.extensions_mut() = request.extensions().clone();
    let one = desk.charges.create_credit_charge(request).await.unwrap().into_inner();
    let two = desk.charges.create_credit_charge(again).await.unwrap().into_inner();
    assert_eq!(one, two);
}

#[tokio::test]
async fn a_payment_credits_once_however_often_it_is_reported() {
    let desk = Desk::ready().await;
    let id = &desk.charge().await.id;
    desk.hear("0", id, Failed, None).await.unwrap();
    assert_eq!((desk.status(id).await, desk.wallet().await), (Pending, (0, 0)));
    let same = (0..8).map(|_| desk.hear("1", id, Paid, None));
    let others = ["2", "3", "4"].map(|notice| desk.hear(notice, id, Paid, None));
    let heard = futures::future::join_all(same).await;
    assert!(heard.into_iter().chain(futures::future::join_all(others).await).all(|h| h.is_ok()));
    assert_eq!((desk.status(id).await, desk.wallet().await), (Received, (1_000, 0)));
    assert!(desk.find(id).await.unwrap().paid_at.is_some());
    // Three payments too many are paid back first, whatever is left of the credit.
    for notice in ["5", "6", "7"] {
        desk.hear(notice, id, Refunded, None).await.unwrap();
        assert_eq!((desk.status(id).await, desk.wallet().await), (Received, (1_000, 0)));
    }
    desk.hear("8", id, Refunded, None).await.unwrap();
    desk.hear("8", id, Refunded, None).await.unwrap();
    assert_eq!(desk.status(id).await, pb::CreditChargeStatus::Refunded);
    assert_eq!(desk.wallet().await, (0, 0));
}

#[tokio::test]
async fn parts_credit_nothing_until_they_suffice() {
    let desk = Desk::ready().await;
    let id = &desk.charge().await.id;
    desk.hear("1", id, Paid, Some(400)).await.unwrap();
    assert_eq!((desk.status(id).await, desk.wallet().await), (Pending, (0, 0)));
    desk.hear("2", id, Paid, Some(700)).await.unwrap();
    assert_eq!((desk.status(id).await, desk.wallet().await), (Received, (1_000, 0)));
    // A hundred came too much, so two hundred of the credit go.
    desk.hear("3", id, Refunded, Some(300)).await.unwrap();
    assert_eq!((desk.status(id).await, desk.wallet().await), (Received, (800, 0)));
    desk.hear("4", id, Refunded, Some(800)).await.unwrap();
    assert_eq!(desk.wallet().await, (0, 0));
    assert_eq!(desk.status(id).await, pb::CreditChargeStatus::Refunded);
}

#[tokio::test]
async fn what_was_used_when_it_is_paid_back_is_a_debt_of_the_next_credit() {
    let desk = Desk::ready().await;
    let (id, next) = (desk.charge().await.id, desk.charge().await.id);
    desk.hear("1", &id, Paid, None).await.unwrap();
    let db = &desk.charges.service.db;
    // Most of it was used.
    sqlx::query("update wallet set balance_cents = 300").execute(db).await.unwrap();
    desk.hear("2", &id, Refunded, None).await.unwrap();
    assert_eq!(desk.wallet().await, (0, 700));
    desk.hear("3", &next, Paid, None).await.unwrap();
    assert_eq!(desk.wallet().await, (300, 0));
}

#[tokio::test]
async fn an_overdue_charge_can_be_paid() {
    let desk = Desk::ready().await;
    let id = &desk.charge().await.id;
    let service = &desk.charges.service;
    service.clock.advance(Duration::days(30)).unwrap();
    assert_eq!(store::note_overdue(&service.db, service.clock.now(), 10).await.unwrap(), 1);
    assert_eq!(desk.status(id).await, Overdue);
    desk.hear("0", id, Failed, None).await.unwrap();
    desk.hear("1", id, Paid, None).await.unwrap();
    assert_eq!((desk.status(id).await, desk.wallet().await), (Received, (1_000, 0)));
}

#[tokio::test]
async fn notices_that_make_no_sense_are_refused() {
    let desk = Desk::ready().await;
    let id = &desk.charge().await.id;
    let early = desk.hear("1", id, Refunded, None).await.unwrap_err();
    assert_eq!(reason(&early), (Code::FailedPrecondition, "CHARGE_NOT_PAID".to_owned()));
    let unknown = CreditChargeId::generate().to_string();
    let unknown = desk.hear("1", &unknown, Paid, None).await.unwrap_err();
    assert_eq!(reason(&unknown), (Code::NotFound, "CHARGE_NOT_FOUND".to_owned()));
    assert_eq!(named(&desk.hear("1", "x", Paid, None).await.unwrap_err()), ["charge_id"]);
    let both = pb::ReceivePaymentNoticeRequest {
        notice_id: "1".to_owned(),
        invoice_id: id.clone(),
        charge_id: id.clone(),
        outcome: Paid.into(),
        ..Default::default()
    };
    let refused = desk.payments.receive_payment_notice(Request::new(both)).await.unwrap_err();
    assert_eq!(named(&refused), ["invoice_id"]);
}
