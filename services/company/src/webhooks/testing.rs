//! A receiver of webhooks, and a service that sends to it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use brazil::CompanyId;
use chassis::Service;
use chassis::jobs::Job;
use chassis::testing;
use futures::stream;
use postgres_local::testing::TestDatabase;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use uuid::Uuid;

use super::delivery::{Deliveries, Guard, SECRET, Secret, SendWebhook, Sender};
use super::{Endpoint, WebhookEndpointId, store};
use crate::MIGRATIONS;
use crate::error::Error;

/// Where the receiver listens: not public, so that it must be excepted.
pub(crate) const HOST: &str = "127.0.0.77";
pub(crate) const TIMEOUT: Duration = Duration::from_millis(500);

/// A request that the receiver got.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

/// A server that does what the path of the request says.
#[derive(Clone)]
pub(crate) struct Receiver {
    address: SocketAddr,
    got: Arc<Mutex<Vec<Got>>>,
    arrived: Arc<Notify>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind((HOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let receiver = Self { address, got: Arc::default(), arrived: Arc::default() };
        let router = Router::new().route("/{path}", any(answer)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// Waits for a request.
    pub(crate) async fn arrival(&self) {
        self.arrived.notified().await;
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }
}

async fn answer(
    State(receiver): State<Receiver>,
    Path(path): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body = String::from_utf8(body.to_vec()).unwrap();
    let count = {
        let mut got = receiver.got.lock().unwrap();
        got.push(Got { path: path.clone(), headers, body });
        got.len()
    };
    receiver.arrived.notify_one();
    match path.as_str() {
        "ok" => StatusCode::NO_CONTENT.into_response(),
        "half" if count % 2 == 0 => StatusCode::OK.into_response(),
        "gone" => StatusCode::GONE.into_response(),
        "busy" => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "120")]).into_response(),
        "redirect" => {
            let location = format!("http://127.0.0.1:{}/ok", receiver.address.port());
            (StatusCode::TEMPORARY_REDIRECT, [("location", location)]).into_response()
        }
        "huge" => {
            let block = || Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 65_536]));
            Body::from_stream(stream::repeat_with(block)).into_response()
        }
        "hang" => std::future::pending().await,
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

pub(crate) fn guard() -> Guard {
    Guard::new(&[HOST.to_owned()]).unwrap()
}

pub(crate) fn sender() -> Sender {
    Sender::new(guard(), TIMEOUT).unwrap()
}

pub(crate) async fn deliveries() -> (Deliveries, TestDatabase) {
    let (service, database) = testing::service("company", &MIGRATIONS, vec![]).await;
    let keep = time::Duration::days(30);
    (Deliveries { service, sender: sender(), endpoint_concurrency: 4, keep }, database)
}

pub(crate) async fn company(service: &Service) -> CompanyId {
    let company_id = CompanyId::generate();
    sqlx::query(
        "insert into company
             (company_id, kind, official_name, cnpj, email, status, search, created_at, updated_at)
         values ($1, 'customer', 'x', $2, 'x@x.com', 'active', 'x', now(), now())",
    )
    .bind(company_id.0)
    .bind(company_id.to_string())
    .execute(&service.db)
    .await
    .unwrap();
    company_id
}

pub(crate) fn secret() -> Secret {
    Secret::from_bytes(vec![7; 32])
}

/// A stored endpoint.
pub(crate) async fn endpoint(
    service: &Service,
    company_id: CompanyId,
    url: &str,
    event_types: &[&str],
) -> Endpoint {
    let endpoint = Endpoint {
        endpoint_id: WebhookEndpointId::generate(),
        company_id,
        url: url.to_owned(),
        event_types: event_types.iter().map(|event_type| (*event_type).to_owned()).collect(),
        description: Some("Ours".to_owned()),
        disabled_at: None,
        created_at: service.clock.now(),
    };
    let sealed = service.keyring.seal(SECRET, secret().as_bytes());
    let mut connection = service.db.acquire().await.unwrap();
    store::insert(&mut connection, &endpoint, &sealed).await.unwrap();
    endpoint
}

/// A company's own endpoints.
pub(crate) async fn endpoints(service: &Service, company_id: CompanyId) -> Vec<Endpoint> {
    store::list(&service.db, company_id).await.unwrap()
}

/// A message that is due at an endpoint since `age` ago.
pub(crate) async fn message(service: &Service, endpoint: &Endpoint, age: time::Duration) -> Uuid {
    let (delivery_id, at) = (Uuid::now_v7(), service.clock.now() - age);
    sqlx::query(
        "insert into webhook_delivery
             (delivery_id, endpoint_id, event_type, body, state, attempts, step, due_at, queued,
              happened_at)
         values ($1, $2, 'line.ordered', $3, 'pending', 0, 0, $4, false, $4)",
    )
    .bind(delivery_id)
    .bind(endpoint.endpoint_id.0)
    .bind(format!(r#"{{"of":"{delivery_id}"}}"#))
    .bind(at)
    .execute(&service.db)
    .await
    .unwrap();
    delivery_id
}

/// Hands out what is due at the endpoint.
pub(crate) async fn hand_out(deliveries: &Deliveries, endpoint: &Endpoint) {
    let endpoint_ids = &[endpoint.endpoint_id.0];
    deliveries
        .service
        .transaction(|mut tx| {
            Box::pin(async move {
                deliveries.hand_out(&mut tx, endpoint_ids).await?;
                Ok::<_, Error>(())
            })
        })
        .await
        .unwrap();
}

/// Messages in hand, for which jobs wait in the queue.
pub(crate) async fn in_hand(service: &Service) -> Vec<Uuid> {
    let ids = "select delivery_id from webhook_delivery where queued order by delivery_id";
    sqlx::query_scalar(ids).fetch_all(&service.db).await.unwrap()
}

/// Does what the queue would do, until nothing is in hand any more.
pub(crate) async fn work(deliveries: &Deliveries) {
    loop {
        let ids = in_hand(&deliveries.service).await;
        if ids.is_empty() {
            return;
        }
        let jobs = ids.into_iter().map(|id| SendWebhook::of(id).run(deliveries.clone()));
        for done in futures::future::join_all(jobs).await {
            done.unwrap();
        }
    }
}
