//! PasswordResetService.

use brazil::Email;
use chassis::refusal::Fields;
use proto::identity::v1 as pb;
use tonic::{Request, Response, Status};

use super::{Reset, store};
use crate::error::Error;
use crate::identity::Identity;
use crate::invitations::prove;
use crate::links::{self, take_on};
use crate::passwords::Password;
use crate::throttle::links_asked_for;
use crate::users::{self, State};

/// Answers PasswordResetService.
pub(crate) struct PasswordResets {
    pub(crate) identity: Identity,
}

#[tonic::async_trait]
impl pb::password_reset_service_server::PasswordResetService for PasswordResets {
    async fn create_password_reset(
        &self,
        request: Request<pb::CreatePasswordResetRequest>,
    ) -> Result<Response<pb::CreatePasswordResetResponse>, Status> {
        let identity = &self.identity;
        let pb::CreatePasswordResetRequest { email, remote_address } = request.get_ref();
        let mut fields = Fields::new();
        let email: Option<Email> = fields.required("email", email);
        let Some(email) = email else { return Err(fields.into_status()) };

        let counted = &links_asked_for(identity, "reset", &email, remote_address);
        take_on::<Reset, _, _>(identity, &request, counted, &email).await
    }

    async fn check_password_reset(
        &self,
        request: Request<pb::CheckPasswordResetRequest>,
    ) -> Result<Response<pb::CheckPasswordResetResponse>, Status> {
        let identity = &self.identity;
        let hash = links::hash(&request.get_ref().reset_id);
        let user_id = store::find(&identity.service.db, &hash, identity.now()).await;
        user_id.map_err(Error::from)?.ok_or(Error::PasswordResetNotFound)?;
        Ok(Response::new(pb::CheckPasswordResetResponse {}))
    }

    async fn complete_password_reset(
        &self,
        request: Request<pb::CompletePasswordResetRequest>,
    ) -> Result<Response<pb::CompletePasswordResetResponse>, Status> {
        let identity = &self.identity;
        let pb::CompletePasswordResetRequest { reset_id, new_password } = request.get_ref();
        let mut fields = Fields::new();
        let password = Password::parse(&mut fields, "new_password", new_password);
        let Some(password) = password else { return Err(fields.into_status()) };
        let hash = &identity.passwords.hash(&password).await?;

        let (secret_hash, now) = (&links::hash(reset_id), identity.now());
        let answer = identity
            .service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let keyring = &identity.service.keyring;
                    let user_id = store::take(&mut tx, secret_hash, now)
                        .await?
                        .ok_or(Error::PasswordResetNotFound)?;
                    let mut user = users::store::lock(&mut tx, keyring, user_id)
                        .await?
                        .filter(|user| user.state == State::Active)
                        .ok_or(Error::PasswordResetNotFound)?;
                    prove(identity, &mut tx, &mut user).await?;
                    identity.end_sessions(&mut tx, &mut user).await?;
                    user.updated_at = now;
                    users::store::set_password(&mut tx, user.user_id, hash, now).await?;
                    users::save(identity, &mut tx, &user).await?;
                    Ok::<_, Error>(pb::CompletePasswordResetResponse {})
                })
            })
            .await?;
        identity.heed().await;
        Ok(answer)
    }
}

#[cfg(test)]
mod tests;
