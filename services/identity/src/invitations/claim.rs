//! An address comes to its owner.

use brazil::Email;
use sqlx::PgConnection;

use super::{evict, pass_on, prove};
use crate::error::Error;
use crate::identity::Identity;
use crate::users::{self, Person, State, User};

/// The account of somebody who has just shown that an address is theirs: the one that others
/// invited them to, else a new one, in the place of one that somebody else made with the address.
///
/// # Errors
/// [`Error::EmailAlreadyRegistered`] when somebody showed that before.
pub(crate) async fn claim(
    identity: &Identity,
    tx: &mut PgConnection,
    email: &Email,
    person: Person,
) -> Result<User, Error> {
    let (keyring, now) = (&identity.service.keyring, identity.now());
    let mut user = User::new(email.clone(), person, now);
    match users::store::lock_by_email(tx, keyring, email).await? {
        Some(invited)
            if invited.email_proven_at.is_none()
                && invited.state == State::Active
                && !users::store::has_password(tx, invited.user_id).await? =>
        {
            user = User { person: user.person.or(&invited.person), ..invited };
            user.updated_at = now;
        }
        Some(occupant) => {
            let evicted = evict(identity, tx, occupant).await?;
            users::add(identity, tx, &user).await?;
            pass_on(identity, tx, evicted, user.user_id).await?;
        }
        None => users::add(identity, tx, &user).await?,
    }
    prove(identity, tx, &mut user).await?;
    users::save(identity, tx, &user).await?;
    Ok(user)
}
