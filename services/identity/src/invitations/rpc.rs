//! InvitationService.

use brazil::InvitationId;
use chassis::refusal::Fields;
use proto::identity::v1 as pb;
use tonic::{Request, Response, Status};

use super::{EmailProofId, prove, prove_address, store, take_address};
use crate::error::Error;
use crate::identity::Identity;
use crate::passwords::Password;
use crate::users::{self, State};

/// Answers InvitationService.
pub(crate) struct Invitations {
    pub(crate) identity: Identity,
}

#[tonic::async_trait]
impl pb::invitation_service_server::InvitationService for Invitations {
    async fn accept_invitation(
        &self,
        request: Request<pb::AcceptInvitationRequest>,
    ) -> Result<Response<pb::AcceptInvitationResponse>, Status> {
        let identity = &self.identity;
        let pb::AcceptInvitationRequest { invitation_id, token, password } = request.get_ref();
        let invitation_id: InvitationId =
            invitation_id.parse().map_err(|_| Error::InvitationNotFound)?;
        let mut fields = Fields::new();
        let password = Password::parse(&mut fields, "password", password);
        let Some(password) = password else { return Err(fields.into_status()) };
        let hash = &identity.passwords.hash(&password).await?;

        let now = identity.now();
        let answer = identity
            .service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let keyring = &identity.service.keyring;
                    let invitation = store::lock_invitation(&mut tx, invitation_id)
                        .await?
                        .filter(|invitation| invitation.link.opens(token, now))
                        .ok_or(Error::InvitationNotFound)?;
                    if let Some(email) = &invitation.email {
                        take_address(identity, &mut tx, invitation.user_id, email).await?;
                    }
                    let mut user = users::store::lock(&mut tx, keyring, invitation.user_id)
                        .await?
                        .filter(|user| user.state == State::Active)
                        .ok_or(Error::InvitationNotFound)?;
                    prove(identity, &mut tx, &mut user).await?;
                    identity.end_sessions(&mut tx, &mut user).await?;
                    user.updated_at = now;
                    users::store::set_password(&mut tx, user.user_id, hash, now).await?;
                    users::save(identity, &mut tx, &user).await?;
                    let session = identity.session(&mut tx, &user).await?;
                    Ok::<_, Error>(pb::AcceptInvitationResponse {
                        token: Some(session.into()),
                        user: Some(user.into()),
                    })
                })
            })
            .await?;
        identity.heed().await;
        Ok(answer)
    }

    async fn prove_email(
        &self,
        request: Request<pb::ProveEmailRequest>,
    ) -> Result<Response<pb::ProveEmailResponse>, Status> {
        let identity = &self.identity;
        let pb::ProveEmailRequest { proof_id, token } = request.get_ref();
        let proof_id: EmailProofId = proof_id.parse().map_err(|_| Error::EmailProofNotFound)?;

        let now = identity.now();
        let answer = identity
            .service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let keyring = &identity.service.keyring;
                    let proof = store::lock_proof(&mut tx, proof_id)
                        .await?
                        .filter(|proof| proof.link.opens(token, now))
                        .ok_or(Error::EmailProofNotFound)?;
                    let mut user = users::store::lock(&mut tx, keyring, proof.user_id)
                        .await?
                        .filter(|user| user.state == State::Active)
                        .ok_or(Error::EmailProofNotFound)?;
                    prove_address(identity, &mut tx, &mut user, &proof.email).await?;
                    let user_id = user.user_id.to_string();
                    Ok::<_, Error>(pb::ProveEmailResponse { user_id })
                })
            })
            .await?;
        identity.heed().await;
        Ok(answer)
    }
}

#[cfg(test)]
mod tests;
