//! Data is given once and charged once, whoever dies in between.

use harness::World;
use harness::invariants::assert_invariants;
use local::Part;
use reqwest::Method;
use serde_json::json;

use crate::{crash_at, persist};

pub(crate) const POINTS: [(&str, Part); 6] = [
    ("telecom.top_up.before_carrier", Part::Telecom),
    ("telecom.top_up.carrier_done", Part::Telecom),
    ("telecom.top_up.committed", Part::Telecom),
    ("billing.data_topped_up.before_commit", Part::Billing),
    ("billing.inbox.before_commit", Part::Billing),
    ("billing.inbox.committed", Part::Billing),
];

#[tokio::test]
async fn a_top_up_survives_the_death_of_any_service_at_any_step() {
    let mut world = World::own().await;
    let database = world.database().await;
    let operator = world.operator().await;
    let order = json!({ "subscription_plan_id": world.plan_id(), "area_code": 41 });
    let path = format!("/companies/{}/phone-accounts", world.company_id());
    let line = operator.post(&path, &order).await.expect(201);
    world.settle().await;
    let path = format!("/phone-accounts/{}/add-data", line["id"].as_str().unwrap());
    for (made, (point, part)) in POINTS.into_iter().enumerate() {
        let data = json!({ "quantity_gb": 1.5, "unit_amount_cents": 10000 });
        let adding = persist(operator.clone(), Method::POST, path.clone(), data, 204);
        crash_at(&mut world, point, part, adding).await;

        let charges: Vec<i64> = sqlx::query_scalar("select total_cents from billing.data_charge")
            .fetch_all(&database)
            .await
            .unwrap();
        assert_eq!(charges, vec![15_000; made + 1], "after a crash at {point}");
        assert_invariants(&database, point).await;
    }
}
