//! Everything identity refuses, on one screen.

use std::time::Duration;

use chassis::db::WorkError;
use chassis::refusal::{internal, refuse, refuse_taken, refuse_until};
use tonic::{Code, Status};

use crate::organization_users::WAITING_MAX;

pub(crate) const DOMAIN: &str = "identity";

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("this user does not exist")]
    UserNotFound,
    #[error("this company does not exist")]
    CompanyNotFound,
    #[error("the company gets nobody new")]
    CompanyHeld,
    #[error("this hold was lifted")]
    HoldLifted,
    #[error("the person's company is not served at the moment")]
    CompanyInactive,
    #[error("the person does not have this role in the company")]
    GrantNotFound,
    #[error("this invitation does not exist, was used, or is too old")]
    InvitationNotFound,
    #[error("this link does not exist, was used, or is too old")]
    EmailProofNotFound,
    #[error("this signup form does not exist")]
    SignupFormNotFound,
    #[error("this signup form is completed already")]
    SignupFormCompleted,
    #[error("this password reset does not exist, was used, or is too old")]
    PasswordResetNotFound,
    #[error("this link does not exist, was used, or is too old")]
    DomainSignupNotFound,
    #[error("somebody is registered with this e-mail already")]
    EmailAlreadyRegistered,
    #[error("somebody is being registered with this e-mail, try again in a moment")]
    EmailReserved,
    #[error("another voice account has this domain")]
    DomainTaken,
    #[error("this voice account does not exist")]
    VoiceAccountNotFound,
    #[error("the person belongs to no voice account")]
    NoVoiceAccount,
    #[error("this person is in the organization already")]
    OrganizationUserExists,
    #[error("an organization has at most {WAITING_MAX} invitations that wait")]
    TooManyInvitations,
    #[error("this membership does not exist")]
    OrganizationUserNotFound,
    #[error("the last owner of an organization stays one")]
    LastOwner,
    #[error("the last administrator of an account stays one")]
    LastAdministrator,
    #[error("this link is wrong or too old")]
    InvalidConfirmation,
    #[error("the e-mail is not confirmed yet")]
    EmailNotProven,
    #[error("this access token does not exist")]
    AccessTokenNotFound,
    #[error("the access token is unknown, expired or ended")]
    InvalidAccessToken,
    #[error("e-mail or password is wrong")]
    InvalidCredentials,
    #[error("the client credentials are wrong")]
    InvalidClient,
    #[error("this program does not exist")]
    ClientAppNotFound,
    #[error("a program of another kind has this client id")]
    ClientIdTaken,
    #[error("this secret does not exist")]
    ClientSecretNotFound,
    #[error("the program has two secrets already")]
    TooManyClientSecrets,
    #[error("this school does not exist")]
    SchoolNotFound,
    #[error("this account does not exist")]
    AccountNotFound,
    #[error("this record does not exist")]
    SchoolPersonNotFound,
    #[error("there is no e-mail on the record")]
    NoContactEmail,
    #[error("the account can log in already")]
    AccountHasLogin,
    #[error("too many attempts, try again later")]
    TooManyAttempts(Duration),
    #[error("too many passwords are being checked, try again in a moment")]
    Busy,
    /// Refused with a status of its own: fields at fault, or another service that fails.
    #[error("{0}")]
    Refused(Box<Status>),
    #[error("{0:#}")]
    Internal(#[from] anyhow::Error),
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let (code, reason) = match error {
            Error::UserNotFound => (Code::NotFound, "USER_NOT_FOUND"),
            Error::CompanyNotFound => (Code::NotFound, "COMPANY_NOT_FOUND"),
            Error::CompanyHeld => (Code::FailedPrecondition, "COMPANY_HELD"),
            Error::HoldLifted => (Code::FailedPrecondition, "HOLD_LIFTED"),
            Error::CompanyInactive => (Code::Unauthenticated, "COMPANY_INACTIVE"),
            Error::GrantNotFound => (Code::NotFound, "GRANT_NOT_FOUND"),
            Error::InvitationNotFound => (Code::NotFound, "INVITATION_NOT_FOUND"),
            Error::EmailProofNotFound => (Code::NotFound, "EMAIL_PROOF_NOT_FOUND"),
            Error::SignupFormNotFound => (Code::NotFound, "SIGNUP_FORM_NOT_FOUND"),
            Error::SignupFormCompleted => (Code::FailedPrecondition, "SIGNUP_FORM_COMPLETED"),
            Error::PasswordResetNotFound => (Code::NotFound, "PASSWORD_RESET_NOT_FOUND"),
            Error::DomainSignupNotFound => (Code::NotFound, "DOMAIN_SIGNUP_NOT_FOUND"),
            Error::EmailAlreadyRegistered => {
                return refuse_taken(DOMAIN, "EMAIL_ALREADY_REGISTERED", &["email"]);
            }
            Error::DomainTaken => return refuse_taken(DOMAIN, "DOMAIN_TAKEN", &["domain"]),
            Error::EmailReserved => {
                let (code, pause) = (Code::Unavailable, Duration::from_secs(1));
                return refuse_until(code, DOMAIN, "EMAIL_RESERVED", pause, error.to_string());
            }
            Error::VoiceAccountNotFound => (Code::NotFound, "VOICE_ACCOUNT_NOT_FOUND"),
            Error::NoVoiceAccount => (Code::PermissionDenied, "NO_VOICE_ACCOUNT"),
            Error::OrganizationUserExists => {
                return refuse_taken(DOMAIN, "ORGANIZATION_USER_EXISTS", &["email"]);
            }
            Error::OrganizationUserNotFound => (Code::NotFound, "ORGANIZATION_USER_NOT_FOUND"),
            Error::TooManyInvitations => (Code::FailedPrecondition, "TOO_MANY_INVITATIONS"),
            Error::LastOwner => (Code::FailedPrecondition, "LAST_OWNER"),
            Error::LastAdministrator => (Code::FailedPrecondition, "LAST_ADMINISTRATOR"),
            Error::InvalidConfirmation => (Code::FailedPrecondition, "INVALID_CONFIRMATION"),
            Error::EmailNotProven => (Code::Unauthenticated, "EMAIL_NOT_PROVEN"),
            Error::AccessTokenNotFound => (Code::NotFound, "ACCESS_TOKEN_NOT_FOUND"),
            Error::InvalidAccessToken => (Code::Unauthenticated, "INVALID_ACCESS_TOKEN"),
            Error::InvalidCredentials => (Code::Unauthenticated, "INVALID_CREDENTIALS"),
            Error::InvalidClient => (Code::Unauthenticated, "INVALID_CLIENT"),
            Error::ClientAppNotFound => (Code::NotFound, "CLIENT_APP_NOT_FOUND"),
            Error::ClientIdTaken => (Code::AlreadyExists, "CLIENT_ID_TAKEN"),
            Error::ClientSecretNotFound => (Code::NotFound, "CLIENT_SECRET_NOT_FOUND"),
            Error::TooManyClientSecrets => (Code::FailedPrecondition, "TOO_MANY_CLIENT_SECRETS"),
            Error::SchoolNotFound => (Code::NotFound, "SCHOOL_NOT_FOUND"),
            Error::AccountNotFound => (Code::NotFound, "ACCOUNT_NOT_FOUND"),
            Error::SchoolPersonNotFound => (Code::NotFound, "SCHOOL_PERSON_NOT_FOUND"),
            Error::NoContactEmail => (Code::FailedPrecondition, "NO_CONTACT_EMAIL"),
            Error::AccountHasLogin => (Code::FailedPrecondition, "ACCOUNT_HAS_LOGIN"),
            Error::TooManyAttempts(pause) => {
                let (code, message) = (Code::ResourceExhausted, error.to_string());
                return refuse_until(code, DOMAIN, "TOO_MANY_ATTEMPTS", pause, message);
            }
            Error::Busy => {
                let (code, pause) = (Code::ResourceExhausted, Duration::from_secs(1));
                return refuse_until(code, DOMAIN, "BUSY", pause, error.to_string());
            }
            Error::Refused(status) => return *status,
            Error::Internal(source) => return internal(source.as_ref()),
            Error::Database(source) => return internal(&source),
        };
        refuse(code, DOMAIN, reason, [], error.to_string())
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        Self::Refused(Box::new(status))
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
