//! Stripe, over its HTTP API.
//!
//! What is to be paid becomes a PaymentIntent, which bears our id and is paid on a page of the
//! operator's: card numbers never come here. Stripe tells of it by signed events. It is asked once
//! for each attempt: attempts follow each other in the service's own queue, farther and farther
//! apart, with the same idempotency key. Stripe forgets a key after a day; an intent that is made
//! once more then is harmless, since nobody is shown the first one, and a payment of either counts.
//! What was paid elsewhere is cancelled at Stripe, so that it is not paid twice.

mod event;

use std::time::Duration;

use anyhow::Context;
use brazil::InvoiceId;
use chassis::config::{Secret, outside_url};
use clap::Args;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde::Deserialize;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    BillingType, CreditChargeId, MessageError, NewCharge, Payable, PaymentError, PaymentNotice,
    PaymentProvider,
};
use event::{Event, Subject, signed};

/// The version of the API whose shapes are read here.
const VERSION: &str = "2024-06-20";
const CURRENCY: &str = "brl";
const INVOICE: &str = "invoice";
const CHARGE: &str = "charge";

/// How Stripe is reached.
#[derive(Clone, Debug, Args)]
pub struct StripeConfig {
    /// Secret key at Stripe: sk_… or, with the right to write PaymentIntents, rk_….
    #[arg(
        long,
        env = "LINHA_STRIPE_SECRET_KEY",
        value_name = "LINHA_STRIPE_SECRET_KEY",
        hide_env_values = true
    )]
    pub stripe_secret_key: Option<Secret>,

    /// What Stripe signs its events with, whsec_…; while it is exchanged, both with a comma between.
    #[arg(
        long,
        env = "LINHA_STRIPE_WEBHOOK_SECRET",
        value_name = "LINHA_STRIPE_WEBHOOK_SECRET",
        hide_env_values = true
    )]
    pub stripe_webhook_secret: Option<Secret>,

    /// Where Stripe's API is.
    #[arg(
        long,
        env = "LINHA_STRIPE_URL",
        value_name = "LINHA_STRIPE_URL",
        default_value = Self::URL
    )]
    pub stripe_url: http::Uri,
}

impl StripeConfig {
    const URL: &str = "https://api.stripe.com";
}

impl Default for StripeConfig {
    /// Stripe's own address, and no account there.
    fn default() -> Self {
        Self {
            stripe_secret_key: None,
            stripe_webhook_secret: None,
            stripe_url: http::Uri::from_static(Self::URL),
        }
    }
}

/// Stripe, as a payment provider.
#[derive(Debug)]
pub struct Stripe {
    client: Client,
    url: String,
    key: Secret,
    webhook_secrets: Vec<Secret>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

#[derive(Deserialize)]
struct State {
    status: String,
}

#[derive(Deserialize)]
struct Refusal {
    error: Reason,
}

#[derive(Deserialize)]
struct Reason {
    r#type: Option<String>,
    code: Option<String>,
    param: Option<String>,
}

impl Stripe {
    /// Prepares the way there; a request takes `timeout` at the most.
    ///
    /// # Errors
    /// When a setting is missing.
    pub fn new(config: &StripeConfig, timeout: Duration) -> anyhow::Result<Self> {
        let key = config.stripe_secret_key.clone().context("LINHA_STRIPE_SECRET_KEY is not set")?;
        let secrets = config
            .stripe_webhook_secret
            .as_ref()
            .context("LINHA_STRIPE_WEBHOOK_SECRET is not set")?;
        let webhook_secrets = secrets
            .expose()
            .split(',')
            .map(|secret| secret.trim().parse())
            .collect::<Result<_, _>>()?;
        let client =
            Client::builder().redirect(Policy::none()).referer(false).timeout(timeout).build()?;
        let url = outside_url("LINHA_STRIPE_URL", &config.stripe_url)?;
        Ok(Self { client, url, key, webhook_secrets })
    }

    /// The body of the answer to a request.
    async fn ask<T: for<'de> Deserialize<'de>>(
        &self,
        request: RequestBuilder,
    ) -> Result<T, PaymentError> {
        let request =
            request.bearer_auth(self.key.expose()).header("Stripe-Version", VERSION).send();
        let answer = request.await.map_err(|error| {
            // Its address bears no secret, and its body is not in it.
            tracing::warn!(error = %error.without_url(), "Stripe does not answer");
            PaymentError::Unavailable
        })?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(|_| PaymentError::Unavailable)?;
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|error| {
                tracing::error!(%error, "the answer of Stripe cannot be read");
                PaymentError::Unavailable
            });
        }
        Err(refused(status, &body))
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.url))
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.url))
    }
}

/// What an answer means that is not a success. Only what is said of the request itself is for good:
/// keys can be mended, limits end, and so do faults of Stripe's.
fn refused(status: StatusCode, body: &[u8]) -> PaymentError {
    let reason = serde_json::from_slice(body).ok().map(|Refusal { error }| error);
    let reason = reason.map_or_else(String::new, |reason| {
        let parts = [reason.r#type, reason.code, reason.param];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    });
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            tracing::error!(%status, reason, "Stripe does not accept LINHA_STRIPE_SECRET_KEY");
            PaymentError::Unavailable
        }
        StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS => {
            PaymentError::Unavailable
        }
        status if status.is_client_error() => PaymentError::Refused(format!("{status} {reason}")),
        _ => PaymentError::Unavailable,
    }
}

#[tonic::async_trait]
impl PaymentProvider for Stripe {
    async fn register(&self, charge: NewCharge) -> Result<String, PaymentError> {
        let (kind, id) = (kind(charge.key), charge.key.id().to_string());
        let mut form = vec![
            ("amount".to_owned(), charge.amount.get().to_string()),
            ("currency".to_owned(), CURRENCY.to_owned()),
            ("metadata[linha_kind]".to_owned(), kind.to_owned()),
            ("metadata[linha_id]".to_owned(), id.clone()),
            ("metadata[linha_company_id]".to_owned(), charge.company_id.to_string()),
            ("metadata[linha_due]".to_owned(), charge.due.to_string()),
        ];
        for (place, method) in methods(charge.billing_type).iter().enumerate() {
            form.push((format!("payment_method_types[{place}]"), (*method).to_owned()));
        }
        let request = self
            .post("/v1/payment_intents")
            .header("Idempotency-Key", format!("linha-{kind}-{id}"))
            .form(&form);
        let Named { id } = self.ask(request).await?;
        Ok(id)
    }

    async fn cancel(&self, provider_id: &str) -> Result<(), PaymentError> {
        let path = path(provider_id)
            .ok_or_else(|| PaymentError::Refused(format!("{provider_id} is none of Stripe's")))?;
        // No idempotency key: with one, Stripe would repeat what it said while somebody was paying.
        let asked = self.ask::<State>(self.post(&format!("{path}/cancel"))).await;
        let Err(PaymentError::Refused(reason)) = asked else { return asked.map(|_| ()) };
        let State { status } = self.ask(self.get(&path)).await?;
        match status.as_str() {
            "succeeded" | "canceled" => Ok(()),
            "processing" => Err(PaymentError::Unavailable),
            _ => Err(PaymentError::Refused(reason)),
        }
    }

    async fn read(
        &self,
        body: &[u8],
        signature: &str,
    ) -> Result<Option<PaymentNotice>, MessageError> {
        // What Stripe signs is its own time, which no sandbox moves.
        let now = OffsetDateTime::now_utc();
        if !signed(&self.webhook_secrets, body, signature, now) {
            return Err(MessageError::Untrusted);
        }
        let event = Event::read(body)?;
        let Some((result, amount, subject)) = event.payment()? else { return Ok(None) };
        let about = match subject {
            Subject::Known(about) => about,
            Subject::Intent(intent_id) => self.subject_of(&intent_id).await?,
        };
        let occurred_at = event.occurred_at()?;
        let notice_id = event.id;
        Ok(about.map(|about| PaymentNotice { notice_id, about, result, amount, occurred_at }))
    }
}

impl Stripe {
    /// What an intent was made for; none when it is none of ours.
    async fn subject_of(&self, intent_id: &str) -> Result<Option<Payable>, MessageError> {
        let path = path(intent_id).ok_or(MessageError::Unreadable)?;
        match self.ask(self.get(&path)).await {
            Ok(event::Intent { metadata, .. }) => Ok(metadata.subject()),
            Err(PaymentError::Refused(_)) => Ok(None),
            Err(PaymentError::Unavailable) => Err(MessageError::Unavailable),
        }
    }
}

/// Where an intent is; none for what cannot be the name of one.
fn path(intent_id: &str) -> Option<String> {
    let plain = intent_id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    plain.then(|| format!("/v1/payment_intents/{intent_id}"))
}

fn kind(payable: Payable) -> &'static str {
    match payable {
        Payable::Invoice(_) => INVOICE,
        Payable::Charge(_) => CHARGE,
    }
}

fn payable(kind: &str, id: Uuid) -> Option<Payable> {
    match kind {
        INVOICE => Some(Payable::Invoice(InvoiceId(id))),
        CHARGE => Some(Payable::Charge(CreditChargeId(id))),
        _ => None,
    }
}

/// The ways to pay, as Stripe calls them.
fn methods(billing_type: BillingType) -> &'static [&'static str] {
    match billing_type {
        BillingType::Pix => &["pix"],
        BillingType::Boleto => &["boleto"],
        BillingType::CreditCard => &["card"],
        BillingType::Undefined => &["card", "boleto", "pix"],
    }
}

#[cfg(test)]
mod tests;
