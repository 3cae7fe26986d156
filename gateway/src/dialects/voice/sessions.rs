//! What identity said about tokens, for as long as that may be relied upon.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use proto::identity::v1::access_token_service_client::AccessTokenServiceClient;
use proto::identity::v1::account_user_service_client::AccountUserServiceClient;
use proto::identity::v1::{
    ExchangeAccessTokenRequest, ExchangeAccessTokenResponse, ListMembershipsRequest,
    ListMembershipsResponse,
};
use sha2::{Digest, Sha256};
use tonic::Status;

use super::Voice;
use crate::caller::Caller;

// A signed token lives half a minute; what it is exchanged for is dropped before that, so that
// no request sets out with one that ends on the way.
const REMEMBERED: Duration = Duration::from_secs(20);
// Longer than word of a revocation takes.
const BURIED: Duration = Duration::from_secs(60);
const MARGIN_SECONDS: i64 = 5;

/// The hash by which a token is known here.
pub(super) type Hash = [u8; 32];

/// The hash of a token.
pub(super) fn hash(token: &str) -> Hash {
    Sha256::digest(token.as_bytes()).into()
}

/// Exchanged tokens and memberships, both bounded. Clones share them.
#[derive(Clone)]
pub(super) struct Sessions {
    exchanged: Cache<Hash, Arc<ExchangeAccessTokenResponse>>,
    memberships: Cache<Hash, Arc<ListMembershipsResponse>>,
    buried: Cache<Hash, ()>,
}

impl Sessions {
    pub(super) fn new(entries_max: u64) -> Self {
        Self {
            exchanged: Cache::builder().max_capacity(entries_max).time_to_live(REMEMBERED).build(),
            memberships: Cache::builder()
                .max_capacity(entries_max)
                .time_to_live(REMEMBERED)
                .build(),
            buried: Cache::builder().max_capacity(entries_max).time_to_live(BURIED).build(),
        }
    }

    /// Forgets the token that its person knows by `prefix`, so that its end counts here at once.
    pub(super) async fn forget(&self, user_id: &str, prefix: &str) {
        self.forget_where(|known| known.user_id == user_id && known.prefix == prefix).await;
    }

    /// Forgets all tokens of a person.
    pub(super) async fn forget_person(&self, user_id: &str) {
        self.forget_where(|known| known.user_id == user_id).await;
    }

    async fn forget_where(&self, is_meant: impl Fn(&ExchangeAccessTokenResponse) -> bool) {
        let meant: Vec<_> = self
            .exchanged
            .iter()
            .filter(|(_, known)| is_meant(known))
            .map(|(hash, _)| hash)
            .collect();
        for hash in meant {
            self.exchanged.invalidate(&*hash).await;
        }
    }

    /// Notes that a signed token is good no more, until that has got around.
    pub(super) async fn bury(&self, hash: Hash) {
        self.buried.insert(hash, ()).await;
    }

    /// Whether a signed token was good once.
    pub(super) fn is_buried(&self, hash: &Hash) -> bool {
        self.buried.contains_key(hash)
    }
}

impl Voice {
    /// What an access token was exchanged for, if that is known and still good.
    pub(super) async fn known(&self, hash: &Hash) -> Option<Arc<ExchangeAccessTokenResponse>> {
        let known = self.sessions.exchanged.get(hash).await?;
        let ends = known.expires_at.map_or(0, |expires_at| expires_at.seconds);
        let now = self.gateway.clock.now().unix_timestamp();
        (now + MARGIN_SECONDS < ends).then_some(known)
    }

    /// Exchanges an access token.
    ///
    /// # Errors
    /// Those of the rpc.
    pub(super) async fn exchange(
        &self,
        token: &str,
        hash: Hash,
    ) -> Result<Arc<ExchangeAccessTokenResponse>, Status> {
        let request = ExchangeAccessTokenRequest { secret: token.to_owned() };
        let answer = self
            .clients()
            .identity
            .ask(&Caller::default(), request, |to, request| async move {
                AccessTokenServiceClient::new(to).exchange_access_token(request).await
            })
            .await?;
        let exchanged = Arc::new(answer.message);
        self.sessions.exchanged.insert(hash, exchanged.clone()).await;
        Ok(exchanged)
    }

    /// The voice accounts of the person who has a signed token.
    ///
    /// # Errors
    /// Those of the rpc.
    pub(super) async fn memberships(
        &self,
        caller: &Caller,
        hash: Hash,
    ) -> Result<Arc<ListMembershipsResponse>, Status> {
        if let Some(known) = self.sessions.memberships.get(&hash).await {
            return Ok(known);
        }
        let answer = self
            .clients()
            .identity
            .ask(caller, ListMembershipsRequest {}, |to, request| async move {
                AccountUserServiceClient::new(to).list_memberships(request).await
            })
            .await?;
        let memberships = Arc::new(answer.message);
        self.sessions.memberships.insert(hash, memberships.clone()).await;
        Ok(memberships)
    }
}
