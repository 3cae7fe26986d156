//! All that the company service can refuse, on one screen.

use brazil::{Cnpj, CompanyId, EmailDomain, EmployeeId, HostName};
use chassis::crypto::CannotOpen;
use chassis::db::WorkError;
use chassis::refusal::{internal, refuse};
use tonic::{Code, Status};

use crate::webhooks::WebhookEndpointId;

/// Why the service does not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("company {0} does not exist")]
    CompanyNotFound(CompanyId),
    #[error("employee {0} does not exist")]
    EmployeeNotFound(EmployeeId),
    #[error("another company has the CNPJ {}", .0.formatted())]
    CnpjTaken(Cnpj),
    #[error("another voice account has the domain {0}")]
    DomainTaken(HostName),
    #[error("an active colleague has this work e-mail")]
    WorkEmailTaken(CompanyId),
    #[error("another company has the e-mail domain {0}")]
    EmailDomainTaken(EmailDomain),
    #[error("the company has no e-mail domain {0}")]
    EmailDomainNotFound(EmailDomain),
    #[error("webhook endpoint {0} does not exist")]
    WebhookEndpointNotFound(WebhookEndpointId),
    #[error("webhook endpoint {0} has answered that it is gone")]
    WebhookEndpointDisabled(WebhookEndpointId),
    #[error("integration {0} does not exist")]
    IntegrationNotFound(i64),
    #[error(transparent)]
    Enterprise(#[from] crate::enterprises::Refusal),
    #[error("this tenant does not exist")]
    TenantNotFound,
    #[error("this school does not exist")]
    SchoolNotFound,
    #[error("this import is being done")]
    ImportRunning,
    #[error("an import has at most {0} rows")]
    TooManyRows(usize),
    #[error("{0}")]
    Refused(Box<Status>),
    #[error(transparent)]
    CannotOpen(#[from] CannotOpen),
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
            Error::CompanyNotFound(id) => {
                (Code::NotFound, "COMPANY_NOT_FOUND", ("company_id", id.to_string()))
            }
            Error::EmployeeNotFound(id) => {
                (Code::NotFound, "EMPLOYEE_NOT_FOUND", ("employee_id", id.to_string()))
            }
            Error::CnpjTaken(cnpj) => {
                (Code::AlreadyExists, "CNPJ_TAKEN", ("cnpj", cnpj.formatted()))
            }
            Error::DomainTaken(domain) => {
                (Code::AlreadyExists, "DOMAIN_TAKEN", ("domain", domain.to_string()))
            }
            Error::WorkEmailTaken(id) => {
                (Code::AlreadyExists, "WORK_EMAIL_TAKEN", ("company_id", id.to_string()))
            }
            Error::EmailDomainTaken(domain) => {
                (Code::AlreadyExists, "EMAIL_DOMAIN_TAKEN", ("email_domain", domain.to_string()))
            }
            Error::EmailDomainNotFound(domain) => {
                (Code::NotFound, "EMAIL_DOMAIN_NOT_FOUND", ("email_domain", domain.to_string()))
            }
            Error::WebhookEndpointNotFound(id) => {
                (Code::NotFound, "WEBHOOK_ENDPOINT_NOT_FOUND", ("endpoint_id", id.to_string()))
            }
            Error::WebhookEndpointDisabled(id) => (
                Code::FailedPrecondition,
                "WEBHOOK_ENDPOINT_DISABLED",
                ("endpoint_id", id.to_string()),
            ),
            Error::IntegrationNotFound(id) => {
                (Code::NotFound, "INTEGRATION_NOT_FOUND", ("integration_id", id.to_string()))
            }
            Error::Enterprise(refusal) => {
                let (code, reason) = refusal.code();
                return match reason {
                    "" => Status::new(code, message),
                    _ => refuse(code, "company", reason, [], message),
                };
            }
            Error::TenantNotFound => return absent("TENANT_NOT_FOUND", message),
            Error::SchoolNotFound => return absent("SCHOOL_NOT_FOUND", message),
            Error::ImportRunning => {
                return refuse(Code::Aborted, "company", "IMPORT_RUNNING", [], message);
            }
            Error::TooManyRows(max) => {
                (Code::ResourceExhausted, "TOO_MANY_ROWS", ("rows_max", max.to_string()))
            }
            Error::Refused(status) => return *status,
            Error::CannotOpen(source) => return internal(&source),
            Error::Database(source) => return internal(&source),
        };
        refuse(code, "company", reason, [fact], message)
    }
}

fn absent(reason: &str, message: String) -> Status {
    refuse(Code::NotFound, "company", reason, [], message)
}
