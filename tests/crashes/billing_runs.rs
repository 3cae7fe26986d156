//! A month is closed once, however often billing dies while it is.

use harness::World;
use harness::invariants::assert_invariants;
use local::Part;
use reqwest::Method;
use serde_json::{Value, json};

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

#[tokio::test]
async fn a_run_survives_the_death_of_billing_at_any_step() {
    let mut world = World::own().await;
    let database = world.database().await;
    for (point, part) in POINTS {
        let operator = world.operator().await;
        let companies = [world.company_id(), world.other_company_id()].map(str::to_owned);
        for company_id in &companies {
            let order = json!({ "subscription_plan_id": world.plan_id(), "area_code": 41 });
            let path = format!("/companies/{company_id}/phone-accounts");
            operator.post(&path, &order).await.expect(201);
        }
        world.settle().await;
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
