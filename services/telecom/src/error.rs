//! What this service says when it does not do what was asked.

use brazil::{AreaCode, CompanyId, LineId};
use chassis::db::WorkError;
use chassis::events::HandlerError;
use chassis::refusal::{internal, refuse};
use time::Date;
use tonic::{Code, Status};

use crate::line_orders::LineOrderId;
use crate::lines::Refusal;
use crate::parcels::ShipmentId;
use crate::portability;
use crate::shipments::OutOfOrder;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// There is no such line in the caller's scope.
    #[error("line {0} does not exist")]
    LineNotFound(LineId),
    /// There is no such company in the caller's scope.
    #[error("company {0} does not exist")]
    CompanyNotFound(CompanyId),
    /// It is being deleted, or was.
    #[error("company {0} gets nothing new")]
    CompanyHeld(CompanyId),
    /// The hold came after it was lifted.
    #[error("this hold was lifted")]
    HoldLifted,
    /// The company has no such device.
    #[error("there is no such device")]
    DeviceNotFound,
    /// The company has no such vehicle.
    #[error("there is no such vehicle")]
    VehicleNotFound,
    /// The line's state does not allow it.
    #[error("line {0} {1}")]
    Line(LineId, Refusal),
    /// No number of the area is free.
    #[error("no number of area {0} is free")]
    AreaCodeOutOfStock(AreaCode),
    /// The owning company's stock has no such card.
    #[error("no such SIM card is in the stock of the line's company")]
    SimCardNotFound,
    /// Several cards of the stock end in the digits given.
    #[error("several SIM cards end in these digits")]
    AmbiguousSimCard,
    /// The card is in another line.
    #[error("the SIM card is in another line")]
    SimCardInUse,
    /// There is no such shipment.
    #[error("shipment {0} does not exist")]
    ShipmentNotFound(ShipmentId),
    /// The status cannot follow the shipment's present one.
    #[error("shipment {0} is {from}, and cannot become {to}", from = .1.from, to = .1.to)]
    Shipment(ShipmentId, OutOfOrder),
    /// A request for a number does not allow it.
    #[error("{0}")]
    PortIn(#[from] portability::Refusal),
    /// Billing does not let a line be barred for not paying before this day, or does not know of
    /// any such day.
    #[error("{}", too_early(.0.as_ref()))]
    NoPayTooEarly(Option<Date>),
    /// No line has such a field, or not the line that was named.
    #[error("there is no such custom field")]
    CustomFieldNotFound,
    /// A line of the company has a field of that name.
    #[error("a line of the company has a custom field of this name already")]
    CustomFieldExists,
    /// There is no such order in the caller's scope.
    #[error("order {0} does not exist")]
    LineOrderNotFound(LineOrderId),
    /// There is no such voice account in the caller's scope.
    #[error("voice account {0} does not exist")]
    VoiceAccountNotFound(CompanyId),
    /// The account has no such extension.
    #[error("there is no such extension")]
    ExtensionNotFound,
    /// Another extension of the account has the number.
    #[error("extension {0} exists already")]
    ExtensionNumberTaken(String),
    /// All numbers of the account are taken.
    #[error("no extension number is free")]
    NoFreeExtension,
    /// Its telephone is not registered.
    #[error("the extension is offline")]
    ExtensionOffline,
    /// It is in a call.
    #[error("the extension is in a call")]
    ExtensionBusy,
    /// It is of the account, but not of the caller.
    #[error("the caller may not do this")]
    NotTheirs,
    /// The number cannot be dialled.
    #[error("the phone number cannot be dialled")]
    InvalidPhone,
    /// The wallet does not pay for a minute.
    #[error("the credit is not enough for a minute")]
    InsufficientCredits,
    /// There is no such call, or it is over.
    #[error("there is no such call, or it has ended")]
    CallNotFound,
    /// Its sound is not kept, or not ready.
    #[error("there is no such recording")]
    RecordingNotFound,
    /// The switch is a real one.
    #[error("no simulated switch is connected")]
    NoSimulatedSwitch,
    /// A refusal that is complete already.
    #[error("{0}")]
    Status(Box<Status>),
    /// The database failed.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
}

fn too_early(earliest: Option<&Date>) -> String {
    match earliest {
        Some(date) => format!("The line may be blocked for non-payment from {date} on."),
        None => "No notice of non-payment stands against the line's company.".to_owned(),
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        use Code::{
            AlreadyExists, FailedPrecondition, NotFound, PermissionDenied, ResourceExhausted,
        };
        let line = |id: &LineId| Some(("line_id", id.to_string()));
        let shipment = |id: &ShipmentId| Some(("shipment_id", id.to_string()));
        let (code, reason, fact) = match &error {
            Error::LineNotFound(id) => (NotFound, "LINE_NOT_FOUND", line(id)),
            Error::CompanyNotFound(id) => {
                (NotFound, "COMPANY_NOT_FOUND", Some(("company_id", id.to_string())))
            }
            Error::CompanyHeld(id) => {
                (FailedPrecondition, "COMPANY_HELD", Some(("company_id", id.to_string())))
            }
            Error::HoldLifted => (FailedPrecondition, "HOLD_LIFTED", None),
            Error::DeviceNotFound => (NotFound, "DEVICE_NOT_FOUND", None),
            Error::VehicleNotFound => (NotFound, "VEHICLE_NOT_FOUND", None),
            Error::Line(id, refusal) => (FailedPrecondition, refusal.reason(), line(id)),
            Error::AreaCodeOutOfStock(area_code) => (
                ResourceExhausted,
                "AREA_CODE_OUT_OF_STOCK",
                Some(("area_code", area_code.to_string())),
            ),
            Error::SimCardNotFound => (NotFound, "SIM_CARD_NOT_FOUND", None),
            Error::AmbiguousSimCard => (FailedPrecondition, "AMBIGUOUS_SIM_CARD", None),
            Error::SimCardInUse => (AlreadyExists, "SIM_CARD_IN_USE", None),
            Error::ShipmentNotFound(id) => (NotFound, "SHIPMENT_NOT_FOUND", shipment(id)),
            Error::Shipment(id, _) => (FailedPrecondition, "SHIPMENT_STATUS_ORDER", shipment(id)),
            Error::PortIn(refusal) => return (*refusal).into(),
            Error::NoPayTooEarly(earliest) => (
                FailedPrecondition,
                "NO_PAY_TOO_EARLY",
                earliest.map(|date| ("earliest_date", date.to_string())),
            ),
            Error::CustomFieldNotFound => (NotFound, "CUSTOM_FIELD_NOT_FOUND", None),
            Error::CustomFieldExists => (AlreadyExists, "CUSTOM_FIELD_EXISTS", None),
            Error::LineOrderNotFound(id) => {
                (NotFound, "LINE_ORDER_NOT_FOUND", Some(("line_order_id", id.to_string())))
            }
            Error::VoiceAccountNotFound(id) => {
                (NotFound, "VOICE_ACCOUNT_NOT_FOUND", Some(("company_id", id.to_string())))
            }
            Error::ExtensionNotFound => (NotFound, "EXTENSION_NOT_FOUND", None),
            Error::ExtensionNumberTaken(number) => {
                (AlreadyExists, "EXTENSION_NUMBER_TAKEN", Some(("number", number.clone())))
            }
            Error::NoFreeExtension => (ResourceExhausted, "NO_FREE_EXTENSION", None),
            Error::ExtensionOffline => (FailedPrecondition, "EXTENSION_OFFLINE", None),
            Error::ExtensionBusy => (FailedPrecondition, "EXTENSION_BUSY", None),
            Error::NotTheirs => (PermissionDenied, "NOT_THEIRS", None),
            Error::InvalidPhone => (FailedPrecondition, "INVALID_PHONE", None),
            Error::InsufficientCredits => (FailedPrecondition, "INSUFFICIENT_CREDITS", None),
            Error::CallNotFound => (NotFound, "CALL_NOT_FOUND", None),
            Error::RecordingNotFound => (NotFound, "RECORDING_NOT_FOUND", None),
            Error::NoSimulatedSwitch => (FailedPrecondition, "NO_SIMULATED_SWITCH", None),
            Error::Status(status) => return (**status).clone(),
            Error::Database(source) => return internal(source),
        };
        refuse(code, "telecom", reason, fact, error.to_string())
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        Self::Status(Box::new(status))
    }
}

impl From<Error> for HandlerError {
    fn from(error: Error) -> Self {
        match error {
            // Stays what it is, so that the transaction is run again where that helps.
            Error::Database(source) => Self::Database(source),
            other => Status::from(other).into(),
        }
    }
}

impl WorkError for Error {
    fn database(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Database(error) => Some(error),
            _ => None,
        }
    }
}
