//! A service's own token, for its calls to other services.

use std::sync::Arc;

use proto::identity::v1::IssueClientTokenRequest;
use proto::identity::v1::token_service_client::TokenServiceClient;
use time::{Duration, OffsetDateTime};
use tokio::sync::Mutex;
use tonic::Status;
use tonic::transport::Channel;

use crate::clock::Clock;
use crate::config::Secret;

/// Gets the service's token from identity, keeps it, and gets a new one in good time. Clones
/// share it.
#[derive(Clone)]
pub struct Credentials {
    name: &'static str,
    secret: Secret,
    clock: Clock,
    identity: Channel,
    kept: Arc<Mutex<Option<Kept>>>,
}

struct Kept {
    token: String,
    renew_at: OffsetDateTime,
}

impl Credentials {
    /// Credentials of the service `name` at `identity`.
    pub fn new(name: &'static str, secret: Secret, clock: Clock, identity: Channel) -> Self {
        Self { name, secret, clock, identity, kept: Arc::default() }
    }

    /// The service's token: the kept one, or a new one when that is past half its life.
    ///
    /// # Errors
    /// Those of identity's IssueClientToken.
    pub async fn token(&self) -> Result<String, Status> {
        // One at a time: those who wait find the token that the first one got.
        let mut kept = self.kept.lock().await;
        match &*kept {
            Some(kept) if self.clock.now() < kept.renew_at => Ok(kept.token.clone()),
            _ => {
                let new = self.exchange().await?;
                let token = new.token.clone();
                *kept = Some(new);
                Ok(token)
            }
        }
    }

    async fn exchange(&self) -> Result<Kept, Status> {
        let mut request = tonic::Request::new(IssueClientTokenRequest {
            client_id: self.name.to_owned(),
            client_secret: self.secret.expose().to_owned(),
        });
        request.set_timeout(std::time::Duration::from_secs(5));
        let issued = TokenServiceClient::new(self.identity.clone())
            .issue_client_token(request)
            .await?
            .into_inner();
        let life = Duration::seconds(issued.expires_in.unwrap_or_default().seconds);
        Ok(Kept { token: issued.access_token, renew_at: self.clock.now() + life / 2 })
    }
}
