//! What is said to Melhor Envio, and what it says.

use brazil::{Cnpj, PhoneNumber};
use chassis::address::Address;
use proto::company::v1::Company;
use serde::Deserialize;
use serde_json::{Value, json};
use time::format_description::StaticFormatDescription;
use time::macros::{format_description, offset};
use time::{OffsetDateTime, PrimitiveDateTime};

use super::Sender;
use crate::parcels::{Parcel, ParcelCarrierError, ParcelEvent, ParcelProgress, ParcelRequest};

const NAME: &str = "Melhor Envio";
/// Times are Brasília's, and do not say so.
const TIME: StaticFormatDescription =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
/// Centimetres of a padded envelope, the least that carriers take.
const HEIGHT: u32 = 2;
const WIDTH: u32 = 12;
const LENGTH: u32 = 17;
/// Grams of the envelope, and of a card in it with its carrier.
const ENVELOPE_GRAMS: i32 = 50;
const CARD_GRAMS: i32 = 5;
/// What a card is declared to be worth, in cents.
const CARD_CENTS: i32 = 100;

/// Who gets a parcel.
pub(super) struct Recipient {
    name: String,
    cnpj: Cnpj,
    email: Option<String>,
    phone_number: Option<PhoneNumber>,
}

fn refused(reason: &str) -> ParcelCarrierError {
    ParcelCarrierError::Refused(reason.to_owned())
}

impl Recipient {
    /// # Errors
    /// `Refused` when the company has no name or no CNPJ.
    pub(super) fn of(company: Company) -> Result<Self, ParcelCarrierError> {
        Ok(Self {
            cnpj: company.cnpj.parse().map_err(|_| refused("the company has no CNPJ"))?,
            name: company.official_name,
            email: Some(company.email).filter(|email| !email.is_empty()),
            phone_number: company.phone_number.and_then(|number| number.parse().ok()),
        })
    }
}

/// Who gets a parcel, and where.
///
/// # Errors
/// `Refused` for an address that misses something.
pub(super) fn party(to: &Recipient, address: &Address) -> Result<Value, ParcelCarrierError> {
    let place = place(address).ok_or_else(|| refused("the address is not complete"))?;
    let mut party = json!({
        "name": to.name,
        "company_document": to.cnpj.as_str(),
        "email": to.email,
        "phone": to.phone_number.as_ref().map(national),
    });
    merge(&mut party, place);
    Ok(party)
}

fn sending_party(from: &Sender) -> Value {
    let mut party = json!({
        "name": from.name,
        "company_document": from.cnpj.as_str(),
        "email": from.email.as_str(),
        "phone": national(&from.phone_number),
    });
    if let Some(place) = place(&from.address) {
        merge(&mut party, place);
    }
    party
}

fn merge(party: &mut Value, place: Value) {
    if let (Value::Object(party), Value::Object(place)) = (party, place) {
        party.extend(place);
    }
}

fn national(number: &PhoneNumber) -> String {
    number.to_string().trim_start_matches("+55").to_owned()
}

fn place(address: &Address) -> Option<Value> {
    Some(json!({
        "address": address.street_name.as_ref()?,
        "number": address.street_number.as_deref().unwrap_or("S/N"),
        "complement": address.complement,
        "district": address.neighborhood,
        "city": address.city.as_ref()?,
        "state_abbr": address.state.as_ref()?.to_string(),
        "country_id": "BR",
        "postal_code": address.zip_code.as_ref()?.as_str(),
    }))
}

/// Reais, and kilograms, are written with a point.
fn decimal(units: i32, decimals: usize) -> String {
    let whole = 10_i32.pow(u32::try_from(decimals).unwrap_or_default());
    format!("{}.{:0decimals$}", units / whole, units % whole)
}

fn volume(quantity: i32) -> Value {
    let grams = ENVELOPE_GRAMS.saturating_add(quantity.saturating_mul(CARD_GRAMS));
    json!({"height": HEIGHT, "width": WIDTH, "length": LENGTH, "weight": decimal(grams, 3)})
}

fn options(quantity: i32) -> Value {
    let worth = decimal(quantity.saturating_mul(CARD_CENTS), 2);
    json!({"insurance_value": worth, "receipt": false, "own_hand": false})
}

/// Asks what a parcel costs.
pub(super) fn quote(from: &Sender, parcel: &ParcelRequest, services: Option<&str>) -> Value {
    let code = |address: &Address| address.zip_code.as_ref().map(|cep| cep.as_str().to_owned());
    let mut quote = json!({
        "from": {"postal_code": code(&from.address)},
        "to": {"postal_code": code(&parcel.address)},
        "package": volume(parcel.quantity),
        "options": options(parcel.quantity),
    });
    if let Some(services) = services {
        quote["services"] = json!(services);
    }
    quote
}

/// Asks for a parcel. The tag tells people there which shipment it is.
pub(super) fn cart(from: &Sender, to: Value, parcel: &ParcelRequest, service_id: i64) -> Value {
    let mut options = options(parcel.quantity);
    merge(
        &mut options,
        json!({
            "reverse": false, "non_commercial": true, "platform": "Linha",
            "tags": [{"tag": parcel.shipment_id.to_string()}],
        }),
    );
    json!({
        "service": service_id,
        "from": sending_party(from),
        "to": to,
        "products": [{
            "name": "SIM card", "quantity": parcel.quantity,
            "unitary_value": decimal(CARD_CENTS, 2),
        }],
        "volumes": [volume(parcel.quantity)],
        "options": options,
    })
}

/// What a service asks for a parcel, or why it does not bring it.
#[derive(Deserialize)]
pub(super) struct Quote {
    id: i64,
    custom_price: Option<Value>,
    price: Option<Value>,
    error: Option<String>,
}

impl Quote {
    /// Cents, and the service; none when it does not bring it.
    pub(super) fn price(self) -> Option<(i64, i64)> {
        if self.error.is_some() {
            return None;
        }
        let price = self.custom_price.or(self.price)?;
        let reais: f64 = match &price {
            Value::String(text) => text.parse().ok()?,
            price => price.as_f64()?,
        };
        // Only compared with others.
        Some(((reais * 100.0).round() as i64, self.id))
    }
}

/// An order, and how far it is.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Order {
    pub(super) id: String,
    protocol: Option<String>,
    status: Option<String>,
    tracking: Option<String>,
    self_tracking: Option<String>,
    service: Option<Carried>,
    paid_at: Option<String>,
    generated_at: Option<String>,
    posted_at: Option<String>,
    delivered_at: Option<String>,
    canceled_at: Option<String>,
    expired_at: Option<String>,
}

#[derive(Deserialize)]
struct Carried {
    company: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// What Melhor Envio tells by itself.
#[derive(Deserialize)]
pub(super) struct Message {
    pub(super) data: Option<Order>,
}

impl Order {
    pub(super) fn status(&self) -> String {
        self.status.clone().unwrap_or_else(|| "ended".to_owned())
    }

    /// Whether it will bring nothing any more.
    pub(super) fn has_ended(&self) -> bool {
        let status = self.status.as_deref();
        self.canceled_at.is_some()
            || self.expired_at.is_some()
            || matches!(status, Some("canceled" | "expired" | "undelivered"))
    }

    pub(super) fn is_paid(&self) -> bool {
        self.paid_at.is_some()
    }

    pub(super) fn is_labeled(&self) -> bool {
        self.generated_at.is_some() || self.is_under_way()
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.posted_at.is_some() || self.delivered_at.is_some()
    }

    /// What happened to the parcel, in order; none when a time cannot be read.
    pub(super) fn events(&self) -> Option<Vec<ParcelEvent>> {
        let mut events = vec![];
        let mut add = |progress, at: &Option<String>| {
            if let Some(at) = at {
                events.push(ParcelEvent { progress, at: time_of(at)? });
            }
            Some(())
        };
        add(ParcelProgress::InTransit, &self.posted_at)?;
        add(ParcelProgress::Delivered, &self.delivered_at)?;
        if self.delivered_at.is_none() && self.has_ended() {
            let at = self.canceled_at.as_ref().or(self.expired_at.as_ref());
            let last = at.or(self.posted_at.as_ref()).cloned();
            add(ParcelProgress::Failed(self.status()), &last)?;
        }
        Some(events)
    }
}

fn time_of(text: &str) -> Option<OffsetDateTime> {
    PrimitiveDateTime::parse(text, TIME).ok().map(|time| time.assume_offset(offset!(-3)))
}

impl From<Order> for Parcel {
    fn from(order: Order) -> Self {
        let carrier = order.service.and_then(|service| service.company);
        let tracking = order.tracking.or(order.self_tracking).or(order.protocol);
        Self {
            provider: carrier.map_or_else(|| NAME.to_owned(), |company| company.name),
            tracking_code: tracking.unwrap_or_else(|| order.id.clone()),
            provider_id: order.id,
        }
    }
}
