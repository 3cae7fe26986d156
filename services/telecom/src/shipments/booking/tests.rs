use chassis::simulator::Outcome;

use super::*;
use crate::parcels::ParcelOperation;
use crate::shipments::testing::{Setting, setting};
use crate::shipments::{Booking, Changes, Shipment};

async fn book(setting: &Setting, shipment: &Shipment) {
    let job = BookShipment { shipment_id: shipment.shipment_id, failures: 0 };
    job.run(setting.parcels.clone()).await.unwrap();
}

async fn cancel(setting: &Setting, shipment: &Shipment) {
    let job = CancelParcel { shipment_id: shipment.shipment_id, failures: 0 };
    job.run(setting.parcels.clone()).await.unwrap();
}

/// The jobs that wait, by name.
async fn waiting(setting: &Setting) -> Vec<String> {
    sqlx::query_scalar("select task_identifier from telecom_jobs.jobs order by 1")
        .fetch_all(&setting.parcels.service.db)
        .await
        .unwrap()
}

#[tokio::test]
async fn what_is_packed_is_booked_once_and_told() {
    let (setting, _database) = setting().await;
    let taken_on = setting.take_on().await;
    assert!(waiting(&setting).await.contains(&"book_shipment".to_owned()));
    book(&setting, &taken_on).await;
    let shipment = setting.shipment(&taken_on).await;
    assert_eq!((shipment.status, shipment.booking), (Status::Labeled, Booking::Booked));
    assert!(shipment.details.provider_id.is_some() && shipment.details.tracking_code.is_some());
    assert!(shipment.track_at.is_some());

    // Once more, as after a crash behind the commit.
    book(&setting, &taken_on).await;
    assert_eq!(setting.shipment(&taken_on).await, shipment);
    assert_eq!(setting.told(&taken_on).await, ["PROCESSING", "LABELED"]);
    assert_eq!(setting.carrier.parcel(taken_on.shipment_id).unwrap().bookings, 1);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_without_a_second_parcel() {
    let (setting, _database) = setting().await;
    let shipment = setting.take_on().await;
    setting.expect(ParcelOperation::Book, Outcome::LoseAnswer);
    book(&setting, &shipment).await;
    assert_eq!(setting.shipment(&shipment).await.status, Status::Processing);
    book(&setting, &shipment).await;
    assert_eq!(setting.shipment(&shipment).await.status, Status::Labeled);
    assert_eq!(setting.carrier.booked(), 1);
}

#[tokio::test]
async fn a_refusal_for_good_is_the_end() {
    let (setting, _database) = setting().await;
    let shipment = setting.take_on().await;
    setting.expect(ParcelOperation::Book, Outcome::Refuse);
    book(&setting, &shipment).await;
    let failed = setting.shipment(&shipment).await;
    assert_eq!(failed.status, Status::Failed);
    assert_eq!(failed.details.status_reason.as_deref(), Some("no-such-street"));
    book(&setting, &shipment).await;
    assert_eq!(setting.carrier.booked(), 0);
    assert_eq!(setting.told(&shipment).await, ["PROCESSING", "FAILED"]);
}

#[tokio::test]
async fn a_carrier_that_takes_too_long_does_not_answer() {
    let (mut setting, _database) = setting().await;
    setting.parcels.timeout = Duration::from_millis(1);
    let shipment = setting.take_on().await;
    let hold = setting.carrier.hold().await;
    book(&setting, &shipment).await;
    assert_eq!(setting.shipment(&shipment).await.status, Status::Processing);
    drop(hold);
}

#[tokio::test]
async fn a_shipment_withdrawn_while_the_carrier_is_asked_does_not_go() {
    let (setting, _database) = setting().await;
    let shipment = setting.take_on().await;
    let hold = setting.carrier.hold().await;
    let withdraw = async {
        setting.carrier.asked(1).await;
        setting.withdraw(&shipment).await;
        drop(hold);
    };
    tokio::join!(book(&setting, &shipment), withdraw);
    assert_eq!(setting.shipment(&shipment).await.status, Status::Failed);
    assert!(waiting(&setting).await.contains(&"cancel_parcel".to_owned()));
    cancel(&setting, &shipment).await;
    cancel(&setting, &shipment).await;
    assert!(setting.carrier.parcel(shipment.shipment_id).unwrap().cancelled);
    assert_eq!(setting.told(&shipment).await, ["PROCESSING", "FAILED"]);
}

#[tokio::test]
async fn a_booking_that_an_operator_overtook_is_called_off() {
    let (setting, _database) = setting().await;
    let shipment = setting.take_on().await;
    let hold = setting.carrier.hold().await;
    let overtake = async {
        setting.carrier.asked(1).await;
        let mut connection = setting.parcels.service.db.acquire().await.unwrap();
        let mut shipment =
            store::lock(&mut connection, shipment.shipment_id).await.unwrap().unwrap();
        let changes = Changes { provider_id: Some(Some("7".to_owned())), ..Changes::default() };
        shipment.change(changes, setting.parcels.service.clock.now()).unwrap();
        store::save(&mut connection, &shipment).await.unwrap();
        drop(hold);
    };
    tokio::join!(book(&setting, &shipment), overtake);
    let found = setting.shipment(&shipment).await;
    assert_eq!(found.details.provider_id.as_deref(), Some("7"));
    assert_eq!(found.booking, Booking::Outside);
    assert!(waiting(&setting).await.contains(&"cancel_parcel".to_owned()));
}

#[tokio::test]
async fn a_withdrawn_shipment_that_nobody_booked_troubles_nobody() {
    let (setting, _database) = setting().await;
    let shipment = setting.take_on().await;
    setting.withdraw(&shipment).await;
    setting.withdraw(&shipment).await;
    assert_eq!(setting.told(&shipment).await, ["PROCESSING", "FAILED"]);
    book(&setting, &shipment).await;
    assert_eq!(setting.carrier.booked(), 0);
}
