//! A parcel is followed to its end, though telecom dies while it asks for it.

use harness::World;
use local::Part;
use serde_json::json;

use crate::crash_at;

pub(crate) const POINTS: [(&str, Part); 1] = [("telecom.shipment.claimed", Part::Telecom)];

#[tokio::test]
async fn a_parcel_is_followed_to_its_end_though_telecom_dies() {
    let mut world = World::own().await;
    let operator = world.operator().await;
    let order = json!({
        "subscriptionPlanId": world.plan_id(),
        "areaCode": 41,
        "changeOwnership": true,
        "simcardDeliveryAddress": { "zipCode": "80010-010", "streetName": "Rua XV de Novembro",
            "streetNumber": 1, "neighborhood": "Centro", "city": "Curitiba", "state": "PR" }
    });
    let company = format!("/companies/{}", world.company_id());
    operator.post(&format!("{company}/phone-account-requests"), &order).await.expect(202);
    world.settle().await;
    let gateway = world.rest();
    let waiting = async move {
        let days = json!({ "advance": "P10D" });
        gateway.post("/sandbox/clock", &days).await.expect(200);
    };
    let [(point, part)] = POINTS;
    crash_at(&mut world, point, part, waiting).await;
    // What was claimed has its turn again after a while.
    world.advance("P1D").await;

    let path = format!("{company}/sim-card-shipments");
    let shipments = world.operator().await.get(&path).await.expect(200)["shipments"].clone();
    let statuses: Vec<_> =
        shipments.as_array().unwrap().iter().map(|shipment| &shipment["status"]).collect();
    assert_eq!(statuses, ["DELIVERED"]);
}
