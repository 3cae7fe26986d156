//! TokenService.

use chassis::refusal::Fields;
use chassis::timestamp;
use proto::identity::v1 as pb;
use time::Duration;
use tonic::{Request, Response, Status};

use super::{Issued, store, token_life};
use crate::client_apps;
use crate::error::Error;
use crate::identity::Identity;

/// Transactions that began before a caller read end within this time, and clocks of replicas
/// differ by less.
const OVERLAP: Duration = Duration::minutes(1);

/// Answers TokenService.
pub(crate) struct Tokens {
    pub(crate) identity: Identity,
}

#[tonic::async_trait]
impl pb::token_service_server::TokenService for Tokens {
    async fn issue_client_token(
        &self,
        request: Request<pb::IssueClientTokenRequest>,
    ) -> Result<Response<pb::IssueClientTokenResponse>, Status> {
        let pb::IssueClientTokenRequest { client_id, client_secret } = request.get_ref();
        let identity = &self.identity;
        let issued = if identity.service_secrets.holds(client_id, client_secret) {
            identity.issuer.service(client_id)?
        } else {
            let db = &identity.service.db;
            let app = client_apps::store::authenticate(db, client_id, client_secret)
                .await
                .map_err(Error::from)?;
            let (kind, epoch) = app.ok_or(Error::InvalidClient)?;
            identity.issuer.partner(client_id, kind, epoch)?
        };
        let expires_in = Some(life_to_proto(&issued));
        let answer = pb::IssueClientTokenResponse { access_token: issued.token, expires_in };
        Ok(Response::new(answer))
    }

    async fn list_signing_keys(
        &self,
        _: Request<pb::ListSigningKeysRequest>,
    ) -> Result<Response<pb::ListSigningKeysResponse>, Status> {
        let keys = store::keys(&self.identity.service.db).await.map_err(Error::from)?;
        Ok(Response::new(pb::ListSigningKeysResponse { keys: keys_to_proto(keys) }))
    }

    async fn list_revocations(
        &self,
        request: Request<pb::ListRevocationsRequest>,
    ) -> Result<Response<pb::ListRevocationsResponse>, Status> {
        let mut fields = Fields::new();
        let since = timestamp::parse(&mut fields, "since", request.get_ref().since.as_ref());
        fields.check()?;
        let identity = &self.identity;
        let now = identity.now();
        let oldest = now - token_life(&identity.policy);
        let since = since.map_or(oldest, |since| since.max(oldest));
        let revocations =
            store::revocations(&identity.service.db, since).await.map_err(Error::from)?;
        Ok(Response::new(pb::ListRevocationsResponse {
            revocations: revocations_to_proto(revocations),
            read_at: Some(timestamp::to_proto(now - OVERLAP)),
        }))
    }
}

pub(super) fn keys_to_proto(keys: Vec<store::Key>) -> Vec<pb::SigningKey> {
    keys.into_iter()
        .map(|key| pb::SigningKey { key_id: key.key_id, public_key: key.public_key })
        .collect()
}

pub(super) fn revocations_to_proto(revocations: Vec<store::Revocation>) -> Vec<pb::Revocation> {
    revocations
        .into_iter()
        .map(|store::Revocation { subject, epoch_min }| pb::Revocation { subject, epoch_min })
        .collect()
}

fn life_to_proto(issued: &Issued) -> prost_types::Duration {
    prost_types::Duration { seconds: issued.life.whole_seconds(), nanos: 0 }
}

impl From<Issued> for pb::AccessToken {
    fn from(issued: Issued) -> Self {
        let expires_in = Some(life_to_proto(&issued));
        Self { access_token: issued.token, expires_in }
    }
}
