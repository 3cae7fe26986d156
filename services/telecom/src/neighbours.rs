//! What this service asks of its neighbours.

use brazil::{CompanyId, Email, UserId};
use chassis::neighbours::find_user;
use chassis::refusal::{internal, upstream};
use chassis::{Service, timestamp};
use proto::billing::v1::dunning_service_client::DunningServiceClient;
use proto::billing::v1::{GetStandingRequest, Standing};
use proto::identity::v1::user_service_client::UserServiceClient;
use proto::identity::v1::{InviteUserRequest, User};
use time::OffsetDateTime;
use tonic::{Code, Status};

/// What identity says of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) user_id: UserId,
    pub(crate) email_is_proven: bool,
}

impl Person {
    fn read(user: &User) -> Result<Self, Status> {
        let user_id = user.id.parse().map_err(|error: brazil::InvalidId| internal(&error))?;
        Ok(Self { user_id, email_is_proven: user.email_proven_at.is_some() })
    }
}

/// The person with this id, if there is one.
///
/// # Errors
/// UNAVAILABLE while identity does not answer.
pub(crate) async fn find_person(
    service: &Service,
    user_id: UserId,
) -> Result<Option<Person>, Status> {
    find_user(service, user_id).await?.as_ref().map(Person::read).transpose()
}

/// The person with this e-mail; where there is none, an invited one with this name.
///
/// # Errors
/// UNAVAILABLE while identity does not answer; INVALID_ARGUMENT when it takes no such person.
pub(crate) async fn invite_person(
    service: &Service,
    email: &Email,
    name: &str,
) -> Result<Person, Status> {
    let request = InviteUserRequest { email: email.to_string(), name: name.to_owned() };
    let answer = UserServiceClient::new(service.identity.clone())
        .invite_user(request)
        .await
        .map_err(|status| match status.code() {
            Code::InvalidArgument => status,
            _ => upstream(status),
        })?;
    Person::read(&answer.into_inner().user.unwrap_or_default())
}

/// From when on billing lets a company's lines be barred for not paying; none while no notice
/// stands.
///
/// # Errors
/// UNAVAILABLE while billing does not answer.
pub(crate) async fn earliest_suspension(
    service: &Service,
    company_id: CompanyId,
) -> Result<Option<OffsetDateTime>, Status> {
    let request = GetStandingRequest { company_id: company_id.to_string() };
    let answer = DunningServiceClient::new(service.billing.clone())
        .get_standing(request)
        .await
        .map_err(upstream)?
        .into_inner();
    match answer.standing() {
        Standing::Unspecified | Standing::Good => Ok(None),
        Standing::Noticed => Ok(answer.suspension_at.as_ref().and_then(timestamp::from_proto)),
        Standing::Suspended | Standing::Terminated => Ok(Some(OffsetDateTime::UNIX_EPOCH)),
    }
}
