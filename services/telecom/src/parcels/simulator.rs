//! A parcel carrier in memory, that behaves badly on demand.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chassis::clock::Clock;
use chassis::simulator::{Desk, Hold, ScriptStep};
use serde::Deserialize;
use time::{Duration, OffsetDateTime};

use super::{
    MessageError, Parcel, ParcelCarrier, ParcelCarrierError, ParcelEvent, ParcelMessage,
    ParcelName, ParcelProgress, ParcelRequest, ShipmentId,
};

const PROVIDER: &str = "Correio Simulado";
const FETCHED_AFTER: Duration = Duration::days(1);
const DELIVERED_AFTER: Duration = Duration::days(4);

/// What a parcel carrier can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParcelOperation {
    /// Take on a parcel.
    Book,
    /// Say how far it is. Refused, the parcel is lost for the reason given.
    Track,
    /// Let it not go.
    Cancel,
}

/// A parcel as the simulated carrier knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SimulatedParcel {
    /// When it was labeled; none if it was cancelled before.
    pub booked_at: Option<OffsetDateTime>,
    /// Whether it was cancelled.
    pub cancelled: bool,
    /// How often it was booked; the first time alone had an effect.
    pub bookings: u32,
}

/// A parcel carrier in memory: labels at once, fetches a day later and delivers on the fourth
/// day, on the clock it is given. Clones are one carrier.
#[derive(Clone, Debug)]
pub struct ParcelCarrierSimulator {
    clock: Clock,
    desk: Desk<ParcelOperation>,
    parcels: Arc<Mutex<HashMap<ShipmentId, SimulatedParcel>>>,
}

impl ParcelCarrierSimulator {
    /// A parcel carrier that does what it is asked.
    pub fn new(clock: Clock) -> Self {
        Self { clock, desk: Desk::default(), parcels: Arc::default() }
    }

    /// Adds to what it will answer.
    pub fn script(&self, steps: Vec<ScriptStep<ParcelOperation>>) {
        self.desk.script(steps);
    }

    /// What it knows of a shipment.
    pub fn parcel(&self, shipment_id: ShipmentId) -> Option<SimulatedParcel> {
        self.state().get(&shipment_id).copied()
    }

    /// How many parcels it has taken on.
    pub fn booked(&self) -> usize {
        self.state().values().filter(|parcel| parcel.booked_at.is_some()).count()
    }

    /// Keeps everybody waiting until the answer is dropped.
    pub async fn hold(&self) -> Hold {
        self.desk.hold().await
    }

    /// Waits until `requests` requests have come in since the beginning.
    pub async fn asked(&self, requests: u64) {
        self.desk.asked(requests).await;
    }

    fn state(&self) -> MutexGuard<'_, HashMap<ShipmentId, SimulatedParcel>> {
        self.parcels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_on(&self, shipment_id: ShipmentId) -> Result<Parcel, ParcelCarrierError> {
        let now = self.clock.now();
        let mut parcels = self.state();
        let parcel = parcels.entry(shipment_id).or_insert(SimulatedParcel {
            booked_at: Some(now),
            cancelled: false,
            bookings: 0,
        });
        parcel.bookings += 1;
        if parcel.cancelled {
            return Err(ParcelCarrierError::Refused("cancelled".to_owned()));
        }
        Ok(labeled(shipment_id))
    }

    fn events(&self, shipment_id: ShipmentId) -> Vec<ParcelEvent> {
        let now = self.clock.now();
        // One that was booked before this simulator's memory begins is taken on anew.
        let parcel = *self.state().entry(shipment_id).or_insert(SimulatedParcel {
            booked_at: Some(now),
            cancelled: false,
            bookings: 0,
        });
        let Some(booked_at) = parcel.booked_at else { return vec![] };
        if parcel.cancelled {
            let progress = ParcelProgress::Failed("cancelled".to_owned());
            return vec![ParcelEvent { progress, at: booked_at }];
        }
        [
            ParcelEvent { progress: ParcelProgress::InTransit, at: booked_at + FETCHED_AFTER },
            ParcelEvent { progress: ParcelProgress::Delivered, at: booked_at + DELIVERED_AFTER },
        ]
        .into_iter()
        .filter(|event| event.at <= now)
        .collect()
    }

    fn let_go(&self, shipment_id: ShipmentId) -> Result<(), ParcelCarrierError> {
        let now = self.clock.now();
        let mut parcels = self.state();
        let parcel = parcels.entry(shipment_id).or_insert(SimulatedParcel {
            booked_at: None,
            cancelled: true,
            bookings: 0,
        });
        if parcel.booked_at.is_some_and(|booked_at| booked_at + FETCHED_AFTER <= now) {
            return Err(ParcelCarrierError::Refused("under-way".to_owned()));
        }
        parcel.cancelled = true;
        Ok(())
    }
}

#[tonic::async_trait]
impl ParcelCarrier for ParcelCarrierSimulator {
    async fn book(&self, request: ParcelRequest) -> Result<Parcel, ParcelCarrierError> {
        self.desk.answer(ParcelOperation::Book, || self.take_on(request.shipment_id)).await
    }

    async fn track(&self, parcel: ParcelName) -> Result<Vec<ParcelEvent>, ParcelCarrierError> {
        self.desk.answer(ParcelOperation::Track, || Ok(self.events(parcel.shipment_id))).await
    }

    async fn cancel(&self, shipment_id: ShipmentId) -> Result<(), ParcelCarrierError> {
        self.desk.answer(ParcelOperation::Cancel, || self.let_go(shipment_id)).await
    }

    fn read(&self, _: &[u8], _: &str) -> Result<Option<ParcelMessage>, MessageError> {
        Err(MessageError::Unexpected)
    }
}

/// The same label for the same shipment, whatever else was forgotten.
fn labeled(shipment_id: ShipmentId) -> Parcel {
    let number = shipment_id.0.as_u128() % 900_000_000 + 100_000_000;
    Parcel {
        provider: PROVIDER.to_owned(),
        provider_id: number.to_string(),
        tracking_code: format!("LN{number}BR"),
    }
}

#[cfg(test)]
mod tests {
    use brazil::CompanyId;
    use chassis::address::Address;
    use chassis::simulator::Outcome;

    use super::*;

    fn request() -> ParcelRequest {
        let (shipment_id, address) = (ShipmentId::generate(), Address::default());
        ParcelRequest { shipment_id, company_id: CompanyId::generate(), quantity: 1, address }
    }

    async fn track(carrier: &ParcelCarrierSimulator, request: &ParcelRequest) -> Vec<ParcelEvent> {
        let shipment_id = request.shipment_id;
        let provider_id = labeled(shipment_id).provider_id;
        carrier.track(ParcelName { shipment_id, provider_id }).await.unwrap()
    }

    #[tokio::test]
    async fn a_repeated_booking_has_one_effect() {
        let carrier = ParcelCarrierSimulator::new(Clock::system());
        let request = request();
        carrier.script(vec![ScriptStep::new(ParcelOperation::Book, Outcome::LoseAnswer)]);
        let lost = carrier.book(request.clone()).await;
        assert_eq!(lost, Err(ParcelCarrierError::Unavailable));
        let parcel = carrier.book(request.clone()).await.unwrap();
        assert_eq!(carrier.book(request.clone()).await.unwrap(), parcel);
        assert_eq!(carrier.booked(), 1);
        assert_eq!(carrier.parcel(request.shipment_id).unwrap().bookings, 3);
    }

    #[tokio::test]
    async fn a_parcel_arrives_on_the_clock() {
        let clock = Clock::system();
        let carrier = ParcelCarrierSimulator::new(clock.clone());
        let request = request();
        carrier.book(request.clone()).await.unwrap();
        assert_eq!(track(&carrier, &request).await, vec![]);
        clock.advance(Duration::days(1)).unwrap();
        let events = track(&carrier, &request).await;
        assert!(
            matches!(events.as_slice(), [event] if event.progress == ParcelProgress::InTransit)
        );
        clock.advance(Duration::days(3)).unwrap();
        let events = track(&carrier, &request).await;
        let progress: Vec<_> = events.into_iter().map(|event| event.progress).collect();
        assert_eq!(progress, [ParcelProgress::InTransit, ParcelProgress::Delivered]);
    }

    #[tokio::test]
    async fn a_cancelled_parcel_does_not_go_and_one_under_way_is_not_cancelled() {
        let clock = Clock::system();
        let carrier = ParcelCarrierSimulator::new(clock.clone());
        let (never, early, late) = (request(), request(), request());
        carrier.cancel(never.shipment_id).await.unwrap();
        let refused = Err(ParcelCarrierError::Refused("cancelled".to_owned()));
        assert_eq!(carrier.book(never).await, refused);
        carrier.book(early.clone()).await.unwrap();
        carrier.book(late.clone()).await.unwrap();
        carrier.cancel(early.shipment_id).await.unwrap();
        clock.advance(Duration::days(1)).unwrap();
        let events = track(&carrier, &early).await;
        assert!(matches!(events[0].progress, ParcelProgress::Failed(_)), "{events:?}");
        let refused = carrier.cancel(late.shipment_id).await;
        assert_eq!(refused, Err(ParcelCarrierError::Refused("under-way".to_owned())));
    }
}
