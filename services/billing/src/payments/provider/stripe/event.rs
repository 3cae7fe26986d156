//! Events as Stripe sends and signs them.

use brazil::Cents;
use chassis::config::Secret;
use hmac::{Hmac, Mac};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::Sha256;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{MessageError, Payable, payable};
use crate::payments::provider::PaymentResult;

/// How far the time of a signature may be from ours, in seconds: as Stripe's own libraries have it.
const TOLERANCE_SECONDS: i64 = 300;
const ID_LENGTH_MAX: usize = 100;

/// Whether one of the secrets signed the body at about `now`: `t=<seconds>,v1=<hex>,…`, where each
/// v1 is an HMAC of the time, a point, and the body.
pub(super) fn signed(secrets: &[Secret], body: &[u8], header: &str, now: OffsetDateTime) -> bool {
    let mut time = None;
    let mut signatures = Vec::new();
    for part in header.split(',') {
        match part.trim().split_once('=') {
            Some(("t", seconds)) => time = seconds.parse::<i64>().ok(),
            Some(("v1", hex)) => signatures.extend(bytes(hex)),
            _ => {}
        }
    }
    let Some(time) = time else { return false };
    if now.unix_timestamp().abs_diff(time) > TOLERANCE_SECONDS.unsigned_abs() {
        return false;
    }
    secrets.iter().any(|secret| {
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(secret.expose().as_bytes())
            .expect("HMAC takes keys of any length");
        mac.update(time.to_string().as_bytes());
        mac.update(b".");
        mac.update(body);
        signatures.iter().any(|signature| mac.clone().verify_slice(signature).is_ok())
    })
}

/// Hexadecimal digits as bytes.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let (pairs, []) = hex.as_bytes().as_chunks::<2>() else { return None };
    let byte = |pair: &[u8; 2]| {
        let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
        u8::try_from(high? * 16 + low?).ok()
    };
    pairs.iter().map(byte).collect()
}

/// An event; its object is read when its type says what it is.
#[derive(Deserialize)]
pub(super) struct Event {
    pub(super) id: String,
    r#type: String,
    created: i64,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Value,
    #[serde(default)]
    previous_attributes: Value,
}

/// What we noted at an intent; Stripe copies it to the charges that pay it.
#[derive(Default, Deserialize)]
pub(super) struct Metadata {
    linha_kind: Option<String>,
    linha_id: Option<Uuid>,
}

impl Metadata {
    /// What is paid; none when it is none of ours.
    pub(super) fn subject(&self) -> Option<Payable> {
        payable(self.linha_kind.as_deref()?, self.linha_id?)
    }
}

#[derive(Deserialize)]
pub(super) struct Intent {
    amount: i64,
    amount_received: Option<i64>,
    #[serde(default)]
    pub(super) metadata: Metadata,
}

#[derive(Deserialize)]
struct Charge {
    amount_refunded: i64,
    payment_intent: Option<String>,
    #[serde(default)]
    metadata: Metadata,
}

/// What an event is about.
pub(super) enum Subject {
    /// This, or none of ours.
    Known(Option<Payable>),
    /// What this intent was made for.
    Intent(String),
}

impl Event {
    pub(super) fn read(body: &[u8]) -> Result<Self, MessageError> {
        serde_json::from_slice(body)
            .ok()
            .filter(|event: &Self| (1..=ID_LENGTH_MAX).contains(&event.id.len()))
            .ok_or(MessageError::Unreadable)
    }

    pub(super) fn occurred_at(&self) -> Result<OffsetDateTime, MessageError> {
        OffsetDateTime::from_unix_timestamp(self.created).map_err(|_| MessageError::Unreadable)
    }

    /// What became of which payment, and how much it was. None when it tells of something else.
    pub(super) fn payment(&self) -> Result<Option<(PaymentResult, Cents, Subject)>, MessageError> {
        let payment = match self.r#type.as_str() {
            "payment_intent.succeeded" => {
                let intent: Intent = self.object()?;
                let paid = Cents::new(intent.amount_received.unwrap_or(intent.amount));
                (PaymentResult::Paid, paid, Subject::Known(intent.metadata.subject()))
            }
            "payment_intent.payment_failed" => {
                let intent: Intent = self.object()?;
                let asked = Cents::new(intent.amount);
                (PaymentResult::Failed, asked, Subject::Known(intent.metadata.subject()))
            }
            "charge.refunded" => {
                let charge: Charge = self.object()?;
                // The charge tells all that was ever paid back, the event what it was before.
                let before = &self.data.previous_attributes["amount_refunded"];
                let refunded = charge.amount_refunded - before.as_i64().unwrap_or(0);
                let subject = match (charge.metadata.subject(), charge.payment_intent) {
                    (None, Some(intent_id)) => Subject::Intent(intent_id),
                    (known, _) => Subject::Known(known),
                };
                (PaymentResult::Refunded, Cents::new(refunded), subject)
            }
            _ => return Ok(None),
        };
        Ok(Some(payment).filter(|(_, amount, _)| *amount > Cents::ZERO))
    }

    fn object<T: DeserializeOwned>(&self) -> Result<T, MessageError> {
        T::deserialize(&self.data.object).map_err(|_| MessageError::Unreadable)
    }
}
