//! All that the billing service can refuse, on one screen.

use std::time::Duration;

use brazil::{CompanyId, InvoiceId, PlanId, UserId};
use chassis::db::WorkError;
use chassis::refusal::{internal, refuse, refuse_until};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::fiscal_notes::FiscalNoteId;
use crate::payments::{CreditChargeId, InvalidPayee};
use crate::period::Period;

const ISSUER_PAUSE: Duration = Duration::from_secs(2);

/// Why the service does not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the month {0} is not being closed")]
    BillingRunNotFound(Period),
    #[error("company {0} does not exist")]
    CompanyNotFound(CompanyId),
    #[error("user {0} does not exist")]
    UserNotFound(UserId),
    #[error("invoice {0} does not exist")]
    InvoiceNotFound(InvoiceId),
    #[error("nothing was paid for invoice {0}")]
    InvoiceNotPaid(InvoiceId),
    #[error("plan {0} does not exist")]
    PlanNotFound(PlanId),
    #[error("another plan has the name {0}")]
    PlanNameTaken(String),
    #[error("fiscal note {0} does not exist")]
    FiscalNoteNotFound(FiscalNoteId),
    #[error("The recipient has no {0}, which a fiscal note needs.")]
    RecipientIncomplete(&'static str),
    #[error("The fiscal issuer refused note {number}: {reason}")]
    FiscalNoteRejected { number: i64, reason: String },
    #[error("the issuer has not answered about fiscal note {0} yet")]
    FiscalNotePending(FiscalNoteId),
    #[error("company {0} has not said who pays for its credit")]
    FinancialAccountNotFound(CompanyId),
    #[error("company {0} has said already who pays for its credit")]
    FinancialAccountExists(CompanyId),
    #[error("company {0} must say first who pays for its credit")]
    FinancialAccountRequired(CompanyId),
    #[error("charge {0} does not exist")]
    CreditChargeNotFound(CreditChargeId),
    #[error("nothing was paid for charge {0}")]
    CreditChargeNotPaid(CreditChargeId),
    #[error("company {0} has not enough credit")]
    InsufficientCredits(CompanyId),
    #[error("call {0} is settled")]
    CallSettled(Uuid),
    #[error("the settings of whom to pay are wrong: {0}")]
    Payee(#[from] InvalidPayee),
    #[error("{0}")]
    Refused(Box<Status>),
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
}

impl WorkError for Error {
    fn database(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Database(error) => Some(error),
            _ => None,
        }
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        Self::Refused(Box::new(status))
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        let (code, reason, fact) = match error {
            Error::BillingRunNotFound(period) => {
                (Code::NotFound, "BILLING_RUN_NOT_FOUND", ("period", period.to_string()))
            }
            Error::CompanyNotFound(id) => {
                (Code::NotFound, "COMPANY_NOT_FOUND", ("company_id", id.to_string()))
            }
            Error::UserNotFound(id) => {
                (Code::NotFound, "USER_NOT_FOUND", ("user_id", id.to_string()))
            }
            Error::InvoiceNotFound(id) => {
                (Code::NotFound, "INVOICE_NOT_FOUND", ("invoice_id", id.to_string()))
            }
            Error::InvoiceNotPaid(id) => {
                (Code::FailedPrecondition, "INVOICE_NOT_PAID", ("invoice_id", id.to_string()))
            }
            Error::PlanNotFound(id) => {
                (Code::NotFound, "PLAN_NOT_FOUND", ("plan_id", id.to_string()))
            }
            Error::PlanNameTaken(name) => (Code::AlreadyExists, "PLAN_NAME_TAKEN", ("name", name)),
            Error::FiscalNoteNotFound(id) => {
                (Code::NotFound, "FISCAL_NOTE_NOT_FOUND", ("fiscal_note_id", id.to_string()))
            }
            Error::RecipientIncomplete(missing) => {
                (Code::FailedPrecondition, "RECIPIENT_INCOMPLETE", ("missing", missing.to_owned()))
            }
            Error::FiscalNoteRejected { reason, .. } => {
                (Code::FailedPrecondition, "FISCAL_NOTE_REJECTED", ("issuer_reason", reason))
            }
            Error::FiscalNotePending(_) => {
                let (code, reason) = (Code::Unavailable, "FISCAL_NOTE_PENDING");
                return refuse_until(code, "billing", reason, ISSUER_PAUSE, message);
            }
            Error::FinancialAccountNotFound(id) => {
                (Code::NotFound, "FINANCIAL_ACCOUNT_NOT_FOUND", ("company_id", id.to_string()))
            }
            Error::FinancialAccountExists(id) => {
                (Code::AlreadyExists, "FINANCIAL_ACCOUNT_EXISTS", ("company_id", id.to_string()))
            }
            Error::FinancialAccountRequired(id) => (
                Code::FailedPrecondition,
                "FINANCIAL_ACCOUNT_REQUIRED",
                ("company_id", id.to_string()),
            ),
            Error::CreditChargeNotFound(id) => {
                (Code::NotFound, "CHARGE_NOT_FOUND", ("charge_id", id.to_string()))
            }
            Error::CreditChargeNotPaid(id) => {
                (Code::FailedPrecondition, "CHARGE_NOT_PAID", ("charge_id", id.to_string()))
            }
            Error::InsufficientCredits(id) => {
                (Code::FailedPrecondition, "INSUFFICIENT_CREDITS", ("company_id", id.to_string()))
            }
            Error::CallSettled(id) => {
                (Code::FailedPrecondition, "CALL_SETTLED", ("call_id", id.to_string()))
            }
            Error::Payee(source) => return internal(&source),
            Error::Refused(status) => return *status,
            Error::Database(source) => return internal(&source),
        };
        refuse(code, "billing", reason, [fact], message)
    }
}
