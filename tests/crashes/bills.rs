//! Every invoice is taken to the provider, mailed, documented and paid once, however often billing
//! dies in between.

use harness::invariants::assert_invariants;
use harness::{World, unique, with_token};
use local::Part;
use proto::billing::v1::payment_service_client::PaymentServiceClient;
use proto::billing::v1::{PaymentOutcome, ReceivePaymentNoticeRequest};
use reqwest::Method;
use serde_json::json;
use sqlx::PgPool;
use tonic::Code;
use tonic::transport::Channel;

use crate::{PATIENCE, crash_at, persist};

/// On the way of a new invoice, and on that of a notice of payment.
pub(crate) const POINTS: [(&str, Part); 7] = [
    ("billing.payment.before_provider", Part::Billing),
    ("billing.payment.registered", Part::Billing),
    ("billing.payment.before_note", Part::Billing),
    ("billing.letters.before_commit", Part::Billing),
    ("billing.fiscal.batch_committed", Part::Billing),
    ("billing.payment.before_commit", Part::Billing),
    ("billing.payment.committed", Part::Billing),
];
const OF_NOTICES: [&str; 2] = ["billing.payment.before_commit", "billing.payment.committed"];

#[tokio::test]
async fn an_invoice_and_its_payment_survive_the_death_of_billing_at_any_step() {
    let mut world = World::own().await;
    let database = world.database().await;
    for (point, part) in POINTS {
        world.advance("P31D").await;
        let path = "/sandbox/billing/run".to_owned();
        let running = persist(world.rest(), Method::POST, path, json!({}), 200);
        let of_notice = OF_NOTICES.contains(&point);
        if of_notice {
            running.await;
            world.settle().await;
        } else {
            crash_at(&mut world, point, part, running).await;
            // Whoever dies with invoices in hand keeps them for a while.
            world.advance("PT1M").await;
            world.settle().await;
        }
        assert_collected_once(&world, &database, point).await;

        let token = world.stack.gateway_token().await.unwrap();
        let mut others = pending(&database).await;
        let first = others.remove(0);
        let paying = pay(world.channel(Part::Billing), token.clone(), first.to_string());
        if of_notice {
            crash_at(&mut world, point, part, paying).await;
        } else {
            paying.await;
        }
        for invoice_id in others {
            pay(world.channel(Part::Billing), token.clone(), invoice_id.to_string()).await;
        }
        world.settle().await;
        assert_paid_once(&database, point).await;
        assert_invariants(&database, point).await;
    }
}

async fn pending(database: &PgPool) -> Vec<uuid::Uuid> {
    sqlx::query_scalar("select invoice_id from billing.invoice where status = 'pending'")
        .fetch_all(database)
        .await
        .unwrap()
}

/// What the provider does: says it again, under the same name, until it is taken in.
async fn pay(billing: Channel, token: String, invoice_id: String) {
    let notice = ReceivePaymentNoticeRequest {
        notice_id: format!("notice-{}", unique()),
        invoice_id,
        outcome: PaymentOutcome::Paid.into(),
        amount: None,
        occurred_at: None,
        ..Default::default()
    };
    let taken_in = async {
        loop {
            let mut payments = PaymentServiceClient::new(billing.clone());
            match payments.receive_payment_notice(with_token(notice.clone(), &token)).await {
                Ok(_) => return,
                Err(status) if status.code() == Code::NotFound => panic!("{status}"),
                Err(_) => tokio::task::yield_now().await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, taken_in).await.expect("the notice is taken in");
}

async fn count(database: &PgPool, statement: &'static str) -> i64 {
    sqlx::query_scalar(statement).fetch_one(database).await.unwrap()
}

async fn assert_collected_once(world: &World, database: &PgPool, point: &str) {
    let invoices = count(database, "select count(*) from billing.invoice").await;
    let charges = "select count(distinct charge_id) from billing.collection";
    assert_eq!(count(database, charges).await, invoices, "charges after a crash at {point}");
    // Nobody can write a document for a company without a CNPJ.
    let documented = "select count(*) from billing.invoice
                        join company.company using (company_id) where cnpj is not null";
    let documented = count(database, documented).await;
    assert!(documented > 0, "nothing to document after a crash at {point}");
    let notes = "select count(*) from billing.fiscal_note where status = 'authorized'";
    assert_eq!(count(database, notes).await, documented, "documents after a crash at {point}");
    let noted = "select count(distinct invoice_id) from billing.fiscal_note";
    assert_eq!(count(database, noted).await, documented, "documents after a crash at {point}");
    let mails = world.rest().get("/sandbox/mail").await.expect(200);
    let written = mails["mails"].as_array().unwrap().iter();
    let written = written.filter(|mail| mail["subject"].as_str().unwrap().contains("invoice"));
    assert_eq!(i64::try_from(written.count()).unwrap(), invoices, "mails after a crash at {point}");
}

async fn assert_paid_once(database: &PgPool, point: &str) {
    let open = "select count(*) from billing.invoice where status <> 'paid'";
    assert_eq!(count(database, open).await, 0, "unpaid after a crash at {point}");
    let credited = "select count(*)
           from billing.invoice i
           left join (select invoice_id, count(*) as notices, sum(amount_cents) as amount
                        from billing.payment_notice
                       group by invoice_id) n using (invoice_id)
          where n.notices is distinct from 1 or n.amount <> i.amount_cents";
    assert_eq!(count(database, credited).await, 0, "credits after a crash at {point}");
}
