use proptest::prelude::*;
use time::Duration;
use time::macros::datetime;

use super::*;

const NOW: OffsetDateTime = datetime!(2026-11-03 12:00 UTC);
const ALL: [Status; 5] =
    [Status::Processing, Status::Labeled, Status::InTransit, Status::Delivered, Status::Failed];

fn details() -> Details {
    let address = Address { city: Some("Curitiba".to_owned()), ..Address::default() };
    Details { address: Some(address), quantity: Some(10), ..Details::default() }
}

fn shipment(status: Status, details: Details) -> Shipment {
    Shipment::new(ShipmentId::generate(), CompanyId::generate(), status, details, NOW)
}

fn parcel() -> Parcel {
    Parcel { provider: "x".to_owned(), provider_id: "1".to_owned(), tracking_code: "2".to_owned() }
}

fn booked() -> Shipment {
    let mut shipment = shipment(Status::Processing, details());
    assert!(shipment.book(parcel(), NOW + Duration::HOUR, NOW));
    shipment
}

#[test]
fn only_what_is_packed_here_is_booked() {
    let at_a_carrier = Details { provider_id: Some("1".to_owned()), ..details() };
    let nowhere = Details { address: None, ..details() };
    assert!(shipment(Status::Processing, details()).to_be_booked().is_some());
    assert!(shipment(Status::Labeled, details()).to_be_booked().is_none());
    assert!(shipment(Status::Processing, at_a_carrier).to_be_booked().is_none());
    let mut waiting = shipment(Status::Processing, nowhere);
    assert!(waiting.to_be_booked().is_none());
    let changes = Changes { address: Some(details().address), ..Changes::default() };
    waiting.change(changes, NOW).unwrap();
    assert_eq!(waiting.to_be_booked().unwrap().quantity, 10);
}

#[test]
fn a_booking_that_is_not_wanted_any_more_is_not_taken() {
    let mut shipment = shipment(Status::Processing, details());
    let changes = Changes { provider_id: Some(Some("7".to_owned())), ..Changes::default() };
    shipment.change(changes, NOW).unwrap();
    assert!(!shipment.book(parcel(), NOW, NOW));
    assert_eq!(shipment.details.provider_id.as_deref(), Some("7"));
}

#[test]
fn a_parcel_that_an_operator_renames_is_not_followed() {
    let mut shipment = booked();
    let changes = Changes { provider_id: Some(Some("7".to_owned())), ..Changes::default() };
    shipment.change(changes, NOW).unwrap();
    assert_eq!((shipment.booking, shipment.track_at), (Booking::Outside, None));
    let arrived = ParcelEvent { progress: ParcelProgress::Delivered, at: NOW };
    assert!(shipment.follow(vec![arrived], NOW).is_empty());
}

#[test]
fn news_are_taken_over_once_and_in_order() {
    let mut shipment = booked();
    let fetched = ParcelEvent { progress: ParcelProgress::InTransit, at: NOW };
    let arrived = ParcelEvent { progress: ParcelProgress::Delivered, at: NOW + Duration::DAY };
    let all = vec![fetched.clone(), fetched.clone(), arrived, fetched];
    let passed = shipment.follow(all.clone(), NOW);
    assert_eq!(passed, [(Status::InTransit, NOW), (Status::Delivered, NOW + Duration::DAY)]);
    assert_eq!(shipment.track_at, None);
    assert!(shipment.follow(all, NOW).is_empty());
    assert!(!shipment.fail("late".to_owned(), NOW));
}

#[test]
fn the_same_status_is_no_step_and_the_rest_is_changed_all_the_same() {
    let mut shipment = shipment(Status::Delivered, Details::default());
    let changes = Changes {
        status: Some(Status::Delivered),
        status_reason: Some(Some(String::new())),
        ..Changes::default()
    };
    assert_eq!(shipment.change(changes, NOW), Ok(false));
    assert_eq!(shipment.details.status_reason.as_deref(), Some(""));
    let refused =
        Changes { status: Some(Status::Failed), quantity: Some(Some(7)), ..Changes::default() };
    let out_of_order = OutOfOrder { from: Status::Delivered, to: Status::Failed };
    assert_eq!(shipment.change(refused, NOW), Err(out_of_order));
    assert_eq!(shipment.details.quantity, None, "what is refused changes nothing");
}

fn rank(status: Status) -> Option<usize> {
    [Status::Processing, Status::Labeled, Status::InTransit, Status::Delivered]
        .iter()
        .position(|other| *other == status)
}

#[derive(Clone, Debug)]
enum Action {
    Set(Status),
    Rename,
    Book,
    News(Vec<u8>),
    Fail,
}

fn actions() -> impl Strategy<Value = Action> {
    prop_oneof![
        (0..ALL.len()).prop_map(|index| Action::Set(ALL[index])),
        Just(Action::Rename),
        Just(Action::Book),
        prop::collection::vec(0..3u8, 0..4).prop_map(Action::News),
        Just(Action::Fail),
    ]
}

fn news(kind: &u8) -> ParcelEvent {
    let progress = match kind {
        0 => ParcelProgress::InTransit,
        1 => ParcelProgress::Delivered,
        _ => ParcelProgress::Failed("lost".to_owned()),
    };
    ParcelEvent { progress, at: NOW }
}

proptest! {
    #[test]
    fn whatever_happens_a_shipment_only_goes_forward(
        begins in 0..ALL.len(),
        actions in prop::collection::vec(actions(), 0..30),
    ) {
        let mut shipment = shipment(ALL[begins], details());
        for action in actions {
            let before = shipment.clone();
            match action {
                Action::Set(status) => {
                    let changes = Changes { status: Some(status), ..Changes::default() };
                    let changed = shipment.change(changes, NOW);
                    prop_assert_eq!(changed.is_ok(), before.status.may_become(status));
                }
                Action::Rename => {
                    let provider_id = Some(Some("7".to_owned()));
                    let changes = Changes { provider_id, ..Changes::default() };
                    prop_assert_eq!(shipment.change(changes, NOW), Ok(false));
                }
                Action::Book => {
                    shipment.book(parcel(), NOW, NOW);
                }
                Action::News(kinds) => {
                    shipment.follow(kinds.iter().map(news).collect(), NOW);
                }
                Action::Fail => {
                    shipment.fail("lost".to_owned(), NOW);
                }
            }
            let (from, to) = (before.status, shipment.status);
            match (rank(from), rank(to)) {
                (Some(from), Some(to)) => prop_assert!(from <= to),
                (Some(_), None) => prop_assert_ne!(from, Status::Delivered),
                (None, _) => prop_assert_eq!(from, to),
            }
            let under_way = shipment.booking == Booking::Booked && !to.is_final();
            prop_assert_eq!(shipment.track_at.is_some(), under_way);
            prop_assert!(shipment.booking != Booking::Wanted || to == Status::Processing);
        }
    }
}
