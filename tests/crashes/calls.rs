//! A call is charged once or its reservation freed, whoever dies between dial and debit.

use harness::World;
use harness::invariants::assert_invariants;
use local::Part;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::voice_accounts::Admin;
use crate::{crash_at, persist};

pub(crate) const POINTS: [(&str, Part); 20] = [
    ("telecom.dial.requested", Part::Telecom),
    ("telecom.dial.reserved", Part::Telecom),
    ("telecom.dial.committed", Part::Telecom),
    ("billing.call.before_reservation", Part::Billing),
    ("billing.call.reserved", Part::Billing),
    ("telecom.call.before_switch", Part::Telecom),
    ("telecom.call.switch_told", Part::Telecom),
    ("telecom.call.before_ringing", Part::Telecom),
    ("telecom.call.ringing", Part::Telecom),
    ("telecom.call.before_answered", Part::Telecom),
    ("telecom.call.answered", Part::Telecom),
    ("telecom.call.events_taken", Part::Telecom),
    ("telecom.call.minute_reserved", Part::Telecom),
    ("telecom.call.before_ended", Part::Telecom),
    ("telecom.call.ended", Part::Telecom),
    ("telecom.call.before_settlement", Part::Telecom),
    ("billing.call.before_settlement", Part::Billing),
    ("billing.call.settled", Part::Billing),
    ("telecom.call.charged", Part::Telecom),
    ("telecom.call.settled", Part::Telecom),
];

const MINUTE_CENTS: i64 = 8;

#[tokio::test]
async fn a_call_survives_the_death_of_telecom_or_billing_at_any_step() {
    let mut world = World::own().await;
    let database = world.database().await;
    let admin = Admin::sign_up(&world).await;
    admin.buys_credit(&world, 100).await;
    let extension = json!({ "ramal": "1001", "first_name": "Ana" });
    admin.rest.post("/extensions", &extension).await.expect(200);
    for (made, (point, part)) in POINTS.into_iter().enumerate() {
        let (rest, gateway) = (admin.rest.clone(), world.rest());
        let calling = async move {
            let dial = json!({ "extension": "1001", "phone": "4833328530" });
            let dialled = persist(rest, Method::POST, "/dialer".to_owned(), dial, 200).await;
            // Answered after a second, and over a minute later.
            for _ in 0..8 {
                let step = json!({ "advance": "PT10S" });
                // The clock has moved even if what follows from it is cut off.
                let _ = gateway.try_send(Method::POST, "/sandbox/clock", Some(&step)).await;
            }
            dialled.body["id"].as_str().unwrap().to_owned()
        };
        let call_id = crash_at(&mut world, point, part, calling).await;
        world.advance("PT1M").await;
        world.settle().await;

        let calls = admin.rest.get("/calls?limit=1").await.expect(200);
        assert_eq!(calls["meta"]["totalItemCount"], made + 1, "after a crash at {point}");
        let call = &calls["data"][0];
        assert_eq!(call["id"], call_id, "after a crash at {point}");
        assert_eq!((&call["duration"], &call["call_price"]), (&json!(60), &json!(0.08)));
        assert_eq!(left(&database).await, 10_000 - MINUTE_CENTS * (made as i64 + 1), "{point}");
        assert_invariants(&database, point).await;
    }
}

#[tokio::test]
async fn a_charge_for_credit_survives_the_death_of_billing_at_any_step() {
    let mut world = World::own().await;
    let database = world.database().await;
    let admin = Admin::sign_up(&world).await;
    admin.says_who_pays().await;
    for (made, (point, part)) in CHARGE_POINTS.into_iter().enumerate() {
        let charge = json!({ "value": 10, "billingType": "PIX" });
        let asking = persist(admin.rest.clone(), Method::POST, "/charges".to_owned(), charge, 200);
        let charge: Value = crash_at(&mut world, point, part, asking).await.body;
        admin.pays(&world, charge["id"].as_str().unwrap()).await;
        assert_eq!(left(&database).await, 1_000 * (made as i64 + 1), "after a crash at {point}");
        assert_invariants(&database, point).await;
    }
}

pub(crate) const CHARGE_POINTS: [(&str, Part); 2] = [
    ("billing.charge.before_provider", Part::Billing),
    ("billing.charge.registered", Part::Billing),
];

/// The newest account's credit that no call holds.
async fn left(database: &PgPool) -> i64 {
    sqlx::query_scalar(
        "select balance_cents - reserved_cents from billing.wallet order by company_id desc limit 1",
    )
    .fetch_one(database)
    .await
    .unwrap()
}
