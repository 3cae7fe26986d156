//! Plans, what companies pay for them, what is charged for lines, and how it is paid; and the
//! prepaid credit that calls are charged to.

mod access;
mod bank_connections;
mod billing_runs;
mod companies;
mod coupons;
mod credit_charges;
mod data_charges;
mod dunning;
mod error;
mod financial_accounts;
mod fiscal_issuer;
mod fiscal_notes;
mod invoice_document;
mod invoices;
mod letters;
mod line_charges;
mod measures;
mod paper;
mod payment_methods;
mod payments;
mod period;
mod plans;
mod publications;
mod refusals;
mod sealed;
#[cfg(test)]
mod sharding;
mod subscriptions;
#[cfg(test)]
mod testing;
mod wallets;

use std::sync::Arc;

use anyhow::Context;
use bank_connections::{Banks, ImportTransactions};
use billing_runs::rpc::BillingRuns;
use billing_runs::{Automatic, Billing, RunBilling, begin_due};
use chassis::clock::Clock;
use chassis::config::ServiceConfig;
use chassis::events::EventHandlers;
use chassis::mail::{MailConfig, Mailer, Post, SendMail};
use chassis::server::Server;
use chassis::{Host, Service};
use credit_charges::rpc::CreditCharges;
use dunning::Dunning;
use fiscal_notes::{FiscalNotes, IssueNote, Issuing, issue_for_invoices};
use invoices::rpc::Invoices;
use payment_methods::rpc::PaymentMethods;
use payments::{CancelCharge, Registrar};
use proto::billing::v1::bank_connection_service_server::BankConnectionServiceServer;
use proto::billing::v1::billing_run_service_server::BillingRunServiceServer;
use proto::billing::v1::credit_charge_service_server::CreditChargeServiceServer;
use proto::billing::v1::dunning_service_server::DunningServiceServer;
use proto::billing::v1::fiscal_note_service_server::FiscalNoteServiceServer;
use proto::billing::v1::invoice_service_server::InvoiceServiceServer;
use proto::billing::v1::line_charge_service_server::LineChargeServiceServer;
use proto::billing::v1::payment_method_service_server::PaymentMethodServiceServer;
use proto::billing::v1::payment_service_server::PaymentServiceServer;
use proto::billing::v1::plan_service_server::PlanServiceServer;
use proto::billing::v1::subscription_service_server::SubscriptionServiceServer;
use proto::billing::v1::wallet_service_server::WalletServiceServer;
use sqlx::migrate::Migrator;
use subscriptions::rpc::Subscriptions;
use wallets::rpc::Wallets;

pub use bank_connections::{
    BankAggregator, BankAggregatorSimulator, BankConfig, BankConsent, BankError, BankMovement,
    BankOperation, BankProviderKind, BankSession,
};
pub use billing_runs::InvoicingConfig;
pub use dunning::Terms;
pub use fiscal_issuer::{
    Authorization, FiscalDocument, FiscalIssuer, FiscalIssuerError, FiscalIssuerSimulator,
    FiscalOperation,
};
pub use fiscal_notes::{
    FiscalConfig, FiscalIssuerKind, FiscalModel, FiscalNoteId, FiscalSeries, InvalidSeries,
    Recipient, Taxpayer,
};
pub use payments::{
    BillingType, CreditChargeId, MessageError, NewCharge, Payable, Payee, PaymentConfig,
    PaymentError, PaymentNotice, PaymentOperation, PaymentProvider, PaymentProviderKind,
    PaymentProviderSimulator, PaymentResult, Stripe, StripeConfig,
};
pub use sealed::SEALED;
pub use wallets::CreditConfig;

/// The service's tables.
pub static MIGRATIONS: Migrator = sqlx::migrate!();

/// Plans, prices and charges: one of the services of Linha.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "linha-billing", version)]
pub struct Config {
    /// What every service has.
    #[command(flatten)]
    pub service: ServiceConfig,

    /// When months are closed, and what invoices say.
    #[command(flatten)]
    pub invoicing: InvoicingConfig,

    /// How mail leaves.
    #[command(flatten)]
    pub mail: MailConfig,

    /// Who issues fiscal documents, and through whom.
    #[command(flatten)]
    pub fiscal: FiscalConfig,

    /// How invoices and credit are paid.
    #[command(flatten)]
    pub payments: PaymentConfig,

    /// What credit buys.
    #[command(flatten)]
    pub credit: CreditConfig,

    /// How bank data is read.
    #[command(flatten)]
    pub bank: BankConfig,

    /// How long non-payment is waited for.
    #[command(flatten)]
    pub terms: Terms,
}

impl Config {
    /// What the process of a service of its own finds outside.
    ///
    /// # Errors
    /// When the settings do not say how to reach it.
    pub fn outside(&self, clock: Clock) -> anyhow::Result<Outside> {
        Ok(Outside {
            mailer: self.mail.mailer()?,
            fiscal_issuer: self.fiscal.issuer()?,
            payments: self.payments.provider()?,
            bank: self.bank.provider(clock),
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
    /// What takes mails to where they are read.
    pub mailer: Arc<dyn Mailer>,
    /// What brings fiscal documents to the tax office.
    pub fiscal_issuer: Arc<dyn FiscalIssuer>,
    /// Who collects invoices and charges.
    pub payments: Arc<dyn PaymentProvider>,
    /// Who reads bank accounts.
    pub bank: Arc<dyn BankAggregator>,
}

/// Runs the service until the host's shutdown.
///
/// # Errors
/// When the settings make no Pix code or boleto, the database cannot be reached or migrated, or
/// the socket fails.
pub async fn serve(config: Config, host: Host, outside: Outside) -> anyhow::Result<()> {
    let payments = config.payments;
    payments.payee.check().context("invoices cannot be paid with these settings")?;
    let pages = payments.pages(&config.mail.public_url)?;
    let subscriptions = publications::subscriptions();
    let clock = host.clock.clone();
    let service =
        Service::open("billing", &config.service, &MIGRATIONS, clock, subscriptions).await?;
    let post = Post::new(&service, &config.mail.public_url);
    let issuing =
        Issuing::new(service.clone(), outside.fiscal_issuer, post.clone(), &config.fiscal);
    let fiscal_notes = FiscalNotes::new(service.clone(), issuing.clone(), &config.fiscal);
    let dunning = Dunning { service: service.clone(), terms: config.terms };
    let registrar = Registrar {
        service: service.clone(),
        provider: outside.payments.clone(),
        timeout: payments.timeout(),
        payee: payments.payee.clone(),
    };
    let banks =
        Banks { service: service.clone(), provider: outside.bank, timeout: config.bank.timeout() };
    let due_days = config.invoicing.invoice_due_days;
    let events = EventHandlers::new()
        .on({
            let clock = service.clock.clone();
            move |tx, received| {
                let now = clock.now();
                Box::pin(async move {
                    let cleared = received.event;
                    Ok(bank_connections::organization_cleared(tx, cleared, now).await?)
                })
            }
        })
        .on(|tx, received| Box::pin(line_charges::rpc::line_activated(tx, received.event)))
        .on(|tx, received| Box::pin(line_charges::rpc::line_plan_changed(tx, received.event)))
        .on(|tx, received| Box::pin(line_charges::rpc::line_company_changed(tx, received.event)))
        .on(|tx, received| Box::pin(line_charges::rpc::line_cancelled(tx, received.event)))
        .on(|tx, received| Box::pin(data_charges::rpc::data_topped_up(tx, received.event)));
    let mut server = Server::new(&service);
    if config.invoicing.billing_automatic {
        server = server.sweep(begin_due(&service, Automatic { day: config.invoicing.billing_day }));
    }
    server
        .grpc(SubscriptionServiceServer::new(Subscriptions {
            service: service.clone(),
            due_days: due_days.into(),
        }))
        .grpc(PaymentMethodServiceServer::new(PaymentMethods { service: service.clone() }))
        .grpc(BankConnectionServiceServer::new(banks.clone()))
        .sweep(bank_connections::end_unclaimed(&banks))
        .job::<ImportTransactions>(banks)
        .sweep(subscriptions::renew(&service, due_days.into()))
        .sweep(subscriptions::note_overdue(&service))
        .sweep(subscriptions::collect(&registrar))
        .grpc(FiscalNoteServiceServer::new(fiscal_notes.clone()))
        .grpc(PlanServiceServer::new(plans::rpc::Plans { service: service.clone() }))
        .grpc(LineChargeServiceServer::new(line_charges::rpc::LineCharges {
            service: service.clone(),
        }))
        .grpc(PaymentServiceServer::new(payments::rpc::Payments {
            service: service.clone(),
            dunning: dunning.clone(),
            provider: outside.payments,
        }))
        .grpc(DunningServiceServer::new(dunning.clone()))
        .grpc(WalletServiceServer::new(Wallets {
            service: service.clone(),
            minute_price: config.credit.minute_price(),
        }))
        .grpc(CreditChargeServiceServer::new(CreditCharges {
            service: service.clone(),
            payee: payments.payee.clone(),
            pages,
        }))
        .grpc(BillingRunServiceServer::new(BillingRuns { service: service.clone() }))
        .grpc(InvoiceServiceServer::new(Invoices {
            service: service.clone(),
            provider: payments.payment_provider.name(),
            payee: payments.payee,
        }))
        .job::<RunBilling>(Billing { service: service.clone(), due_days })
        .events(events)
        .job::<IssueNote>(issuing)
        .job::<CancelCharge>(registrar.clone())
        .job::<SendMail>((post.clone(), outside.mailer))
        .sweep(issue_for_invoices(&fiscal_notes))
        .sweep(payments::sweep(&registrar))
        .sweep(credit_charges::sweep(&registrar))
        .sweep(dunning::sweep(&dunning))
        // After those that write letters.
        .sweep(letters::sweep(&service, &post))
        .gauges(measures::GAUGES)
        .serve(host)
        .await
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn settings_have_names_of_their_own() {
        Config::command().debug_assert();
    }
}
