//! Billing's tables can be spread over machines by company; see deploy/kubernetes/README.md.

use std::sync::Arc;

use brazil::{Cents, CompanyId};
use chassis::Service;
use chassis::auth::{Grant, Role};
use chassis::testing::sharding::{Exceptions, Hot, check, check_hot};
use chassis::testing::statements::statements_of;
use proto::billing::v1 as pb;
use proto::billing::v1::credit_charge_service_server::CreditChargeService;
use proto::billing::v1::invoice_service_server::InvoiceService;
use proto::billing::v1::payment_service_server::PaymentService;
use proto::billing::v1::wallet_service_server::WalletService;
use proto::common::v1::{Money, Permission};
use time::macros::date;
use tonic::Request;
use uuid::Uuid;

use crate::MIGRATIONS;
use crate::credit_charges::rpc::CreditCharges;
use crate::dunning::{Dunning, Terms};
use crate::financial_accounts::given;
use crate::invoices::rpc::Invoices;
use crate::payments::rpc::Payments;
use crate::payments::{PaymentProviderSimulator, payee_of_tests};
use crate::testing::invoice;
use crate::wallets::credit;
use crate::wallets::rpc::Wallets;

const EXCEPTIONS: Exceptions = Exceptions {
    tables: &[
        ("billing_run", "one row a month, on one machine"),
        ("coupon", "made by the operator, on every machine"),
        ("coupon_attempt", "tries of a caller within a minute, on one machine"),
        ("fiscal_series", "documents are numbered without gaps for all companies, on one machine"),
        ("plan", "the catalogue, on every machine"),
        ("subscription_product", "the catalogue, on every machine"),
    ],
    keys: &[
        ("billing_run_pkey", "on one machine"),
        ("coupon_attempt_pkey", "on one machine"),
        ("coupon_pkey", "made by the operator, on every machine"),
        ("fiscal_note_number", "the series' row is locked while a number is given"),
        ("fiscal_series_pkey", "on one machine"),
        ("payment_notice_pkey", "the provider's own id, about one invoice and so of one company"),
        ("plan_name", "the catalogue, on every machine"),
        ("subscription_invoice_number_key", "numbers come of one sequence"),
        ("subscription_payment_pkey", "the provider's own id, about one invoice"),
        ("subscription_product_pkey", "the catalogue, on every machine"),
    ],
};

#[tokio::test]
async fn every_unique_key_is_held_by_one_machine() {
    let (service, _database) = chassis::testing::service("billing", &MIGRATIONS, vec![]).await;
    check(&service, &EXCEPTIONS).await;
}

const PAID: &str = "what came for it is asked for by the invoice alone, once it was found";
const NAMED: &str = "the provider names what was paid, and no company";

/// What the busiest rpcs ask for that is not of one company.
const HOT: [Hot; 10] = [
    Hot { rpc: "ListInvoices", across: &[] },
    Hot { rpc: "GetInvoice", across: &[("invoice", PAID), ("payment_notice", PAID)] },
    Hot { rpc: "CreateCreditCharge", across: &[] },
    Hot { rpc: "ListCreditCharges", across: &[] },
    Hot { rpc: "GetWallet", across: &[] },
    Hot { rpc: "ReserveCallMinute", across: &[] },
    Hot { rpc: "SettleCall", across: &[] },
    Hot { rpc: "ListLedgerEntries", across: &[] },
    Hot {
        rpc: "ReceivePaymentNotice of an invoice",
        across: &[("collection", NAMED), ("invoice", NAMED), ("payment_notice", NAMED)],
    },
    Hot {
        rpc: "ReceivePaymentNotice of a charge",
        across: &[("credit_charge", NAMED), ("payment_notice", NAMED)],
    },
];

fn request<T>(company_id: CompanyId, permission: Permission, message: T) -> Request<T> {
    let grants = vec![Grant { role: Role::Manager, company_id: Some(company_id.into()) }];
    chassis::testing::request(message, grants, permission)
}

async fn invoices(service: &Service, company_id: CompanyId, asked: &mut Vec<Vec<String>>) {
    let invoice_id = invoice(&service.db, company_id, date!(2036 - 11 - 01)).await;
    let (payee, service) = (payee_of_tests(), service.clone());
    let invoices = Invoices { service: service.clone(), provider: "simulator", payee };
    let company = company_id.to_string();
    let list = pb::ListInvoicesRequest { company_id: company.clone(), page: None };
    let list = request(company_id, Permission::InvoicesRead, list);
    let (listed, list) = statements_of(invoices.list_invoices(list)).await;
    listed.unwrap();
    let get = pb::GetInvoiceRequest { company_id: company, invoice_id: invoice_id.to_string() };
    let get = request(company_id, Permission::InvoicesRead, get);
    let (got, get) = statements_of(invoices.get_invoice(get)).await;
    got.unwrap();
    asked.extend([list, get]);
}

async fn charges(
    service: &Service,
    company_id: CompanyId,
    asked: &mut Vec<Vec<String>>,
) -> pb::CreditCharge {
    let charges = CreditCharges {
        service: service.clone(),
        payee: payee_of_tests(),
        pages: "https://pay.example/".to_owned(),
    };
    let (company, manage) = (company_id.to_string(), Permission::CreditManage);
    let account =
        pb::CreateFinancialAccountRequest { company_id: company.clone(), account: Some(given()) };
    charges.create_financial_account(request(company_id, manage, account)).await.unwrap();
    let create = pb::CreateCreditChargeRequest {
        company_id: company.clone(),
        value: Some(Money { cents: 1_000 }),
        billing_type: pb::BillingType::Pix.into(),
        ..pb::CreateCreditChargeRequest::default()
    };
    let create = charges.create_credit_charge(request(company_id, manage, create));
    let (created, create) = statements_of(create).await;
    let list = pb::ListCreditChargesRequest { company_id: company, page: None };
    let list = charges.list_credit_charges(request(company_id, manage, list));
    let (listed, list) = statements_of(list).await;
    listed.unwrap();
    asked.extend([create, list]);
    created.unwrap().into_inner().charge.unwrap()
}

async fn wallets(service: &Service, company_id: CompanyId, asked: &mut Vec<Vec<String>>) {
    let mut db = service.db.acquire().await.unwrap();
    let now = service.clock.now();
    credit(&mut db, company_id, Uuid::now_v7(), Cents::new(1_000), now).await.unwrap();
    let wallets = Wallets { service: service.clone(), minute_price: Cents::new(8) };
    let (company, call_id) = (company_id.to_string(), Uuid::now_v7().to_string());
    let read = Permission::WalletsRead;
    let get = request(company_id, read, pb::GetWalletRequest { company_id: company.clone() });
    let (got, get) = statements_of(wallets.get_wallet(get)).await;
    got.unwrap();
    let minute = pb::ReserveCallMinuteRequest {
        company_id: company.clone(),
        call_id: call_id.clone(),
        minute: 1,
    };
    let (reserved, reserve) =
        statements_of(wallets.reserve_call_minute(Request::new(minute))).await;
    reserved.unwrap();
    let settle = pb::SettleCallRequest { company_id: company.clone(), call_id, minutes: 1 };
    let (settled, settle) = statements_of(wallets.settle_call(Request::new(settle))).await;
    settled.unwrap();
    let list = pb::ListLedgerEntriesRequest { company_id: company, page: None };
    let list = wallets.list_ledger_entries(request(company_id, read, list));
    let (listed, list) = statements_of(list).await;
    listed.unwrap();
    asked.extend([get, reserve, settle, list]);
}

#[tokio::test]
async fn what_the_busiest_rpcs_ask_for_is_of_one_company() {
    let (service, _database) = chassis::testing::service("billing", &MIGRATIONS, vec![]).await;
    let (service, company_id, mut asked) = (&service, CompanyId::generate(), vec![]);
    invoices(service, company_id, &mut asked).await;
    let charge = charges(service, company_id, &mut asked).await;
    wallets(service, company_id, &mut asked).await;

    let payments = Payments {
        service: service.clone(),
        dunning: Dunning { service: service.clone(), terms: Terms::default() },
        provider: Arc::new(PaymentProviderSimulator::new()),
    };
    let invoice_id = invoice(&service.db, company_id, date!(2036 - 10 - 01)).await;
    for (invoice_id, charge_id) in
        [(invoice_id.to_string(), String::new()), (String::new(), charge.id)]
    {
        let notice = pb::ReceivePaymentNoticeRequest {
            notice_id: Uuid::now_v7().to_string(),
            invoice_id,
            charge_id,
            outcome: pb::PaymentOutcome::Paid.into(),
            ..pb::ReceivePaymentNoticeRequest::default()
        };
        let notice = payments.receive_payment_notice(Request::new(notice));
        let (taken, receive) = statements_of(notice).await;
        taken.unwrap();
        asked.push(receive);
    }
    check_hot(service, HOT.iter().zip(&asked)).await;
}
