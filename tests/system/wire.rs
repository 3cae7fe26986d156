//! Requests that no well-behaved client sends, and a look at the headers of answers.

use harness::World;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

/// A bare client of the shared world's gateway.
pub(crate) struct Wire {
    client: reqwest::Client,
    base: String,
}

/// What came back, as it is.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Wire {
    pub(crate) fn of(world: &World) -> Self {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client");
        Self { client, base: world.stack.addresses().gateway.clone() }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// Sends a body under a content type; none when that is empty.
    pub(crate) async fn body(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: impl Into<Vec<u8>>,
    ) -> Reply {
        let mut request = self.request(method, path).body(body.into());
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
        }
        Self::send(request).await
    }

    pub(crate) async fn send(request: RequestBuilder) -> Reply {
        let response = request.send().await.expect("the gateway answers");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.expect("a whole answer").to_vec();
        Reply { status, headers, bytes }
    }
}

impl Reply {
    /// A header's text; empty when there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        let name: HeaderName = name.parse().expect("a name");
        self.headers.get(name).map(HeaderValue::to_str).map_or("", |text| text.expect("a text"))
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).expect("JSON")
    }

    /// The error's message, if status and code are the expected ones and the body is no more
    /// than the envelope.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> String {
        let text = String::from_utf8_lossy(&self.bytes);
        assert_eq!(self.status, status, "{text}");
        assert_eq!(envelope(&self.json()), code);
        assert_eq!(self.header("content-type"), "application/json");
        self.json()["message"].as_str().expect("a message").to_owned()
    }
}

/// The code of an error, which has code, message and at most details, and nothing else.
#[track_caller]
pub(crate) fn envelope(body: &Value) -> &str {
    let members = body.as_object().unwrap_or_else(|| panic!("no envelope: {body}"));
    for name in members.keys() {
        assert!(["code", "message", "details"].contains(&name.as_str()), "{body}");
    }
    if let Some(details) = members.get("details") {
        let details = details.as_array().expect("details");
        assert!(!details.is_empty(), "{body}");
        for detail in details {
            let texts = ["key", "message"].map(|name| detail[name].as_str());
            assert!(texts.iter().all(|text| text.is_some_and(|text| !text.is_empty())), "{body}");
            assert_eq!(detail.as_object().expect("a detail").len(), 2, "{body}");
        }
    }
    assert!(body["message"].as_str().is_some_and(|message| !message.is_empty()), "{body}");
    let code = body["code"].as_str().expect("a code");
    assert!(code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{body}");
    code
}
