//! A gateway before peers that do as they are told: real gRPC, answers at will.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use chassis::auth::{Claims, SubjectKind, TokenSigner};
use chassis::clock::Clock;
use chassis::config::{Peers, Secret};
use chassis::tls::TlsConfig;
use gateway::{Config, Gateway};
use http_body_util::{BodyExt, Full};
use prost::Message;
use proto::identity::v1::{IssueClientTokenResponse, SigningKey};
use serde_json::Value;
use tonic::Status;
use tower::ServiceExt;

type Handler = Box<dyn Fn(&[u8]) -> Result<Vec<u8>, Status> + Send + Sync>;

#[derive(Clone, Default)]
pub(crate) struct Services {
    handlers: Arc<Mutex<HashMap<&'static str, Handler>>>,
    calls: Arc<Mutex<Vec<String>>>,
    keys: Arc<Mutex<Vec<String>>>,
    delays: Arc<Mutex<HashMap<&'static str, Duration>>>,
}

impl Services {
    pub(crate) fn on<Q, A>(
        &self,
        path: &'static str,
        handler: impl Fn(Q) -> Result<A, Status> + Send + Sync + 'static,
    ) where
        Q: Message + Default + 'static,
        A: Message + 'static,
    {
        let handler = move |bytes: &[u8]| {
            let request = Q::decode(bytes).map_err(|_| Status::internal("cannot decode"))?;
            handler(request).map(|answer| answer.encode_to_vec())
        };
        self.handlers.lock().unwrap().insert(path, Box::new(handler));
    }

    /// Lets callers wait for an answer.
    pub(crate) fn delay(&self, path: &'static str, delay: Duration) {
        self.delays.lock().unwrap().insert(path, delay);
    }

    /// How often an rpc was called.
    pub(crate) fn calls(&self, path: &str) -> usize {
        self.calls.lock().unwrap().iter().filter(|called| *called == path).count()
    }

    /// The idempotency keys that came with calls so far.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.keys.lock().unwrap().clone()
    }

    /// Listens on a free port.
    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}")
    }
}

async fn answer(State(services): State<Services>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    if let Some(key) = request.headers().get("idempotency-key") {
        services.keys.lock().unwrap().push(key.to_str().unwrap().to_owned());
    }
    let bytes = to_bytes(request.into_body(), usize::MAX).await.unwrap();
    let message = bytes[5..].to_vec();
    services.calls.lock().unwrap().push(path.clone());
    let delay = services.delays.lock().unwrap().get(path.as_str()).copied();
    tokio::time::sleep(delay.unwrap_or_default()).await;
    let outcome = match services.handlers.lock().unwrap().get(path.as_str()) {
        Some(handler) => handler(&message),
        None => Err(Status::unimplemented(path)),
    };
    match outcome {
        Ok(message) => {
            let mut frame = vec![0];
            frame.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
            frame.extend(message);
            let trailers = HeaderMap::from_iter([(
                "grpc-status".parse().unwrap(),
                HeaderValue::from_static("0"),
            )]);
            let body = Full::from(frame).with_trailers(async { Some(Ok(trailers)) });
            let mut response = Response::new(Body::new(body));
            let headers = response.headers_mut();
            headers.insert("content-type", HeaderValue::from_static("application/grpc"));
            response
        }
        Err(status) => status.into_http::<Body>(),
    }
}

/// A gateway, the services behind it, and a caller's token.
pub(crate) struct World {
    pub(crate) services: Services,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) router: Router,
    pub(crate) token: String,
}

/// An answer of the gateway.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status and code of an error.
    pub(crate) fn error(&self) -> (u16, String) {
        let body = self.json();
        assert!(body["message"].is_string(), "{body}");
        (self.status.as_u16(), body["code"].as_str().unwrap_or_default().to_owned())
    }
}

// Seed bytes 0..32 in PKCS #8, and the public key that belongs to it.
fn signer() -> TokenSigner {
    let mut der = vec![
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04,
        0x20,
    ];
    der.extend(0..32);
    TokenSigner::new("k1".to_owned(), &der)
}

pub(crate) fn signing_key() -> SigningKey {
    let public_key = vec![
        0x03, 0xa1, 0x07, 0xbf, 0xf3, 0xce, 0x10, 0xbe, 0x1d, 0x70, 0xdd, 0x18, 0xe7, 0x4b, 0xc0,
        0x99, 0x67, 0xe4, 0xd6, 0x30, 0x9b, 0xa5, 0x0d, 0x5f, 0x1d, 0xdc, 0x86, 0x64, 0x12, 0x55,
        0x31, 0xb8,
    ];
    SigningKey { key_id: "k1".to_owned(), public_key }
}

pub(crate) fn peers(url: &str) -> Peers {
    Peers {
        identity_url: url.parse().unwrap(),
        telecom_url: url.parse().unwrap(),
        company_url: url.parse().unwrap(),
        billing_url: url.parse().unwrap(),
        tls: TlsConfig::default(),
    }
}

pub(crate) fn config(url: &str) -> Config {
    Config::new("secret".parse::<Secret>().unwrap(), peers(url))
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    pub(crate) async fn with(adjust: impl FnOnce(&mut Config)) -> Self {
        let services = Services::default();
        services.on("/linha.identity.v1.TokenService/IssueClientToken", |_: ()| {
            Ok(IssueClientTokenResponse {
                access_token: "gateways-own".to_owned(),
                expires_in: Some(prost_types::Duration { seconds: 900, nanos: 0 }),
            })
        });
        let mut config = config(&services.start().await);
        adjust(&mut config);
        let clock = Clock::system();
        let now = clock.now().unix_timestamp();
        let gateway = Arc::new(Gateway::new(config, clock).unwrap());
        gateway.trust.update(vec![signing_key()], vec![]);
        let claims =
            Claims::new("user-1".to_owned(), SubjectKind::User, vec![], 0, now, now + 3600);
        Self {
            services,
            router: gateway::router(&gateway, gateway::Extra::default()),
            gateway,
            token: signer().sign(&claims).unwrap(),
        }
    }

    pub(crate) async fn send(&self, request: Request) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.into()).unwrap(),
        }
    }

    pub(crate) fn request(&self, method: &str, path: &str, body: Option<&Value>) -> Request {
        let request = Request::builder().method(method).uri(path);
        match body {
            Some(body) => request
                .header("content-type", "application/json")
                .body(Body::from(body.to_string()))
                .unwrap(),
            None => request.body(Body::empty()).unwrap(),
        }
    }

    /// Without a token.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.send(self.request(method, path, body)).await
    }

    /// With a token.
    pub(crate) async fn ask_as(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let mut request = self.request(method, path, body);
        let bearer = format!("Bearer {}", self.token).parse().unwrap();
        request.headers_mut().insert("authorization", bearer);
        self.send(request).await
    }
}
