//! Changes of users that other contexts hear of.

use brazil::Email;
use proto::events::v1::UserChanged;
use sqlx::PgConnection;

use super::{Person, State, User, store};
use crate::error::Error;
use crate::identity::Identity;

/// Adds a user, and tells others.
///
/// # Errors
/// [`Error::EmailAlreadyRegistered`], after which the transaction can go on.
pub(crate) async fn add(
    identity: &Identity,
    tx: &mut PgConnection,
    user: &User,
) -> Result<(), Error> {
    store::insert(tx, &identity.service.keyring, user).await?;
    tell(identity, tx, user).await
}

/// Saves a user that the transaction has locked and whose name or e-mail may have changed, and
/// tells others.
///
/// # Errors
/// [`Error::EmailAlreadyRegistered`].
pub(crate) async fn save(
    identity: &Identity,
    tx: &mut PgConnection,
    user: &User,
) -> Result<(), Error> {
    store::save(tx, &identity.service.keyring, user).await?;
    tell(identity, tx, user).await
}

/// Locks the user who has an address; where there is none, adds one of that name, without a
/// password.
///
/// # Errors
/// [`Error::EmailReserved`].
pub(crate) async fn find_or_add(
    identity: &Identity,
    tx: &mut PgConnection,
    email: &Email,
    name: &str,
) -> Result<User, Error> {
    let keyring = &identity.service.keyring;
    if let Some(user) = store::lock_by_email(tx, keyring, email).await? {
        // Whether this will be somebody is not known yet.
        return if user.state == State::Opening { Err(Error::EmailReserved) } else { Ok(user) };
    }
    let person = Person { full_name: Some(name.to_owned()), ..Person::default() };
    let user = User::new(email.clone(), person, identity.now());
    match add(identity, tx, &user).await {
        Ok(()) => Ok(user),
        // Somebody else did the same in this moment.
        Err(Error::EmailAlreadyRegistered) => {
            let user = store::lock_by_email(tx, keyring, email).await?;
            user.ok_or(Error::EmailAlreadyRegistered)
        }
        Err(error) => Err(error),
    }
}

async fn tell(identity: &Identity, tx: &mut PgConnection, user: &User) -> Result<(), Error> {
    let changed = UserChanged {
        user_id: user.user_id.to_string(),
        email: user.email.to_string(),
        full_name: user.person.full_name.clone(),
        social_name: user.person.social_name.clone(),
    };
    Ok(identity.service.outbox.publish(tx, user.user_id, &changed).await?)
}
