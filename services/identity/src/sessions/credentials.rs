//! E-mail and password, checked against what is kept, and never more often than is allowed.

use brazil::{Email, UserId};
use sqlx::PgConnection;

use super::Counted;
use crate::error::Error;
use crate::identity::Identity;
use crate::throttle;
use crate::users::{self, State, User};

/// A log-in whose password was right a moment ago.
pub(crate) struct Login<'a> {
    email: &'a Email,
    counted: &'a Counted,
    user_id: UserId,
    checked: Option<(UserId, State, Option<String>)>,
}

impl<'a> Login<'a> {
    /// Checks a password. A wrong one is counted.
    ///
    /// # Errors
    /// [`Error::InvalidCredentials`], which looks the same for everybody; [`Error::TooManyAttempts`]
    /// also for a right one.
    pub(crate) async fn check(
        identity: &Identity,
        email: &'a Email,
        password: &str,
        counted: &'a Counted,
    ) -> Result<Self, Error> {
        let (db, now) = (&identity.service.db, identity.now());
        if let Some(pause) = throttle::store::pause(db, &counted.all(), now).await? {
            return Err(Error::TooManyAttempts(pause));
        }
        let checked = users::store::login_of(db, email).await?;
        let (user, hash) = match &checked {
            Some((user_id, State::Active, hash)) => (Some(*user_id), hash.clone()),
            _ => (None, None),
        };
        let is_right = identity.passwords.verify(password, hash).await?;
        match user.filter(|_| is_right) {
            Some(user_id) => Ok(Self { email, counted, user_id, checked }),
            None => Err(counted.fail(identity).await),
        }
    }

    /// Locks the user, who is in now, and forgets the failures before.
    ///
    /// # Errors
    /// Those of [`Login::check`], when something changed since.
    pub(crate) async fn enter(
        &self,
        identity: &Identity,
        tx: &mut PgConnection,
    ) -> Result<User, Error> {
        // Guesses that were made at the same time may have used up the attempts: then a right one
        // is not told from a wrong one.
        let now = identity.now();
        if let Some(pause) = throttle::store::pause(&mut *tx, &self.counted.all(), now).await? {
            return Err(Error::TooManyAttempts(pause));
        }
        throttle::store::forget(tx, &self.counted.email).await?;
        let user = users::store::lock(tx, &identity.service.keyring, self.user_id).await?;
        let user = user.filter(|user| user.state == State::Active);
        let user = user.ok_or(Error::InvalidCredentials)?;
        // What was looked at may have been changed before the lock: a password that was reset in
        // between opens nothing.
        if users::store::login_of(&mut *tx, self.email).await? != self.checked {
            return Err(Error::InvalidCredentials);
        }
        users::store::note_login(tx, user.user_id, now).await?;
        Ok(user)
    }
}
