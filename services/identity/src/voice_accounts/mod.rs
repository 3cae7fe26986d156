//! Voice accounts: which companies are such, and how one is opened.
//!
//! An opening goes through three rooms, in an order in which all of it or nothing happens. First
//! identity holds the domain, the e-mail and the ids. Then company makes the account, under the id
//! that it is told. Then the administrator comes alive, with the mail that asks them to confirm. A
//! crash anywhere is followed by a job that goes on from there; should company refuse, identity
//! lets go of what it held.

mod job;
mod opening;
pub(crate) mod store;

use brazil::{CompanyId, Email, HostName, UserId};
use chassis::auth::{Caller, Role};
use chassis::refusal::{Fields, Rule};
use proto::identity::v1 as pb;
use tonic::Status;

pub(crate) use job::FinishOpening;
pub(crate) use opening::open;

use crate::error::Error;
use crate::passwords::Password;

/// How far an account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum State {
    /// On the way.
    Opening,
    /// There.
    Open,
    /// Company did not make it.
    Refused,
}

/// An account and its first administrator, as they are being opened.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    pub(crate) company_id: CompanyId,
    pub(crate) user_id: UserId,
    pub(crate) state: State,
    pub(crate) name: String,
    pub(crate) email: Email,
    pub(crate) phone: String,
    pub(crate) domain: HostName,
}

/// The longest name of an account or of somebody in it.
pub(crate) const NAME_MAX: usize = 100;
/// The longest phone number, as given.
pub(crate) const PHONE_MAX: usize = 20;
/// The longest e-mail.
const EMAIL_MAX: usize = 200;

/// An e-mail of somebody in an account, which is shorter than others may be.
pub(crate) fn parse_email(fields: &mut Fields, field: &str, text: &str) -> Option<Email> {
    if text.trim().chars().count() > EMAIL_MAX {
        fields.refuse_as(field, Rule::TooLong, format!("has more than {EMAIL_MAX} characters"));
        return None;
    }
    fields.required(field, text)
}

impl Opening {
    /// An account that is to be opened, under new ids, and its administrator's password.
    ///
    /// # Errors
    /// INVALID_ARGUMENT that names every wrong field.
    fn parse(given: &pb::OpenVoiceAccountRequest) -> Result<(Self, Password), Status> {
        let mut fields = Fields::new();
        let email = parse_email(&mut fields, "email", &given.email);
        let password = Password::parse(&mut fields, "password", &given.password);
        let name = fields.text("organization_name", &given.organization_name, 1, NAME_MAX);
        let phone = fields.text("phone", &given.phone, 1, PHONE_MAX);
        let domain = fields.required("domain", &given.domain);
        let (Some(email), Some(password), Some(name), Some(phone), Some(domain)) =
            (email, password, name, phone, domain)
        else {
            return Err(fields.into_status());
        };
        let (company_id, user_id) = (CompanyId::generate(), UserId::generate());
        let state = State::Opening;
        Ok((Self { company_id, user_id, state, name, email, phone, domain }, password))
    }
}

/// The voice account that a caller may go on with.
///
/// # Errors
/// NOT_FOUND / VOICE_ACCOUNT_NOT_FOUND for one that is none of theirs; PERMISSION_DENIED when
/// their role there does not carry the rpc's permission.
pub(crate) fn enter(caller: &Caller, company_id: &str) -> Result<CompanyId, Status> {
    let absent = || Status::from(Error::VoiceAccountNotFound);
    let company_id = company_id.parse().map_err(|_| absent())?;
    caller.enter(company_id, absent())?;
    Ok(company_id)
}

/// Whether the caller administers the account.
pub(crate) fn administers(caller: &Caller, company_id: CompanyId) -> bool {
    caller.is_in(company_id, Role::Manager)
}

#[cfg(test)]
mod tests;
