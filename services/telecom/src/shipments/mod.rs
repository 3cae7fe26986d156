//! SIM cards on their way to companies: what a shipment is, and the rules of its way.

mod booking;
mod handling;
pub(crate) mod rpc;
mod store;
#[cfg(test)]
mod testing;
mod tracking;

use std::fmt;

use brazil::CompanyId;
use chassis::address::Address;
use time::OffsetDateTime;

use crate::line_orders::LineOrderId;
use crate::parcels::{Parcel, ParcelEvent, ParcelProgress, ParcelRequest, ShipmentId};

pub(crate) use booking::{BookShipment, CancelParcel, Parcels};
pub(crate) use handling::{arrange, withdraw};
pub(crate) use tracking::follow_parcels;

/// Where a shipment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Status {
    /// Being packed.
    Processing,
    /// Has its label.
    Labeled,
    /// On its way.
    InTransit,
    /// Arrived.
    Delivered,
    /// Did not arrive.
    Failed,
}

impl Status {
    /// Whether a shipment may come to `next` from here. Steps may be left out, since news of them
    /// may be; back leads no way, and nothing follows the end. To stay is no step.
    fn may_become(self, next: Self) -> bool {
        use Status::{Delivered, Failed, InTransit, Labeled, Processing};
        match (self, next) {
            (Delivered | Failed, _) => self == next,
            (_, Failed | Delivered) => true,
            (Processing, _) => true,
            (Labeled, Labeled | InTransit) | (InTransit, InTransit) => true,
            (Labeled, Processing) | (InTransit, Processing | Labeled) => false,
        }
    }

    /// Whether nothing follows.
    fn is_final(self) -> bool {
        matches!(self, Self::Delivered | Self::Failed)
    }
}

impl fmt::Display for Status {
    /// As events carry it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Processing => "PROCESSING",
            Self::Labeled => "LABELED",
            Self::InTransit => "IN TRANSIT",
            Self::Delivered => "DELIVERED",
            Self::Failed => "FAILED",
        })
    }
}

/// What the parcel carrier has to do with a shipment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
enum Booking {
    /// Nothing: somebody else brings it, and says here how far it is.
    Outside,
    /// It is to be asked.
    Wanted,
    /// It has it.
    Booked,
}

/// What is said of a shipment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Details {
    /// Who carries it.
    pub(crate) provider: Option<String>,
    /// Its id there.
    pub(crate) provider_id: Option<String>,
    /// What tracks it there.
    pub(crate) tracking_code: Option<String>,
    /// About the status.
    pub(crate) status_reason: Option<String>,
    /// SIM cards in it.
    pub(crate) quantity: Option<i32>,
    /// Where it goes.
    pub(crate) address: Option<Address>,
}

/// New values of a shipment: the outer `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    pub(crate) company_id: Option<CompanyId>,
    pub(crate) status: Option<Status>,
    pub(crate) provider: Option<Option<String>>,
    pub(crate) provider_id: Option<Option<String>>,
    pub(crate) tracking_code: Option<Option<String>>,
    pub(crate) status_reason: Option<Option<String>>,
    pub(crate) quantity: Option<Option<i32>>,
    pub(crate) address: Option<Option<Address>>,
}

/// The status cannot follow the present one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutOfOrder {
    pub(crate) from: Status,
    pub(crate) to: Status,
}

/// A parcel of SIM cards for a company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shipment {
    shipment_id: ShipmentId,
    company_id: CompanyId,
    status: Status,
    details: Details,
    booking: Booking,
    /// When the parcel carrier is to be asked next how far it is.
    track_at: Option<OffsetDateTime>,
    /// The order that waits for it.
    line_order_id: Option<LineOrderId>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

/// Whether a shipment that somebody waits for will come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// Nobody has taken it on so far.
    Unbooked,
    /// It has its label at least.
    Arranged,
    /// It failed, and why.
    Never(Option<String>),
}

impl Shipment {
    /// A shipment to a company. It is booked with the parcel carrier if it is being packed, has
    /// an address, and no id at any carrier yet.
    pub(crate) fn new(
        shipment_id: ShipmentId,
        company_id: CompanyId,
        status: Status,
        details: Details,
        now: OffsetDateTime,
    ) -> Self {
        let mut shipment = Self {
            shipment_id,
            company_id,
            status,
            details,
            booking: Booking::Outside,
            track_at: None,
            line_order_id: None,
            created_at: now,
            updated_at: now,
        };
        shipment.settle_booking();
        shipment
    }

    /// The same, as an order waits for it.
    pub(crate) fn awaited_by(self, line_order_id: LineOrderId) -> Self {
        Self { line_order_id: Some(line_order_id), ..self }
    }

    /// Whether it will come.
    fn arrival(&self) -> Arrival {
        match self.status {
            Status::Processing => Arrival::Unbooked,
            Status::Labeled | Status::InTransit | Status::Delivered => Arrival::Arranged,
            Status::Failed => Arrival::Never(self.details.status_reason.clone()),
        }
    }

    /// Takes new values over; tells whether the status is another one.
    fn change(&mut self, changes: Changes, now: OffsetDateTime) -> Result<bool, OutOfOrder> {
        let moved = match changes.status {
            Some(status) => self.come_to(status)?,
            None => false,
        };
        let booked = self.details.provider_id.clone();
        let details = &mut self.details;
        set(&mut self.company_id, changes.company_id);
        set(&mut details.provider, changes.provider);
        set(&mut details.provider_id, changes.provider_id);
        set(&mut details.tracking_code, changes.tracking_code);
        set(&mut details.status_reason, changes.status_reason);
        set(&mut details.quantity, changes.quantity);
        set(&mut details.address, changes.address);
        if self.details.provider_id != booked {
            // What carries it now is another parcel than the one that was booked.
            self.booking = Booking::Outside;
        }
        self.settle_booking();
        self.updated_at = now;
        Ok(moved)
    }

    /// What to ask the parcel carrier for, if it is to be asked.
    fn to_be_booked(&self) -> Option<ParcelRequest> {
        let address = self.details.address.clone()?;
        let quantity = self.details.quantity.unwrap_or(1);
        let Self { shipment_id, company_id, .. } = *self;
        let request = ParcelRequest { shipment_id, company_id, quantity, address };
        (self.booking == Booking::Wanted).then_some(request)
    }

    /// Notes that the parcel carrier has taken it on, and will be asked about it at `track_at`;
    /// false when that is not wanted any more.
    fn book(&mut self, parcel: Parcel, track_at: OffsetDateTime, now: OffsetDateTime) -> bool {
        if self.booking != Booking::Wanted {
            return false;
        }
        self.status = Status::Labeled;
        self.booking = Booking::Booked;
        self.details.provider = Some(parcel.provider);
        self.details.provider_id = Some(parcel.provider_id);
        self.details.tracking_code = Some(parcel.tracking_code);
        self.details.status_reason = None;
        self.track_at = Some(track_at);
        self.updated_at = now;
        true
    }

    /// Ends it without arrival; false when it has ended already.
    fn fail(&mut self, reason: String, now: OffsetDateTime) -> bool {
        if self.status.is_final() {
            return false;
        }
        self.status = Status::Failed;
        self.details.status_reason = Some(reason);
        self.settle_booking();
        self.updated_at = now;
        true
    }

    /// Takes over what happened to its parcel; tells which statuses it came through, and when.
    /// What it knows already, or what cannot be, changes nothing.
    fn follow(
        &mut self,
        events: Vec<ParcelEvent>,
        now: OffsetDateTime,
    ) -> Vec<(Status, OffsetDateTime)> {
        let mut passed = vec![];
        if self.booking != Booking::Booked {
            return passed;
        }
        for event in events {
            let (status, reason) = match event.progress {
                ParcelProgress::InTransit => (Status::InTransit, None),
                ParcelProgress::Delivered => (Status::Delivered, None),
                ParcelProgress::Failed(reason) => (Status::Failed, Some(reason)),
            };
            if self.come_to(status).is_ok_and(|moved| moved) {
                self.details.status_reason = reason;
                self.updated_at = now;
                passed.push((status, event.at));
            }
        }
        self.settle_booking();
        passed
    }

    /// Whether the parcel carrier has taken it on.
    fn is_booked(&self) -> bool {
        self.booking == Booking::Booked
    }

    fn come_to(&mut self, status: Status) -> Result<bool, OutOfOrder> {
        if !self.status.may_become(status) {
            return Err(OutOfOrder { from: self.status, to: status });
        }
        let moved = self.status != status;
        self.status = status;
        Ok(moved)
    }

    /// Books what needs to be booked, and follows only what is under way.
    fn settle_booking(&mut self) {
        let unbooked = self.status == Status::Processing
            && self.details.provider_id.is_none()
            && self.details.address.is_some();
        if self.booking != Booking::Booked {
            self.booking = if unbooked { Booking::Wanted } else { Booking::Outside };
        }
        if self.booking != Booking::Booked || self.status.is_final() {
            self.track_at = None;
        }
    }
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

#[cfg(test)]
mod tests;
