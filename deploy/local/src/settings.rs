//! What each part is told.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use billing::{
    BankAggregatorSimulator, FiscalIssuerSimulator, InvoicingConfig, Payee, PaymentConfig,
    PaymentProviderSimulator,
};
use chassis::auth::Credentials;
use chassis::client::{self, Upstream};
use chassis::clock::Clock;
use chassis::config::{DatabaseConfig, Limits, Peers, Secret, ServiceConfig};
use chassis::events::BusConfig;
use chassis::host::{Activity, Host};
use chassis::mail::{FolderMailer, MailConfig};
use chassis::telemetry::TelemetryConfig;
use telecom::{
    AdministratorSimulator, CarrierSimulator, MelhorEnvioConfig, ParcelCarrierKind,
    ParcelCarrierSimulator, ParcelConfig, PortabilityConfig, SwitchConfig, SwitchKind,
    SwitchSimulator,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::demo;
use crate::options::Options;
use crate::process::Part;
use crate::sandbox::{self, Sandbox};
use crate::secrets::Secrets;

const CONNECTIONS_MAX: u32 = 20;
/// How often everybody asks identity for its keys.
const TRUST_REFRESH_MS: u64 = 1_000;
const CARRIER_TIMEOUT_MS: u64 = 30_000;
const CARRIER_RETRY_MAX_MS: u64 = 2_000;
const FISCAL_RETRY_MAX_MS: u64 = 2_000;
// A company of nobody: the operator in the sandbox.
const FISCAL_CNPJ: &str = "45.874.123/0001-90";
const FISCAL_STATE: &str = "PR";
const PIX_KEY: &str = "e6f1b2a4-5c3d-4e8f-9a0b-1c2d3e4f5a6b";
const PARCEL_TRACKING_MINUTES: u64 = 60;
const NUMBER_QUARANTINE_DAYS: u32 = 180;

/// What starting a part takes, again and again.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) options: Options,
    pub(crate) secrets: Secrets,
    pub(crate) database: Url,
    pub(crate) clock: Clock,
    pub(crate) activity: Activity,
    pub(crate) carrier: Arc<CarrierSimulator>,
    pub(crate) parcel_carrier: Arc<ParcelCarrierSimulator>,
    pub(crate) fiscal_issuer: Arc<FiscalIssuerSimulator>,
    pub(crate) administrator: Arc<AdministratorSimulator>,
    pub(crate) payments: Arc<PaymentProviderSimulator>,
    pub(crate) bank: Arc<BankAggregatorSimulator>,
    pub(crate) switch: Arc<SwitchSimulator>,
    pub(crate) mail_folder: PathBuf,
    pub(crate) peers: Peers,
    pub(crate) gateway_url: String,
}

/// The database role of a service.
pub(crate) fn role(part: Part) -> String {
    format!("linha_{part}")
}

/// Runs a part until `shutdown`.
pub(crate) async fn serve(
    part: Part,
    settings: Settings,
    listener: TcpListener,
    admin: Option<TcpListener>,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let (clock, activity) = (settings.clock.clone(), settings.activity.clone());
    if part == Part::Gateway {
        let extra = sandbox::extra(&settings.sandbox()?);
        let host = gateway::GatewayHost { listener, admin, clock, shutdown, activity, extra };
        return gateway::serve(settings.gateway()?, host).await;
    }
    let host = Host { listener, admin, clock: clock.clone(), shutdown, activity };
    let service = settings.service(part)?;
    match part {
        Part::Identity => {
            let outside = identity::Outside { mailer: settings.mailer() };
            identity::serve(settings.identity(service)?, host, outside).await
        }
        Part::Company => company::serve(settings.company(service)?, host).await,
        Part::Telecom => {
            let outside = telecom::Outside {
                carrier: settings.carrier.clone(),
                parcel_carrier: Some(settings.parcel_carrier.clone()),
                portability_administrator: settings.administrator.clone(),
                sms: settings.administrator.clone(),
                switch: settings.switch.clone(),
            };
            telecom::serve(settings.telecom(service), host, outside).await
        }
        Part::Billing => {
            let outside = billing::Outside {
                mailer: settings.mailer(),
                fiscal_issuer: settings.fiscal_issuer.clone(),
                payments: settings.payments.clone(),
                bank: settings.bank.clone(),
            };
            billing::serve(settings.billing(service)?, host, outside).await
        }
        Part::Gateway => Ok(()),
    }
}

impl Settings {
    fn service(&self, part: Part) -> anyhow::Result<ServiceConfig> {
        let mut url = self.database.clone();
        let set = url.set_username(&role(part)).and(url.set_password(Some(&self.secrets.database)));
        set.ok().context("the Postgres URL takes no user")?;
        Ok(ServiceConfig {
            listen: None,
            admin_listen: None,
            service_secret: self.secrets.service.parse::<Secret>()?,
            keyring: self.secrets.keyring.parse()?,
            database: DatabaseConfig {
                database_url: url.as_str().parse::<Secret>()?,
                database_read_only_url: None,
                database_connections_max: CONNECTIONS_MAX,
                migrate_at_start: true,
            },
            peers: self.peers.clone(),
            bus: BusConfig::default(),
            limits: Limits {
                // One process, one user: a crash is noticed and mended while somebody watches.
                worker_lost_after_ms: 5_000,
                delivery_retry_max_ms: 2_000,
                trust_refresh_ms: TRUST_REFRESH_MS,
                ..Limits::default()
            },
            telemetry: TelemetryConfig::default(),
        })
    }

    fn identity(&self, service: ServiceConfig) -> anyhow::Result<identity::Config> {
        let secrets: Vec<String> =
            Part::ALL.iter().map(|part| format!("{part}={}", self.secrets.service)).collect();
        let mut config = identity::Config::new(service, secrets.join(",").parse()?);
        config.mail.public_url = self.gateway_url.parse()?;
        config.bootstrap_operator_email = Some(demo::OPERATOR.0.parse()?);
        config.bootstrap_operator_password = Some(demo::OPERATOR.1.parse::<Secret>()?);
        if self.options.no_rate_limits {
            config.policy.account_signups_max = u32::MAX;
        }
        Ok(config)
    }

    fn mailer(&self) -> Arc<FolderMailer> {
        Arc::new(FolderMailer::new(self.mail_folder.clone()))
    }

    fn billing(&self, service: ServiceConfig) -> anyhow::Result<billing::Config> {
        let mut fiscal = billing::FiscalConfig::new(FISCAL_CNPJ.parse()?, FISCAL_STATE.parse()?);
        fiscal.fiscal_retry_max_ms = FISCAL_RETRY_MAX_MS;
        let public_url = self.gateway_url.parse()?;
        let mail = MailConfig { public_url, ..MailConfig::default() };
        let payee = Payee {
            pix_key: PIX_KEY.parse()?,
            pix_merchant_name: "Linha Sandbox".to_owned(),
            pix_merchant_city: "Curitiba".to_owned(),
            boleto_bank: "001".to_owned(),
            boleto_agreement: "0000".to_owned(),
        };
        let payments = PaymentConfig::simulated(payee);
        // A tester who moves the clock by months says when a month is to be closed.
        let invoicing = InvoicingConfig {
            billing_automatic: self.options.automatic_billing,
            ..InvoicingConfig::default()
        };
        let terms = billing::Terms::default();
        let credit = billing::CreditConfig::default();
        let bank = billing::BankConfig::simulated();
        Ok(billing::Config { service, invoicing, mail, fiscal, payments, credit, terms, bank })
    }

    fn company(&self, service: ServiceConfig) -> anyhow::Result<company::Config> {
        let webhook_hosts = self.options.webhook_hosts.clone();
        let public_url = self.gateway_url.parse()?;
        let webhooks = company::WebhookConfig { public_url, webhook_hosts, ..Default::default() };
        Ok(company::Config { service, webhooks })
    }

    fn gateway(&self) -> anyhow::Result<gateway::Config> {
        let secret = self.secrets.service.parse::<Secret>()?;
        let mut config = gateway::Config::new(secret, self.peers.clone());
        config.limits.no_rate_limits = self.options.no_rate_limits;
        config.web.public_url = self.gateway_url.parse()?;
        if let Some([caller, address, sensitive]) = self.options.rates {
            config.limits.caller_rate = caller;
            config.limits.address_rate = address;
            config.limits.sensitive_rate = sensitive;
        }
        config.limits.trust_refresh_ms = TRUST_REFRESH_MS;
        config.web.confirm_redirect_origins = self.options.confirm_redirect_origins.clone();
        Ok(config)
    }

    fn telecom(&self, service: ServiceConfig) -> telecom::Config {
        // Load tests dial as often as they like.
        let dials_per_minute = match self.options.no_rate_limits {
            true => 0,
            false => SwitchConfig::default().dials_per_minute,
        };
        telecom::Config {
            service,
            provider: "americanet".to_owned(),
            carrier: Some(telecom::CarrierKind::Simulator),
            carrier_timeout_ms: CARRIER_TIMEOUT_MS,
            carrier_retry_max_ms: CARRIER_RETRY_MAX_MS,
            line_order_retry_max_ms: CARRIER_RETRY_MAX_MS,
            parcels: ParcelConfig {
                parcel_carrier: Some(ParcelCarrierKind::Simulator),
                parcel_carrier_timeout_ms: CARRIER_TIMEOUT_MS,
                parcel_carrier_retry_max_ms: CARRIER_RETRY_MAX_MS,
                parcel_tracking_minutes: PARCEL_TRACKING_MINUTES,
                melhor_envio: MelhorEnvioConfig::default(),
            },
            portability: PortabilityConfig::default(),
            switch: SwitchConfig {
                switch: Some(SwitchKind::Simulator),
                dials_per_minute,
                ..SwitchConfig::default()
            },
            number_quarantine_days: NUMBER_QUARANTINE_DAYS,
        }
    }

    fn sandbox(&self) -> anyhow::Result<Sandbox> {
        Ok(Sandbox {
            clock: self.clock.clone(),
            activity: self.activity.clone(),
            carrier: self.carrier.clone(),
            parcel_carrier: self.parcel_carrier.clone(),
            fiscal_issuer: self.fiscal_issuer.clone(),
            administrator: self.administrator.clone(),
            payments: self.payments.clone(),
            bank: self.bank.clone(),
            switch: self.switch.clone(),
            billing: self.upstream(&self.peers.billing_url)?,
            mail_folder: self.mail_folder.clone(),
        })
    }

    /// A service, as the outside world speaks to it: through the gateway.
    fn upstream(&self, url: &http::Uri) -> anyhow::Result<Upstream> {
        let credentials = Credentials::new(
            Part::Gateway.name(),
            self.secrets.service.parse::<Secret>()?,
            self.clock.clone(),
            client::channel(self.peers.identity_url.clone()),
        );
        Ok(Upstream::new(client::channel(url.clone()), credentials))
    }
}
