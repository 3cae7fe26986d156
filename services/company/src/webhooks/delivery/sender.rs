//! One attempt to hand a message to a server that is not ours and may be hostile.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use time::OffsetDateTime;

use super::guard::{Forbidden, Guard, Unresolved};
use super::signature::Secret;

const CONNECT_TIMEOUT_MAX: Duration = Duration::from_secs(5);
const USER_AGENT: &str = concat!("Linha-Webhooks/", env!("CARGO_PKG_VERSION"));

/// A message, and where it goes.
#[derive(Debug)]
pub(crate) struct Post<'a> {
    /// The header `webhook-id`.
    pub(crate) message_id: &'a str,
    pub(crate) url: &'a str,
    pub(crate) body: &'a str,
    /// Each of them signs.
    pub(crate) secrets: &'a [Secret],
}

/// What became of an attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The HTTP status, if there was an answer.
    pub(crate) status: Option<u16>,
    /// What went wrong, for people; none when the message was taken.
    pub(crate) error: Option<String>,
    /// How long the receiver wants to be left alone.
    pub(crate) retry_after: Option<Duration>,
}

impl Answer {
    /// An attempt that came to nothing.
    pub(crate) fn failed(error: impl Into<String>) -> Self {
        Self { error: Some(error.into()), ..Self::default() }
    }

    /// Whether the receiver said that it will never take anything again.
    pub(crate) fn is_gone(&self) -> bool {
        self.status == Some(StatusCode::GONE.as_u16())
    }
}

/// Sends messages. Clones share what they connect with.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    client: Client,
    guard: Guard,
    timeout: Duration,
}

impl Sender {
    /// Reaches only what `guard` lets it; an attempt takes `timeout` at the most.
    ///
    /// # Errors
    /// When TLS cannot be prepared.
    pub(crate) fn new(guard: Guard, timeout: Duration) -> anyhow::Result<Self> {
        let client = Client::builder()
            .dns_resolver(Arc::new(guard.clone()))
            .no_proxy()
            .redirect(Policy::none())
            .referer(false)
            .user_agent(USER_AGENT)
            .http1_only()
            // Every message looks anew at where it goes.
            .pool_max_idle_per_host(0)
            .connect_timeout(timeout.min(CONNECT_TIMEOUT_MAX))
            .timeout(timeout)
            .build()?;
        Ok(Self { client, guard, timeout })
    }

    /// Sends a message once. The answer's body is not read.
    pub(crate) async fn send(&self, post: &Post<'_>) -> Answer {
        // Addresses in a URL are not resolved, so this is where they are looked at.
        let url = match self.guard.url(post.url) {
            Ok(url) => url,
            Err(forbidden) => return Answer::failed(format!("the URL {forbidden}")),
        };
        // Receivers compare this with their own clock, which no sandbox moves.
        let timestamp = OffsetDateTime::now_utc().unix_timestamp();
        let signatures: Vec<String> = post
            .secrets
            .iter()
            .map(|secret| secret.sign(post.message_id, timestamp, post.body))
            .collect();
        let sent = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", post.message_id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signatures.join(" "))
            .body(post.body.to_owned())
            .send()
            .await;
        match sent {
            Ok(response) => answered(&response),
            Err(error) => Answer::failed(self.explain(&error)),
        }
    }

    fn explain(&self, error: &reqwest::Error) -> String {
        if is_forbidden(error) {
            return format!("the URL {}", Forbidden::NotPublic);
        }
        if error.is_timeout() {
            return format!("no answer within {} ms", self.timeout.as_millis());
        }
        if error.is_connect() {
            return "cannot connect".to_owned();
        }
        "the answer cannot be read".to_owned()
    }
}

fn answered(response: &Response) -> Answer {
    let status = response.status();
    let error = match status {
        _ if status.is_success() => None,
        _ if status.is_redirection() => Some("the answer is a redirect, which is not followed"),
        StatusCode::GONE => Some("the endpoint is gone"),
        _ => Some("the answer is not 2xx"),
    };
    let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    Answer {
        status: Some(status.as_u16()),
        error: error.map(str::to_owned),
        retry_after: seconds.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs),
    }
}

/// Whether the guard kept the request from being made.
fn is_forbidden(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if matches!(error.downcast_ref(), Some(Unresolved::Forbidden(_))) {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests;
