//! Mailed links that confirm the address of somebody in a voice account. Unlike other links they
//! may be used again: whoever clicks twice has not done anything wrong.

mod job;
pub(crate) mod store;

use brazil::{Email, UserId};
use chassis::refusal::Fields;
use proto::identity::v1 as pb;
use sqlx::PgConnection;
use tonic::{Request, Response, Status};
use uuid::Uuid;

pub(crate) use job::Confirmation;

use crate::error::Error;
use crate::identity::Identity;
use crate::invitations::{Link, prove_address};
use crate::letters;
use crate::links::{self, take_on};
use crate::throttle::links_asked_for;
use crate::users::{self, State, User};

/// Mails the owner of `email` a link that confirms it to be the user's. Links to the same address
/// that are out stay good; those to others are void, but for the one the user has now.
pub(crate) async fn ask(
    identity: &Identity,
    tx: &mut PgConnection,
    user: &User,
    email: &Email,
) -> Result<(), Error> {
    store::delete_others(tx, user.user_id, &[&user.email, email]).await?;
    mail(identity, tx, Uuid::now_v7(), user.user_id, email).await
}

/// Mails a link, unless one of this id was mailed.
async fn mail(
    identity: &Identity,
    tx: &mut PgConnection,
    confirmation_id: Uuid,
    user_id: UserId,
    email: &Email,
) -> Result<(), Error> {
    let (now, token) = (identity.now(), links::new_secret());
    let expires_at = now + identity.policy.confirmation_life();
    let link = Link { token_hash: links::hash(&token), expires_at };
    if store::insert(tx, confirmation_id, user_id, email, &link, now).await? {
        let path = format!("/api/v1/users/confirm?uid={user_id}&token={token}");
        let url = identity.post.url(&path);
        identity.post.send(tx, email, letters::confirmation(url)).await?;
    }
    Ok(())
}

/// Answers ConfirmEmail.
pub(crate) async fn confirm(
    identity: &Identity,
    request: Request<pb::ConfirmEmailRequest>,
) -> Result<Response<pb::ConfirmEmailResponse>, Status> {
    let pb::ConfirmEmailRequest { user_id, token } = request.get_ref();
    let user_id: UserId = user_id.parse().map_err(|_| Error::InvalidConfirmation)?;
    let (token_hash, now) = (&links::hash(token), identity.now());
    let answer = identity
        .service
        .once(&request, |mut tx| {
            Box::pin(async move {
                let keyring = &identity.service.keyring;
                let known = store::lock(&mut tx, token_hash).await?;
                let known =
                    known.filter(|known| known.user_id == user_id && now < known.expires_at);
                let known = known.ok_or(Error::InvalidConfirmation)?;
                if known.is_used {
                    return Ok(pb::ConfirmEmailResponse {});
                }
                let mut user = users::store::lock(&mut tx, keyring, user_id)
                    .await?
                    .filter(|user| user.state == State::Active)
                    .ok_or(Error::InvalidConfirmation)?;
                match prove_address(identity, &mut tx, &mut user, &known.email).await {
                    // Somebody else has shown meanwhile that it is theirs.
                    Err(Error::EmailAlreadyRegistered) => return Err(Error::InvalidConfirmation),
                    proven => proven?,
                }
                store::use_up(&mut tx, token_hash, now).await?;
                Ok(pb::ConfirmEmailResponse {})
            })
        })
        .await?;
    identity.heed().await;
    Ok(answer)
}

/// Answers ResendConfirmation.
pub(crate) async fn resend(
    identity: &Identity,
    request: Request<pb::ResendConfirmationRequest>,
) -> Result<Response<pb::ResendConfirmationResponse>, Status> {
    let pb::ResendConfirmationRequest { email, remote_address } = request.get_ref();
    let mut fields = Fields::new();
    let email: Option<Email> = fields.required("email", email);
    let Some(email) = email else { return Err(fields.into_status()) };

    let counted = &links_asked_for(identity, "confirmation", &email, remote_address);
    take_on::<Confirmation, _, _>(identity, &request, counted, &email).await
}

#[cfg(test)]
mod tests;
