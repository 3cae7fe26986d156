//! What the handlers of one service share.

use std::time::Duration;

use futures::future::BoxFuture;
use sqlx::PgPool;
use sqlx::migrate::Migrator;
use tonic::transport::Channel;
use tonic::{Request, Response, Status};

use crate::auth::{Credentials, Trust};
use crate::client::{Channels, Upstream};
use crate::clock::Clock;
use crate::config::{DatabaseConfig, Limits, ServiceConfig};
use crate::crypto::Keyring;
use crate::db::{self, Tx, WorkError};
use crate::events::{Bus, BusKind, DirectBus, Nats, Outbox};
use crate::idempotency;
use crate::jobs::{Job, Jobs};
use crate::replica::Replica;
use crate::tls::Tls;

const HAND_OVER_PATIENCE: Duration = Duration::from_secs(1);

/// A service's database, clock, keys, queue and neighbours. Clones share them.
#[derive(Clone)]
pub struct Service {
    /// "identity", "company", "telecom" or "billing"; also its schema.
    pub name: &'static str,
    /// Connections to its own schema.
    pub db: PgPool,
    /// The time.
    pub clock: Clock,
    /// What personal data is sealed with.
    pub keyring: Keyring,
    /// Its durable queue.
    pub jobs: Jobs,
    /// Its events.
    pub outbox: Outbox,
    /// What its callers' tokens are checked with.
    pub trust: Trust,
    /// Calls to identity.
    pub identity: Upstream,
    /// Calls to company.
    pub company: Upstream,
    /// Calls to telecom.
    pub telecom: Upstream,
    /// Calls to billing.
    pub billing: Upstream,
    pub(crate) limits: Limits,
    pub(crate) tls: Option<Tls>,
    pub(crate) nats: Option<Nats>,
    pub(crate) replica: Option<Replica>,
}

impl Service {
    /// Brings the database of the service `name` to the state that this version needs. What a
    /// newer version did already stays.
    ///
    /// # Errors
    /// When the database cannot be reached or migrated.
    pub async fn migrate(
        name: &'static str,
        config: &DatabaseConfig,
        migrations: &Migrator,
    ) -> anyhow::Result<()> {
        let db = db::connect(config, name).await?;
        // The queue first: who waits for this looks at the service's own tables.
        Jobs::new(name).migrate(&db).await?;
        db::migrate(&db, name, migrations).await?;
        db.close().await;
        Ok(())
    }

    /// Opens the database and prepares the connections to the other services, which need not be
    /// up yet. `subscriptions` are (subscriber, full name of an event that it hears of).
    ///
    /// # Errors
    /// When the database cannot be reached or migrated, or the certificates are none.
    pub async fn open(
        name: &'static str,
        config: &ServiceConfig,
        migrations: &Migrator,
        clock: Clock,
        subscriptions: Vec<(&'static str, String)>,
    ) -> anyhow::Result<Self> {
        if config.database.migrate_at_start {
            Self::migrate(name, &config.database, migrations).await?;
        }
        let db = db::open(&config.database, name, migrations).await?;
        let tls = config.peers.tls.load()?;
        let channels = Channels::new(&config.peers, tls.as_ref())?;
        let credentials = Credentials::new(
            name,
            config.service_secret.clone(),
            clock.clone(),
            channels.identity.clone(),
        );
        let upstream = |channel: Channel| Upstream::new(channel, credentials.clone());
        let identity = upstream(channels.identity);
        let company = upstream(channels.company);
        let telecom = upstream(channels.telecom);
        let billing = upstream(channels.billing);

        let jobs = Jobs::new(name);
        let nats = match config.bus.bus {
            BusKind::Direct => None,
            BusKind::Nats => Some(Nats::connect(name, &config.bus, &config.peers.tls).await?),
        };
        let bus: Box<dyn Bus> = match nats.clone() {
            Some(nats) => Box::new(nats),
            None => Box::new(DirectBus::new([
                ("identity", identity.clone()),
                ("company", company.clone()),
                ("telecom", telecom.clone()),
                ("billing", billing.clone()),
            ])),
        };
        let outbox = Outbox::new(
            name,
            db.clone(),
            jobs.clone(),
            clock.clone(),
            bus,
            subscriptions,
            config.limits.delivery_retry_max(),
        );
        Ok(Self {
            name,
            db,
            trust: Trust::new(clock.clone()),
            clock,
            keyring: config.keyring.clone(),
            jobs,
            outbox,
            identity,
            company,
            telecom,
            billing,
            limits: config.limits.clone(),
            tls,
            nats,
            replica: Replica::open(&config.database, name)?,
        })
    }

    /// Runs `work` in one transaction; see [`db::transaction`].
    ///
    /// # Errors
    /// Those of `work`, and of the commit.
    pub async fn transaction<'env, T, E, W>(&self, work: W) -> Result<T, E>
    where
        W: for<'t> Fn(Tx<'t, 'env>) -> BoxFuture<'t, Result<T, E>>,
        E: WorkError,
    {
        db::transaction(&self.db, work).await
    }

    /// Runs `work` in one transaction, once for each idempotency key; see [`idempotency::once`].
    ///
    /// # Errors
    /// Those of `work`, and a mismatch of the key.
    pub async fn once<'env, Req, Res, E, W>(
        &self,
        request: &Request<Req>,
        work: W,
    ) -> Result<Response<Res>, Status>
    where
        W: for<'t> Fn(Tx<'t, 'env>) -> BoxFuture<'t, Result<Res, E>> + Sync,
        Req: prost::Message,
        Res: prost::Message + Default,
        E: WorkError + Into<Status> + Send,
    {
        idempotency::once(&self.db, &self.keyring, request, work).await
    }

    /// The answer to an earlier call with the same key; see [`idempotency::earlier`].
    ///
    /// # Errors
    /// A mismatch of the key.
    pub async fn earlier<Req, Res>(
        &self,
        request: &Request<Req>,
    ) -> Result<Option<Response<Res>>, Status>
    where
        Req: prost::Message,
        Res: prost::Message + Default,
    {
        idempotency::earlier(&self.db, &self.keyring, request).await
    }

    /// Enqueues a job on its own, to be done after a pause: what a job does with itself when it
    /// gets no answer.
    ///
    /// # Errors
    /// The database's.
    pub async fn try_again<J: Job>(&self, job: &J, key: &str, pause: Duration) -> sqlx::Result<()> {
        let mut connection = self.db.acquire().await?;
        self.jobs.enqueue_after(&mut connection, job, key, pause).await
    }

    /// Waits a moment for what was published about `subject` to be handed over.
    pub async fn handed_over(&self, subject: impl Into<uuid::Uuid>) {
        self.outbox.handed_over(subject, HAND_OVER_PATIENCE).await;
    }
}
