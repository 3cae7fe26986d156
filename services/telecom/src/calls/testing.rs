//! What the tests of calls have in common: a switch and a wallet.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use brazil::CompanyId;
use chassis::Service;
use chassis::auth::{Claims, Credentials, Grant, Role, SubjectKind};
use chassis::client::{Upstream, channel};
use chassis::clock::Clock;
use proto::billing::v1 as billing;
use proto::billing::v1::wallet_service_server::{WalletService, WalletServiceServer};
use proto::common::v1::{Money, Permission};
use proto::identity::v1 as identity;
use proto::identity::v1::token_service_server::{TokenService, TokenServiceServer};
use proto::telecom::v1 as pb;
use proto::telecom::v1::call_service_server::CallService;
use time::Duration;
use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Request, Response, Status};

use super::tasks::{EndAtSwitch, FetchRecording, PlaceCall, SettleEnded};
use super::*;
use crate::extensions::{Extensions, VoiceAccount};
use crate::switch::{SwitchSimulator, SwitchTimes};

const ROUNDS_MAX: u32 = 20;
pub(crate) const PRICE: i64 = 8;
pub(crate) const PHONE: &str = "+554833328530";

/// A wallet that all accounts share.
#[derive(Clone, Default)]
pub(crate) struct Wallet(Arc<Mutex<Purse>>);

#[derive(Default)]
pub(crate) struct Purse {
    pub(crate) balance: i64,
    pub(crate) reserved: BTreeMap<String, i64>,
    pub(crate) settled: BTreeMap<String, i64>,
    pub(crate) away: bool,
}

impl Wallet {
    pub(crate) fn purse(&self) -> std::sync::MutexGuard<'_, Purse> {
        self.0.lock().unwrap()
    }
}

#[tonic::async_trait]
impl WalletService for Wallet {
    async fn get_wallet(
        &self,
        _: Request<billing::GetWalletRequest>,
    ) -> Result<Response<billing::GetWalletResponse>, Status> {
        Err(Status::unimplemented("not asked for"))
    }

    async fn list_ledger_entries(
        &self,
        _: Request<billing::ListLedgerEntriesRequest>,
    ) -> Result<Response<billing::ListLedgerEntriesResponse>, Status> {
        Err(Status::unimplemented("not asked for"))
    }

    async fn reserve_call_minute(
        &self,
        request: Request<billing::ReserveCallMinuteRequest>,
    ) -> Result<Response<billing::ReserveCallMinuteResponse>, Status> {
        let request = request.into_inner();
        let mut purse = self.purse();
        let refuse = |reason| {
            chassis::refusal::refuse(Code::FailedPrecondition, "billing", reason, None, reason)
        };
        if purse.away {
            return Err(Status::unavailable("away"));
        }
        if purse.settled.contains_key(&request.call_id) {
            return Err(refuse("CALL_SETTLED"));
        }
        let minutes = i64::from(request.minute);
        let held: i64 = purse.reserved.values().sum();
        let own = purse.reserved.get(&request.call_id).copied().unwrap_or_default();
        if minutes > own {
            if (held + minutes - own) * PRICE > purse.balance {
                return Err(refuse("INSUFFICIENT_CREDITS"));
            }
            purse.reserved.insert(request.call_id, minutes);
        }
        let minute_price = Some(Money { cents: PRICE });
        Ok(Response::new(billing::ReserveCallMinuteResponse { minute_price }))
    }

    async fn settle_call(
        &self,
        request: Request<billing::SettleCallRequest>,
    ) -> Result<Response<billing::SettleCallResponse>, Status> {
        let request = request.into_inner();
        let mut purse = self.purse();
        if purse.away {
            return Err(Status::unavailable("away"));
        }
        let held = purse.reserved.remove(&request.call_id).unwrap_or_default();
        let minutes = i64::from(request.minutes).min(held);
        if !purse.settled.contains_key(&request.call_id) {
            purse.settled.insert(request.call_id.clone(), minutes);
            purse.balance -= minutes * PRICE;
        }
        let cents = purse.settled[&request.call_id] * PRICE;
        Ok(Response::new(billing::SettleCallResponse {
            minute_price: Some(Money { cents: PRICE }),
            call_price: Some(Money { cents }),
        }))
    }
}

/// Gives tokens to everybody.
struct Tokens;

#[tonic::async_trait]
impl TokenService for Tokens {
    async fn issue_client_token(
        &self,
        _: Request<identity::IssueClientTokenRequest>,
    ) -> Result<Response<identity::IssueClientTokenResponse>, Status> {
        let expires_in = Some(prost_types::Duration { seconds: 3_600, nanos: 0 });
        let access_token = "token".to_owned();
        Ok(Response::new(identity::IssueClientTokenResponse { access_token, expires_in }))
    }

    async fn list_signing_keys(
        &self,
        _: Request<identity::ListSigningKeysRequest>,
    ) -> Result<Response<identity::ListSigningKeysResponse>, Status> {
        Err(Status::unimplemented("not asked for"))
    }

    async fn list_revocations(
        &self,
        _: Request<identity::ListRevocationsRequest>,
    ) -> Result<Response<identity::ListRevocationsResponse>, Status> {
        Err(Status::unimplemented("not asked for"))
    }
}

/// An account, with all that its calls need.
pub(crate) struct World {
    pub(crate) calls: Calls,
    pub(crate) switch: SwitchSimulator,
    pub(crate) wallet: Wallet,
    pub(crate) company_id: CompanyId,
    _database: Box<dyn Send>,
}

impl World {
    /// A world with credit for so many minutes.
    pub(crate) async fn with(minutes: i64, config: SwitchConfig) -> Self {
        let subscriptions = crate::subscriptions();
        let (mut service, database) =
            chassis::testing::service("telecom", &crate::MIGRATIONS, subscriptions).await;
        let wallet = Wallet::default();
        wallet.purse().balance = minutes * PRICE;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let server = tonic::transport::Server::builder()
            .add_service(WalletServiceServer::new(wallet.clone()))
            .add_service(TokenServiceServer::new(Tokens))
            .serve_with_incoming(TcpIncoming::from(listener));
        tokio::spawn(server);
        let neighbours = channel(address);
        let secret = "secret".parse().unwrap();
        let credentials =
            Credentials::new("telecom", secret, service.clock.clone(), neighbours.clone());
        service.billing = Upstream::new(neighbours, credentials);

        let switch = SwitchSimulator::new(service.clock.clone(), SwitchTimes::default());
        let calls = Calls::new(service, Arc::new(switch.clone()), &config);
        let company_id = CompanyId::generate();
        let account = VoiceAccount { company_id, domain: "acme.example.com".to_owned() };
        let now = calls.service.clock.now();
        crate::extensions::store::keep_account(&calls.service.db, &account, now).await.unwrap();
        Self { calls, switch, wallet, company_id, _database: Box::new(database) }
    }

    pub(crate) async fn new(minutes: i64) -> Self {
        Self::with(minutes, SwitchConfig::default()).await
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.calls.service.clock
    }

    pub(crate) fn service(&self) -> &Service {
        &self.calls.service
    }

    /// A request of a member of the account with a proven e-mail.
    pub(crate) fn as_member<T>(
        &self,
        email: &str,
        permission: Permission,
        message: T,
    ) -> Request<T> {
        let grants = vec![Grant { role: Role::Member, company_id: Some(self.company_id.into()) }];
        let sub = brazil::UserId::generate().to_string();
        let claims = Claims::new(sub, SubjectKind::User, grants, 0, 0, i64::MAX)
            .with_email(Some(email.parse().unwrap()));
        chassis::testing::request_with(message, claims, permission)
    }

    /// A request of somebody with this role in the account.
    pub(crate) fn request<T>(&self, role: Role, permission: Permission, message: T) -> Request<T> {
        let grant = Grant { role, company_id: Some(self.company_id.into()) };
        chassis::testing::request(message, vec![grant], permission)
    }

    pub(crate) async fn extension(&self, number: &str, email: Option<&str>) -> pb::Extension {
        use proto::telecom::v1::extension_service_server::ExtensionService;
        let extension = pb::Extension {
            company_id: self.company_id.to_string(),
            number: number.to_owned(),
            first_name: "Silvio".to_owned(),
            email: email.map(str::to_owned),
            record_audio: true,
            ..pb::Extension::default()
        };
        let message = pb::CreateExtensionRequest { extension: Some(extension), secret: None };
        let request = self.request(Role::Manager, Permission::ExtensionsManage, message);
        let extensions = Extensions { service: self.calls.service.clone() };
        let made = extensions.create_extension(request).await.unwrap();
        made.into_inner().extension.unwrap()
    }

    pub(crate) fn dial_request(&self, number: &str, phone: &str) -> Request<pb::DialRequest> {
        let message = pb::DialRequest {
            company_id: self.company_id.to_string(),
            extension: number.to_owned(),
            phone: phone.to_owned(),
            metadata_json: r#"{"userId": 123}"#.to_owned(),
        };
        self.request(Role::Manager, Permission::CallsMake, message)
    }

    pub(crate) async fn dial(&self, number: &str, phone: &str) -> Result<CallId, Status> {
        let answer = CallService::dial(&self.calls, self.dial_request(number, phone)).await?;
        Ok(answer.into_inner().call_id.parse().unwrap())
    }

    pub(crate) async fn hang_up(&self, call_id: CallId) -> Result<(), Status> {
        let message = pb::HangUpRequest {
            company_id: self.company_id.to_string(),
            call_id: call_id.to_string(),
        };
        let request = self.request(Role::Manager, Permission::CallsMake, message);
        CallService::hang_up(&self.calls, request).await.map(drop)
    }

    pub(crate) async fn list(&self) -> pb::ListCallsResponse {
        let company_id = self.company_id.to_string();
        let message = pb::ListCallsRequest { company_id, query: None };
        let request = self.request(Role::Manager, Permission::CallsRead, message);
        CallService::list_calls(&self.calls, request).await.unwrap().into_inner()
    }

    /// Does the jobs that wait, and what the clock makes due, until nothing is left.
    pub(crate) async fn settle(&self) {
        // What is tried again is not tried for ever.
        for _ in 0..ROUNDS_MAX {
            self.calls.pay_minutes().await.unwrap();
            self.calls.check().await.unwrap();
            let jobs: Vec<(i64, String, serde_json::Value)> = sqlx::query_as(
                "delete from telecom_jobs._private_jobs as job
                  using telecom_jobs._private_tasks as task
                  where task.id = job.task_id and task.identifier <> 'deliver_events'
                 returning job.id, task.identifier, job.payload -> 'job'",
            )
            .fetch_all(&self.calls.service.db)
            .await
            .unwrap();
            if jobs.is_empty() {
                return;
            }
            for (_, name, job) in jobs {
                self.run(&name, job).await;
            }
        }
    }

    async fn run(&self, name: &str, job: serde_json::Value) {
        use chassis::jobs::Job;
        let calls = self.calls.clone();
        let done = match name {
            PlaceCall::NAME => parse::<PlaceCall>(job).run(calls).await,
            EndAtSwitch::NAME => parse::<EndAtSwitch>(job).run(calls).await,
            SettleEnded::NAME => parse::<SettleEnded>(job).run(calls).await,
            FetchRecording::NAME => parse::<FetchRecording>(job).run(calls).await,
            other => panic!("{other}"),
        };
        done.unwrap();
    }

    /// Does what there is to do, and then what is to do that much later.
    pub(crate) async fn advance(&self, by: Duration) {
        self.settle().await;
        self.clock().advance(by).unwrap();
        self.settle().await;
    }

    /// The events that wait to be handed over, by their short names.
    pub(crate) async fn told(&self) -> Vec<String> {
        use prost::Message;
        let events: Vec<Vec<u8>> =
            sqlx::query_scalar("select event from outbox order by subject, sequence")
                .fetch_all(&self.calls.service.db)
                .await
                .unwrap();
        let name = |event: Vec<u8>| {
            let event = proto::events::v1::CloudEvent::decode(event.as_slice()).unwrap();
            event.r#type.rsplit('.').next().unwrap_or_default().to_owned()
        };
        events.into_iter().map(name).collect()
    }

    /// Minutes that each settled call was charged.
    pub(crate) fn charged(&self) -> Vec<i64> {
        self.wallet.purse().settled.values().copied().collect()
    }

    pub(super) async fn call(&self, call_id: CallId) -> Option<Call> {
        store::find(&self.calls.service.db, call_id).await.unwrap()
    }
}

fn parse<T: serde::de::DeserializeOwned>(job: serde_json::Value) -> T {
    serde_json::from_value(job).unwrap()
}

/// The reason of a refusal.
pub(crate) fn reason(status: &Status) -> String {
    chassis::refusal::Refusal::of(status).reason
}
