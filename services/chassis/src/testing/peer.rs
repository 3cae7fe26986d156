//! A server that is not ours, as a test has it answer.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;

/// A request that came in.
#[derive(Clone, Debug)]
pub struct Asked {
    /// "POST /v1/things?x=y".
    pub operation: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Asked {
    /// A header that is there.
    ///
    /// # Panics
    /// When it is not.
    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().expect("headers are ASCII")
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }
}

#[derive(Clone)]
enum Answer {
    Json(StatusCode, Value),
    Silence,
}

#[derive(Default)]
struct Desk {
    script: HashMap<String, VecDeque<Answer>>,
    asked: Vec<Asked>,
}

/// A server on a port of its own, that goes with its test.
#[derive(Clone)]
pub struct Peer {
    /// Where it is, without a slash at the end.
    pub url: String,
    desk: Arc<Mutex<Desk>>,
}

impl Peer {
    /// A server that finds nothing.
    ///
    /// # Panics
    /// When it cannot listen.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it listens");
        let desk: Arc<Mutex<Desk>> = Arc::default();
        let router = Router::new().fallback(answer).with_state(desk.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url: format!("http://{address}"), desk }
    }

    /// Adds to what it answers to "POST /v1/things"; the last answer stands for ever.
    ///
    /// # Panics
    /// When the status is none.
    pub fn answer(&self, operation: &str, status: u16, body: Value) -> &Self {
        let status = StatusCode::from_u16(status).expect("a status");
        self.add(operation, Answer::Json(status, body))
    }

    /// Has it not answer at all.
    pub fn silence(&self, operation: &str) -> &Self {
        self.add(operation, Answer::Silence)
    }

    /// All that it was asked, in order.
    pub fn asked(&self) -> Vec<Asked> {
        self.lock().asked.clone()
    }

    /// What it was asked, without headers and bodies.
    pub fn operations(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.operation).collect()
    }

    fn add(&self, operation: &str, answer: Answer) -> &Self {
        self.lock().script.entry(operation.to_owned()).or_default().push_back(answer);
        self
    }

    fn lock(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer(
    State(desk): State<Arc<Mutex<Desk>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let operation = format!("{method} {uri}");
    let answer = {
        let mut desk = desk.lock().unwrap_or_else(PoisonError::into_inner);
        let answers = desk.script.get_mut(&operation);
        let answer = answers.and_then(|answers| match answers.len() {
            0 | 1 => answers.front().cloned(),
            _ => answers.pop_front(),
        });
        desk.asked.push(Asked { operation, headers, body });
        answer
    };
    match answer {
        Some(Answer::Json(status, body)) => (status, axum::Json(body)).into_response(),
        Some(Answer::Silence) => std::future::pending().await,
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
