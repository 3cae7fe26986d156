//! A customer's webhook receiver.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;

/// What was taken: by webhook-id, how often, and its body.
pub type Taken = BTreeMap<String, (u32, Value)>;

/// It takes every message, or refuses each of them once before.
pub struct Receiver {
    /// Where it listens.
    pub url: String,
    seen: Arc<Mutex<Seen>>,
}

struct Seen {
    refuses: bool,
    refused: BTreeSet<String>,
    taken: Taken,
}

impl Receiver {
    /// Takes every message.
    pub async fn willing(host: &str) -> Self {
        Self::listen(host, false).await
    }

    /// Fails half of the time: each message is refused when it first comes.
    pub async fn failing(host: &str) -> Self {
        Self::listen(host, true).await
    }

    async fn listen(host: &str, refuses: bool) -> Self {
        let listener = TcpListener::bind((host, 0)).await.expect("a port is free");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let seen = Seen { refuses, refused: BTreeSet::new(), taken: Taken::new() };
        let seen = Arc::new(Mutex::new(seen));
        let app = Router::new().route("/hook", post(receive)).with_state(seen.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, seen }
    }

    /// What it took.
    pub fn taken(&self) -> Taken {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).taken.clone()
    }
}

async fn receive(
    State(seen): State<Arc<Mutex<Seen>>>,
    headers: HeaderMap,
    body: String,
) -> StatusCode {
    let id = headers.get("webhook-id").and_then(|id| id.to_str().ok());
    let (Some(id), Ok(body)) = (id, serde_json::from_str(&body)) else {
        return StatusCode::BAD_REQUEST;
    };
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    if seen.refuses && seen.refused.insert(id.to_owned()) {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    seen.taken.entry(id.to_owned()).or_insert((0, body)).0 += 1;
    StatusCode::NO_CONTENT
}
