//! An order of a line with everything around it ends the same, whoever dies on its way.

use harness::invariants::assert_invariants;
use harness::{World, email};
use local::Part;
use reqwest::Method;
use serde_json::json;

use crate::{crash_at, persist};

pub(crate) const POINTS: [(&str, Part); 14] = [
    ("telecom.line_order.before_line", Part::Telecom),
    ("telecom.line_order.after_line", Part::Telecom),
    ("telecom.line_order.before_user", Part::Telecom),
    ("telecom.line_order.after_user", Part::Telecom),
    ("telecom.line_order.before_ownership", Part::Telecom),
    ("telecom.line_order.after_ownership", Part::Telecom),
    ("telecom.line_order.before_shipment", Part::Telecom),
    ("telecom.line_order.after_shipment", Part::Telecom),
    ("telecom.shipment.before_carrier", Part::Telecom),
    ("telecom.shipment.carrier_done", Part::Telecom),
    ("telecom.shipment.committed", Part::Telecom),
    ("telecom.activation.carrier_done", Part::Telecom),
    ("identity.event.before_delivery", Part::Identity),
    ("billing.inbox.before_commit", Part::Billing),
];

#[tokio::test]
async fn an_order_survives_the_death_of_any_service_at_any_step() {
    let mut world = World::own().await;
    let database = world.database().await;
    let operator = world.operator().await;
    let company_id = world.company_id().to_owned();
    for (point, part) in POINTS {
        let email = email();
        let order = json!({
            "subscriptionPlanId": world.plan_id(),
            "areaCode": 41,
            "user": { "email": email, "name": "Ordered For" },
            "changeOwnership": true,
            "simcardDeliveryAddress": { "zipCode": "80010-010", "streetName": "Rua XV de Novembro",
                "streetNumber": 1, "neighborhood": "Centro", "city": "Curitiba", "state": "PR" }
        });
        let path = format!("/companies/{company_id}/phone-account-requests");
        let placing = persist(operator.clone(), Method::POST, path, order, 202);
        let placed = crash_at(&mut world, point, part, placing).await;

        let order = operator.get(placed.headers["location"].to_str().unwrap()).await.expect(200);
        assert_eq!(order["state"], "done", "after a crash at {point}: {order}");
        let line_id = order["phone_account_id"].as_str().unwrap();
        let line = operator.get(&format!("/phone-accounts/{line_id}")).await.expect(200);
        assert_eq!(line["status"], "active", "after a crash at {point}");
        let count = |statement| {
            sqlx::query_scalar::<_, i64>(statement).bind(email.clone()).fetch_one(&database)
        };
        let users = count("select count(*) from identity.app_user where email = $1");
        assert_eq!(users.await.unwrap(), 1, "users after a crash at {point}");
        let lines = count(
            "select count(*)
               from telecom.line l
               join identity.app_user u on u.user_id = l.user_id
              where u.email = $1",
        );
        assert_eq!(lines.await.unwrap(), 1, "lines after a crash at {point}");
        assert_eq!(world.mails(&email).await.len(), 1, "invitations after a crash at {point}");
        assert_invariants(&database, point).await;
    }
    let shipments: i64 = sqlx::query_scalar("select count(*) from telecom.shipment")
        .fetch_one(&database)
        .await
        .unwrap();
    assert_eq!(shipments, i64::try_from(POINTS.len()).unwrap(), "one parcel for each order");
}
