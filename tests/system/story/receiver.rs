//! A customer's webhook receiver that fails half of the time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;

/// What was taken: by webhook-id, how often, and its body.
type Taken = Arc<Mutex<BTreeMap<String, (u32, Value)>>>;

/// It refuses every message once.
pub(super) struct Receiver {
    pub(super) url: String,
    seen: Seen,
}

#[derive(Clone, Default)]
struct Seen {
    taken: Taken,
    refused: Arc<Mutex<BTreeSet<String>>>,
}

impl Receiver {
    pub(super) async fn listen(host: &str) -> Self {
        let listener = TcpListener::bind((host, 0)).await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let seen = Seen::default();
        let app = Router::new().route("/hook", post(receive)).with_state(seen.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, seen }
    }

    /// What it took, by webhook-id.
    pub(super) fn taken(&self) -> BTreeMap<String, (u32, Value)> {
        self.seen.taken.lock().unwrap().clone()
    }
}

async fn receive(State(seen): State<Seen>, headers: HeaderMap, body: String) -> StatusCode {
    let id = headers["webhook-id"].to_str().unwrap().to_owned();
    if seen.refused.lock().unwrap().insert(id.clone()) {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let body = serde_json::from_str(&body).unwrap();
    seen.taken.lock().unwrap().entry(id).or_insert((0, body)).0 += 1;
    StatusCode::NO_CONTENT
}
