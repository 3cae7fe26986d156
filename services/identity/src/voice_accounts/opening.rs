//! The opening of an account, room by room.

use brazil::CompanyId;
use chassis::crash;
use chassis::refusal::{refuse_taken, upstream};
use proto::company::v1::OpenVoiceAccountRequest;
use proto::company::v1::company_service_client::CompanyServiceClient;
use proto::identity::v1 as pb;
use sqlx::PgConnection;
use time::OffsetDateTime;
use tonic::{Code, Request, Response, Status};

use super::job::{FinishOpening, PATIENCE};
use super::{Opening, State, store};
use crate::account_users;
use crate::confirmations;
use crate::error::{DOMAIN, Error};
use crate::grants::{self, CompanyRole, Seat};
use crate::identity::Identity;
use crate::throttle::{self, Limit, Subject, network};
use crate::users::{self, Person, User};

/// Answers OpenVoiceAccount.
pub(crate) async fn open(
    identity: &Identity,
    request: Request<pb::OpenVoiceAccountRequest>,
) -> Result<Response<pb::OpenVoiceAccountResponse>, Status> {
    count(identity, &request.get_ref().remote_address).await?;
    let (opening, password) = Opening::parse(request.get_ref())?;
    let (opening, hash) = (&opening, &identity.passwords.hash(&password).await?);

    let now = identity.now();
    let answer = identity
        .service
        .once(&request, |mut tx| {
            Box::pin(async move {
                reserve(identity, &mut tx, opening, hash, now).await?;
                Ok::<_, Error>(pb::OpenVoiceAccountResponse {
                    company_id: opening.company_id.to_string(),
                    user_id: opening.user_id.to_string(),
                })
            })
        })
        .await?;
    crash::point("identity.voice_account.reserved").await;
    // A repeat of the request is about the account that the first one reserved.
    let company_id = answer.get_ref().company_id.parse().map_err(anyhow::Error::from);
    finish(identity, company_id.map_err(Error::from)?).await?;
    Ok(answer)
}

/// Counts a request of whoever it comes from, whatever becomes of it.
async fn count(identity: &Identity, remote_address: &str) -> Result<(), Error> {
    let Some(network) = network(remote_address) else { return Ok(()) };
    let (policy, now) = (&identity.policy, identity.now());
    let limit =
        Limit { attempts_max: policy.account_signups_max, window: policy.account_signup_window() };
    let keyring = &identity.service.keyring;
    let subjects = &[Subject::new(keyring, "account_signup.network", &network, limit)];
    let pause = identity
        .service
        .transaction(|mut tx| {
            Box::pin(async move {
                Ok::<_, Error>(throttle::store::count(&mut tx, subjects, now).await?)
            })
        })
        .await?;
    pause.map_or(Ok(()), |pause| Err(Error::TooManyAttempts(pause)))
}

/// Holds the e-mail and the domain, or says which of them is taken.
async fn reserve(
    identity: &Identity,
    tx: &mut PgConnection,
    opening: &Opening,
    password_hash: &str,
    now: OffsetDateTime,
) -> Result<(), Error> {
    let service = &identity.service;
    let person = Person { full_name: Some(opening.name.clone()), ..Person::default() };
    let user = User {
        user_id: opening.user_id,
        state: users::State::Opening,
        ..User::new(opening.email.clone(), person, now)
    };
    let has_email = match users::store::insert(tx, &service.keyring, &user).await {
        Err(Error::EmailAlreadyRegistered) => false,
        inserted => inserted.map(|()| true)?,
    };
    let has_domain = store::insert(tx, opening, now).await?;
    match (has_email, has_domain) {
        (true, true) => {}
        (false, true) => return Err(Error::EmailAlreadyRegistered),
        (true, false) => return Err(Error::DomainTaken),
        (false, false) => {
            let (reason, fields) = ("EMAIL_ALREADY_REGISTERED", ["email", "domain"]);
            return Err(refuse_taken(DOMAIN, reason, &fields).into());
        }
    }
    users::store::set_password(tx, user.user_id, password_hash, now).await?;
    account_users::store::insert(tx, user.user_id, opening.company_id, Some(&opening.phone))
        .await?;
    let job = FinishOpening { company_id: opening.company_id };
    service.jobs.enqueue_after(tx, &job, &job.key(), PATIENCE).await?;
    crash::point("identity.voice_account.before_reserved").await;
    Ok(())
}

/// Brings an opening to its end, from wherever it is; does nothing to one that is there.
///
/// # Errors
/// [`Error::DomainTaken`] when company does not make the account; UNAVAILABLE while company does
/// not answer.
pub(super) async fn finish(identity: &Identity, company_id: CompanyId) -> Result<(), Error> {
    let Some(opening) = store::find(&identity.service.db, company_id).await? else {
        return Err(Error::DomainTaken);
    };
    if opening.state == State::Open {
        return Ok(());
    }
    let asked = CompanyServiceClient::new(identity.service.company.clone())
        .open_voice_account(OpenVoiceAccountRequest {
            company_id: company_id.to_string(),
            name: opening.name,
            email: opening.email.to_string(),
            phone: opening.phone,
            domain: opening.domain.to_string(),
        })
        .await;
    crash::point("identity.voice_account.company_asked").await;
    match asked {
        Ok(_) => settle(identity, company_id).await,
        // Company's word is final: it made nothing, and never will under this id.
        Err(status) if matches!(status.code(), Code::AlreadyExists | Code::InvalidArgument) => {
            undo(identity, company_id).await?;
            Err(Error::DomainTaken)
        }
        Err(status) => Err(upstream(status).into()),
    }
}

/// The administrator comes alive, with the account and the mail that asks them to confirm.
async fn settle(identity: &Identity, company_id: CompanyId) -> Result<(), Error> {
    let (service, now) = (&identity.service, identity.now());
    service
        .transaction(|mut tx| {
            Box::pin(async move {
                let Some(user_id) = store::lock_opening(&mut tx, company_id).await? else {
                    return Ok(());
                };
                let user = users::store::lock(&mut tx, &service.keyring, user_id).await?;
                let mut user = user.ok_or(Error::UserNotFound)?;
                user.state = users::State::Active;
                users::save(identity, &mut tx, &user).await?;
                let (seat, by) = (Seat { company_id, role: CompanyRole::Manager }, user_id);
                grants::store::put(&mut tx, user_id, seat, &format!("user:{by}"), now).await?;
                confirmations::ask(identity, &mut tx, &user, &user.email).await?;
                store::set_open(&mut tx, company_id, now).await?;
                crash::point("identity.voice_account.before_open").await;
                Ok::<_, Error>(())
            })
        })
        .await?;
    crash::point("identity.voice_account.open").await;
    Ok(())
}

/// Lets go of what was held.
async fn undo(identity: &Identity, company_id: CompanyId) -> Result<(), Error> {
    identity
        .service
        .transaction(|mut tx| {
            Box::pin(async move {
                let Some(user_id) = store::lock_opening(&mut tx, company_id).await? else {
                    return Ok(());
                };
                store::set_refused(&mut tx, company_id).await?;
                users::store::delete_opening(&mut tx, user_id).await?;
                crash::point("identity.voice_account.before_undone").await;
                Ok::<_, Error>(())
            })
        })
        .await
}
