//! Value types of Brazilian telecom and billing.
//!
//! A value is parsed once, at the edge, and is right ever after: each type has private fields, a
//! `FromStr` that validates, and a canonical form that `Display`, serde and the database share.
//! Error messages read on after the name of a field ("cpf is not a valid CPF") and never repeat
//! what was sent. This crate does no I/O and knows no clock.

#![warn(missing_docs)]

// Lets the `id!` macro name this crate the same way inside and outside it.
extern crate self as brazil;

mod area_code;
mod boleto;
mod calendar;
mod cents;
mod cep;
mod clock;
mod cnpj;
mod cpf;
mod digits;
mod email;
mod esim;
mod host_name;
mod iccid;
mod id;
mod imei;
mod imsi;
mod late_payment;
mod mobile;
mod phone;
mod pix;
mod portability;
mod public_id;
mod state;
mod time_zone;

pub use area_code::{AreaCode, InvalidAreaCode};
pub use boleto::{Boleto, InvalidBoleto};
pub use calendar::{BusinessCalendar, is_national_holiday};
pub use cents::{Cents, InvalidCents};
pub use cep::{Cep, InvalidCep};
pub use clock::{local_date, local_time, start_of_day};
pub use cnpj::{Cnpj, InvalidCnpj};
pub use cpf::{Cpf, InvalidCpf};
pub use email::{Email, EmailDomain, InvalidEmail, InvalidEmailDomain};
pub use esim::{EsimActivationCode, InvalidEsimActivationCode};
pub use host_name::{HostName, InvalidHostName};
pub use iccid::{Iccid, InvalidIccid};
pub use id::{
    CompanyId, EmployeeId, InvalidId, InvitationId, InvoiceId, LineChargeId, LineId, PlanId,
    SignupFormId, UserId,
};
pub use imei::{Imei, InvalidImei};
pub use imsi::{Imsi, InvalidImsi};
pub use late_payment::{LateFee, NonPaymentDates, NonPaymentTerms, days_late, late_fee};
pub use mobile::{InvalidMobileNumber, MobileNumber};
pub use phone::{InvalidPhoneNumber, PhoneKind, PhoneNumber};
pub use pix::{
    InvalidPixCharge, InvalidPixCode, InvalidPixKey, PixCharge, PixCode, PixKey, PixRecipient,
};
pub use portability::PortabilityDays;
pub use public_id::{InvalidPublicId, PublicId};
pub use state::{InvalidState, State};
pub use time_zone::{InvalidTimeZoneName, TimeZoneName};

/// What the code of the `id!` macro refers to.
#[doc(hidden)]
pub mod reexport {
    pub use {serde, uuid};
}
