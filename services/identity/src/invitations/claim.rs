//! An address comes to its owner.

use brazil::{Email, UserId};
use sqlx::PgConnection;

use super::{evict, pass_on, prove};
use crate::error::Error;
use crate::identity::Identity;
use crate::school_people;
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

/// Makes an address the login of somebody who was put into a school and has none, unless they have
/// one by now. The first account that takes an address has it.
///
/// # Errors
/// [`Error::EmailAlreadyRegistered`] when another account has shown that the address is its own.
pub(super) async fn take_address(
    identity: &Identity,
    tx: &mut PgConnection,
    user_id: UserId,
    email: &Email,
) -> Result<(), Error> {
    if !school_people::store::lock_imported(tx, user_id).await? {
        return Ok(());
    }
    let keyring = &identity.service.keyring;
    let occupant = users::store::lock_by_email(tx, keyring, email).await?;
    let evicted = match occupant {
        Some(occupant) => Some(evict(identity, tx, occupant).await?),
        None => None,
    };
    let now = identity.now();
    school_people::store::give_login(tx, user_id, email.as_str(), now).await?;
    if let Some(evicted) = evicted {
        pass_on(identity, tx, evicted, user_id).await?;
    }
    Ok(())
}
