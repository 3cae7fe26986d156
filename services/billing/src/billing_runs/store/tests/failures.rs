//! Companies whose invoices cannot be made.

use sqlx::AssertSqlSafe;

use super::*;
use crate::billing_runs::isolation;
use crate::billing_runs::job::Issue;
use crate::measures::GAUGES;

const AT: OffsetDateTime = datetime!(2026-09-01 12:00 UTC);

impl World {
    /// Companies with a line each, in the order of a run.
    async fn companies(&self, count: i64, plan_id: PlanId) -> Vec<CompanyId> {
        let mut companies: Vec<_> = (0..count).map(|_| CompanyId::generate()).collect();
        companies.sort();
        for company_id in &companies {
            self.activate(LineId::generate(), *company_id, plan_id, AT).await;
        }
        companies
    }

    async fn try_to_go_on(&self, period: Period) -> anyhow::Result<()> {
        let billing = Billing { service: self.service.clone(), due_days: 5 };
        RunBilling::of(period).run(billing).await
    }

    /// How many companies have an invoice, were set aside, and heard of an invoice; each event and
    /// each invoice counts.
    async fn counts(&self, period: &str) -> (i64, i64, i64) {
        let run = self.found(period).await;
        let invoices = sqlx::query_scalar("select count(*) from invoice");
        let invoices: i64 = invoices.fetch_one(&self.service.db).await.unwrap();
        assert_eq!(run.invoices, invoices);
        let told = sqlx::query_scalar("select count(*) from outbox");
        (invoices, run.companies_failed, told.fetch_one(&self.service.db).await.unwrap())
    }

    async fn failures(&self) -> Vec<(Uuid, String)> {
        sqlx::query_as(
            "select company_id, failure from billing_run_company
              where failed_at is not null order by company_id",
        )
        .fetch_all(&self.service.db)
        .await
        .unwrap()
    }

    async fn failing(&self) -> f64 {
        let mut gauges = GAUGES.into_iter();
        let told = gauges.find(|gauge| format!("{gauge:?}").contains("linha_invoices_failing"));
        told.unwrap().read(&self.service).await.unwrap()[0].1
    }

    async fn execute(&self, sql: String) {
        sqlx::query(AssertSqlSafe(sql)).execute(&self.service.db).await.unwrap();
    }
}

#[tokio::test]
async fn a_company_whose_invoice_cannot_be_made_keeps_no_other_one_waiting() {
    let world = World::new().await;
    let plan_id = world.plan("10GB", 3_000).await;
    let total = BATCH_COMPANIES_MAX + 50;
    let companies = world.companies(total, plan_id).await;
    let poisoned = companies[0];
    world.price(poisoned, plan_id, i64::MAX, AT).await;

    let period = world.begin("2026-09").await;
    for _ in 0..2 {
        let error = world.try_to_go_on(period).await.unwrap_err().to_string();
        assert_eq!(error, "invoices of 1 companies cannot be made for 2026-09");
        assert_eq!(world.counts("2026-09").await, (total - 1, 1, total - 1));
        assert_eq!(world.found("2026-09").await.finished_at, None);
        let failures = world.failures().await;
        assert_eq!(failures, [(poisoned.0, "22003: bigint out of range".to_owned())]);
        assert_eq!(world.failing().await, 1.0);
    }

    world.execute("update company_price set price_cents = 2000".to_owned()).await;
    world.try_to_go_on(period).await.unwrap();
    assert_eq!(world.counts("2026-09").await, (total, 0, total));
    assert!(world.found("2026-09").await.finished_at.is_some());
    assert_eq!((world.failures().await, world.failing().await), (vec![], 0.0));
    assert_eq!(world.invoice(poisoned, "2026-09").await.1, 2_000);
    world.try_to_go_on(period).await.unwrap();
    assert_eq!(world.counts("2026-09").await, (total, 0, total));
}

#[tokio::test]
async fn whatever_is_wrong_with_companies_all_others_have_one_invoice() {
    let world = World::new().await;
    let plan_id = world.plan("10GB", 3_000).await;
    let companies = world.companies(40, plan_id).await;
    let [overflows, has_one, last] = [companies[7], companies[8], companies[39]];
    world.price(overflows, plan_id, i64::MAX, AT).await;
    world
        .execute(format!(
            "insert into invoice values
                 (gen_random_uuid(), '{has_one}', '2026-09-01', 1, 'pending', now(), now())"
        ))
        .await;
    world
        .execute(format!(
            "alter table invoice_item add constraint whatever check (company_id <> '{last}')"
        ))
        .await;
    let period = world.begin("2026-09").await;
    let runs = || world.try_to_go_on(period);
    let (first, second, third) = tokio::join!(runs(), runs(), runs());
    assert!(first.is_err() || second.is_err() || third.is_err());
    assert!(world.try_to_go_on(period).await.is_err());

    let failed: Vec<Uuid> = world.failures().await.into_iter().map(|(id, _)| id).collect();
    assert_eq!(failed, [overflows.0, has_one.0, last.0]);
    let run = world.found("2026-09").await;
    assert_eq!((run.invoices, run.companies_done, run.companies_failed), (37, 37, 3));
    for company_id in companies.iter().filter(|id| !failed.contains(&id.0)) {
        let (items, total) = world.invoice(*company_id, "2026-09").await;
        assert_eq!((items.len(), total), (1, 3_000));
    }
    let told: (i64, i64) = sqlx::query_as("select count(*), count(distinct subject) from outbox")
        .fetch_one(&world.service.db)
        .await
        .unwrap();
    assert_eq!(told, (37, 37));
}

#[tokio::test]
async fn a_database_that_cannot_write_is_no_fault_of_a_company() {
    let world = World::new().await;
    let plan_id = world.plan("10GB", 3_000).await;
    let companies = world.companies(2, plan_id).await;
    let period = world.begin("2026-09").await;
    let now = world.service.clock.now();
    let issue = Issue {
        period,
        credit_period: period.next(),
        issued_at: now,
        due_date: brazil::local_date(now),
    };
    let mut tx = world.service.db.begin().await.unwrap();
    sqlx::query("set transaction read only").execute(&mut *tx).await.unwrap();
    let error = isolation::issue(&mut tx, &companies, &issue).await.unwrap_err();
    assert_eq!(error.as_database_error().unwrap().code().as_deref(), Some("25006"));
}
