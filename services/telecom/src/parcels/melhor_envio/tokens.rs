//! Access tokens of OAuth 2. A refresh token is good for one renewal, which brings the next: they
//! are kept in the database, sealed, and all replicas use the same.

use std::time::Duration as Wait;

use anyhow::Context;
use chassis::Service;
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};

use super::config::Account;
use super::store::{self, Tokens};
use crate::parcels::ParcelCarrierError;

pub(crate) const ACCESS_TOKEN: &str = "telecom.parcel_carrier.access_token";
pub(crate) const REFRESH_TOKEN: &str = "telecom.parcel_carrier.refresh_token";

const PROVIDER: &str = "melhor-envio";
/// How long before its end a token is not used any more.
const MARGIN: Duration = Duration::minutes(5);
/// How long a renewal may take before another replica tries.
const LEASE: Duration = Duration::minutes(1);
const RENEWAL_TIMEOUT: Wait = Wait::from_secs(30);

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    refresh_token: String,
    expires_in: i64,
}

/// The tokens of an account.
pub(super) struct Access {
    service: Service,
    account: Account,
}

impl Access {
    pub(super) fn new(account: Account, service: Service) -> Self {
        Self { service, account }
    }

    pub(super) fn account(&self) -> &Account {
        &self.account
    }

    /// A token that is good, and not `spoiled`, which was found not to be.
    pub(super) async fn token(
        &self,
        client: &Client,
        spoiled: Option<&str>,
    ) -> Result<String, ParcelCarrierError> {
        self.find_or_renew(client, spoiled).await.map_err(|error| {
            tracing::error!(error = format!("{error:#}"), "no access to Melhor Envio");
            ParcelCarrierError::Unavailable
        })
    }

    async fn find_or_renew(
        &self,
        client: &Client,
        spoiled: Option<&str>,
    ) -> anyhow::Result<String> {
        let db = &self.service.db;
        let given = self.account.refresh_token.expose();
        let given_hash = Sha256::digest(given).to_vec();
        let known = store::tokens(db, PROVIDER).await?;
        let known = known.filter(|tokens| tokens.given_hash == given_hash);
        if let Some(token) = known.and_then(|tokens| self.good(&tokens, spoiled)) {
            return Ok(token);
        }
        // The life of tokens is told in real time, which no sandbox moves.
        let now = OffsetDateTime::now_utc();
        let sealed = self.service.keyring.seal_text(REFRESH_TOKEN, given);
        let begin = (given_hash.as_slice(), sealed.as_slice());
        let mut tokens = store::claim_renewal(db, PROVIDER, begin, now, now + LEASE)
            .await?
            .context("it is being renewed by somebody else")?;
        // Somebody may have renewed it just before.
        let token = match self.good(&tokens, spoiled) {
            Some(token) => token,
            None => self.renew(client, &mut tokens).await?,
        };
        store::renewed(db, PROVIDER, &tokens).await?;
        Ok(token)
    }

    fn good(&self, tokens: &Tokens, spoiled: Option<&str>) -> Option<String> {
        let sealed = tokens.access_token_sealed.as_ref()?;
        let token = self.service.keyring.open_text(ACCESS_TOKEN, sealed).ok()?;
        let lasts = tokens.expires_at? > OffsetDateTime::now_utc() + MARGIN;
        (lasts && spoiled != Some(token.as_str())).then_some(token)
    }

    async fn renew(&self, client: &Client, tokens: &mut Tokens) -> anyhow::Result<String> {
        let keyring = &self.service.keyring;
        let refresh_token = keyring.open_text(REFRESH_TOKEN, &tokens.refresh_token_sealed)?;
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", &self.account.client_id),
            ("client_secret", self.account.client_secret.expose()),
            ("refresh_token", &refresh_token),
        ];
        let request = client.post(format!("{}/oauth/token", self.account.url)).form(&form);
        let answer = request.timeout(RENEWAL_TIMEOUT).send().await;
        let answer = answer.map_err(reqwest::Error::without_url)?;
        match answer.status() {
            status if status.is_success() => {}
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED => anyhow::bail!(
                "the account does not know the application any more: authorize it anew, and set \
                 LINHA_MELHOR_ENVIO_REFRESH_TOKEN"
            ),
            status => anyhow::bail!("a renewal is answered {status}"),
        }
        let granted: Granted = answer.json().await.map_err(reqwest::Error::without_url)?;
        let life = Duration::seconds(granted.expires_in);
        tokens.access_token_sealed = Some(keyring.seal_text(ACCESS_TOKEN, &granted.access_token));
        tokens.refresh_token_sealed = keyring.seal_text(REFRESH_TOKEN, &granted.refresh_token);
        tokens.expires_at = Some(OffsetDateTime::now_utc() + life);
        tracing::info!(days = life.whole_days(), "access to Melhor Envio renewed");
        Ok(granted.access_token)
    }
}
