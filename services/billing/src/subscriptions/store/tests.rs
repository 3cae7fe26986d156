use brazil::{Cents, InvoiceId};
use chassis::auth::{Grant, Role};
use chassis::page::Page;
use chassis::refusal::Refusal;
use chassis::{Service, testing};
use postgres_local::testing::TestDatabase;
use proto::billing::v1 as pb;
use proto::billing::v1::PaymentOutcome;
use proto::billing::v1::subscription_service_server::SubscriptionService;
use proto::common::v1::Permission;
use time::Duration;
use time::macros::{date, datetime};

use super::super::rpc::Subscriptions;
use super::super::{InvoiceStatus, Rhythm, Status, renewing, take_in};
use super::*;
use crate::MIGRATIONS;
use crate::payments::{Payable, Received};

/// Noon in São Paulo.
const NOON: OffsetDateTime = datetime!(2036-12-01 15:00 UTC);
const DUE_DAYS: i64 = 5;

async fn service() -> (Service, TestDatabase) {
    let (service, database) = testing::service("billing", &MIGRATIONS, vec![]).await;
    service.clock.set(NOON).unwrap();
    (service, database)
}

fn subscription(company_id: CompanyId) -> Subscription {
    Subscription {
        subscription_id: SubscriptionId::generate(),
        company_id,
        organization_id: "k3m9x2ab".to_owned(),
        address_id: Uuid::now_v7(),
        rhythm: Rhythm::Monthly,
        payment_method_id: None,
        products: vec!["workspace".to_owned()],
        modules: vec!["bank-data".to_owned()],
        seats: 2,
        status: Status::Awaiting,
        external_id: None,
        metadata: vec![],
        coupon: None,
        begun_on: date!(2036 - 12 - 01),
        invoices: 0,
        created_at: NOON,
        updated_at: NOON,
    }
}

/// A subscription with its first invoice.
async fn begun(service: &Service, company_id: CompanyId) -> (Subscription, InvoiceId) {
    let mut subscription = subscription(company_id);
    let tx = &mut *service.db.acquire().await.unwrap();
    insert(tx, &subscription).await.unwrap();
    let catalogue = products(&mut *tx).await.unwrap();
    let issued =
        renewing::issue_next(tx, &mut subscription, &catalogue, DUE_DAYS, NOON).await.unwrap();
    save(tx, &subscription).await.unwrap();
    (subscription, issued.invoice_id)
}

async fn notice(
    service: &Service,
    id: &str,
    invoice_id: InvoiceId,
    outcome: PaymentOutcome,
    cents: Option<i64>,
) -> Result<(), Error> {
    let received = Received {
        notice_id: id.to_owned(),
        about: Payable::Invoice(invoice_id),
        outcome,
        amount: cents.map(Cents::new),
        occurred_at: None,
        is_of_provider: false,
    };
    let tx = &mut *service.db.acquire().await.unwrap();
    take_in(service, tx, &received, invoice_id).await.map(|taken| assert!(taken.is_some()))
}

async fn status(service: &Service, id: SubscriptionId) -> Status {
    find(&service.db, id).await.unwrap().unwrap().status
}

#[tokio::test]
async fn an_organization_has_one_subscription_at_a_time() {
    let (service, _database) = service().await;
    let company_id = CompanyId::generate();
    let (first, invoice_id) = begun(&service, company_id).await;
    let invoice =
        invoices::find(&service.db, first.subscription_id, invoice_id).await.unwrap().unwrap();
    assert_eq!(invoice.amount, Cents::new(2 * 4_990 + 9_900));
    assert_eq!((invoice.issued_on, invoice.due_on), (date!(2036 - 12 - 01), date!(2036 - 12 - 06)));
    assert_eq!(invoice.status, InvoiceStatus::Open);
    let tx = &mut *service.db.acquire().await.unwrap();
    let second = insert(tx, &subscription(company_id)).await.unwrap_err();
    assert_eq!(Refusal::of(&second.into()).reason, "SUBSCRIPTION_EXISTS");
    let ended = Subscription { status: Status::Canceled, ..first };
    save(tx, &ended).await.unwrap();
    insert(tx, &subscription(company_id)).await.unwrap();
    let (listed, total) =
        list(&service.db, &[company_id.0], &Page::parse(None).unwrap()).await.unwrap();
    assert_eq!((listed.len(), total), (2, 2));
    let found = accounts(&service.db, &[company_id.0, Uuid::now_v7()]).await.unwrap();
    let [account] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(account.subscription_ids.len(), 2);
    assert_eq!(account.current_id, Some(listed[1].subscription_id.0));
}

#[tokio::test]
async fn payments_and_time_move_a_subscription() {
    let (service, _database) = service().await;
    let (subscription, first) = begun(&service, CompanyId::generate()).await;
    let id = subscription.subscription_id;
    let early = notice(&service, "r", first, PaymentOutcome::Refunded, None).await;
    assert!(matches!(early, Err(Error::InvoiceNotPaid(_))));
    notice(&service, "f", first, PaymentOutcome::Failed, None).await.unwrap();
    notice(&service, "p1", first, PaymentOutcome::Paid, Some(10_000)).await.unwrap();
    assert_eq!(status(&service, id).await, Status::Awaiting, "a part is not enough");
    // Saturday the 6th is payable until Monday the 8th.
    service.clock.set(datetime!(2036-12-09 02:59 UTC)).unwrap();
    assert_eq!(invoices::note_overdue(&service.db, service.clock.now()).await.unwrap(), 0);
    service.clock.set(datetime!(2036-12-09 03:00 UTC)).unwrap();
    assert_eq!(invoices::note_overdue(&service.db, service.clock.now()).await.unwrap(), 1);
    assert_eq!(status(&service, id).await, Status::PastDue);
    for _ in 0..2 {
        notice(&service, "p2", first, PaymentOutcome::Paid, None).await.unwrap();
    }
    assert_eq!(status(&service, id).await, Status::Active);
    let paid: i64 =
        sqlx::query_scalar("select sum(amount_cents)::bigint from subscription_payment")
            .fetch_one(&service.db)
            .await
            .unwrap();
    assert_eq!(paid, 19_880, "each notice once");

    assert!(!renewing::renew_batch(&service, DUE_DAYS).await.unwrap());
    service.clock.set(NOON + Duration::days(31)).unwrap();
    assert!(renewing::renew_batch(&service, DUE_DAYS).await.unwrap());
    assert!(!renewing::renew_batch(&service, DUE_DAYS).await.unwrap());
    let page = Page::parse(None).unwrap();
    let (listed, total) = invoices::list(&service.db, id, &page).await.unwrap();
    assert_eq!((total, listed[0].sold_on), (2, date!(2037 - 01 - 01)));
    notice(&service, "r2", first, PaymentOutcome::Refunded, None).await.unwrap();
    let refunded = invoices::find(&service.db, id, first).await.unwrap().unwrap();
    assert_eq!(refunded.status, InvoiceStatus::Void);
}

#[tokio::test]
async fn an_invoice_is_void_when_all_is_paid_back() {
    let (service, _database) = service().await;
    let (subscription, first) = begun(&service, CompanyId::generate()).await;
    let (id, service) = (subscription.subscription_id, &service);
    let hear = async |notice_id: &str, outcome, cents| {
        notice(service, notice_id, first, outcome, cents).await.unwrap();
        invoices::find(&service.db, id, first).await.unwrap().unwrap().status
    };
    use PaymentOutcome::{Paid, Refunded};
    assert_eq!(hear("1", Paid, Some(10_000)).await, InvoiceStatus::Open);
    assert_eq!(hear("2", Refunded, Some(4_000)).await, InvoiceStatus::Open);
    assert_eq!(hear("3", Paid, Some(13_879)).await, InvoiceStatus::Open, "a cent is missing");
    assert_eq!(hear("4", Paid, None).await, InvoiceStatus::Paid);
    assert_eq!(hear("5", Paid, None).await, InvoiceStatus::Paid, "it is paid twice");
    assert_eq!(hear("6", Refunded, None).await, InvoiceStatus::Paid, "and once again");
    assert_eq!(hear("7", Refunded, Some(19_879)).await, InvoiceStatus::Paid);
    assert_eq!(hear("8", Refunded, None).await, InvoiceStatus::Void);
    let nothing = notice(service, "9", first, Refunded, None).await;
    assert!(matches!(nothing, Err(Error::InvoiceNotPaid(_))));
}

#[tokio::test]
async fn what_costs_nothing_is_paid_and_nothing_follows_an_end() {
    let (service, _database) = service().await;
    sqlx::query(
        "insert into coupon (code, percent, valid_from, valid_until, uses_max, created_at)
         values ('FREE', 100, now(), now() + interval '1 day', 1, now())",
    )
    .execute(&service.db)
    .await
    .unwrap();
    let mut free = subscription(CompanyId::generate());
    let tx = &mut *service.db.acquire().await.unwrap();
    insert(tx, &free).await.unwrap();
    free.coupon = Some("FREE".to_owned());
    let catalogue = products(&mut *tx).await.unwrap();
    let issued = renewing::issue_next(tx, &mut free, &catalogue, DUE_DAYS, NOON).await.unwrap();
    assert_eq!((issued.amount, issued.status), (Cents::ZERO, InvoiceStatus::Paid));
    assert_eq!(free.status, Status::Active);
    free.status = Status::Canceled;
    save(tx, &free).await.unwrap();
    service.clock.set(NOON + Duration::days(400)).unwrap();
    assert!(!renewing::renew_batch(&service, DUE_DAYS).await.unwrap());
}

#[tokio::test]
async fn others_subscriptions_do_not_exist_and_members_only_read() {
    let (service, _database) = service().await;
    let company_id = CompanyId::generate();
    let (subscription, invoice_id) = begun(&service, company_id).await;
    let rpcs = Subscriptions { service, due_days: DUE_DAYS };
    let subscription_id = subscription.subscription_id.to_string();
    let at = |role, company_id: CompanyId| vec![Grant { role, company_id: Some(company_id.0) }];
    let get = |grants| {
        let request = pb::GetSubscriptionInvoiceRequest {
            subscription_id: subscription_id.clone(),
            invoice_id: invoice_id.to_string(),
        };
        rpcs.get_subscription_invoice(testing::request(
            request,
            grants,
            Permission::OrganizationsRead,
        ))
    };
    assert!(get(at(Role::Member, company_id)).await.is_ok());
    let refusal = get(at(Role::Manager, CompanyId::generate())).await.unwrap_err();
    assert_eq!(Refusal::of(&refusal).reason, "SUBSCRIPTION_NOT_FOUND");
    let cancel = |grants| {
        let request = pb::CancelSubscriptionRequest { subscription_id: subscription_id.clone() };
        rpcs.cancel_subscription(testing::request(request, grants, Permission::OrganizationsManage))
    };
    let refusal = cancel(at(Role::Member, company_id)).await.unwrap_err();
    assert_eq!(refusal.code(), tonic::Code::PermissionDenied);
    let refusal = cancel(at(Role::Manager, CompanyId::generate())).await.unwrap_err();
    assert_eq!(refusal.code(), tonic::Code::NotFound);

    let accounts = |grants| {
        let company_ids = vec![company_id.to_string()];
        let request = pb::BatchGetOrganizationAccountsRequest { company_ids };
        rpcs.batch_get_organization_accounts(testing::request(
            request,
            grants,
            Permission::OrganizationsRead,
        ))
    };
    let seen = accounts(at(Role::Member, company_id)).await.unwrap().into_inner().accounts;
    assert_eq!(seen[0].current_subscription_id, Some(subscription_id.clone()));
    let seen = accounts(at(Role::Manager, CompanyId::generate())).await.unwrap().into_inner();
    assert!(seen.accounts.is_empty());
}
