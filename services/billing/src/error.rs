//! All that the billing service can refuse, on one screen.

use brazil::{CompanyId, PlanId};
use chassis::db::WorkError;
use chassis::refusal::{internal, refuse};
use tonic::{Code, Status};

/// Why the service does not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("company {0} does not exist")]
    CompanyNotFound(CompanyId),
    #[error("plan {0} does not exist")]
    PlanNotFound(PlanId),
    #[error("another plan has the name {0}")]
    PlanNameTaken(String),
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

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        let (code, reason, fact) = match error {
            Error::CompanyNotFound(id) => {
                (Code::NotFound, "COMPANY_NOT_FOUND", ("company_id", id.to_string()))
            }
            Error::PlanNotFound(id) => {
                (Code::NotFound, "PLAN_NOT_FOUND", ("plan_id", id.to_string()))
            }
            Error::PlanNameTaken(name) => (Code::AlreadyExists, "PLAN_NAME_TAKEN", ("name", name)),
            Error::Database(source) => return internal(&source),
        };
        refuse(code, "billing", reason, [fact], message)
    }
}
