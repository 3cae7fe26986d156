//! Requests to Melhor Envio.

use std::collections::BTreeMap;
use std::time::Duration;

use chassis::Service;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::config::Account;
use super::tokens::Access;
use crate::parcels::ParcelCarrierError;

/// Why there is no good answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// There is no such thing.
    NotFound,
    /// For good. The message is for whoever can read Portuguese, and may hold personal data.
    Refused { reason: String, message: String },
    /// No answer: it may have been done, or not.
    Unavailable,
}

impl From<Failure> for ParcelCarrierError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotFound => Self::Refused("not found".to_owned()),
            Failure::Refused { reason, .. } => Self::Refused(reason),
            Failure::Unavailable => Self::Unavailable,
        }
    }
}

/// What is wrong with a request: fields with what is said of them, or a text.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Complaint {
    message: Option<String>,
    error: Option<String>,
    errors: BTreeMap<String, Value>,
}

/// The way to Melhor Envio.
pub(super) struct Api {
    client: Client,
    access: Access,
}

impl Api {
    pub(super) fn new(
        account: Account,
        timeout: Duration,
        service: Service,
    ) -> anyhow::Result<Self> {
        let contact = format!("Linha ({})", account.contact.as_str());
        let client = Client::builder()
            .user_agent(contact)
            .redirect(Policy::none())
            .referer(false)
            .timeout(timeout)
            .build()?;
        Ok(Self { client, access: Access::new(account, service) })
    }

    /// What messages to us are signed with.
    pub(super) fn secret(&self) -> &str {
        self.access.account().client_secret.expose()
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        read(&self.ask(Method::GET, path, None).await?)
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<T, Failure> {
        read(&self.ask(Method::POST, path, Some(body)).await?)
    }

    pub(super) async fn delete(&self, path: &str) -> Result<(), Failure> {
        self.ask(Method::DELETE, path, None).await.map(|_| ())
    }

    /// The body of a good answer. A token that is not taken is renewed once.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Vec<u8>, Failure> {
        let mut spoiled: Option<String> = None;
        loop {
            let token = self.access.token(&self.client, spoiled.as_deref()).await;
            let token = token.map_err(|_| Failure::Unavailable)?;
            let (status, answer) = self.send(&method, path, body, &token).await?;
            match status {
                StatusCode::UNAUTHORIZED if spoiled.is_none() => spoiled = Some(token),
                status if status.is_success() => return Ok(answer),
                status => return Err(failure(path, status, &answer)),
            }
        }
    }

    async fn send(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Value>,
        token: &str,
    ) -> Result<(StatusCode, Vec<u8>), Failure> {
        let url = format!("{}{path}", self.access.account().url);
        let mut request = self
            .client
            .request(method.clone(), url)
            .bearer_auth(token)
            .header("Accept", "application/json");
        if let Some(body) = body {
            request = request.json(body);
        }
        let answered = async {
            let answer = request.send().await?;
            Ok::<_, reqwest::Error>((answer.status(), answer.bytes().await?.to_vec()))
        };
        answered.await.map_err(|error| {
            tracing::warn!(path, error = %error.without_url(), "Melhor Envio does not answer");
            Failure::Unavailable
        })
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| {
        tracing::error!(%error, "the answer of Melhor Envio cannot be read");
        Failure::Unavailable
    })
}

/// Only what is said of the request itself is for good. Of what is said, the names of fields are
/// told further; values may be somebody's.
fn failure(path: &str, status: StatusCode, body: &[u8]) -> Failure {
    let complaint: Complaint = serde_json::from_slice(body).unwrap_or_default();
    match status {
        StatusCode::NOT_FOUND => Failure::NotFound,
        StatusCode::BAD_REQUEST | StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY => {
            let fields: Vec<String> = complaint.errors.into_keys().collect();
            let reason = format!("{} {}", status.as_u16(), fields.join(", "));
            let message = complaint.error.or(complaint.message).unwrap_or_default();
            Failure::Refused { reason: reason.trim_end().to_owned(), message }
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            tracing::error!(path, %status, "the account at Melhor Envio does not allow it");
            Failure::Unavailable
        }
        _ => {
            tracing::warn!(path, %status, "Melhor Envio cannot do it now");
            Failure::Unavailable
        }
    }
}
