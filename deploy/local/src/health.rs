//! Whether the parts are ready, by what they say themselves.

use std::collections::BTreeMap;

use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::addresses::Addresses;
use crate::process::Part;

/// Asks the parts.
pub(crate) struct Health {
    services: BTreeMap<Part, Channel>,
    gateway: String,
    http: reqwest::Client,
}

impl Health {
    pub(crate) fn of(addresses: &Addresses) -> anyhow::Result<Self> {
        let services = Part::SERVICES
            .into_iter()
            .map(|part| Ok((part, chassis::client::channel(addresses.grpc_uri(part)?))))
            .collect::<anyhow::Result<_>>()?;
        Ok(Self {
            services,
            gateway: format!("{}/readyz", addresses.gateway),
            http: reqwest::Client::builder().no_proxy().build()?,
        })
    }

    /// A service is ready when it serves, the gateway when its `/readyz` says so.
    pub(crate) async fn is_ready(&self, part: Part) -> bool {
        match self.services.get(&part) {
            Some(channel) => HealthClient::new(channel.clone())
                .check(HealthCheckRequest::default())
                .await
                .is_ok_and(|answer| answer.into_inner().status() == ServingStatus::Serving),
            None => {
                let answer = self.http.get(&self.gateway).send().await;
                answer.is_ok_and(|answer| answer.status().is_success())
            }
        }
    }
}
