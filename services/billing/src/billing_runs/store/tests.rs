use std::collections::BTreeMap;

use brazil::{Cents, LineId, PlanId, UserId};
use chassis::jobs::Job;
use chassis::{Service, testing, timestamp};
use postgres_local::testing::TestDatabase;
use prost::Name;
use prost_types::Timestamp;
use proto::events::v1::{
    DataToppedUp, InvoiceIssued, LineActivated, LineCancelled, LineCompanyChanged, LinePlanChanged,
};
use time::macros::{date, datetime};
use time::{Duration, OffsetDateTime};

use super::*;
use crate::MIGRATIONS;
use crate::billing_runs::{Billing, RunBilling};
use crate::data_charges::rpc::data_topped_up;
use crate::line_charges::lock_closing;
use crate::line_charges::rpc::{
    line_activated, line_cancelled, line_company_changed, line_plan_changed,
};

mod failures;
mod histories;

/// Billing on a database of its own, told things by name.
pub(in crate::billing_runs) struct World {
    pub(in crate::billing_runs) service: Service,
    _database: TestDatabase,
}

impl World {
    pub(in crate::billing_runs) async fn new() -> Self {
        let told = vec![("company", InvoiceIssued::full_name())];
        let (service, database) = testing::service("billing", &MIGRATIONS, told).await;
        Self { service, _database: database }
    }

    async fn connection(&self) -> sqlx::pool::PoolConnection<sqlx::Postgres> {
        self.service.db.acquire().await.unwrap()
    }

    async fn plan(&self, name: &str, price: i64) -> PlanId {
        let plan_id = PlanId::generate();
        sqlx::query("insert into plan values ($1, $2, 10000, $3, 1000, $4)")
            .bind(plan_id.0)
            .bind(name)
            .bind(price)
            .bind(self.service.clock.now())
            .execute(&self.service.db)
            .await
            .unwrap();
        plan_id
    }

    async fn price(&self, company_id: CompanyId, plan_id: PlanId, price: i64, at: OffsetDateTime) {
        sqlx::query("insert into company_price values ($1, $2, $3, $4, 'test')")
            .bind(company_id.0)
            .bind(plan_id.0)
            .bind(price)
            .bind(at)
            .execute(&self.service.db)
            .await
            .unwrap();
    }

    pub(in crate::billing_runs) async fn activate(
        &self,
        line: LineId,
        payer: CompanyId,
        plan: PlanId,
        at: OffsetDateTime,
    ) {
        let event = LineActivated {
            line_id: line.to_string(),
            company_id: Some(payer.to_string()),
            plan_id: plan.to_string(),
            activated_at: moment(at),
            ..LineActivated::default()
        };
        line_activated(&mut *self.connection().await, event).await.unwrap();
    }

    async fn cancel(&self, line: LineId, at: OffsetDateTime) {
        let event = LineCancelled {
            line_id: line.to_string(),
            cancelled_at: moment(at),
            ..LineCancelled::default()
        };
        line_cancelled(&mut *self.connection().await, event).await.unwrap();
    }

    async fn change_plan(&self, line: LineId, payer: CompanyId, plan: PlanId, at: OffsetDateTime) {
        let event = LinePlanChanged {
            line_id: line.to_string(),
            company_id: Some(payer.to_string()),
            plan_id: plan.to_string(),
            changed_at: moment(at),
            ..LinePlanChanged::default()
        };
        line_plan_changed(&mut *self.connection().await, event).await.unwrap();
    }

    async fn move_to(&self, line: LineId, payer: CompanyId, plan: PlanId, at: OffsetDateTime) {
        let event = LineCompanyChanged {
            line_id: line.to_string(),
            company_id: Some(payer.to_string()),
            plan_id: plan.to_string(),
            changed_at: moment(at),
            ..LineCompanyChanged::default()
        };
        line_company_changed(&mut *self.connection().await, event).await.unwrap();
    }

    async fn top_up(&self, line: LineId, payer: CompanyId, total: i64, at: OffsetDateTime) {
        let event = DataToppedUp {
            line_id: line.to_string(),
            company_id: Some(payer.to_string()),
            top_up_id: Uuid::now_v7().to_string(),
            quantity_mb: 1_500,
            unit_price_cents: 123_456,
            total_cents: total,
            given_at: moment(at),
            ..DataToppedUp::default()
        };
        data_topped_up(&mut *self.connection().await, event.clone()).await.unwrap();
        data_topped_up(&mut *self.connection().await, event).await.unwrap();
    }

    pub(in crate::billing_runs) async fn begin(&self, period: &str) -> Period {
        let period = period.parse().unwrap();
        let mut tx = self.service.db.begin().await.unwrap();
        lock_closing(&mut tx).await.unwrap();
        begin(&mut tx, period, self.service.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        period
    }

    async fn run(&self, period: &str) {
        self.go_on(self.begin(period).await).await;
    }

    pub(in crate::billing_runs) async fn go_on(&self, period: Period) {
        let billing = Billing { service: self.service.clone(), due_days: 5 };
        RunBilling::of(period).run(billing).await.unwrap();
    }

    /// Description and amount of the items of a company's invoice, and its total.
    async fn invoice(&self, company_id: CompanyId, period: &str) -> (Vec<(String, i64)>, i64) {
        let period: Period = period.parse().unwrap();
        let items = sqlx::query_as(
            "select description, item.amount_cents
               from invoice join invoice_item as item using (invoice_id)
              where invoice.company_id = $1 and period = $2
              order by line_id, first_day, position",
        );
        let items =
            items.bind(company_id.0).bind(period.first_day()).fetch_all(&self.service.db).await;
        let total = sqlx::query_scalar(
            "select amount_cents from invoice where company_id = $1 and period = $2",
        );
        let total =
            total.bind(company_id.0).bind(period.first_day()).fetch_one(&self.service.db).await;
        (items.unwrap(), total.unwrap())
    }

    async fn found(&self, period: &str) -> BillingRun {
        find(&self.service.db, period.parse().unwrap()).await.unwrap().unwrap()
    }
}

fn moment(at: OffsetDateTime) -> Option<Timestamp> {
    Some(timestamp::to_proto(at))
}

fn items<const N: usize>(expected: [(&str, i64); N]) -> Vec<(String, i64)> {
    expected.map(|(description, amount)| (description.to_owned(), amount)).to_vec()
}

#[tokio::test]
async fn a_month_is_invoiced_line_by_line_and_top_up_by_top_up() {
    let world = World::new().await;
    let company_id = CompanyId::generate();
    let ten = world.plan("10GB", 4_990).await;
    let twenty = world.plan("20GB", 104_990).await;
    world.price(company_id, ten, 3_000, datetime!(2026-11-11 12:00 UTC)).await;
    world.price(company_id, ten, 2_999, datetime!(2026-11-11 13:00 UTC)).await;
    let [whole, ends, changes, same_day] = [(); 4].map(|()| LineId::generate());
    let before = datetime!(2026-08-01 12:00 UTC);
    for line_id in [whole, ends, changes] {
        let plan_id = if line_id == whole { twenty } else { ten };
        world.activate(line_id, company_id, plan_id, before).await;
    }
    world.cancel(ends, datetime!(2026-11-11 02:59 UTC)).await;
    world.change_plan(changes, company_id, twenty, datetime!(2026-11-21 12:00 UTC)).await;
    world.activate(same_day, company_id, ten, datetime!(2026-11-30 12:00 UTC)).await;
    world.cancel(same_day, datetime!(2026-11-30 13:00 UTC)).await;
    world.top_up(whole, company_id, 185_184, datetime!(2026-12-01 02:59 UTC)).await;
    world.top_up(whole, company_id, 1, datetime!(2026-12-01 03:00 UTC)).await;
    world.run("2026-11").await;

    let ten = "10GB at R$ 49,90 a month";
    let cheaper = "10GB at R$ 29,99 a month";
    let twenty = "20GB at R$ 1.049,90 a month";
    let days = |days: i64| format!("Invoice for {days} of 30 days of service, 2026-11: ");
    let (made, total) = world.invoice(company_id, "2026-11").await;
    assert_eq!(
        made,
        items([
            (&format!("Invoice for 1 month of service, 2026-11: {twenty}"), 104_990),
            ("Invoice for 1.5 GB of data, 2026-11-30: R$ 1.234,56 a gigabyte", 185_184),
            (&format!("{}{ten}", days(10)), 1_663),
            (&format!("{}{ten}", days(10)), 1_663),
            (&format!("{}{cheaper}", days(10)), 999),
            (&format!("{}{twenty}", days(10)), 34_996),
            (&format!("{}{cheaper}", days(1)), 99),
        ])
    );
    assert_eq!(total, made.iter().map(|(_, amount)| amount).sum::<i64>());
    let run = world.found("2026-11").await;
    assert_eq!((run.companies_done, run.lines_done, run.invoices), (1, 4, 1));
    assert!(run.finished_at.is_some());
}

#[tokio::test]
async fn an_invoice_is_due_days_after_its_issue() {
    let world = World::new().await;
    let (company_id, plan_id) = (CompanyId::generate(), world.plan("10GB", 4_990).await);
    world.activate(LineId::generate(), company_id, plan_id, datetime!(2026-08-01 12:00 UTC)).await;
    let free = (CompanyId::generate(), world.plan("Free", 0).await);
    world.activate(LineId::generate(), free.0, free.1, datetime!(2026-08-01 12:00 UTC)).await;
    world.run("2026-08").await;
    let invoices: Vec<(Uuid, String, bool, bool)> = sqlx::query_as(
        "select company_id, status, paid_at is not null,
                due_date = (created_at at time zone 'America/Sao_Paulo')::date + 5
           from invoice order by company_id",
    )
    .fetch_all(&world.service.db)
    .await
    .unwrap();
    let mut expected = [
        (company_id.0, "pending".to_owned(), false, true),
        (free.0.0, "paid".to_owned(), true, true),
    ];
    expected.sort();
    assert_eq!(invoices, expected);
}

#[tokio::test]
async fn what_was_charged_too_much_is_kept_until_there_is_something_to_pay() {
    let world = World::new().await;
    let (company_id, plan_id) = (CompanyId::generate(), world.plan("10GB", 3_000).await);
    let line_id = LineId::generate();
    world.activate(line_id, company_id, plan_id, datetime!(2026-09-01 12:00 UTC)).await;
    world.run("2026-09").await;
    world.cancel(line_id, datetime!(2026-09-10 12:00 UTC)).await;
    world.run("2026-10").await;
    let (made, total) = world.invoice(company_id, "2026-10").await;
    let credit = "Credit for 20 of 30 days of service, 2026-09: 10GB at R$ 30,00 a month";
    assert_eq!(made, items([(credit, -2_000), ("Credit kept for the next invoice", 2_000)]));
    assert_eq!(total, 0);
    world.run("2026-11").await;
    assert_eq!(world.found("2026-11").await.companies_total, 0, "nothing to pay, no invoice");
    let other = LineId::generate();
    world.activate(other, company_id, plan_id, datetime!(2026-12-01 12:00 UTC)).await;
    world.run("2026-12").await;
    let (made, total) = world.invoice(company_id, "2026-12").await;
    let month = "Invoice for 1 month of service, 2026-12: 10GB at R$ 30,00 a month";
    assert_eq!(made, items([(month, 3_000), ("Credit of earlier months", -2_000)]));
    assert_eq!(total, 1_000);
}

#[tokio::test]
async fn a_run_makes_the_same_invoices_however_often_and_by_however_many_it_is_done() {
    let world = World::new().await;
    let plan_id = world.plan("10GB", 4_990).await;
    for _ in 0..300 {
        let company_id = CompanyId::generate();
        let at = datetime!(2026-09-15 12:00 UTC);
        world.activate(LineId::generate(), company_id, plan_id, at).await;
    }
    let period = world.begin("2026-09").await;
    tokio::join!(world.go_on(period), world.go_on(period), world.go_on(period));
    let made = world.found("2026-09").await;
    assert_eq!((made.invoices, made.companies_done, made.lines_done), (300, 300, 300));
    assert!(made.finished_at.is_some());
    world.run("2026-09").await;
    assert_eq!(world.found("2026-09").await, made);
    let sums: (i64, i64) =
        sqlx::query_as("select count(*), sum(amount_cents)::int8 from invoice_item")
            .fetch_one(&world.service.db)
            .await
            .unwrap();
    assert_eq!(sums, (300, 300 * (4_990 * 16 / 30)));
    let told: (i64, i64) = sqlx::query_as("select count(*), count(distinct subject) from outbox")
        .fetch_one(&world.service.db)
        .await
        .unwrap();
    assert_eq!(told, (300, 300), "each company hears of its invoice once");
}

#[tokio::test]
async fn invoices_are_told_of_when_the_run_is_done_or_gone_on_with() {
    let world = World::new().await;
    let (company_id, plan_id) = (CompanyId::generate(), world.plan("10GB", 4_990).await);
    world.activate(LineId::generate(), company_id, plan_id, datetime!(2026-09-15 12:00 UTC)).await;
    let period = world.begin("2026-09").await;
    let mut tx = world.service.db.begin().await.unwrap();
    prepare(&mut tx, period, period.next(), world.service.clock.now()).await.unwrap();
    assert!(announce(&mut tx, period).await.unwrap().is_empty(), "nothing is there to tell of");
    tx.commit().await.unwrap();

    world.go_on(period).await;
    sqlx::query("update billing_run_company set announced = false")
        .execute(&world.service.db)
        .await
        .unwrap();
    let mut connection = world.connection().await;
    let invoices = announce(&mut connection, period).await.unwrap();
    let [invoice] = invoices.as_slice() else { panic!("{invoices:?}") };
    assert_eq!((invoice.company_id, invoice.amount), (company_id, Cents::new(4_990 * 16 / 30)));
    assert!(announce(&mut connection, period).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_run_that_is_broken_off_is_gone_on_with() {
    let world = World::new().await;
    let plan_id = world.plan("10GB", 4_990).await;
    for _ in 0..BATCH_COMPANIES_MAX + 1 {
        let at = datetime!(2026-09-01 12:00 UTC);
        world.activate(LineId::generate(), CompanyId::generate(), plan_id, at).await;
    }
    let period = world.begin("2026-09").await;
    let mut tx = world.service.db.begin().await.unwrap();
    prepare(&mut tx, period, period.next(), world.service.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    let first = claim(&mut *world.connection().await, period, None).await.unwrap();
    assert_eq!(first.len(), usize::try_from(BATCH_COMPANIES_MAX).unwrap());
    finish(&mut *world.connection().await, period, world.service.clock.now()).await.unwrap();
    assert_eq!(world.found("2026-09").await.finished_at, None);

    // Whatever comes now belongs to the next run.
    let late = (LineId::generate(), CompanyId::generate());
    world.activate(late.0, late.1, plan_id, datetime!(2026-09-30 12:00 UTC)).await;
    world.go_on(period).await;
    let made = world.found("2026-09").await;
    assert_eq!((made.invoices, made.companies_total), (201, 201));
    world.run("2026-10").await;
    let (made, _) = world.invoice(late.1, "2026-10").await;
    assert_eq!(made.len(), 2);
    let days = made.iter().filter(|(text, _)| text.contains("1 of 30 days of service, 2026-09"));
    assert_eq!(days.map(|(_, amount)| *amount).collect::<Vec<_>>(), [4_990 / 30]);
}

#[tokio::test]
async fn persons_and_companies_without_charges_get_no_invoice() {
    let world = World::new().await;
    let plan_id = world.plan("10GB", 4_990).await;
    let event = LineActivated {
        line_id: LineId::generate().to_string(),
        user_id: Some(UserId::generate().to_string()),
        plan_id: plan_id.to_string(),
        activated_at: moment(datetime!(2026-09-15 12:00 UTC)),
        ..LineActivated::default()
    };
    line_activated(&mut *world.connection().await, event).await.unwrap();
    world.run("2026-09").await;
    let run = world.found("2026-09").await;
    assert_eq!((run.companies_total, run.invoices), (0, 0));
    assert!(run.finished_at.is_some());
}

#[tokio::test]
async fn the_first_month_that_is_open_follows_the_last_one_closed() {
    let world = World::new().await;
    let first = async || first_open(&world.service.db).await.unwrap().map(|p| p.to_string());
    assert_eq!(first().await, None);
    let plan_id = world.plan("10GB", 4_990).await;
    let (line_id, company_id) = (LineId::generate(), CompanyId::generate());
    world.activate(line_id, company_id, plan_id, datetime!(2026-09-15 12:00 UTC)).await;
    assert_eq!(first().await.as_deref(), Some("2026-09"));
    world.top_up(line_id, company_id, 1, datetime!(2026-08-15 12:00 UTC)).await;
    assert_eq!(first().await.as_deref(), Some("2026-08"));
    world.run("2026-10").await;
    assert_eq!(first().await.as_deref(), Some("2026-11"));
}
