//! Settings of the account at Melhor Envio.

use std::str::FromStr;

use anyhow::Context;
use brazil::{Cnpj, Email, PhoneNumber};
use chassis::address::Address;
use chassis::config::{Secret, outside_url};
use clap::Args;
use serde::Deserialize;

/// The account at Melhor Envio, and who sends.
#[derive(Clone, Debug, Args)]
pub struct MelhorEnvioConfig {
    /// Where Melhor Envio is; https://sandbox.melhorenvio.com.br is its sandbox.
    #[arg(
        long,
        env = "LINHA_MELHOR_ENVIO_URL",
        value_name = "LINHA_MELHOR_ENVIO_URL",
        default_value = Self::URL
    )]
    pub melhor_envio_url: http::Uri,

    /// Id of the application there.
    #[arg(long, env = "LINHA_MELHOR_ENVIO_CLIENT_ID", value_name = "LINHA_MELHOR_ENVIO_CLIENT_ID")]
    pub melhor_envio_client_id: Option<String>,

    /// Secret of the application; what is sent to us is signed with it.
    #[arg(
        long,
        env = "LINHA_MELHOR_ENVIO_CLIENT_SECRET",
        value_name = "LINHA_MELHOR_ENVIO_CLIENT_SECRET",
        hide_env_values = true
    )]
    pub melhor_envio_client_secret: Option<Secret>,

    /// Refresh token that the account gave the application, to begin with: those that follow are
    /// kept in the database. Another one begins anew.
    #[arg(
        long,
        env = "LINHA_MELHOR_ENVIO_REFRESH_TOKEN",
        value_name = "LINHA_MELHOR_ENVIO_REFRESH_TOKEN",
        hide_env_values = true
    )]
    pub melhor_envio_refresh_token: Option<Secret>,

    /// E-mail at which Melhor Envio reaches whoever looks after the integration.
    #[arg(long, env = "LINHA_MELHOR_ENVIO_CONTACT", value_name = "LINHA_MELHOR_ENVIO_CONTACT")]
    pub melhor_envio_contact: Option<Email>,

    /// Ids of the services to choose from, with commas between; absent, all that the account has.
    #[arg(long, env = "LINHA_MELHOR_ENVIO_SERVICES", value_name = "LINHA_MELHOR_ENVIO_SERVICES")]
    pub melhor_envio_services: Option<String>,

    /// Who sends parcels, as JSON: name, cnpj, phone_number, email, and address with zip_code,
    /// street_name, street_number, complement, neighborhood, city and state.
    #[arg(long, env = "LINHA_PARCEL_SENDER", value_name = "LINHA_PARCEL_SENDER")]
    pub parcel_sender: Option<Sender>,
}

/// Who sends parcels.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sender {
    /// Registered name.
    pub name: String,
    /// CNPJ.
    pub cnpj: Cnpj,
    /// Where questions are answered.
    pub phone_number: PhoneNumber,
    /// The same in writing.
    pub email: Email,
    /// Where parcels are fetched.
    pub address: Address,
}

impl FromStr for Sender {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

/// An application's access to an account.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) url: String,
    pub(super) client_id: String,
    pub(super) client_secret: Secret,
    pub(super) refresh_token: Secret,
    pub(super) contact: Email,
}

impl MelhorEnvioConfig {
    const URL: &str = "https://melhorenvio.com.br";

    /// # Errors
    /// When a part of it is missing.
    pub(super) fn account(&self) -> anyhow::Result<Account> {
        let given = |name| move || format!("{name} is not set");
        Ok(Account {
            url: outside_url("LINHA_MELHOR_ENVIO_URL", &self.melhor_envio_url)?,
            client_id: self
                .melhor_envio_client_id
                .clone()
                .with_context(given("LINHA_MELHOR_ENVIO_CLIENT_ID"))?,
            client_secret: self
                .melhor_envio_client_secret
                .clone()
                .with_context(given("LINHA_MELHOR_ENVIO_CLIENT_SECRET"))?,
            refresh_token: self
                .melhor_envio_refresh_token
                .clone()
                .with_context(given("LINHA_MELHOR_ENVIO_REFRESH_TOKEN"))?,
            contact: self
                .melhor_envio_contact
                .clone()
                .with_context(given("LINHA_MELHOR_ENVIO_CONTACT"))?,
        })
    }

    /// # Errors
    /// When it is missing.
    pub(super) fn sender(&self) -> anyhow::Result<Sender> {
        self.parcel_sender.clone().context("LINHA_PARCEL_SENDER is not set")
    }
}

impl Default for MelhorEnvioConfig {
    /// Melhor Envio's own address, and no account there.
    fn default() -> Self {
        Self {
            melhor_envio_url: http::Uri::from_static(Self::URL),
            melhor_envio_client_id: None,
            melhor_envio_client_secret: None,
            melhor_envio_refresh_token: None,
            melhor_envio_contact: None,
            melhor_envio_services: None,
            parcel_sender: None,
        }
    }
}
