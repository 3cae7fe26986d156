//! Plans, what companies pay for them, and what is charged for lines.

mod error;
mod line_charges;
mod plans;

use chassis::config::ServiceConfig;
use chassis::events::EventHandlers;
use chassis::server::Server;
use chassis::{Host, Service};
use proto::billing::v1::line_charge_service_server::LineChargeServiceServer;
use proto::billing::v1::plan_service_server::PlanServiceServer;
use sqlx::migrate::Migrator;

/// The service's tables.
pub static MIGRATIONS: Migrator = sqlx::migrate!();

/// Plans, prices and charges: one of the services of Linha.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "linha-billing", version)]
pub struct Config {
    /// What every service has.
    #[command(flatten)]
    pub service: ServiceConfig,
}

impl AsRef<ServiceConfig> for Config {
    fn as_ref(&self) -> &ServiceConfig {
        &self.service
    }
}

/// Runs the service until the host's shutdown.
///
/// # Errors
/// When the database cannot be reached or migrated, or the socket fails.
pub async fn serve(config: Config, host: Host) -> anyhow::Result<()> {
    let service =
        Service::open("billing", &config.service, &MIGRATIONS, host.clock.clone(), vec![]).await?;
    let events = EventHandlers::new()
        .on(|tx, received| Box::pin(line_charges::rpc::line_activated(tx, received.event)));
    Server::new(&service)
        .grpc(PlanServiceServer::new(plans::rpc::Plans { service: service.clone() }))
        .grpc(LineChargeServiceServer::new(line_charges::rpc::LineCharges {
            service: service.clone(),
        }))
        .events(events)
        .serve(host)
        .await
}
