//! AccessTokenService.

use brazil::{CompanyId, UserId};
use chassis::auth::{Caller, Grant, Role};
use chassis::refusal::Fields;
use chassis::timestamp;
use proto::identity::v1 as pb;
use tonic::{Request, Response, Status};

use super::{Secret, Ttl, issue, login, store};
use crate::error::Error;
use crate::identity::Identity;
use crate::{users, voice_accounts};

/// Answers AccessTokenService.
pub(crate) struct AccessTokens {
    pub(crate) identity: Identity,
}

#[tonic::async_trait]
impl pb::access_token_service_server::AccessTokenService for AccessTokens {
    async fn login_for_access_token(
        &self,
        request: Request<pb::LoginForAccessTokenRequest>,
    ) -> Result<Response<pb::LoginForAccessTokenResponse>, Status> {
        login::login(&self.identity, request).await
    }

    async fn exchange_access_token(
        &self,
        request: Request<pb::ExchangeAccessTokenRequest>,
    ) -> Result<Response<pb::ExchangeAccessTokenResponse>, Status> {
        let identity = &self.identity;
        let secret = Secret::parse(&request.get_ref().secret).ok_or(Error::InvalidAccessToken)?;
        let now = identity.now();
        let found = store::find(&identity.service.db, &secret.hash(), now).await;
        let found = found.map_err(Error::from)?.ok_or(Error::InvalidAccessToken)?;
        let person = (found.user_id, found.email, found.epoch);
        let role = if found.administers { Role::Manager } else { Role::Member };
        let grant = Grant { role, company_id: Some(found.company_id.into()) };
        let issued = identity.issuer.exchanged(person, grant, found.expires_at)?;
        Ok(Response::new(pb::ExchangeAccessTokenResponse {
            token: issued.token,
            expires_at: Some(timestamp::to_proto(now + issued.life)),
            user_id: found.user_id.to_string(),
            company_id: found.company_id.to_string(),
            prefix: found.prefix,
        }))
    }

    async fn create_access_token(
        &self,
        request: Request<pb::CreateAccessTokenRequest>,
    ) -> Result<Response<pb::CreateAccessTokenResponse>, Status> {
        let identity = &self.identity;
        let (user_id, company_id) = at_home(&request, &request.get_ref().company_id)?;
        let (caller, given) = (Caller::of(&request)?, request.get_ref().ttl);
        identity
            .service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    // Whoever changes the password ends the tokens there are: one that is made at
                    // that moment must not outlive them.
                    let keyring = &identity.service.keyring;
                    let user = users::store::lock(&mut tx, keyring, user_id).await?;
                    if user.is_none_or(|user| caller.is_from_before(user.epoch)) {
                        return Err(Error::InvalidAccessToken);
                    }
                    let company_ids = &[company_id.into()];
                    let found =
                        voice_accounts::store::memberships(&mut *tx, user_id, company_ids).await?;
                    let Some((_, administers)) = found.first() else {
                        return Err(Error::VoiceAccountNotFound);
                    };
                    let mut fields = Fields::new();
                    let ttl = Ttl::parse(&mut fields, given);
                    let Some(ttl) = ttl else { return Err(fields.into_status().into()) };
                    ttl.allow(&mut fields, *administers);
                    fields.check()?;
                    let (secret, token) =
                        issue(identity, &mut tx, user_id, company_id, ttl).await?;
                    Ok(pb::CreateAccessTokenResponse {
                        secret: secret.0,
                        token: Some(token.into()),
                    })
                })
            })
            .await
    }

    async fn list_access_tokens(
        &self,
        request: Request<pb::ListAccessTokensRequest>,
    ) -> Result<Response<pb::ListAccessTokensResponse>, Status> {
        let (user_id, company_id) = at_home(&request, &request.get_ref().company_id)?;
        let (service, now) = (&self.identity.service, self.identity.now());
        let query = request.into_inner().query;
        let tokens = store::list(&service.db, query, user_id, company_id, now).await?;
        let tokens = tokens.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListAccessTokensResponse { tokens }))
    }

    async fn revoke_access_token(
        &self,
        request: Request<pb::RevokeAccessTokenRequest>,
    ) -> Result<Response<pb::RevokeAccessTokenResponse>, Status> {
        let identity = &self.identity;
        let (user_id, company_id) = at_home(&request, &request.get_ref().company_id)?;
        let (prefix, now) = (&request.get_ref().prefix, identity.now());
        identity
            .service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    if store::delete(&mut tx, user_id, company_id, prefix, now).await? {
                        Ok(pb::RevokeAccessTokenResponse {})
                    } else {
                        Err(Error::AccessTokenNotFound)
                    }
                })
            })
            .await
    }

    async fn end_session(
        &self,
        request: Request<pb::EndSessionRequest>,
    ) -> Result<Response<pb::EndSessionResponse>, Status> {
        let identity = &self.identity;
        let user_id = Caller::of(&request)?.user_id().ok_or(Error::UserNotFound)?;
        let answer = identity
            .service
            .once(&request, |mut tx| {
                Box::pin(async move {
                    let keyring = &identity.service.keyring;
                    let user = users::store::lock(&mut tx, keyring, user_id).await?;
                    let mut user = user.ok_or(Error::UserNotFound)?;
                    identity.end_signed_tokens(&mut tx, &mut user).await?;
                    users::store::save(&mut tx, keyring, &user).await?;
                    Ok::<_, Error>(pb::EndSessionResponse {})
                })
            })
            .await?;
        identity.heed().await;
        Ok(answer)
    }
}

/// The caller, and an account that their token is good for. Whether they still belong to it, the
/// store knows.
fn at_home<T>(request: &Request<T>, company_id: &str) -> Result<(UserId, CompanyId), Error> {
    let company_id: CompanyId = company_id.parse().map_err(|_| Error::VoiceAccountNotFound)?;
    let caller = Caller::of(request)?;
    let is_good =
        [Role::Manager, Role::Member].into_iter().any(|role| caller.is_in(company_id, role));
    let user_id = caller.user_id().filter(|_| is_good);
    Ok((user_id.ok_or(Error::VoiceAccountNotFound)?, company_id))
}

#[cfg(test)]
mod tests;
