//! Mailed links that prove an address, and what follows from a proof.

pub(crate) mod announcement;
mod claim;
mod rpc;
pub(crate) mod store;

use brazil::{Email, InvitationId, UserId};
use proto::events::v1::UserReplaced;
use sqlx::PgConnection;
use time::OffsetDateTime;

pub(crate) use announcement::AnnounceProof;
pub(crate) use claim::claim;
use claim::take_address;
pub(crate) use rpc::Invitations;

use crate::error::Error;
use crate::identity::Identity;
use crate::letters;
use crate::users::{State, User};
use crate::{confirmations, grants, links, password_resets, signup, users};

brazil::id!(
    /// A mailed link that proves an e-mail address.
    EmailProofId
);

/// A mailed link, as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) token_hash: Vec<u8>,
    pub(crate) expires_at: OffsetDateTime,
}

impl Link {
    /// Whether the link is good now for the bearer of `token`.
    pub(crate) fn opens(&self, token: &str, now: OffsetDateTime) -> bool {
        links::matches(token, &self.token_hash) && now < self.expires_at
    }
}

/// Mails the owner of `email` a link that proves it to be the user's. It takes the place of
/// earlier ones. Nothing is mailed for an address that is proven already.
///
/// # Errors
/// [`Error::EmailAlreadyRegistered`] when the address is proven to be somebody else's.
pub(crate) async fn ask_for_proof(
    identity: &Identity,
    tx: &mut PgConnection,
    user: &User,
    email: &Email,
) -> Result<(), Error> {
    store::delete_proofs(tx, user.user_id).await?;
    if *email == user.email {
        if user.email_proven_at.is_some() {
            return Ok(());
        }
    } else {
        let keyring = &identity.service.keyring;
        let other = users::store::lock_by_email(tx, keyring, email).await?;
        if other.is_some_and(|other| other.email_proven_at.is_some()) {
            return Err(Error::EmailAlreadyRegistered);
        }
    }
    let (now, token, proof_id) = (identity.now(), links::new_secret(), EmailProofId::generate());
    let link =
        Link { token_hash: links::hash(&token), expires_at: now + identity.policy.proof_life() };
    store::insert_proof(tx, proof_id, user.user_id, email, &link, now).await?;
    let url = identity.post.url(&format!("/email-proofs/{proof_id}?token={token}"));
    identity.post.send(tx, email, letters::email_proof(url)).await?;
    Ok(())
}

/// Mails a user an invitation, which takes the place of an earlier one.
pub(crate) async fn invite(
    identity: &Identity,
    tx: &mut PgConnection,
    user: &User,
) -> Result<(), Error> {
    let (now, token) = (identity.now(), links::new_secret());
    let invitation_id = InvitationId::generate();
    let link = Link {
        token_hash: links::hash(&token),
        expires_at: now + identity.policy.invitation_life(),
    };
    store::put_invitation(tx, invitation_id, user.user_id, None, &link, now).await?;
    let url = identity.post.url(&format!("/invitations/{invitation_id}?token={token}"));
    let name = user.person.full_name.as_deref();
    identity.post.send(tx, &user.email, letters::invitation(name, url)).await?;
    Ok(())
}

/// Mails somebody who was put into a school an invitation, which takes the place of an earlier one.
/// Whoever accepts it has shown that the address is theirs: it becomes their login then.
pub(crate) async fn invite_to_school(
    identity: &Identity,
    tx: &mut PgConnection,
    user_id: UserId,
    name: &str,
    email: &Email,
) -> Result<(), Error> {
    let (now, token) = (identity.now(), links::new_secret());
    let invitation_id = InvitationId::generate();
    let link = Link {
        token_hash: links::hash(&token),
        expires_at: now + identity.policy.invitation_life(),
    };
    store::put_invitation(tx, invitation_id, user_id, Some(email), &link, now).await?;
    let url = identity.post.url(&format!("/invitations/{invitation_id}?token={token}"));
    identity.post.send(tx, email, letters::school_invitation(name, url)).await?;
    Ok(())
}

/// Mails an invitation to a user whose address is not proven, unless one is out already.
pub(crate) async fn invite_once(
    identity: &Identity,
    tx: &mut PgConnection,
    user: &User,
) -> Result<(), Error> {
    let is_done = user.email_proven_at.is_some()
        || store::is_invited(tx, user.user_id, identity.now()).await?;
    if is_done { Ok(()) } else { invite(identity, tx, user).await }
}

/// The user has shown that the present address is theirs: what others tied to it becomes theirs,
/// and the companies it belongs to hear of it. Changes `user`, which is then to be saved.
pub(crate) async fn prove(
    identity: &Identity,
    tx: &mut PgConnection,
    user: &mut User,
) -> Result<(), Error> {
    store::delete_proofs(tx, user.user_id).await?;
    store::delete_invitation(tx, user.user_id).await?;
    confirmations::store::delete_others(tx, user.user_id, &[&user.email]).await?;
    if user.email_proven_at.is_some() {
        return Ok(());
    }
    user.prove(identity.now());
    let keyring = &identity.service.keyring;
    if let Some(file) = signup::store::take_prefill(tx, keyring, user.user_id, &user.email).await? {
        user.person = user.person.or(&file);
    }
    let job = AnnounceProof { user_id: user.user_id };
    identity.service.jobs.enqueue(tx, &job, &job.key()).await?;
    Ok(())
}

/// The user has shown that an address is theirs, which may be a new one: another account that has
/// it makes room. Saves the user, whom the transaction has locked.
///
/// # Errors
/// [`Error::EmailAlreadyRegistered`] when the address is proven to be somebody else's.
pub(crate) async fn prove_address(
    identity: &Identity,
    tx: &mut PgConnection,
    user: &mut User,
    email: &Email,
) -> Result<(), Error> {
    if *email != user.email {
        let keyring = &identity.service.keyring;
        if let Some(occupant) = users::store::lock_by_email(tx, keyring, email).await? {
            let evicted = evict(identity, tx, occupant).await?;
            pass_on(identity, tx, evicted, user.user_id).await?;
        }
        password_resets::store::delete_of_user(tx, user.user_id).await?;
        user.email = email.clone();
        user.email_proven_at = None;
    }
    prove(identity, tx, user).await?;
    user.updated_at = identity.now();
    users::save(identity, tx, user).await
}

/// Makes room for the owner of an address. The account that has it, whose address is not proven,
/// keeps only what it made itself; what others tied to the address goes on to the owner's with
/// [`pass_on`].
///
/// # Errors
/// [`Error::EmailAlreadyRegistered`] when the address is proven to be somebody else's.
async fn evict(
    identity: &Identity,
    tx: &mut PgConnection,
    mut occupant: User,
) -> Result<UserId, Error> {
    if occupant.email_proven_at.is_some() || occupant.state != State::Active {
        return Err(Error::EmailAlreadyRegistered);
    }
    occupant.state = State::Replaced;
    occupant.updated_at = identity.now();
    identity.end_sessions(tx, &mut occupant).await?;
    users::store::save(tx, &identity.service.keyring, &occupant).await?;
    store::delete_proofs(tx, occupant.user_id).await?;
    store::delete_invitation(tx, occupant.user_id).await?;
    Ok(occupant.user_id)
}

/// Gives the owner of an address what others tied to it while an evicted account had it.
async fn pass_on(
    identity: &Identity,
    tx: &mut PgConnection,
    evicted: UserId,
    owner: UserId,
) -> Result<(), Error> {
    grants::store::pass_on(tx, evicted, owner).await?;
    let replaced =
        UserReplaced { user_id: owner.to_string(), replaced_user_id: evicted.to_string() };
    Ok(identity.service.outbox.publish(tx, owner, &replaced).await?)
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_link_opens_for_its_bearer_until_it_ends() {
        let now = datetime!(2026-11-22 10:00 UTC);
        let token = links::new_secret();
        let link = Link { token_hash: links::hash(&token), expires_at: now + Duration::HOUR };
        assert!(link.opens(&token, now));
        assert!(!link.opens("", now));
        assert!(!link.opens(&links::new_secret(), now));
        assert!(!link.opens(&token, now + Duration::HOUR));
    }
}
