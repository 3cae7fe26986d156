//! SessionService.

use brazil::Email;
use chassis::refusal::Fields;
use proto::identity::v1 as pb;
use tonic::{Request, Response, Status};

use super::Counted;
use crate::error::Error;
use crate::identity::Identity;
use crate::throttle;
use crate::users::{self, State};

/// Answers SessionService.
pub(crate) struct Sessions {
    pub(crate) identity: Identity,
}

#[tonic::async_trait]
impl pb::session_service_server::SessionService for Sessions {
    async fn login(
        &self,
        request: Request<pb::LoginRequest>,
    ) -> Result<Response<pb::LoginResponse>, Status> {
        let identity = &self.identity;
        let pb::LoginRequest { email, password, remote_address } = request.get_ref();
        let mut fields = Fields::new();
        let parsed: Option<Email> = fields.required("email", email);
        if password.is_empty() {
            fields.refuse("password", "is required");
        }
        let Some(email) = parsed else { return Err(fields.into_status()) };
        fields.check()?;

        let (db, now) = (&identity.service.db, identity.now());
        let email = &email;
        let counted = &Counted::new(identity, email, remote_address);
        let pause = throttle::store::pause(db, &counted.all(), now).await.map_err(Error::from)?;
        if let Some(pause) = pause {
            return Err(Error::TooManyAttempts(pause).into());
        }

        let login = users::store::login_of(db, email).await.map_err(Error::from)?;
        let login = login.as_ref();
        let (user, hash) = match login {
            Some((user_id, State::Active, hash)) => (Some(*user_id), hash.clone()),
            _ => (None, None),
        };
        let is_right = identity.passwords.verify(password, hash).await?;
        let Some(user_id) = user.filter(|_| is_right) else {
            return Err(self.fail(counted).await.into());
        };

        identity
            .service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    // Guesses that were made at the same time may have used up the attempts: then
                    // a right one is not told from a wrong one.
                    let pause = throttle::store::pause(&mut *tx, &counted.all(), now).await?;
                    if let Some(pause) = pause {
                        return Err(Error::TooManyAttempts(pause));
                    }
                    throttle::store::forget(&mut tx, &counted.email).await?;
                    let keyring = &identity.service.keyring;
                    let user = users::store::lock(&mut tx, keyring, user_id).await?;
                    let user = user.filter(|user| user.state == State::Active);
                    let user = user.ok_or(Error::InvalidCredentials)?;
                    // What was looked at may have been changed before the lock: a password that
                    // was reset in between opens nothing.
                    if users::store::login_of(&mut *tx, email).await?.as_ref() != login {
                        return Err(Error::InvalidCredentials);
                    }
                    let session = identity.session(&mut tx, &user).await?;
                    Ok(pb::LoginResponse { token: Some(session.into()) })
                })
            })
            .await
    }
}

impl Sessions {
    /// Counts a failure, and says what it is.
    async fn fail(&self, counted: &Counted) -> Error {
        let (service, now) = (&self.identity.service, self.identity.now());
        let subjects = &counted.all();
        let counted = service
            .transaction(|mut tx| {
                Box::pin(async move {
                    Ok::<_, Error>(throttle::store::count(&mut tx, subjects, now).await?)
                })
            })
            .await;
        match counted {
            Ok(None) => Error::InvalidCredentials,
            Ok(Some(pause)) => Error::TooManyAttempts(pause),
            Err(error) => error,
        }
    }
}

#[cfg(test)]
mod tests;
