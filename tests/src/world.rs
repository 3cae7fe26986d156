//! A running Linha, and the people in its demo data.

use std::path::PathBuf;
use std::time::Duration;

use local::demo::{self, Demo};
use local::{Options, Part, Stack};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::sync::OnceCell;
use tonic::Request;
use tonic::transport::Channel;

use crate::rest::Rest;

const PATIENCE: Duration = Duration::from_secs(120);

static SHARED: OnceCell<World> = OnceCell::const_new();

/// All of Linha, with demo data.
pub struct World {
    /// The launcher's stack, for tests that kill parts of it.
    pub stack: Stack,
    /// What the demo data is called.
    pub demo: Demo,
}

impl World {
    /// One world for all tests of a binary that disturb nobody.
    pub async fn shared() -> &'static Self {
        SHARED.get_or_init(|| Self::start(Self::options())).await
    }

    /// A world of one's own.
    pub async fn own() -> Self {
        Self::start(Self::options()).await
    }

    /// How tests start the stack.
    pub fn options() -> Options {
        Options {
            no_rate_limits: true,
            temporary_in: Some(PathBuf::from(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../target/tmp"
            ))),
            ..Options::ephemeral()
        }
    }

    /// A world started with `options`.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(options: Options) -> Self {
        let stack = Stack::start(options, |_| ()).await.expect("the stack starts");
        let demo = demo::of(&stack).expect("the demo data is loaded");
        Self { stack, demo }
    }

    /// Calls the gateway without a token.
    pub fn rest(&self) -> Rest {
        Rest::new(&self.stack.addresses().gateway)
    }

    /// Calls the voice dialect without a token.
    pub fn voice(&self) -> Rest {
        Rest::new(&format!("{}/api/v1", self.stack.addresses().gateway))
    }

    /// Calls the gateway as the operator.
    pub async fn operator(&self) -> Rest {
        let account = &self.demo.operator;
        self.rest().log_in(&account.email, &account.password).await
    }

    /// Calls the gateway as the manager of the first company.
    pub async fn manager(&self) -> Rest {
        let account = &self.demo.manager;
        self.rest().log_in(&account.email, &account.password).await
    }

    /// Calls the gateway as the manager of the second company.
    pub async fn other_manager(&self) -> Rest {
        let account = &self.demo.other_manager;
        self.rest().log_in(&account.email, &account.password).await
    }

    /// Calls the gateway as somebody with a line.
    pub async fn holder(&self) -> Rest {
        let account = &self.demo.holder;
        self.rest().log_in(&account.email, &account.password).await
    }

    /// A plan of the catalogue.
    pub fn plan_id(&self) -> &str {
        &self.demo.subscription_plan_ids[0]
    }

    /// The company that [`World::manager`] manages.
    pub fn company_id(&self) -> &str {
        &self.demo.manager.company_id
    }

    /// The company that [`World::other_manager`] manages.
    pub fn other_company_id(&self) -> &str {
        &self.demo.other_manager.company_id
    }

    /// A connection to a service, without a token.
    pub fn channel(&self, part: Part) -> Channel {
        self.stack.channel(part).expect("a service")
    }

    /// Mails to somebody, newest first, once all that is under way has arrived.
    pub async fn mails(&self, to: &str) -> Vec<Value> {
        let answer = self.rest().get(&format!("/sandbox/mail?to={to}")).await.expect(200);
        answer["mails"].as_array().expect("mails").clone()
    }

    /// The first link of the newest mail to somebody, as a path of the gateway.
    pub async fn mailed_path(&self, to: &str) -> String {
        let mails = self.mails(to).await;
        let link = mails.first().and_then(|mail| mail["links"][0].as_str()).expect("a link");
        let (_, rest) = link.split_once("://").expect("a URL");
        format!("/{}", rest.split_once('/').expect("a path").1)
    }

    /// Moves the clock of all services.
    pub async fn advance(&self, duration: &str) {
        self.rest().post("/sandbox/clock", &json!({ "advance": duration })).await.expect(200);
    }

    /// Waits until nothing is left to do.
    ///
    /// # Panics
    /// When it takes too long.
    pub async fn settle(&self) {
        assert!(self.stack.settle(PATIENCE).await, "something is still going on");
    }

    /// The database, as the superuser: for what no API shows.
    pub async fn database(&self) -> PgPool {
        PgPool::connect(&self.stack.addresses().postgres).await.expect("the database")
    }
}

/// A gRPC request with a token.
///
/// # Panics
/// When the token is no metadata value.
pub fn with_token<T>(message: T, token: &str) -> Request<T> {
    let mut request = Request::new(message);
    let bearer = format!("Bearer {token}").parse().expect("a token");
    request.metadata_mut().insert("authorization", bearer);
    request
}
