//! Joining an organization by a mailed link.

use brazil::Email;
use chassis::organizations;
use chassis::refusal::{Fields, Rule, invalid_as};
use proto::identity::v1 as pb;
use sqlx::PgConnection;
use tonic::{Request, Response, Status};

use super::store;
use crate::error::Error;
use crate::identity::Identity;
use crate::invitations::claim;
use crate::links;
use crate::passwords::Password;
use crate::users::{self, Person, State, User};

/// Lets nobody into an organization that can only be read. Their link stays good, for when it
/// works again; a link that leads nowhere is not judged here.
///
/// # Errors
/// PERMISSION_DENIED / ORGANIZATION_READ_ONLY; UNAVAILABLE while company does not answer.
pub(super) async fn permit(identity: &Identity, token: &str) -> Result<(), Status> {
    let (token_hash, now) = (links::hash(token), identity.now());
    let leads_to = store::leads_to(&identity.service.db, &token_hash, now).await;
    let Some(company_id) = leads_to.map_err(Error::from)? else { return Ok(()) };
    let organization = organizations::of_company(&identity.service, company_id).await?;
    organizations::changeable(&organization.ok_or(Error::InvitationNotFound)?)
}

/// Answers AcceptOrganizationInvitation, for whom [`permit`] let in.
pub(super) async fn accept(
    identity: &Identity,
    request: Request<pb::AcceptOrganizationInvitationRequest>,
) -> Result<Response<pb::AcceptOrganizationInvitationResponse>, Status> {
    let pb::AcceptOrganizationInvitationRequest { token, password } = request.get_ref();
    let mut fields = Fields::new();
    if token.is_empty() {
        fields.refuse_as("token", Rule::Required, "is required");
    }
    let password =
        if password.is_empty() { None } else { Password::parse(&mut fields, "password", password) };
    fields.check()?;
    let (token_hash, now) = (&links::hash(token), identity.now());
    let db = &identity.service.db;
    // Nobody makes us hash passwords with links that are not ours.
    let is_replay = request.metadata().contains_key(chassis::idempotency::KEY_HEADER);
    if !is_replay {
        let leads_to = store::leads_to(db, token_hash, now).await.map_err(Error::from)?;
        leads_to.ok_or(Error::InvitationNotFound)?;
    }
    let hash = match &password {
        Some(password) => Some(identity.passwords.hash(password).await?),
        None => None,
    };
    let hash = hash.as_deref();
    let answer = identity
        .service
        .once(&request, |mut tx| {
            Box::pin(async move {
                let accepted = store::accept(&mut tx, token_hash, now).await?;
                let invitation = accepted.ok_or(Error::InvitationNotFound)?;
                let user = owner(identity, &mut tx, &invitation.email, hash).await?;
                let (company_id, role) = (invitation.company_id, invitation.role);
                let granted_by = format!("invitation:{}", invitation.invitation_id);
                store::join(&mut tx, user.user_id, company_id, role, &granted_by, now).await?;
                let session = identity.session(&mut tx, &user).await?;
                Ok::<_, Error>(pb::AcceptOrganizationInvitationResponse {
                    company_id: company_id.to_string(),
                    token: Some(session.into()),
                })
            })
        })
        .await?;
    identity.heed().await;
    Ok(answer)
}

/// The account of whoever has the address; a new one needs a password.
async fn owner(
    identity: &Identity,
    tx: &mut PgConnection,
    email: &Email,
    password_hash: Option<&str>,
) -> Result<User, Error> {
    let keyring = &identity.service.keyring;
    match users::store::lock_by_email(tx, keyring, email).await? {
        Some(user) if user.state == State::Opening => return Err(Error::EmailReserved),
        Some(user) if user.state == State::Disabled => return Err(Error::InvitationNotFound),
        Some(user) if user.email_proven_at.is_some() => return Ok(user),
        _ => {}
    }
    let Some(hash) = password_hash else {
        return Err(invalid_as("password", Rule::Required, "is required").into());
    };
    let mut user = claim(identity, tx, email, Person::default()).await?;
    // Whoever had the account before, or thinks so, is out.
    identity.end_sessions(tx, &mut user).await?;
    users::store::set_password(tx, user.user_id, hash, identity.now()).await?;
    users::save(identity, tx, &user).await?;
    Ok(user)
}
