//! A number comes over once, whoever dies while it does.

use harness::World;
use harness::invariants::assert_invariants;
use local::Part;
use reqwest::Method;
use serde_json::json;

use crate::{crash_at, persist};

pub(crate) const POINTS: [(&str, Part); 6] = [
    ("telecom.port_in.before_submission", Part::Telecom),
    ("telecom.port_in.submitted", Part::Telecom),
    ("telecom.port_in.messages_taken", Part::Telecom),
    ("telecom.port_in.before_completion", Part::Telecom),
    ("telecom.port_in.completed", Part::Telecom),
    ("telecom.event.before_delivery", Part::Telecom),
];

#[tokio::test]
async fn a_port_in_survives_the_death_of_telecom_at_any_step() {
    let mut world = World::own().await;
    let database = world.database().await;
    for (index, (point, part)) in POINTS.into_iter().enumerate() {
        let operator = world.operator().await;
        let order = json!({ "subscription_plan_id": world.plan_id(), "area_code": 41 });
        let path = format!("/companies/{}/phone-accounts", world.company_id());
        let line = operator.post(&path, &order).await.expect(201);
        world.settle().await;
        let line_id = line["id"].as_str().unwrap().to_owned();
        let number = format!("+554198{:07}", 7_000_000 + index);
        let path = format!("/phone-accounts/{line_id}/portability");
        let wanted = json!({ "phone_number": number });
        let gateway = world.rest();
        let asking = async move {
            persist(operator, Method::POST, path, wanted, 204).await;
            for _ in 0..10 {
                let day = json!({ "advance": "P1D" });
                // The clock has moved even if what follows from it is cut off.
                let _ = gateway.try_send(Method::POST, "/sandbox/clock", Some(&day)).await;
            }
        };
        crash_at(&mut world, point, part, asking).await;
        world.advance("P1D").await;
        world.settle().await;

        let operator = world.operator().await;
        let ported = operator.get(&format!("/phone-accounts/{line_id}/portability")).await;
        assert_eq!(ported.expect(200)["status"], "SUCCESSFUL", "after a crash at {point}");
        let line = operator.get(&format!("/phone-accounts/{line_id}")).await.expect(200);
        assert_eq!(line["phone_number"], number, "after a crash at {point}");
        assert_invariants(&database, point).await;
    }
}
