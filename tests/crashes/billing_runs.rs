//! A month is closed once, however often billing dies while it is.

use harness::World;
use harness::invariants::assert_invariants;
use local::Part;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use crate::{crash_at, persist};

pub(crate) const POINTS: [(&str, Part); 7] = [
    ("billing.run.begun", Part::Billing),
    ("billing.run.prepared", Part::Billing),
    ("billing.run.before_commit", Part::Billing),
    ("billing.run.batch_committed", Part::Billing),
    ("billing.run.finished", Part::Billing),
    ("billing.run.before_announcement", Part::Billing),
    ("billing.run.batch_announced", Part::Billing),
];

pub(crate) const SET_ASIDE: (&str, Part) = ("billing.run.company_set_aside", Part::Billing);

#[tokio::test]
async fn a_run_survives_the_death_of_billing_at_any_step() {
    let mut world = World::own().await;
    let database = world.database().await;
    for (point, part) in POINTS {
        let companies = companies_with_a_line_more(&world).await;
        world.advance("P31D").await;

        let path = "/sandbox/billing/run".to_owned();
        let running = persist(world.rest(), Method::POST, path, json!({}), 200);
        crash_at(&mut world, point, part, running).await;
        let again = world.rest().post("/sandbox/billing/run", &json!({})).await.expect(200);
        let operator = world.operator().await;
        for company_id in &companies {
            let path = format!("/companies/{company_id}/invoices");
            let invoices = operator.get(&path).await.expect(200)["invoices"].clone();
            let created: Vec<&Value> =
                invoices.as_array().unwrap().iter().map(|invoice| &invoice["dueAt"]).collect();
            let mut unique = created.clone();
            unique.dedup();
            assert_eq!(created, unique, "one invoice a month after a crash at {point}");
        }
        assert!(again["invoices"].as_i64().unwrap() >= 2, "after a crash at {point}: {again}");
        assert_invariants(&database, point).await;
    }
}

#[tokio::test]
async fn a_company_whose_invoice_cannot_be_made_keeps_nobody_waiting_though_billing_dies() {
    let mut world = World::own().await;
    let database = world.database().await;
    let [company_id, _] = companies_with_a_line_more(&world).await;
    let plan_id = world.plan_id();
    let poison = format!(
        "insert into billing.company_price
         values ('{company_id}', '{plan_id}', {}, '2020-01-01', 'test')",
        i64::MAX
    );
    sqlx::query(AssertSqlSafe(poison)).execute(&database).await.unwrap();
    world.advance("P31D").await;

    let (gateway, path) = (world.rest(), "/sandbox/billing/run");
    // It waits a while for the end of the run, which does not come.
    let running = async move { gateway.post(path, &json!({})).await };
    let answer = crash_at(&mut world, SET_ASIDE.0, SET_ASIDE.1, running).await;
    assert_eq!(answer.status, 503, "{}", answer.body);
    let period = "select to_char(period, 'YYYY-MM') from billing.billing_run";
    let period: String = sqlx::query_scalar(period).fetch_one(&database).await.unwrap();
    let progress = async |world: &World| {
        let operator = world.operator().await;
        let run = operator.get(&format!("/billing/runs/{period}")).await.expect(200);
        let count = |member: &str| run[member].as_i64().unwrap();
        let left = count("companies_total") - count("companies_done");
        assert!(count("companies_done") > 0, "{run}");
        (run["state"].as_str().unwrap().to_owned(), left, count("companies_failed"))
    };
    assert_eq!(progress(&world).await, ("running".to_owned(), 1, 1));
    assert_invariants(&database, "with a company set aside").await;

    let mend = "delete from billing.company_price where set_by = 'test'";
    sqlx::query(mend).execute(&database).await.unwrap();
    persist(world.rest(), Method::POST, path.to_owned(), json!({}), 200).await;
    world.settle().await;
    assert_eq!(progress(&world).await, ("done".to_owned(), 0, 0));
    let twice: i64 =
        sqlx::query_scalar("select count(*) - count(distinct company_id) from billing.invoice")
            .fetch_one(&database)
            .await
            .unwrap();
    assert_eq!(twice, 0);
    assert_invariants(&database, "with nobody set aside").await;
}

async fn companies_with_a_line_more(world: &World) -> [String; 2] {
    let operator = world.operator().await;
    let companies = [world.company_id(), world.other_company_id()].map(str::to_owned);
    for company_id in &companies {
        let order = json!({ "subscription_plan_id": world.plan_id(), "area_code": 41 });
        let path = format!("/companies/{company_id}/phone-accounts");
        operator.post(&path, &order).await.expect(201);
    }
    world.settle().await;
    companies
}
