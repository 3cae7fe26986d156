//! Numbers that lines bring along from other operators: what a request is, and the rules of its
//! life. The rules are pure: what is to be done about them are values, see [`Effect`].

mod administrator;
mod config;
mod machine;
mod messages;
mod neighbours;
mod rpc;
mod rules;
mod simulator;
mod store;
mod tasks;
mod work;

use std::fmt;
use std::str::FromStr;

use brazil::{CompanyId, LineId, MobileNumber, UserId};
use chassis::refusal::{refuse, refuse_field};
use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};
use tonic::Code;

use crate::lines::Owner;

pub use administrator::{
    AdministratorError, Message, PortabilityAdministrator, Saying, Sms, SmsUnavailable,
    TextMessage, Ticket, TicketStatus,
};
pub use config::{PortabilityConfig, PortabilityKind};
use machine::{Effect, Event, Timer};
pub(crate) use messages::{forget_messages, sweep};
use rules::Rules;
pub use simulator::{AdministratorSimulator, PlannedEvent, SimulatedEvent};
pub(crate) use tasks::{DOCUMENT_CONTEXT, RunErrand};
pub(crate) use work::{Portability, cancel_for_lines, has_open_port_in};

brazil::id!(
    /// A request for a number; also the id of its ticket with the administrator.
    PortInId
);

/// Where a request is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Status {
    /// Taken on.
    Requested,
    /// The holder is asked by SMS.
    AwaitingConfirmation,
    /// The holder did not answer in time.
    Parked,
    /// Sent to the administrator.
    Submitted,
    /// The donor looks at it.
    InValidation,
    /// Its window is set.
    Scheduled,
    /// Its window is open.
    InTransition,
    /// The line has the number.
    Successful,
    /// The donor or the rules refused.
    Denied,
    /// Withdrawn.
    Cancelled,
    /// It went wrong in its window.
    Failed,
}

impl Status {
    /// Whether something can still come of it.
    pub(crate) fn is_open(self) -> bool {
        !matches!(self, Self::Successful | Self::Denied | Self::Cancelled | Self::Failed)
    }

    /// As it is told to others: `SCHEDULED`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "REQUESTED",
            Self::AwaitingConfirmation => "AWAITING_CONFIRMATION",
            Self::Parked => "PARKED",
            Self::Submitted => "SUBMITTED",
            Self::InValidation => "IN_VALIDATION",
            Self::Scheduled => "SCHEDULED",
            Self::InTransition => "IN_TRANSITION",
            Self::Successful => "SUCCESSFUL",
            Self::Denied => "DENIED",
            Self::Cancelled => "CANCELLED",
            Self::Failed => "FAILED",
        }
    }
}

/// What somebody who holds a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum HolderKind {
    /// Named by a CPF.
    Person,
    /// Named by a CNPJ.
    Company,
}

/// Why a number is not let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DenialReason {
    /// Somebody else holds it.
    HolderMismatch,
    /// The ticket does not say all it must.
    IncompleteData,
    /// There is no such number.
    NumberNotFound,
    /// It is not in service.
    NumberInactive,
    /// It was given out for a time only.
    NumberTemporary,
    /// It is of another kind of service.
    ServiceMismatch,
    /// It is of another area.
    AreaMismatch,
    /// It is being ported already.
    RequestInProgress,
    /// The recipient does not serve its area.
    AreaNotServed,
    /// The holder does not want it.
    RefusedByHolder,
}

impl DenialReason {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::HolderMismatch,
        Self::IncompleteData,
        Self::NumberNotFound,
        Self::NumberInactive,
        Self::NumberTemporary,
        Self::ServiceMismatch,
        Self::AreaMismatch,
        Self::RequestInProgress,
        Self::AreaNotServed,
        Self::RefusedByHolder,
    ];

    /// Its name for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HolderMismatch => "holder-mismatch",
            Self::IncompleteData => "incomplete-data",
            Self::NumberNotFound => "number-not-found",
            Self::NumberInactive => "number-inactive",
            Self::NumberTemporary => "number-temporary",
            Self::ServiceMismatch => "service-mismatch",
            Self::AreaMismatch => "area-mismatch",
            Self::RequestInProgress => "request-in-progress",
            Self::AreaNotServed => "area-not-served",
            Self::RefusedByHolder => "refused-by-holder",
        }
    }
}

/// The text is not a denial reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a denial reason")]
pub struct InvalidDenialReason;

impl FromStr for DenialReason {
    type Err = InvalidDenialReason;

    fn from_str(text: &str) -> Result<Self, InvalidDenialReason> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text).ok_or(InvalidDenialReason)
    }
}

impl fmt::Display for DenialReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why something is not done with a request for a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// There is none.
    #[error("there is no such port-in")]
    NotFound,
    /// The line or the number has an open one.
    #[error("the line or the number has an open port-in")]
    InProgress,
    /// The number is none of the line's area, or ours already.
    #[error("is not a number of another operator in the line's area")]
    NumberNotPortable,
    /// The line does not work.
    #[error("the line is not active")]
    LineNotActive,
    /// Neither CPF nor CNPJ of the contract's owner is known.
    #[error("the document of the contract's owner is not known")]
    DocumentMissing,
    /// The last day before its window is over.
    #[error("it is too late to cancel the port-in")]
    TooLateToCancel,
    /// It has ended.
    #[error("the port-in has ended")]
    Closed,
}

impl From<Refusal> for tonic::Status {
    fn from(refusal: Refusal) -> Self {
        let (code, reason) = match refusal {
            Refusal::NotFound => (Code::NotFound, "PORT_IN_NOT_FOUND"),
            Refusal::InProgress => (Code::AlreadyExists, "PORT_IN_IN_PROGRESS"),
            Refusal::NumberNotPortable => {
                let reason = "INVALID_PHONE_NUMBER";
                return refuse_field("telecom", reason, "phone_number", refusal.to_string());
            }
            Refusal::LineNotActive => (Code::FailedPrecondition, "LINE_NOT_ACTIVE"),
            Refusal::DocumentMissing => (Code::FailedPrecondition, "HOLDER_DOCUMENT_MISSING"),
            Refusal::TooLateToCancel => (Code::FailedPrecondition, "PORT_IN_TOO_LATE_TO_CANCEL"),
            Refusal::Closed => (Code::FailedPrecondition, "PORT_IN_CLOSED"),
        };
        refuse(code, "telecom", reason, None, refusal.to_string())
    }
}

/// What a request is made of.
#[derive(Clone, Debug)]
pub(crate) struct NewPortIn {
    pub(crate) line_id: LineId,
    /// Who the contract belongs to, and is therefore the holder.
    pub(crate) owner: Option<Owner>,
    /// The company that pays; none for a person's own line.
    pub(crate) company_id: Option<CompanyId>,
    /// The person who uses the line.
    pub(crate) user_id: Option<UserId>,
    pub(crate) number: MobileNumber,
    /// CPF or CNPJ of the contract's owner, encrypted.
    pub(crate) document_sealed: Vec<u8>,
}

/// A request for a number of another operator's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PortIn {
    port_in_id: PortInId,
    line_id: LineId,
    company_id: Option<CompanyId>,
    user_id: Option<UserId>,
    number: MobileNumber,
    holder_kind: HolderKind,
    document_sealed: Vec<u8>,
    protocol: String,
    status: Status,
    status_reason: Option<String>,
    /// When it came to this status.
    since: OffsetDateTime,
    /// When the outside was last asked for something, in this status.
    asked_at: OffsetDateTime,
    /// How often that was done again, in this status.
    asks: i32,
    submitted_at: Option<OffsetDateTime>,
    window_on: Option<Date>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl PortIn {
    /// A request that was just made. The holder is the contract's owner.
    pub(crate) fn request(new: NewPortIn, now: OffsetDateTime) -> Self {
        let port_in_id = PortInId::generate();
        let holder_kind = match new.owner {
            Some(Owner::Company(_)) => HolderKind::Company,
            Some(Owner::Person(_)) | None => HolderKind::Person,
        };
        Self {
            port_in_id,
            line_id: new.line_id,
            company_id: new.company_id,
            user_id: new.user_id,
            number: new.number,
            holder_kind,
            document_sealed: new.document_sealed,
            protocol: protocol(port_in_id, now),
            status: Status::Requested,
            status_reason: None,
            since: now,
            asked_at: now,
            asks: 0,
            submitted_at: None,
            window_on: None,
            created_at: now,
            updated_at: now,
        }
    }
}

/// A number that people can read out: the date, and ten digits of the id's random part.
fn protocol(port_in_id: PortInId, now: OffsetDateTime) -> String {
    let date = brazil::local_date(now);
    let digits = (port_in_id.0.as_u128() & u128::from(u64::MAX)) % 10_000_000_000;
    format!("{:04}{:02}{:02}{digits:010}", date.year(), u8::from(date.month()), date.day())
}

#[cfg(test)]
pub(crate) mod tests;
