//! Starting and stopping everything.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use billing::{BankAggregatorSimulator, FiscalIssuerSimulator, PaymentProviderSimulator};
use chassis::clock::Clock;
use chassis::host::Activity;
use futures::FutureExt;
use postgres_local::{Cluster, ServiceRole};
use proto::identity::v1::IssueClientTokenRequest;
use proto::identity::v1::token_service_client::TokenServiceClient;
use telecom::{
    AdministratorSimulator, CarrierSimulator, ParcelCarrierSimulator, SwitchConfig, SwitchSimulator,
};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime;
use tonic::transport::Channel;
use url::Url;

use crate::addresses::{self, Addresses};
use crate::demo;
use crate::health::Health;
use crate::options::Options;
use crate::process::{self, Part, Process};
use crate::secrets::Secrets;
use crate::settings::{self, Settings, role};

const DATABASE: &str = "linha";
const READY_PATIENCE: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// All of Linha, running.
pub struct Stack {
    addresses: Addresses,
    directory: PathBuf,
    settings: Settings,
    parts: BTreeMap<Part, Process>,
    cluster: Option<Cluster>,
    // Last, so that it goes when nothing in it is used any more.
    _temporary: Option<TempDir>,
}

impl Stack {
    /// Starts everything, loads the demo data unless told not to, and returns when the gateway
    /// answers. `say` is told what is going on, for a person to read.
    ///
    /// # Errors
    /// When a part cannot be started; what was started by then ends.
    pub async fn start(options: Options, say: impl Fn(&str)) -> anyhow::Result<Self> {
        let (directory, temporary) = open_directory(&options)?;
        let secrets = Secrets::of(&directory)?;

        let (cluster, superuser_url) = match &options.postgres_url {
            Some(url) => (None, url.clone()),
            None => {
                say("starting Postgres");
                let cluster = start_postgres(&directory, &options).await?;
                let url = cluster.url();
                (Some(cluster), url)
            }
        };
        say("preparing the database");
        let database = provision(&superuser_url, &secrets).await?;

        let sockets = addresses::bind(&options).await?;
        let addresses = Addresses::of(&sockets, database.to_string())?;
        let clock = Clock::system();
        let settings = Settings {
            secrets,
            database,
            clock: clock.clone(),
            activity: Activity::default(),
            carrier: Arc::new(CarrierSimulator::new()),
            fiscal_issuer: Arc::new(FiscalIssuerSimulator::new()),
            parcel_carrier: Arc::new(ParcelCarrierSimulator::new(clock.clone())),
            administrator: Arc::new(AdministratorSimulator::new(clock.clone())),
            bank: Arc::new(BankAggregatorSimulator::new(clock.clone())),
            switch: Arc::new(SwitchSimulator::new(clock, SwitchConfig::default().times())),
            payments: Arc::new(PaymentProviderSimulator::new()),
            mail_folder: directory.join("mail"),
            peers: addresses.peers()?,
            gateway_url: addresses.gateway.clone(),
            options,
        };

        say("starting identity, company, telecom and billing, and the gateway");
        let mut stack = Self {
            addresses,
            directory,
            settings,
            parts: BTreeMap::new(),
            cluster,
            _temporary: temporary,
        };
        for addresses::Sockets { part, listener, admin } in sockets {
            stack.launch(part, listener, Some(admin))?;
        }
        stack.ready().await?;
        if !stack.settings.options.no_demo {
            demo::load(&stack, say).await.context("cannot load the demo data")?;
        }
        Ok(stack)
    }

    /// Where everything is.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The clock of all services.
    pub fn clock(&self) -> &Clock {
        &self.settings.clock
    }

    /// The carrier that all lines run on.
    pub fn carrier(&self) -> &CarrierSimulator {
        &self.settings.carrier
    }

    /// Who brings SIM cards to companies.
    pub fn parcel_carrier(&self) -> &ParcelCarrierSimulator {
        &self.settings.parcel_carrier
    }

    /// The issuer of fiscal documents.
    pub fn fiscal_issuer(&self) -> &FiscalIssuerSimulator {
        &self.settings.fiscal_issuer
    }

    /// Who has numbers moved between operators; also everybody's phone.
    pub fn administrator(&self) -> &AdministratorSimulator {
        &self.settings.administrator
    }

    /// Who collects invoices.
    pub fn payments(&self) -> &PaymentProviderSimulator {
        &self.settings.payments
    }

    /// Who reads bank accounts.
    pub fn bank(&self) -> &BankAggregatorSimulator {
        &self.settings.bank
    }

    /// What makes calls.
    pub fn switch(&self) -> &SwitchSimulator {
        &self.settings.switch
    }

    /// Where mails arrive.
    pub fn mail_folder(&self) -> &Path {
        &self.settings.mail_folder
    }

    /// Where the installation keeps its data.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// A token for the calls that the gateway makes for people without one.
    ///
    /// # Errors
    /// Those of identity.
    pub async fn gateway_token(&self) -> anyhow::Result<String> {
        let request = IssueClientTokenRequest {
            client_id: Part::Gateway.name().to_owned(),
            client_secret: self.settings.secrets.service.clone(),
        };
        let mut tokens = TokenServiceClient::new(self.channel(Part::Identity)?);
        Ok(tokens.issue_client_token(request).await?.into_inner().access_token)
    }

    /// A client's connection to a service, without a token.
    ///
    /// # Errors
    /// For the gateway, which has no gRPC.
    pub fn channel(&self, part: Part) -> anyhow::Result<Channel> {
        Ok(chassis::client::channel(self.addresses.grpc_uri(part)?))
    }

    /// Waits until nothing is left to do, and at most `patience`; tells whether nothing is left.
    pub async fn settle(&self, patience: Duration) -> bool {
        self.settings.activity.settle(patience).await
    }

    /// The runtime of a part that runs: each has its own, and a new one when it starts again.
    pub fn runtime(&self, part: Part) -> Option<runtime::Id> {
        self.parts.get(&part)?.runtime()
    }

    /// Ends a part where it stands, as a crash would.
    pub fn kill(&mut self, part: Part) {
        self.parts.remove(&part);
    }

    /// Starts a part that was killed, where it was.
    ///
    /// # Errors
    /// When it cannot listen there.
    pub async fn restart(&mut self, part: Part) -> anyhow::Result<()> {
        self.kill(part);
        let address = self.addresses.of_part(part)?;
        let listener = process::rebind(address).await?;
        self.launch(part, listener, None)
    }

    /// Waits until every part that runs says that it is ready.
    ///
    /// # Errors
    /// When a part has ended, or takes too long.
    pub async fn ready(&mut self) -> anyhow::Result<()> {
        let health = Health::of(&self.addresses)?;
        let running: Vec<Part> = self.parts.keys().copied().collect();
        let all = async {
            for part in running {
                while !health.is_ready(part).await {
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
            }
        };
        tokio::select! {
            ready = tokio::time::timeout(READY_PATIENCE, all) => {
                ready.context("not everything gets ready")
            }
            error = ended(&mut self.parts) => Err(error),
        }
    }

    /// Becomes ready when a part ends of itself.
    pub async fn failed(&mut self) -> anyhow::Error {
        ended(&mut self.parts).await
    }

    /// Ends everything in order: the gateway first, so that no request is cut off.
    ///
    /// # Errors
    /// The first failure of a part; the others are ended all the same.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let mut outcome = Ok(());
        if let Some(gateway) = self.parts.remove(&Part::Gateway) {
            outcome = gateway.stop().await.context("gateway");
        }
        let services = std::mem::take(&mut self.parts);
        let stopped = services.into_iter().map(|(part, process)| async move {
            process.stop().await.with_context(|| part.name())
        });
        for stopped in futures::future::join_all(stopped).await {
            outcome = outcome.and(stopped);
        }
        if let Some(cluster) = self.cluster.take() {
            cluster.stop().await;
        }
        outcome
    }

    fn launch(
        &mut self,
        part: Part,
        listener: TcpListener,
        admin: Option<TcpListener>,
    ) -> anyhow::Result<()> {
        let (listener, admin) =
            (listener.into_std()?, admin.map(TcpListener::into_std).transpose()?);
        let settings = self.settings.clone();
        let process = Process::start(part, |shutdown| {
            async move {
                // The sockets belong to the runtime that serves them.
                let listener = TcpListener::from_std(listener)?;
                let admin = admin.map(TcpListener::from_std).transpose()?;
                settings::serve(part, settings, listener, admin, shutdown).await
            }
            .boxed()
        })?;
        self.parts.insert(part, process);
        Ok(())
    }
}

async fn ended(parts: &mut BTreeMap<Part, Process>) -> anyhow::Error {
    let endings = parts
        .iter_mut()
        .map(|(part, process)| async move { (*part, process.ended().await) }.boxed());
    let ((part, outcome), ..) = futures::future::select_all(endings).await;
    match outcome {
        Ok(()) => anyhow::anyhow!("{part} ended"),
        Err(error) => error.context(format!("{part} failed")),
    }
}

fn open_directory(options: &Options) -> anyhow::Result<(PathBuf, Option<TempDir>)> {
    if options.ephemeral {
        let mut builder = tempfile::Builder::new();
        let builder = builder.prefix("linha-");
        let temporary = match &options.temporary_in {
            Some(parent) => builder.tempdir_in(parent)?,
            None => builder.tempdir()?,
        };
        return Ok((temporary.path().to_owned(), Some(temporary)));
    }
    std::fs::create_dir_all(&options.directory)
        .with_context(|| format!("cannot make {}", options.directory.display()))?;
    Ok((options.directory.canonicalize()?, None))
}

async fn start_postgres(directory: &Path, options: &Options) -> anyhow::Result<Cluster> {
    let kind = match options.ephemeral {
        true => postgres_local::Options::throwaway(),
        false => postgres_local::Options::durable(),
    };
    Ok(Cluster::start(&directory.join("postgres"), kind).await?)
}

/// Makes the database and the services' roles; returns the superuser's URL of the database.
async fn provision(superuser_url: &str, secrets: &Secrets) -> anyhow::Result<Url> {
    let roles = Part::SERVICES
        .map(|part| ServiceRole { name: role(part), password: secrets.database.clone() });
    postgres_local::provision(superuser_url, DATABASE, &roles)
        .await
        .context("cannot prepare the database")?;
    let mut url = Url::parse(superuser_url).context("the Postgres URL cannot be read")?;
    url.set_path(DATABASE);
    Ok(url)
}
