//! Companies of every kind, enterprises with those below them, employees, the e-mail domains whose people may sign up on their
//! accounts, the webhooks by which they hear of what happens, and the integrations by which voice
//! accounts hear of their calls.

mod companies;
mod countries;
mod email_domains;
mod employees;
mod enterprises;
mod error;
mod integrations;
mod languages;
mod locations;
mod measures;
mod meetings;
mod organization_addresses;
mod organizations;
mod schools;
mod sealed;
mod webhooks;

use chassis::config::ServiceConfig;
use chassis::server::Server;
use chassis::{Host, Service};
use enterprises::take_up_closings;
use integrations::{CallHearing, hear_calls};
use prost::Name;
use proto::company::v1::company_service_server::CompanyServiceServer;
use proto::company::v1::country_service_server::CountryServiceServer;
use proto::company::v1::email_domain_service_server::EmailDomainServiceServer;
use proto::company::v1::employee_service_server::EmployeeServiceServer;
use proto::company::v1::enterprise_admin_service_server::EnterpriseAdminServiceServer;
use proto::company::v1::enterprise_service_server::EnterpriseServiceServer;
use proto::company::v1::integration_service_server::IntegrationServiceServer;
use proto::company::v1::language_service_server::LanguageServiceServer;
use proto::company::v1::location_service_server::LocationServiceServer;
use proto::company::v1::meeting_service_server::MeetingServiceServer;
use proto::company::v1::organization_address_service_server::OrganizationAddressServiceServer;
use proto::company::v1::organization_service_server::OrganizationServiceServer;
use proto::company::v1::school_import_service_server::SchoolImportServiceServer;
use proto::company::v1::school_service_server::SchoolServiceServer;
use proto::company::v1::webhook_service_server::WebhookServiceServer;
use proto::events::v1::{CompanyStatusChanged, OrganizationCleared, OrganizationOpened};
use sqlx::migrate::Migrator;

pub use sealed::SEALED;
pub use webhooks::WebhookConfig;
use webhooks::delivery::{Deliveries, SendWebhook};
use webhooks::{Hearing, event_handlers};

/// The service's tables.
pub static MIGRATIONS: Migrator = sqlx::migrate!();

/// Companies, their employees and e-mail domains: one of the services of Linha.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "linha-company", version)]
pub struct Config {
    /// What every service has.
    #[command(flatten)]
    pub service: ServiceConfig,

    /// Where webhooks may go.
    #[command(flatten)]
    pub webhooks: WebhookConfig,
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
    let subscriptions = vec![
        ("identity", OrganizationOpened::full_name()),
        ("billing", OrganizationCleared::full_name()),
        ("identity", CompanyStatusChanged::full_name()),
    ];
    let clock = host.clock.clone();
    let service =
        Service::open("company", &config.service, &MIGRATIONS, clock, subscriptions).await?;
    let settings = &config.webhooks;
    let deliveries = Deliveries {
        service: service.clone(),
        sender: settings.sender()?,
        endpoint_concurrency: settings.webhook_endpoint_concurrency,
        keep: settings.keep(),
    };
    let hearing = Hearing::new(deliveries.clone())?;
    let calls = CallHearing::new(deliveries.clone(), &settings.public_url);
    Server::new(&service)
        .grpc(CompanyServiceServer::new(companies::rpc::Companies { service: service.clone() }))
        .grpc(CountryServiceServer::new(countries::rpc::Countries { service: service.clone() }))
        .grpc(OrganizationServiceServer::new(organizations::rpc::Organizations {
            service: service.clone(),
            pictures: organizations::Pictures::new(),
        }))
        .grpc(OrganizationAddressServiceServer::new(
            organization_addresses::rpc::OrganizationAddresses { service: service.clone() },
        ))
        .grpc(LocationServiceServer::new(locations::rpc::Locations { service: service.clone() }))
        .grpc(LanguageServiceServer::new(languages::rpc::Languages { service: service.clone() }))
        .grpc(MeetingServiceServer::new(meetings::rpc::Meetings { service: service.clone() }))
        .grpc(EmployeeServiceServer::new(employees::rpc::Employees { service: service.clone() }))
        .grpc(EmailDomainServiceServer::new(email_domains::rpc::EmailDomains {
            service: service.clone(),
        }))
        .grpc(EnterpriseServiceServer::new(enterprises::rpc::Enterprises {
            service: service.clone(),
        }))
        .grpc(EnterpriseAdminServiceServer::new(enterprises::admin::EnterpriseAdmin {
            service: service.clone(),
        }))
        .grpc(WebhookServiceServer::new(webhooks::rpc::Webhooks {
            service: service.clone(),
            guard: settings.guard()?,
            deliveries: deliveries.clone(),
        }))
        .grpc(IntegrationServiceServer::new(integrations::rpc::Integrations {
            service: service.clone(),
            guard: settings.guard()?,
        }))
        .grpc(SchoolServiceServer::new(schools::rpc::Schools { service: service.clone() }))
        .grpc(SchoolImportServiceServer::new(schools::import::Imports { service: service.clone() }))
        .sweep(schools::import::sweep_leftovers(&service))
        .events(hear_calls(event_handlers(&hearing), &calls))
        .sweep(take_up_closings(&service))
        .sweep(deliveries.sweep_due())
        .sweep(deliveries.sweep_old())
        .gauges(measures::GAUGES)
        .job_apart::<SendWebhook>(deliveries, settings.webhook_concurrency)
        .serve(host)
        .await
}
