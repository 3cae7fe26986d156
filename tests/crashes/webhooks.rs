//! A webhook arrives under one id, however often company dies while it sends it.

use harness::{Receiver, World};
use local::{Options, Part};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{crash_at, persist};

pub(crate) const POINTS: [(&str, Part); 3] = [
    ("company.webhook.before_sending", Part::Company),
    ("company.webhook.before_recording", Part::Company),
    ("company.webhook.recorded", Part::Company),
];
const HOST: &str = "127.0.0.78";

#[tokio::test]
async fn a_webhook_survives_the_death_of_company_at_any_step() {
    let options = Options { webhook_hosts: vec![HOST.parse().unwrap()], ..World::options() };
    let mut world = World::start(options).await;
    let receiver = Receiver::willing(HOST).await;
    let operator = world.operator().await;
    let endpoint = json!({ "company_id": world.company_id(), "url": receiver.url,
        "event_types": ["line.ordered"] });
    let endpoint = operator.post("/webhook-endpoints", &endpoint).await.expect(201);
    let deliveries = format!("/webhook-endpoints/{}/deliveries", endpoint["id"].as_str().unwrap());
    for (made, (point, part)) in POINTS.into_iter().enumerate() {
        let order = json!({ "subscription_plan_id": world.plan_id(), "area_code": 41 });
        let path = format!("/companies/{}/phone-accounts", world.company_id());
        let ordering = persist(operator.clone(), Method::POST, path, order, 201);
        let line = crash_at(&mut world, point, part, ordering).await.body;

        let listed = operator.get(&deliveries).await.expect(200)["deliveries"].clone();
        let listed = listed.as_array().unwrap();
        assert_eq!(listed.len(), made + 1, "after a crash at {point}");
        assert!(listed.iter().all(|delivery| delivery["state"] == "delivered"), "{listed:?}");
        let taken = receiver.taken();
        assert_eq!(taken.len(), made + 1, "ids after a crash at {point}");
        let about_line = |body: &Value| body["data"]["line_id"] == line["id"];
        let told = taken.iter().find(|(_, (_, body))| about_line(body));
        let (id, (times, _)) = told.expect("the line is told of");
        assert!(listed.iter().any(|delivery| delivery["id"] == *id), "after a crash at {point}");
        // Nobody knows whether what was sent was taken when nobody wrote it down.
        let twice = point == "company.webhook.before_recording";
        assert_eq!(*times, 1 + u32::from(twice), "after a crash at {point}");
    }
}
