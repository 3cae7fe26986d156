//! What a line costs follows what becomes of it, however often billing dies while it hears of it.

use harness::World;
use harness::invariants::assert_invariants;
use local::Part;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{crash_at, persist};

pub(crate) const POINTS: [(&str, Part); 4] = [
    ("billing.line_activated.before_commit", Part::Billing),
    ("billing.line_plan_changed.before_commit", Part::Billing),
    ("billing.line_company_changed.before_commit", Part::Billing),
    ("billing.line_cancelled.before_commit", Part::Billing),
];

#[tokio::test]
async fn a_line_and_its_charge_agree_whenever_billing_dies() {
    let mut world = World::own().await;
    let database = world.database().await;
    let operator = world.operator().await;
    let [activated, plan_changed, company_changed, cancelled] = POINTS;

    let order = json!({ "subscription_plan_id": world.plan_id(), "area_code": 41 });
    let path = format!("/companies/{}/phone-accounts", world.company_id());
    let ordering = persist(operator.clone(), Method::POST, path, order, 201);
    let line = crash_at(&mut world, activated.0, activated.1, ordering).await.body;
    assert_invariants(&database, activated.0).await;

    let line = format!("/phone-accounts/{}", line["id"].as_str().unwrap());
    let plan = world.demo.subscription_plan_ids[1].clone();
    let other_company = json!({ "company_id": world.other_company_id() });
    let changes = [
        (plan_changed, Method::PUT, format!("{line}/subscription-plan/{plan}"), Value::Null),
        (company_changed, Method::PUT, format!("{line}/company"), other_company),
        (cancelled, Method::POST, format!("{line}/cancel"), json!({})),
    ];
    for ((point, part), method, path, body) in changes {
        let changing = persist(operator.clone(), method, path, body, 204);
        crash_at(&mut world, point, part, changing).await;
        assert_invariants(&database, point).await;
    }
    let line = operator.get(&line).await.expect(200);
    assert_eq!(line["status"], "cancelled");
}
