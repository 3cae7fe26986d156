//! Mobile lines, and the numbers and SIM cards they are made of.

mod calls;
mod carrier;
mod custom_fields;
mod data_top_ups;
mod devices;
mod dunning;
mod error;
mod extensions;
mod holds;
mod line_orders;
mod lines;
mod measures;
mod neighbours;
mod numbers;
mod parcels;
mod portability;
mod publications;
mod sealed;
mod search;
#[cfg(test)]
mod sharding;
mod shipments;
mod sim_cards;
mod stock;
mod switch;
#[cfg(test)]
mod testing;
mod timeline;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chassis::clock::Clock;
use chassis::config::ServiceConfig;
use chassis::server::Server;
use chassis::{Host, Service};
use clap::{Parser, ValueEnum};
use proto::telecom::v1::call_service_server::CallServiceServer;
use proto::telecom::v1::company_hold_service_server::CompanyHoldServiceServer;
use proto::telecom::v1::custom_field_service_server::CustomFieldServiceServer;
use proto::telecom::v1::data_top_up_service_server::DataTopUpServiceServer;
use proto::telecom::v1::device_service_server::DeviceServiceServer;
use proto::telecom::v1::extension_service_server::ExtensionServiceServer;
use proto::telecom::v1::line_order_service_server::LineOrderServiceServer;
use proto::telecom::v1::line_search_service_server::LineSearchServiceServer;
use proto::telecom::v1::line_service_server::LineServiceServer;
use proto::telecom::v1::portability_service_server::PortabilityServiceServer;
use proto::telecom::v1::shipment_service_server::ShipmentServiceServer;
use proto::telecom::v1::stock_service_server::StockServiceServer;
use proto::telecom::v1::timeline_service_server::TimelineServiceServer;
use sqlx::migrate::Migrator;

use calls::{Calls, EndAtSwitch, FetchRecording, PlaceCall, SettleEnded};
pub use carrier::{
    AddedData, Carrier, CarrierError, CarrierSimulator, Demand, DemandId,
    Operation as CarrierOperation, ServiceProfile, SimulatedLine,
};
use custom_fields::rpc::CustomFieldRpcs;
use data_top_ups::rpc::TopUps;
use data_top_ups::{GiveData, Giving};
use devices::rpc::Devices;
use dunning::SettleCompany;
use extensions::Extensions;
use holds::Holds;
use line_orders::{AdvanceLineOrder, LineOrders};
use lines::{Lines, ServeWaitingLines, TellCarrier, Telling};
pub use parcels::{
    MelhorEnvioConfig, MessageError, Parcel, ParcelCarrier, ParcelCarrierError, ParcelCarrierKind,
    ParcelCarrierSimulator, ParcelConfig, ParcelEvent, ParcelMessage, ParcelName, ParcelOperation,
    ParcelProgress, ParcelRequest, ParcelSender, ShipmentId, SimulatedParcel,
};
pub use portability::{
    AdministratorError, AdministratorSimulator, DenialReason, HolderKind, Message as PortInMessage,
    PlannedEvent, PortabilityAdministrator, PortabilityConfig, PortabilityKind, Saying,
    SimulatedEvent, Sms, SmsUnavailable, TextMessage, Ticket, TicketStatus,
};
use portability::{Portability, RunErrand};
use publications::subscriptions;
pub use sealed::SEALED;
use search::{CountTerms, Counting, CountingContext, Search};
use shipments::rpc::Shipments;
use shipments::{BookShipment, CancelParcel, Parcels, follow_parcels};
use stock::Stock;
pub use switch::{
    CallId, CallOrder, CallStatus, Direction, Endpoint, FreeSwitch, FreeSwitchConfig, HangupCause,
    Happening, InvalidHangupCause, PlannedCallEvent, SimulatedCallEvent, Switch, SwitchConfig,
    SwitchError, SwitchEvent, SwitchKind, SwitchOperation, SwitchSimulator, SwitchTimes,
};
use timeline::rpc::Timeline;

/// The service's own tables.
pub static MIGRATIONS: Migrator = sqlx::migrate!();

/// Settings of the service, from flags or environment; `--help` lists them all.
#[derive(Clone, Debug, Parser)]
#[command(name = "linha-telecom", version, about)]
pub struct Config {
    #[command(flatten)]
    pub service: ServiceConfig,

    /// Name of the carrier that lines and cards are on unless a request names another.
    #[arg(
        long,
        env = "LINHA_PROVIDER",
        value_name = "LINHA_PROVIDER",
        default_value = "americanet"
    )]
    pub provider: String,

    /// How the carrier is reached. There is no default: a simulator must be asked for.
    #[arg(long, env = "LINHA_CARRIER", value_name = "LINHA_CARRIER")]
    pub carrier: Option<CarrierKind>,

    /// Longest that the carrier may take to answer, in milliseconds.
    #[arg(
        long,
        env = "LINHA_CARRIER_TIMEOUT_MS",
        value_name = "LINHA_CARRIER_TIMEOUT_MS",
        default_value_t = 30_000
    )]
    pub carrier_timeout_ms: u64,

    /// Longest pause between two attempts to reach the carrier, in milliseconds.
    #[arg(
        long,
        env = "LINHA_CARRIER_RETRY_MAX_MS",
        value_name = "LINHA_CARRIER_RETRY_MAX_MS",
        default_value_t = 60_000
    )]
    pub carrier_retry_max_ms: u64,

    /// Longest pause between two attempts to bring an order forward, in milliseconds.
    #[arg(
        long,
        env = "LINHA_LINE_ORDER_RETRY_MAX_MS",
        value_name = "LINHA_LINE_ORDER_RETRY_MAX_MS",
        default_value_t = 60_000
    )]
    pub line_order_retry_max_ms: u64,

    #[command(flatten)]
    pub parcels: ParcelConfig,

    #[command(flatten)]
    pub portability: PortabilityConfig,

    #[command(flatten)]
    pub switch: SwitchConfig,

    /// Days for which a number that left a line is given to no other.
    #[arg(
        long,
        env = "LINHA_NUMBER_QUARANTINE_DAYS",
        value_name = "LINHA_NUMBER_QUARANTINE_DAYS",
        default_value_t = 180
    )]
    pub number_quarantine_days: u32,
}

/// A way to reach a carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CarrierKind {
    /// No carrier at all: activations succeed in memory.
    Simulator,
}

impl Config {
    /// What the process of a service of its own finds outside.
    ///
    /// # Errors
    /// When the settings name no carrier, no parcel carrier, no portability administrator or no
    /// telephone switch.
    pub fn outside(&self, clock: &Clock) -> anyhow::Result<Outside> {
        let kind = self.carrier.context("LINHA_CARRIER is not set; it can be: simulator")?;
        let carrier = match kind {
            CarrierKind::Simulator => Arc::new(CarrierSimulator::new()),
        };
        let administrator = self.portability.administrator(clock)?;
        Ok(Outside {
            carrier,
            parcel_carrier: self.parcels.carrier(clock)?,
            sms: administrator.clone(),
            portability_administrator: administrator,
            switch: self.switch.switch(clock)?,
        })
    }
}

impl AsRef<ServiceConfig> for Config {
    fn as_ref(&self) -> &ServiceConfig {
        &self.service
    }
}

/// The outside world, as the service meets it.
pub struct Outside {
    /// The network that lines run on.
    pub carrier: Arc<dyn Carrier>,
    /// Who brings SIM cards to companies; none means the real one that the settings name.
    pub parcel_carrier: Option<Arc<dyn ParcelCarrier>>,
    /// Who has numbers moved between operators.
    pub portability_administrator: Arc<dyn PortabilityAdministrator>,
    /// Who brings texts to phones.
    pub sms: Arc<dyn Sms>,
    /// What makes calls.
    pub switch: Arc<dyn Switch>,
}

/// Runs the service until the host's shutdown.
///
/// # Errors
/// When the database cannot be opened or migrated, or the socket fails.
pub async fn serve(config: Config, host: Host, outside: Outside) -> anyhow::Result<()> {
    let service =
        Service::open("telecom", &config.service, &MIGRATIONS, host.clock.clone(), subscriptions())
            .await?;
    let provider: Arc<str> = config.provider.into();
    let quarantine = time::Duration::days(config.number_quarantine_days.into());
    let lines = Lines::new(service.clone(), provider.clone()).with_quarantine(quarantine);
    let telling = Telling {
        lines: lines.clone(),
        carrier: outside.carrier,
        timeout: Duration::from_millis(config.carrier_timeout_ms),
        retry_max: Duration::from_millis(config.carrier_retry_max_ms),
    };
    let line_orders = LineOrders {
        service: service.clone(),
        lines: lines.clone(),
        retry_max: Duration::from_millis(config.line_order_retry_max_ms),
    };
    let giving = Giving {
        lines: lines.clone(),
        carrier: telling.carrier.clone(),
        timeout: telling.timeout,
        retry_max: telling.retry_max,
    };
    let parcel_carrier = match outside.parcel_carrier {
        Some(carrier) => carrier,
        None => config.parcels.reach(&service)?,
    };
    let parcels = Parcels {
        service: service.clone(),
        carrier: parcel_carrier,
        timeout: config.parcels.timeout(),
        retry_max: config.parcels.retry_max(),
        track_every: config.parcels.track_every(),
    };
    let portability = Portability::new(
        lines.clone(),
        outside.portability_administrator,
        outside.sms,
        &config.portability,
    );
    let calls = Calls::new(service.clone(), outside.switch, &config.switch);
    let counting = Counting::default();
    Server::new(&service)
        .grpc(
            CallServiceServer::new(calls.clone())
                .max_encoding_message_size(calls::MESSAGE_BYTES_MAX),
        )
        .grpc(CompanyHoldServiceServer::new(Holds { service: service.clone() }))
        .grpc(
            DeviceServiceServer::new(Devices { service: service.clone() })
                .max_decoding_message_size(devices::MESSAGE_BYTES_MAX)
                .max_encoding_message_size(devices::MESSAGE_BYTES_MAX),
        )
        .grpc(ExtensionServiceServer::new(Extensions { service: service.clone() }))
        .grpc(CustomFieldServiceServer::new(CustomFieldRpcs { service: service.clone() }))
        .grpc(DataTopUpServiceServer::new(TopUps { lines: lines.clone() }))
        .grpc(LineSearchServiceServer::new(Search { service: service.clone(), counting }))
        .grpc(LineServiceServer::new(lines.clone()))
        .grpc(LineOrderServiceServer::new(line_orders.clone()))
        .grpc(PortabilityServiceServer::new(portability.clone()))
        .grpc(ShipmentServiceServer::new(Shipments { parcels: parcels.clone() }))
        .grpc(StockServiceServer::new(Stock::new(service.clone(), provider)))
        .grpc(TimelineServiceServer::new(Timeline::new(service.clone(), lines.clone())))
        .job::<AdvanceLineOrder>(line_orders)
        .job::<BookShipment>(parcels.clone())
        .job::<CancelParcel>(parcels.clone())
        .job::<RunErrand>(portability.clone())
        .job::<GiveData>(giving)
        .job::<CountTerms>(CountingContext { service: service.clone(), counting })
        .sweep(follow_parcels(&parcels))
        .events(search::hear(dunning::hear(lines::event_handlers(&lines), &lines)))
        .job::<TellCarrier>(telling)
        .job::<ServeWaitingLines>(lines.clone())
        .job::<SettleCompany>(lines)
        .job::<PlaceCall>(calls.clone())
        .job::<EndAtSwitch>(calls.clone())
        .job::<SettleEnded>(calls.clone())
        .job::<FetchRecording>(calls.clone())
        .sweep(calls::listen(&calls))
        .sweep(calls::look_after(&calls))
        .sweep(numbers::end_quarantines(&service))
        .sweep(portability::sweep(&portability))
        .sweep(portability::forget_messages(&service))
        .gauges(measures::GAUGES)
        .serve(host)
        .await
}

#[cfg(test)]
mod tests {
    use chassis::crypto::Keyring;
    use chassis::host::Activity;
    use tokio::net::TcpListener;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::lines::Cause;
    use crate::testing::{new_line, stock};
    use crate::timeline::Actor;

    const NOWHERE: &str = "--database-url=postgres://nowhere";

    fn config(more: &[&str]) -> Config {
        let keyring = format!("--keyring={}", Keyring::random_text());
        let needed = ["telecom", "--service-secret=x", &keyring];
        Config::parse_from(needed.iter().chain(more))
    }

    #[test]
    fn a_simulator_must_be_asked_for() {
        let clock = Clock::system();
        let error = config(&[NOWHERE]).outside(&clock).err().unwrap();
        assert!(error.to_string().contains("LINHA_CARRIER"), "{error}");
        let error = config(&[NOWHERE, "--carrier=simulator"]).outside(&clock).err().unwrap();
        assert!(error.to_string().contains("LINHA_PORTABILITY"), "{error}");
        let two = [NOWHERE, "--carrier=simulator", "--portability=simulator"];
        let error = config(&two).outside(&clock).err().unwrap();
        assert!(error.to_string().contains("LINHA_PARCEL_CARRIER"), "{error}");
        let three = [two.as_slice(), &["--parcel-carrier=simulator"]].concat();
        let error = config(&three).outside(&clock).err().unwrap();
        assert!(error.to_string().contains("LINHA_SWITCH"), "{error}");
        let all = [three.as_slice(), &["--switch=simulator"]].concat();
        assert!(config(&all).outside(&clock).is_ok());
    }

    #[test]
    fn lines_are_on_the_usual_carrier() {
        assert_eq!(config(&[NOWHERE]).provider, "americanet");
    }

    #[tokio::test]
    async fn a_service_that_starts_does_what_waits_for_it() {
        let (service, database) = chassis::testing::service("telecom", &MIGRATIONS, vec![]).await;
        let new = &new_line();
        stock(&service, new.area_code, 1).await;
        let lines = &Lines::new(service.clone(), "americanet".into());
        let order = service.transaction(|mut tx| {
            Box::pin(async move {
                lines.order(&mut tx, new.clone(), &Cause::from(Actor::service("test"))).await
            })
        });
        order.await.unwrap();

        let carrier = CarrierSimulator::new();
        let shutdown = CancellationToken::new();
        let host = Host {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            admin: None,
            clock: Clock::system(),
            shutdown: shutdown.clone(),
            activity: Activity::default(),
        };
        let config = config(&[&format!("--database-url={}", database.url)]);
        let administrator = Arc::new(AdministratorSimulator::new(Clock::system()));
        let outside = Outside {
            carrier: Arc::new(carrier.clone()),
            parcel_carrier: Some(Arc::new(ParcelCarrierSimulator::new(Clock::system()))),
            sms: administrator.clone(),
            portability_administrator: administrator,
            switch: Arc::new(SwitchSimulator::new(Clock::system(), SwitchTimes::default())),
        };
        let serving = tokio::spawn(serve(config, host, outside));
        carrier.asked(1).await;
        assert_eq!(carrier.activations(), 1);
        shutdown.cancel();
        serving.await.unwrap().unwrap();
        let status: String =
            sqlx::query_scalar("select status from line").fetch_one(&service.db).await.unwrap();
        assert_eq!(status, "active");
    }
}
