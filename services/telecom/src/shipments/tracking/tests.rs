use chassis::jobs::Job;
use chassis::simulator::Outcome;
use time::Duration;

use super::*;
use crate::parcels::ParcelOperation;
use crate::shipments::BookShipment;
use crate::shipments::testing::{Setting, setting};

async fn booked(setting: &Setting) -> Shipment {
    let shipment = setting.take_on().await;
    let job: BookShipment = serde_json::from_value(serde_json::json!({
        "shipment_id": shipment.shipment_id,
        "failures": 0
    }))
    .unwrap();
    job.run(setting.parcels.clone()).await.unwrap();
    shipment
}

impl Setting {
    async fn later(&self, by: Duration) {
        self.parcels.service.clock.advance(by).unwrap();
        follow_due(&self.parcels).await.unwrap();
    }
}

#[tokio::test]
async fn a_parcel_is_followed_until_it_arrives() {
    let (setting, _database) = setting().await;
    let shipment = booked(&setting).await;
    setting.later(Duration::HOUR).await;
    assert_eq!(setting.shipment(&shipment).await.status, Status::Labeled);
    setting.later(Duration::DAY).await;
    assert_eq!(setting.shipment(&shipment).await.status, Status::InTransit);
    setting.later(Duration::days(3)).await;
    let arrived = setting.shipment(&shipment).await;
    assert_eq!((arrived.status, arrived.track_at), (Status::Delivered, None));
    setting.later(Duration::days(3)).await;
    let told = setting.told(&shipment).await;
    assert_eq!(told, ["PROCESSING", "LABELED", "IN TRANSIT", "DELIVERED"]);
}

#[tokio::test]
async fn no_step_is_left_out_when_much_time_has_passed() {
    let (setting, _database) = setting().await;
    let shipment = booked(&setting).await;
    setting.later(Duration::days(30)).await;
    let told = setting.told(&shipment).await;
    assert_eq!(told, ["PROCESSING", "LABELED", "IN TRANSIT", "DELIVERED"]);
}

#[tokio::test]
async fn a_silent_carrier_is_asked_again_next_time_and_a_lost_parcel_is_the_end() {
    let (setting, _database) = setting().await;
    let shipment = booked(&setting).await;
    setting.expect(ParcelOperation::Track, Outcome::Fail);
    setting.expect(ParcelOperation::Track, Outcome::Refuse);
    setting.later(Duration::DAY).await;
    assert_eq!(setting.shipment(&shipment).await.status, Status::Labeled);
    setting.later(Duration::HOUR).await;
    let lost = setting.shipment(&shipment).await;
    assert_eq!(lost.status, Status::Failed);
    assert_eq!(lost.details.status_reason.as_deref(), Some("no-such-street"));
}

#[tokio::test]
async fn two_sweeps_at_once_tell_everything_once() {
    let (setting, _database) = setting().await;
    let shipments = [booked(&setting).await, booked(&setting).await, booked(&setting).await];
    setting.parcels.service.clock.advance(Duration::days(1)).unwrap();
    let (one, other) = tokio::join!(follow_due(&setting.parcels), follow_due(&setting.parcels));
    one.and(other).unwrap();
    for shipment in &shipments {
        assert_eq!(setting.told(shipment).await, ["PROCESSING", "LABELED", "IN TRANSIT"]);
    }
}
