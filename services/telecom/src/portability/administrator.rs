//! The outside world of a port-in: the administrator of number portability, and SMS.

use brazil::MobileNumber;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{DenialReason, HolderKind};

/// A request for a number, as the administrator gets it.
#[derive(Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Its id: submitted again with the same one, nothing happens twice.
    pub ticket_id: Uuid,
    /// The number that is to come.
    pub number: MobileNumber,
    /// What its holder is.
    pub holder_kind: HolderKind,
    /// CPF or CNPJ of its holder.
    pub holder_document: String,
    /// When it is to change over, if the donor agrees in time.
    pub window_at: OffsetDateTime,
    /// When it was decided to submit it.
    pub submitted_at: OffsetDateTime,
}

/// Where a ticket is with the administrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketStatus {
    /// There is no such ticket.
    Unknown,
    /// It arrived, and nobody looked at it so far.
    Arrived,
    /// The donor looks at it.
    InValidation,
    /// The donor agrees.
    Approved,
    /// The donor refuses.
    Denied(DenialReason),
    /// The number has changed over.
    Completed,
    /// The number could not change over.
    Failed,
    /// It was withdrawn.
    Cancelled,
}

/// Why the administrator did not do it, or did not say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdministratorError {
    /// For good; asking again does not help.
    #[error("the administrator refused: {0}")]
    Refused(DenialReason),
    /// No answer: it may have been done, or not.
    #[error("the administrator does not answer")]
    Unavailable,
}

/// What somebody outside says about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saying {
    /// The holder answers yes.
    Confirm,
    /// The holder answers no.
    Refuse,
    /// The administrator has the ticket.
    Acknowledge,
    /// The donor agrees.
    Approve,
    /// The donor refuses.
    Deny(DenialReason),
    /// The number has changed over.
    Complete,
    /// It could not change over.
    Fail(Option<String>),
}

/// A message from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The same at every delivery of the same message.
    pub message_id: String,
    /// The number it is about.
    pub number: MobileNumber,
    /// The ticket it is about; without one, the newest of the number.
    pub ticket_id: Option<Uuid>,
    /// What it says.
    pub saying: Saying,
    /// When that was said.
    pub said_at: OffsetDateTime,
}

/// The administrator's interface.
#[tonic::async_trait]
pub trait PortabilityAdministrator: Send + Sync {
    /// What the present holder of a number is, if that is known.
    ///
    /// # Errors
    /// [`AdministratorError`].
    async fn holder_kind(
        &self,
        number: &MobileNumber,
    ) -> Result<Option<HolderKind>, AdministratorError>;

    /// Submits a ticket. That it was received is said by a message, not by the answer.
    ///
    /// # Errors
    /// [`AdministratorError`]; after `Unavailable`, [`Self::status`] tells whether it arrived.
    async fn submit(&self, ticket: Ticket) -> Result<(), AdministratorError>;

    /// Tells where a ticket is.
    ///
    /// # Errors
    /// [`AdministratorError`].
    async fn status(&self, ticket_id: Uuid) -> Result<TicketStatus, AdministratorError>;

    /// Withdraws a ticket. One that is not there, or has ended, is left alone.
    ///
    /// # Errors
    /// [`AdministratorError`].
    async fn cancel(&self, ticket_id: Uuid) -> Result<(), AdministratorError>;

    /// Messages that wait to be taken in, oldest first, at most 100. They stay until
    /// [`Self::taken_in`].
    ///
    /// # Errors
    /// [`AdministratorError`].
    async fn messages(&self) -> Result<Vec<Message>, AdministratorError>;

    /// Removes messages that were taken in.
    ///
    /// # Errors
    /// [`AdministratorError`]; they come again then.
    async fn taken_in(&self, message_ids: &[String]) -> Result<(), AdministratorError>;
}

/// A text to somebody's phone.
#[derive(Clone, PartialEq, Eq)]
pub struct TextMessage {
    /// Sent again with the same one, it arrives once.
    pub key: String,
    /// The ticket that an answer is about.
    pub ticket_id: Uuid,
    /// Whose phone.
    pub to: MobileNumber,
    /// At most 160 characters.
    pub text: String,
    /// When it was decided to send it.
    pub sent_at: OffsetDateTime,
}

/// The SMS did not leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the SMS gateway does not answer")]
pub struct SmsUnavailable;

/// The SMS gateway's interface.
#[tonic::async_trait]
pub trait Sms: Send + Sync {
    /// Sends a text.
    ///
    /// # Errors
    /// [`SmsUnavailable`]; the same text may be sent again.
    async fn send(&self, text: TextMessage) -> Result<(), SmsUnavailable>;
}
