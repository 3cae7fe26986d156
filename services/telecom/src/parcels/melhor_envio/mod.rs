//! Melhor Envio, who sells the labels of Brazil's parcel carriers, over its HTTP API.
//!
//! A parcel is quoted, put into the account's cart, paid from its wallet, and labeled: each step
//! is looked at before it is taken, so that whatever broke off goes on where it was, and nothing
//! is paid twice. The order's id is noted before it is paid. What lies in the cart costs nothing:
//! an order whose id was lost with an answer stays there unpaid. Every step is tried once for each
//! attempt; attempts follow each other in the service's own queue. Labels are printed on Melhor
//! Envio's own pages.

mod api;
mod config;
mod store;
pub(crate) mod tokens;
mod wire;

use std::collections::HashMap;

use brazil::CompanyId;
use chassis::Service;
use chassis::neighbours::companies;
use futures::future::BoxFuture;
use hmac::{Hmac, Mac};
use proto::company::v1::Company;
use serde_json::{Value, json};
use sha2::Sha256;
use tonic::Status;

use super::{
    MessageError, Parcel, ParcelCarrier, ParcelCarrierError, ParcelEvent, ParcelMessage,
    ParcelName, ParcelRequest, ShipmentId,
};
use api::{Api, Failure};
pub use config::{MelhorEnvioConfig, Sender};
use wire::{Message, Order, Quote};

/// A paid order is called off because its sender does not want it any more.
const CANCEL_REASON: &str = "2";
/// Paying, labeling, and a look at what came of it.
const STEPS_MAX: usize = 3;

/// Melhor Envio, as a parcel carrier.
pub(crate) struct MelhorEnvio {
    service: Service,
    api: Api,
    sender: Sender,
    services: Option<String>,
    find_company: FindCompany,
}

/// Asks company who a company is.
type FindCompany =
    Box<dyn Fn(CompanyId) -> BoxFuture<'static, Result<Option<Company>, Status>> + Send + Sync>;

impl MelhorEnvio {
    /// Prepares the way there.
    ///
    /// # Errors
    /// When a setting is missing.
    pub(crate) fn new(
        config: &MelhorEnvioConfig,
        timeout: std::time::Duration,
        service: Service,
    ) -> anyhow::Result<Self> {
        let account = config.account()?;
        let asking = service.clone();
        let find_company: FindCompany = Box::new(move |company_id| {
            let service = asking.clone();
            Box::pin(async move { Ok(companies(&service, [company_id]).await?.pop()) })
        });
        Ok(Self {
            api: Api::new(account, timeout, service.clone())?,
            sender: config.sender()?,
            services: config.melhor_envio_services.clone(),
            find_company,
            service,
        })
    }

    /// Has the cheapest service bring it, and notes the order before anything is paid.
    async fn put_into_cart(&self, request: &ParcelRequest) -> Result<String, ParcelCarrierError> {
        let recipient = self.recipient(request.company_id).await?;
        let to = wire::party(&recipient, &request.address)?;
        let quotes = wire::quote(&self.sender, request, self.services.as_deref());
        let quotes: Vec<Quote> = self.api.post("/api/v2/me/shipment/calculate", &quotes).await?;
        let cheapest = quotes.into_iter().filter_map(Quote::price).min_by_key(|(cents, _)| *cents);
        let Some((_, service_id)) = cheapest else {
            return Err(ParcelCarrierError::Refused("nobody brings it there".to_owned()));
        };
        let cart = wire::cart(&self.sender, to, request, service_id);
        let order: Order = self.api.post("/api/v2/me/cart", &cart).await?;
        store::note_order(&self.service.db, request.shipment_id, &order.id)
            .await
            .map_err(|error| unavailable(&error))?;
        Ok(order.id)
    }

    async fn recipient(
        &self,
        company_id: CompanyId,
    ) -> Result<wire::Recipient, ParcelCarrierError> {
        let company = (self.find_company)(company_id).await;
        let company = company.map_err(|status| unavailable(&status))?;
        wire::Recipient::of(company.unwrap_or_default())
    }

    /// An order as it is; none while it lies in the cart.
    async fn order(&self, order_id: &str) -> Result<Option<Order>, ParcelCarrierError> {
        match self.api.get(&format!("/api/v2/me/orders/{order_id}")).await {
            Ok(order) => Ok(Some(order)),
            Err(Failure::NotFound) => Ok(None),
            Err(failure) => Err(failure.into()),
        }
    }

    async fn pay(&self, order_id: &str) -> Result<(), ParcelCarrierError> {
        let orders = json!({"orders": [order_id]});
        match self.api.post::<Value>("/api/v2/me/shipment/checkout", &orders).await {
            Ok(_) => Ok(()),
            Err(Failure::Refused { reason, message }) => {
                if message.to_lowercase().contains("saldo") {
                    tracing::error!("the wallet at Melhor Envio does not pay for a parcel");
                    return Err(ParcelCarrierError::Unavailable);
                }
                Err(ParcelCarrierError::Refused(reason))
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// Labels are made in their own time: whether it has been is seen at the order.
    async fn label(&self, order_id: &str) -> Result<(), ParcelCarrierError> {
        let orders = json!({"orders": [order_id]});
        self.api.post::<Value>("/api/v2/me/shipment/generate", &orders).await?;
        Ok(())
    }

    async fn drop_from_cart(&self, order_id: &str) -> Result<(), ParcelCarrierError> {
        match self.api.delete(&format!("/api/v2/me/cart/{order_id}")).await {
            Ok(()) | Err(Failure::NotFound) => Ok(()),
            Err(failure) => Err(failure.into()),
        }
    }

    async fn call_off(&self, order_id: &str) -> Result<(), ParcelCarrierError> {
        let order = json!({"order": {
            "id": order_id, "reason_id": CANCEL_REASON, "description": "Não será mais enviado"
        }});
        let answer: Value = self.api.post("/api/v2/me/shipment/cancel", &order).await?;
        match answer[order_id]["canceled"].as_bool() {
            Some(true) => Ok(()),
            _ => Err(under_way()),
        }
    }
}

fn under_way() -> ParcelCarrierError {
    ParcelCarrierError::Refused("under-way".to_owned())
}

fn unavailable(error: &dyn std::fmt::Display) -> ParcelCarrierError {
    tracing::warn!(%error, "a parcel has to wait");
    ParcelCarrierError::Unavailable
}

#[tonic::async_trait]
impl ParcelCarrier for MelhorEnvio {
    async fn book(&self, request: ParcelRequest) -> Result<Parcel, ParcelCarrierError> {
        let noted = store::order_of(&self.service.db, request.shipment_id).await;
        let order_id = match noted.map_err(|error| unavailable(&error))? {
            Some(order_id) => order_id,
            None => self.put_into_cart(&request).await?,
        };
        for _ in 0..STEPS_MAX {
            match self.order(&order_id).await? {
                Some(order) if order.has_ended() => {
                    return Err(ParcelCarrierError::Refused(order.status()));
                }
                Some(order) if order.is_labeled() => return Ok(order.into()),
                Some(order) if order.is_paid() => self.label(&order_id).await?,
                Some(_) | None => self.pay(&order_id).await?,
            }
        }
        // Labeled a little later.
        Err(ParcelCarrierError::Unavailable)
    }

    async fn track(&self, parcel: ParcelName) -> Result<Vec<ParcelEvent>, ParcelCarrierError> {
        let orders = json!({"orders": [parcel.provider_id]});
        let answer: HashMap<String, Order> =
            self.api.post("/api/v2/me/shipment/tracking", &orders).await?;
        let events = answer.get(&parcel.provider_id).and_then(Order::events);
        events.ok_or(ParcelCarrierError::Unavailable)
    }

    async fn cancel(&self, shipment_id: ShipmentId) -> Result<(), ParcelCarrierError> {
        let noted = store::order_of(&self.service.db, shipment_id).await;
        let Some(order_id) = noted.map_err(|error| unavailable(&error))? else { return Ok(()) };
        match self.order(&order_id).await? {
            Some(order) if order.has_ended() => Ok(()),
            Some(order) if order.is_under_way() => Err(under_way()),
            Some(order) if order.is_paid() => self.call_off(&order_id).await,
            Some(_) | None => self.drop_from_cart(&order_id).await,
        }
    }

    fn read(&self, body: &[u8], signature: &str) -> Result<Option<ParcelMessage>, MessageError> {
        use base64::Engine;
        use base64::engine::general_purpose::STANDARD;

        let secret = self.api.secret().as_bytes();
        let mut mac =
            <Hmac<Sha256> as Mac>::new_from_slice(secret).expect("HMAC takes keys of any length");
        mac.update(body);
        let signature = STANDARD.decode(signature).map_err(|_| MessageError::Untrusted)?;
        mac.verify_slice(&signature).map_err(|_| MessageError::Untrusted)?;
        let message: Message =
            serde_json::from_slice(body).map_err(|_| MessageError::Unreadable)?;
        // A message without an order is how the address is tried out.
        let Some(order) = message.data else { return Ok(None) };
        let events = order.events().ok_or(MessageError::Unreadable)?;
        Ok(Some(ParcelMessage { provider_id: order.id, events }))
    }
}

#[cfg(test)]
mod tests;
